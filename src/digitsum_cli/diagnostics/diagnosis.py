"""The diagnosis of one trained classifier."""

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
"""Decimals in JSON; there are many values, and they are only plotted."""


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of a classifier at its training length.

    Arguments:
        length: digits per row.
        gradient_by_lag_start, gradient_by_lag_kept: the mean gradient norms before training and at the best
            checkpoint, of shape ``(length,)``; see ``gradient_norms_by_lag``.
        spectral_radius_start, spectral_radius_kept: the spectral radius of the recurrent weights; in a gated
            cell, of the candidate's.
        first_digit_probe, second_digit_probe, label_probe: the share of each one's variance, 0 to 1, that a linear
            probe of the last state explains (R^2); see ``digitsum_cli.diagnostics.linear_probe``.
        first_digit_slope, second_digit_slope: how much the answer rises when a digit rises by one: in the digit-sum
            task, 1 where it is added in full, 0 where it is lost.
        accuracy_by_distractor: of shape ``(length - 2, 10)``: by position (0 is the third digit) and value.
        confusion: how many draws of each label (row) got each answer (column), of shape ``(classes, classes)``.
        accuracy_by_length: the exact accuracy, 0 to 1, at the requested lengths and its own, in ascending order.
        gates: for an LSTM or a GRU, how far each gate is open, by step and unit; see ``mean_gates``.
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
        """Converts to JSON types; lengths become string keys."""
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
        """Restores a diagnosis from ``to_dict``; other keys are ignored.

        Raises:
            KeyError: a key is missing.
            TypeError, ValueError, AttributeError: a value has the wrong type, or an array has the wrong shape.
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
    initial: DigitSumClassifier,
    best: DigitSumClassifier,
    length: int,
    lengths: Iterable[int],
    task: Task = DIGIT_SUM,
) -> Diagnosis:
    """Diagnoses a classifier; neither model is changed.

    Arguments:
        initial: the classifier with its initial weights, on the CPU.
        best: the classifier with its best checkpoint, on the CPU.
        length: digits per row in training, at least 3.
        lengths: the lengths to compute the accuracy at, each at least 3.
        task: the task that it was trained on.

    Raises:
        InputError: a length is below 3, or the task's draws cannot be enumerated.
    """
    reading = read_every_draw(best, length, lengths, task)
    answers = reading.answers[length]
    probe = linear_probe(reading.last_states, task)
    slopes = answers.digit_slopes
    return Diagnosis(
        length=length,
        gradient_by_lag_start=gradient_norms_by_lag(initial, length, task),
        gradient_by_lag_kept=gradient_norms_by_lag(best, length, task),
        spectral_radius_start=_recurrent_spectral_radius(initial),
        spectral_radius_kept=_recurrent_spectral_radius(best),
        first_digit_probe=probe.first_digit,
        second_digit_probe=probe.second_digit,
        label_probe=probe.label,
        first_digit_slope=slopes[0],
        second_digit_slope=slopes[1],
        accuracy_by_distractor=answers.by_distractor,
        confusion=answers.confusion,
        accuracy_by_length={read: answered.accuracy for read, answered in reading.answers.items()},
        gates=mean_gates(best, length, task),
    )


def _recurrent_spectral_radius(model: DigitSumClassifier) -> float:
    tensors = model.rnn_model.equation_tensors(lambda parameter: parameter.detach())
    return spectral_radius(tensors[model.cell.candidate])
