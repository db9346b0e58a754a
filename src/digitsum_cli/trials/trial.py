"""One fully resolved training run."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitsum_cli.core.accuracy_kind import AccuracyKind, kind_of_data
from digitsum_cli.core.curriculum import mean_length
from digitsum_cli.core.generation import Splits, generate_splits
from digitsum_cli.core.registry import CONSTANT, CURRICULA, ROWS, cell_spec
from digitsum_cli.core.sampled import count_scoring_rows
from digitsum_cli.core.tasks import Task
from digitsum_cli.errors import InputError
from digitsum_cli.settings.schema import DrawingSettings, Length, ModelSettings, RowsPerPair, Seed, TrainSettings
from digitsum_cli.trials.first_format import from_first_format, is_first_format
from digitsum_cli.trials.identity import identity_of


@dataclass(frozen=True)
class GeneratedData:
    """How to regenerate the rows of a length, which depend on the lengths drawn before it.

    Arguments:
        lengths: lengths drawn from the random stream, up to and including the trial's own.
        k_train, k_eval, k_test: rows per pair of first digits.
        seed: seed of the stream.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    lengths: tuple[Length, ...]
    k_train: RowsPerPair
    k_eval: RowsPerPair
    k_test: RowsPerPair
    seed: Seed

    def splits(self, task: Task) -> Splits:
        """Generates the splits of the last length."""
        drawn = generate_splits(self.lengths, self.k_train, self.k_eval, self.k_test, self.seed, task)
        return drawn[self.lengths[-1]]


@dataclass(frozen=True)
class Trial:
    """Everything that determines the outcome of one training run.

    Arguments:
        length: digits in a row.
        model, train: the settings of these sections. ``device`` is resolved; ``log_every``, which has no effect on
            the result, has its default.
        drawing: the task, and how its rows are drawn.
        data: how its rows are generated; None if they were read from files.
        data_digest: SHA-256 of its rows as text.
        start_digest: SHA-256 of the weights that it starts from; None if they are drawn. ``train.start_from``, their
            path, is null.
        foreign: whether there are rows among them that the task's generator cannot draw.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    length: Length
    model: ModelSettings
    train: TrainSettings
    drawing: DrawingSettings
    data: GeneratedData | None
    data_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    start_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    foreign: bool = False

    @property
    def task(self) -> Task:
        """The task."""
        return self.drawing.asked

    @property
    def accuracy_kind(self) -> AccuracyKind:
        """The kind of accuracy that describes its data."""
        return kind_of_data(self.task, self.length, foreign=self.foreign)

    @property
    def scoring_rows(self) -> int:
        """The number of rows that a sampled accuracy is measured on."""
        return count_scoring_rows(self.drawing.scoring_rows, self.task)

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.train.seed

    @cached_property
    def identity(self) -> str:
        """Sixteen hexadecimal digits: a hash of the settings and of the bytes of the data."""
        return identity_of(self.to_dict())

    def with_epochs(self, epochs: int) -> "Trial":
        """The same training with another number of epochs."""
        return replace(self, train=self.train.model_copy(update={"epochs": epochs}))

    def with_seed(self, seed: int) -> "Trial":
        """The same training with another seed."""
        return replace(self, train=self.train.model_copy(update={"seed": seed}))

    @property
    def depends_on_seed(self) -> bool:
        """Whether anything is drawn from its seed: weights, the order of rows, or rows."""
        return self.start_digest is None or self.train.shuffle or ROWS[self.drawing.rows]

    def continues(self, other: "Trial") -> bool:
        """Whether this is the other training with more epochs; its steps may still differ with a schedule."""
        return self.train.epochs > other.train.epochs and other.with_epochs(self.train.epochs) == self

    @property
    def name(self) -> str:
        """The name of the trial's files, without extension."""
        return f"length{self.length}-{self.model.cell}-{self.model.impl}-seed{self.seed}-{self.identity}"

    @property
    def relative_cost(self) -> float:
        """The relative duration of the training: each step has a fixed cost and one proportional to the mean length."""
        train = self.train
        length = mean_length(CURRICULA[train.curriculum], train.curriculum_start, train.curriculum_share, self.length)
        return train.epochs * (length + 12) * cell_spec(self.model.cell).step_cost

    def to_dict(self) -> dict[str, Any]:
        """The trial as plain values, for JSON."""
        return {
            "length": self.length,
            "drawing": self.drawing.model_dump(),
            "model": self.model.model_dump(exclude=set() if self.model.options else {"options"}),
            "train": self.train.model_dump(exclude={"log_every"}),
            "data": asdict(self.data) if self.data else None,
            "data_digest": self.data_digest,
            **({"start_digest": self.start_digest} if self.start_digest else {}),
            **({"foreign": True} if self.foreign else {}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Trial":
        """The trial that ``to_dict`` of this version or an earlier one described.

        Settings added since then get their defaults.

        Raises:
            InputError: a value is missing, unknown, of the wrong type or out of range.
        """
        try:
            nested = from_first_format(values) if is_first_format(values) else values
            return _adapter().validate_json(json.dumps(nested))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "the whole document"
            newer = " (written by a newer digitsum?)" if first["type"] == "extra_forbidden" else ""
            raise InputError(f"invalid trial settings: {key}: {first['msg']}{newer}") from error


def check_continuation(longer: Trial, shorter: Trial, run: Path) -> None:
    """Checks that the steps of a training do not depend on its number of epochs.

    Arguments:
        longer: the training that is to continue.
        shorter: the same one with fewer epochs, in whose place it is.
        run: the run directory, for the message.

    Raises:
        InputError: they do.
    """
    train = longer.train
    if train.lr_schedule != CONSTANT:
        setting = f"train.lr_schedule {train.lr_schedule}"
    elif CURRICULA[train.curriculum].grows:
        setting = f"train.curriculum {train.curriculum}"
    else:
        setting = None
    if setting:
        raise InputError(
            f"{run} contains a training of {shorter.train.epochs} epochs, which cannot be continued to "
            f"{train.epochs}: with {setting}, every step depends on the number of epochs",
            next_step="Train it from the start in another folder, with --out",
        )


@cache
def _adapter() -> TypeAdapter[Trial]:
    return TypeAdapter(Trial)
