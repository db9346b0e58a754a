"""One fully resolved training run."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from digitsum_cli.core.generation import Splits, generate_splits
from digitsum_cli.errors import InputError


@dataclass(frozen=True)
class GeneratedData:
    """How the rows of a length are drawn again: they depend on the lengths drawn before it.

    Arguments:
        lengths: the lengths drawn from the stream, up to and with the trial's own.
        k_train, k_eval, k_test: rows for each pair of first digits.
        seed: of the stream.
    """

    lengths: tuple[int, ...]
    k_train: int
    k_eval: int
    k_test: int
    seed: int

    def splits(self) -> Splits:
        """The rows of the last length."""
        drawn = generate_splits(self.lengths, self.k_train, self.k_eval, self.k_test, self.seed)
        return drawn[self.lengths[-1]]


@dataclass(frozen=True)
class Trial:
    """Everything that decides the numbers of one training run.

    Arguments:
        data: how its rows are drawn; None when they were read from files.
        data_digest: the SHA-256 of its rows as text.
    """

    length: int
    cell: str
    impl: str
    embedding_size: int
    hidden_size: int
    init: str
    epochs: int
    batch_size: int
    lr: float
    seed: int
    eval_every: int
    device: str
    data: GeneratedData | None
    data_digest: str

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
        return self.epochs * (self.length + 12)

    def to_dict(self) -> dict[str, Any]:
        """The trial as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Trial":
        """The trial that ``to_dict`` described.

        Raises:
            InputError: a value is missing, superfluous or of the wrong type.
        """
        fields = {name: kind for name, kind in cls.__annotations__.items() if name != "data"}
        data = values.get("data")
        if values.keys() != {*fields, "data"}:
            raise InputError(f"not the settings of a trial: {', '.join(sorted(values)) or 'nothing'}")
        for name, kind in fields.items():
            if type(values[name]) is not kind:
                raise InputError(f"not the settings of a trial: {name} is {values[name]!r}")
        try:
            generated = None if data is None else GeneratedData(**{**data, "lengths": tuple(data["lengths"])})
        except (TypeError, KeyError) as error:
            raise InputError(f"not the settings of a trial: data is {data!r}") from error
        return cls(**{**values, "data": generated})
