"""The schema of the settings: every key, its default (the book's) and its allowed values."""

import math
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    model_validator,
)

from digitsum_cli.core.registry import (
    ACTIVATIONS,
    CELLS,
    CHRONO,
    CURRICULA,
    DEVICES,
    ENSEMBLE,
    IMPLEMENTATIONS,
    INITIALISATIONS,
    LOSSES,
    LR_SCHEDULES,
    OPTIMIZERS,
    ROWS,
)
from digitsum_cli.core.sampled import SCORING_ROWS
from digitsum_cli.core.tasks import DIGIT_SUM, TASKS, Task
from digitsum_cli.core.tasks.task import ALL, Distractors
from digitsum_cli.core.user_code import CELL, TASK, installed_classes, user_class
from digitsum_cli.settings.estimates import format_bytes
from digitsum_cli.settings.ranges import parse_whole_numbers

MINIMUM_LENGTH = min(task.minimum_length for task in TASKS.values())
MAXIMUM_LENGTH = 10_000
MAXIMUM_DIGITS = 100_000_000
LENGTH_STEP = 5
_LARGEST = 1e37
"""The largest number that scales or shifts weights; ten times this value is still finite in single precision."""

AxisValue = bool | int | float | str | None


def _whole(minimum: int, maximum: int, plural: str) -> Any:
    return Field(ge=minimum, le=maximum, description=f"{plural}, a whole number from {minimum} to {maximum}")


def _above_zero(example: str) -> Any:
    return Field(gt=0, le=_LARGEST, description=f"a number above 0 and up to {_LARGEST:g}, such as {example}")


def _check_forget_bias(value: float | str | None) -> float | str | None:
    if isinstance(value, str) and value != CHRONO:
        raise ValueError(f"there is no forget bias {value!r}")
    if isinstance(value, int | float) and abs(value) > _LARGEST:
        raise ValueError(f"{value:g} is not between -{_LARGEST:g} and {_LARGEST:g}")
    return value


def _check_distractors(value: int | str) -> int | str:
    if value != ALL and not (isinstance(value, int) and value >= 1):
        raise ValueError(f"there cannot be {value!r} distractors")
    return value


def _class_name(kind: str, known: Collection[str]) -> tuple[Any, Any]:
    """A name among those that are known, or of a class of the user's; that of an installed one becomes its path."""
    called = kind.rpartition(".")[2]

    def check(name: str) -> str:
        found = name if name in known else user_class(kind, name)
        if found is None:
            offered = ", ".join(installed_classes(kind))
            raise ValueError(
                f"there is no {called} {name!r}" + (f"; installed packages have {offered}" * bool(offered))
            )
        return found

    return AfterValidator(check), Field(description=f"{', '.join(known)}, or FILE.py:Class")


def _one_of(names: Collection[str], kind: str) -> tuple[Any, Any]:
    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"there is no {kind} {name!r}")
        return name

    return AfterValidator(check), Field(description=", ".join(names))


def _parse_lengths(value: object) -> tuple[int, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    lengths: list[int] = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | str):
            raise ValueError(f"{item!r} is not a length")
        lengths.extend(parse_whole_numbers(item, LENGTH_STEP) if isinstance(item, str) else [item])
    if not lengths:
        raise ValueError("the list of lengths is empty")
    for length in lengths:
        if length < MINIMUM_LENGTH:
            raise ValueError(f"the length {length} is too short")
        if length > MAXIMUM_LENGTH:
            size, text = format_bytes(DIGIT_SUM.strata * length), str(length)
            shown = text if len(text) <= 20 else f"{text[:20]}…"
            raise ValueError(
                f"the length {shown} is over {MAXIMUM_LENGTH:,}: one row for each pair of first digits takes {size}"
            )
    if len(set(lengths)) < len(lengths):
        raise ValueError(f"the length {Counter(lengths).most_common(1)[0][0]} is given twice")
    return tuple(lengths)


def _parse_options(value: object) -> object:
    if isinstance(value, dict):
        for name in value:
            if not (isinstance(name, str) and name.isidentifier()):
                raise ValueError(f"{name!r} is not the name of an option")
        return tuple(sorted(value.items()))
    return value


