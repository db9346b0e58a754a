"""Everything that is looked at in one trained classifier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.diagnostics.gates import mean_gates
from digitsum_cli.diagnostics.gradient_by_lag import gradient_norms_by_lag
from digitsum_cli.diagnostics.linear_probe import linear_probe
from digitsum_cli.diagnostics.reading import read_every_draw
from digitsum_cli.diagnostics.spectral_radius import spectral_radius

_DECIMALS_OF_GATES = 4
"""In JSON; there are many, and they are only looked at."""


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a classifier at the length it was trained for.

    Arguments:
        length: digits in a row.
        gradient_by_lag_start, gradient_by_lag_kept: the mean gradient norms before training and with the kept
            weights, of shape ``(length,)``; see ``gradient_norms_by_lag``.
        spectral_radius_start, spectral_radius_kept: of the recurrent weights; in a gated cell, of the candidate's.
        first_digit_probe, second_digit_probe, label_probe: the share of the variance of each, 0 to 1, that a
            linear read-out of the last state finds (R^2); see ``digitsum_cli.diagnostics.linear_probe``.
        first_digit_slope, second_digit_slope: by how much a digit that is one higher raises the answer: in the digit
            sum, 1 where it is added in full, 0 where it is lost.
        accuracy_by_distractor: of shape ``(length - 2, 10)``: by position (0 is the third digit) and value.
        confusion: how many draws of each label (row) got each answer (column), of shape ``(classes, classes)``.
        accuracy_by_length: the exact accuracy, 0 to 1, at the asked lengths and its own, in rising order.
        gates: of an LSTM or a GRU, how far each gate is open by step and unit; see ``mean_gates``.
    """

    length: int
    gradient_by_lag_start: npt.NDArray[np.float64]
    gradient_by_lag_kept: npt.NDArray[np.float64]
    spectral_radius_start: float
    spectral_radius_kept: float
    first_digit_probe: float
    second_digit_probe: float
    label_probe: float
    first_digit_slope: float
    second_digit_slope: float
    accuracy_by_distractor: npt.NDArray[np.float64]
    confusion: npt.NDArray[np.int64]
    accuracy_by_length: dict[int, float]
    gates: dict[str, npt.NDArray[np.float64]]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dictionaries, as JSON has them: lengths as keys are text."""
        return {
            "length": self.length,
            "gradient_by_lag_start": self.gradient_by_lag_start.tolist(),
            "gradient_by_lag_kept": self.gradient_by_lag_kept.tolist(),
            "spectral_radius_start": self.spectral_radius_start,
            "spectral_radius_kept": self.spectral_radius_kept,
            "first_digit_probe": self.first_digit_probe,
            "second_digit_probe": self.second_digit_probe,
            "label_probe": self.label_probe,
            "first_digit_slope": self.first_digit_slope,
            "second_digit_slope": self.second_digit_slope,
            "accuracy_by_distractor": self.accuracy_by_distractor.tolist(),
            "confusion": self.confusion.tolist(),
            "accuracy_by_length": {str(length): accuracy for length, accuracy in self.accuracy_by_length.items()},
            "gates": {name: values.round(_DECIMALS_OF_GATES).tolist() for name, values in self.gates.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], task: Task = DIGIT_SUM) -> "Diagnosis":
        """The diagnosis of a network of a task that ``to_dict`` told; other keys are left aside.

        Raises:
            KeyError: a key is missing.
            TypeError, ValueError, AttributeError: a value is of another kind, or an array's shape does not fit.
        """
        length = int(values["length"])
        draws = task.every_draw(length)

        def numbers(name: str, *shape: int) -> npt.NDArray[np.float64]:
            return np.asarray(values[name], np.float64).reshape(shape)

        return cls(
            length=length,
            gradient_by_lag_start=numbers("gradient_by_lag_start", length),
            gradient_by_lag_kept=numbers("gradient_by_lag_kept", length),
            spectral_radius_start=float(values["spectral_radius_start"]),
            spectral_radius_kept=float(values["spectral_radius_kept"]),
            first_digit_probe=float(values["first_digit_probe"]),
            second_digit_probe=float(values["second_digit_probe"]),
            label_probe=float(values["label_probe"]),
            first_digit_slope=float(values["first_digit_slope"]),
            second_digit_slope=float(values["second_digit_slope"]),
            accuracy_by_distractor=numbers("accuracy_by_distractor", draws.positions, draws.symbols),
            confusion=numbers("confusion", task.classes, task.classes).astype(np.int64),
            accuracy_by_length={int(read): float(share) for read, share in dict(values["accuracy_by_length"]).items()},
            gates={name: np.asarray(rows, np.float64).reshape(length, -1) for name, rows in values["gates"].items()},
        )


def diagnose(
    at_start: DigitSumClassifier,
    kept: DigitSumClassifier,
    length: int,
    lengths: Iterable[int],
    task: Task = DIGIT_SUM,
) -> Diagnosis:
    """Looks into a classifier; both models are left as they are.

    Arguments:
        at_start: with its initial weights, on the CPU.
        kept: with the weights that training kept, on the CPU.
        length: digits in a row, at least 3, that it was trained for.
        lengths: at which its accuracy is wanted, each at least 3.
        task: what it was trained for.

    Raises:
        InputError: a length is below 3, or the task's draws cannot be listed.
    """
    reading = read_every_draw(kept, length, lengths, task)
    answers = reading.answers[length]
    read_out = linear_probe(reading.last_states, task)
    slopes = answers.digit_slopes
    return Diagnosis(
        length=length,
        gradient_by_lag_start=gradient_norms_by_lag(at_start, length, task),
        gradient_by_lag_kept=gradient_norms_by_lag(kept, length, task),
        spectral_radius_start=_recurrent_spectral_radius(at_start),
        spectral_radius_kept=_recurrent_spectral_radius(kept),
        first_digit_probe=read_out.first_digit,
        second_digit_probe=read_out.second_digit,
        label_probe=read_out.label,
        first_digit_slope=slopes[0],
        second_digit_slope=slopes[1],
        accuracy_by_distractor=answers.by_distractor,
        confusion=answers.confusion,
        accuracy_by_length={read: answered.accuracy for read, answered in reading.answers.items()},
        gates=mean_gates(kept, length, task),
    )


def _recurrent_spectral_radius(model: DigitSumClassifier) -> float:
    tensors = model.rnn_model.equation_tensors(lambda parameter: parameter.detach())
    return spectral_radius(tensors[model.cell.candidate])
