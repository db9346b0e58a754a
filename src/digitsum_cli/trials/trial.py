"""One fully resolved training run."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from digitsum_cli.core.generation import Splits, generate_splits
from digitsum_cli.core.registry import CELLS
from digitsum_cli.errors import InputError
from digitsum_cli.settings.schema import (
    Activation,
    BatchSize,
    Cell,
    ClipNorm,
    Device,
    Epochs,
    ForgetBias,
    Implementation,
    Initialisation,
    InitScale,
    LayerSize,
    LearningRate,
    Length,
    Loss,
    LrSchedule,
    Optimizer,
    Patience,
    RowsKind,
    RowsPerPair,
    Seed,
    Steps,
    WeightDecay,
    YesOrNo,
)


@dataclass(frozen=True)
class GeneratedData:
    """How the rows of a length are drawn again: they depend on the lengths drawn before it.

    Arguments:
        lengths: the lengths drawn from the stream, up to and with the trial's own.
        k_train, k_eval, k_test: rows for each pair of first digits.
        seed: of the stream.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    lengths: tuple[Length, ...]
    k_train: RowsPerPair
    k_eval: RowsPerPair
    k_test: RowsPerPair
    seed: Seed

    def splits(self) -> Splits:
        """The rows of the last length."""
        drawn = generate_splits(self.lengths, self.k_train, self.k_eval, self.k_test, self.seed)
        return drawn[self.lengths[-1]]


@dataclass(frozen=True)
class Trial:
    """Everything that decides what one training run gives.

    The settings are those of ``data``, ``model`` and ``train``, but for how it is watched.

    Arguments:
        rows: ``fixed`` or ``fresh``.
        data: how its rows are drawn; None when they were read from files.
        data_digest: the SHA-256 of its rows as text.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    length: Length
    cell: Cell
    impl: Implementation
    embedding_size: LayerSize
    hidden_size: LayerSize
    activation: Activation
    init: Initialisation
    init_scale: InitScale
    forget_bias: ForgetBias
    epochs: Epochs
    batch_size: BatchSize
    lr: LearningRate
    optimizer: Optimizer
    lr_schedule: LrSchedule
    weight_decay: WeightDecay
    clip_norm: ClipNorm
    loss: Loss
    shuffle: YesOrNo
    early_stop: Patience
    record_gradients: YesOrNo
    seed: Seed
    eval_every: Steps
    device: Device
    rows: RowsKind
    data: GeneratedData | None
    data_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def identity(self) -> str:
        """Sixteen hexadecimal digits of a hash of every setting and of the data's bytes."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """What files of this trial are called."""
        return f"length{self.length}-{self.cell}-{self.impl}-seed{self.seed}-{self.identity}"

    @property
    def relative_cost(self) -> float:
        """How long it takes, in no unit: a step has a fixed part and one that grows with the length."""
        return self.epochs * (self.length + 12) * CELLS[self.cell].step_cost

    def to_dict(self) -> dict[str, Any]:
        """The trial as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Trial":
        """The trial that ``to_dict`` described.

        Raises:
            InputError: a value is missing, superfluous, of the wrong type or out of range.
        """
        try:
            return _adapter().validate_json(json.dumps(values))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "all of it"
            raise InputError(f"not the settings of a trial: {key}: {first['msg']}") from error


@cache
def _adapter() -> TypeAdapter[Trial]:
    return TypeAdapter(Trial)