Length = Annotated[int, _whole(MINIMUM_LENGTH, MAXIMUM_LENGTH, "digits")]
Seed = Annotated[int, _whole(0, 2**32 - 1, "a seed")]
RowsPerPair = Annotated[int, _whole(1, 10_000, "rows per pair of first digits")]
LayerSize = Annotated[int, _whole(1, 4096, "units")]
Steps = Annotated[int, _whole(1, 10**9, "steps")]
Epochs = Annotated[int, _whole(1, 1_000_000, "passes over the training set")]
BatchSize = Annotated[int, _whole(1, 1_000_000, "rows")]
TaskName = Annotated[str, *_class_name(TASK, TASKS)]
DistractorCount = Annotated[
    int | str,
    AfterValidator(_check_distractors),
    Field(description=f"a whole number from 1, or {ALL} for every digit after the second"),
]
ScoringRows = Annotated[int, _whole(1, 10_000_000, "rows")]
RowsKind = Annotated[str, *_one_of(ROWS, "kind of rows")]
Cell = Annotated[str, *_class_name(CELL, CELLS)]
Options = Annotated[
    tuple[tuple[str, bool | int | float | str], ...],
    BeforeValidator(_parse_options),
    PlainSerializer(dict),
    Field(description="the options of a cell of your own by name, such as {rate: 0.5}"),
]
Implementation = Annotated[str, *_one_of((*IMPLEMENTATIONS, ENSEMBLE), "implementation")]
Activation = Annotated[str, *_one_of(ACTIVATIONS, "activation")]
Initialisation = Annotated[str, *_one_of(INITIALISATIONS, "initialisation")]
InitScale = Annotated[float, _above_zero("1")]
ForgetBias = Annotated[
    float | str | None, AfterValidator(_check_forget_bias), Field(description=f"null, a number such as 1, or {CHRONO}")
]
LearningRate = Annotated[float, _above_zero("0.001 or 1e-3")]
Optimizer = Annotated[str, *_one_of(OPTIMIZERS, "optimizer")]
LrSchedule = Annotated[str, *_one_of(LR_SCHEDULES, "schedule")]
CurriculumName = Annotated[str, *_one_of(CURRICULA, "curriculum")]
CurriculumShare = Annotated[float, Field(gt=0, le=1, description="a number above 0 and up to 1, such as 0.5")]
WeightDecay = Annotated[float, Field(ge=0, le=_LARGEST, description=f"a number from 0 to {_LARGEST:g}, such as 1e-4")]
ClipNorm = Annotated[
    float | None,
    Field(gt=0, le=_LARGEST, description=f"null for none, or a number above 0 and up to {_LARGEST:g}, such as 5"),
]
Loss = Annotated[str, *_one_of(LOSSES, "loss")]
Flag = Annotated[bool, Field(description="true or false")]
Patience = Annotated[
    int | None,
    Field(ge=1, le=10**9, description="null to disable, or evaluations without a better eval accuracy, such as 20"),
]
Device = Annotated[str, *_one_of(DEVICES, "device")]
FileName = Annotated[InstanceOf[str], Field(min_length=1)]
"""Any name: Pydantic's own strings are valid Unicode, file names need not be."""
Lengths = Annotated[
    tuple[int, ...],
    BeforeValidator(_parse_lengths),
    Field(
        description=f"numbers of digits from {MINIMUM_LENGTH} to {MAXIMUM_LENGTH}, "
        "as 5,10,20 or 5..35 (in steps of 5) or 5..35..10"
    ),
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SplitSizes(_Section):
    """Number of rows per pair of first digits in each split."""

    train: RowsPerPair = 3
    eval: RowsPerPair = 1
    test: RowsPerPair = 1


class DrawingSettings(_Section):
    """The task, and how its rows are drawn: the settings of the data that a trial keeps."""

    task: TaskName = DIGIT_SUM.name
    rows: RowsKind = "fixed"
    distractors: DistractorCount = 1
    scoring_rows: ScoringRows = SCORING_ROWS

    @property
    def asked(self) -> Task:
        """The task itself.

        Raises:
            KeyError: it is one of the user's whose code has not been executed.
            InputError: the task has no such number of distractors.
        """
        return TASKS[self.task].with_distractors(cast(Distractors, self.distractors))


class DataSettings(DrawingSettings):
    """The data: generated from ``seed`` and ``k``, or read from ``dir``."""

    lengths: Lengths = tuple(range(5, 36, 5))
    k: SplitSizes = SplitSizes()
    seed: Seed = 0
    dir: FileName | None = Field(default=None, description="a folder written by digitsum generate")

    @model_validator(mode="after")
    def _fits_together(self) -> "DataSettings":
        if ROWS[self.rows] and self.dir is not None:
            raise ValueError(
                f"{self.rows} rows are generated during training, but dir names rows to read; use one of the two"
            )
        if self.task in TASKS:
            check_shortest(self)
        rows = DIGIT_SUM.strata * (self.k.train + self.k.eval + self.k.test)
        digits = rows * sum(self.lengths)
        if digits > MAXIMUM_DIGITS:
            raise ValueError(
                f"these lengths and k need {digits:,} digits ({format_bytes(digits)}); the limit is {MAXIMUM_DIGITS:,}"
            )
        return self


def check_shortest(data: DataSettings) -> None:
    """Checks that the task has rows of every length.

    Raises:
        ValueError: it has none of the shortest.
    """
    shortest = min(data.lengths)
    if shortest < data.asked.minimum_length:
        distractors = "" if data.distractors == 1 else f" with distractors {data.distractors}"
        raise ValueError(
            f"length {shortest} is too short for the task {data.asked.name}{distractors}; allowed: "
            f"{data.asked.minimum_length} or more digits"
        )


class ModelSettings(_Section):
    """The network."""

    cell: Cell = "srn"
    impl: Implementation = "manual"
    embedding_size: LayerSize = 32
    hidden_size: LayerSize = 32
    activation: Activation = "tanh"
    init: Initialisation = "book"
    input_scale: InitScale = 1.0
    recurrent_scale: InitScale = 1.0
    forget_bias: ForgetBias = None
    options: Options = ()


class TrainSettings(_Section):
    """The training."""

    epochs: Epochs = 500
    batch_size: BatchSize = 8
    lr: LearningRate = 0.001
    optimizer: Optimizer = "adam"
    lr_schedule: LrSchedule = "constant"
    curriculum: CurriculumName = "none"
    curriculum_start: Length = MINIMUM_LENGTH
    curriculum_share: CurriculumShare = 0.5
    weight_decay: WeightDecay = 0.0
    clip_norm: ClipNorm = None
    loss: Loss = "mean"
    shuffle: Flag = False
    patience: Patience = None
    start_from: FileName | None = Field(default=None, description="null, or a checkpoint to start from")
    seed: Seed = 0
    log_every: Steps = 100
    eval_every: Steps = 100
    record_gradients: Flag = False
    device: Device = "cpu"


class Settings(_Section):
    """All settings; the defaults are the book's. ``sweep`` contains additional axes by dotted key."""

    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()
    train: TrainSettings = TrainSettings()
    sweep: dict[str, tuple[AxisValue, ...]] = Field(default={}, description="axes such as train.seed: 0..9")

    @property
    def trial_count(self) -> int:
        """Number of trials: every combination of the axes at every length."""
        return len(self.data.lengths) * math.prod(len(values) for values in self.sweep.values())

    def with_values(self, values: Mapping[str, AxisValue | tuple[AxisValue, ...]]) -> "Settings":
        """A copy without axes and with new values for some dotted keys."""
        tree = self.model_dump(exclude={"sweep"})
        for key, value in values.items():
            *sections, leaf = key.split(".")
            branch = tree
            for section in sections:
                branch = branch[section]
            branch[leaf] = value
        return Settings.model_validate(tree)

    def for_one_trial(self) -> "Settings":
        """A copy without axes and with only the first length."""
        return self.model_copy(
            update={"sweep": {}, "data": self.data.model_copy(update={"lengths": self.data.lengths[:1]})}
        )


_OPTIONS = "model.options"
NOT_AXES = {_OPTIONS, "data.lengths", "data.dir", "data.scoring_rows", "train.log_every", "train.record_gradients"}


def leaf_keys(section: type[BaseModel] = Settings, prefix: str = "") -> dict[str, Any]:
    """Every dotted key that has a value, with its field."""
    leaves: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            leaves |= leaf_keys(kind, f"{prefix}{name}.")
        else:
            leaves[f"{prefix}{name}"] = field
    return leaves


def axis_keys() -> list[str]:
    """The dotted keys that a sweep may vary: not the lengths, which always vary, nor logging, which has no effect."""
    return [key for key in leaf_keys() if key not in NOT_AXES and key != "sweep"]


def may_vary(key: str) -> bool:
    """Whether a sweep may vary a dotted key: one of ``axis_keys``, or ``model.options.NAME``."""
    return key in axis_keys() or (key.startswith(f"{_OPTIONS}.") and key.count(".") == 2)


def value_at(settings: BaseModel, key: str) -> Any:
    """The value of a dotted key; of an option of a cell, None if it is not set."""
    section, _, option = key.rpartition(".")
    if section == _OPTIONS:
        return dict(value_at(settings, section)).get(option)
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def values_by_key(settings: Settings) -> dict[str, Any]:
    """The value of every dotted key, and of every option of a cell that is set."""
    values = {key: value_at(settings, key) for key in leaf_keys()}
    return values | {f"{_OPTIONS}.{name}": value for name, value in values.pop(_OPTIONS)}
