"""The diagnosis of one trained classifier."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.draws import FIRST_DIGITS
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.diagnostics.gates import mean_gates
from digitsum_cli.diagnostics.gradient_by_lag import GradientNorms, gradient_norms_by_lag, gradient_norms_of_rows
from digitsum_cli.diagnostics.linear_probe import NO_PROBE, linear_probe
from digitsum_cli.diagnostics.reading import Reading, RowReading, read_every_draw, read_rows
from digitsum_cli.diagnostics.spectral_radius import spectral_radius
from digitsum_cli.diagnostics.state_dynamics import StateDynamics, state_dynamics

_DECIMALS_OF_GATES = 4
"""Decimals in JSON; there are many values, and they are only plotted."""

_ROWS_FOR_GATES = 2_000


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of a classifier at its training length.

    Arguments:
        length: digits per row.
        accuracy_kind: the rows that it was computed on: all possible rows, rows drawn for scoring, or the test rows.
        gradient_by_lag_start, gradient_by_lag_kept: the mean gradient norms before training and at the best
            checkpoint with respect to the states, of shape ``(length,)``; see ``gradient_norms_by_lag``.
        digit_gradient_by_lag_start, digit_gradient_by_lag_kept: the same with respect to the embedded digits, which
            are alike for all cells.
        spectral_radius_start, spectral_radius_kept: the spectral radius of the recurrent weights; in a gated
            cell, of the candidate's; NaN for a cell without such a matrix.
        first_digit_probe, second_digit_probe, label_probe: the share of each one's variance, 0 to 1, that a linear
            probe of the last state explains (R^2); see ``digitsum_cli.diagnostics.linear_probe``. NaN if a pair of
            first digits is missing from the rows.
        label_probe_accuracy: the accuracy, 0 to 1, of a linear classifier of the last state on pairs that it was not
            fitted on; NaN likewise.
        first_digit_slope, second_digit_slope: how much the answer rises when a digit rises by one: in the digit-sum
            task, 1 where it is added in full, 0 where it is lost. NaN, as the probes, if the label does not depend on
            the first two digits alone.
        accuracy_by_distractor: of shape ``(length - 2, 10)``: by position (0 is the third digit) and value; NaN if no
            row has that digit there.
        confusion: how many rows of each label (row) got each answer (column), of shape ``(classes, classes)``.
        accuracy_by_length: the accuracy, 0 to 1, at the requested lengths and its own, in ascending order.
        dynamics: where the states go at the best checkpoint while only zeros follow, and after a distractor; None if
            the label does not depend on the first two digits alone.
        gates: for an LSTM or a GRU, how far each gate is open, by step and unit; see ``mean_gates``.
    """

    length: int
    accuracy_kind: AccuracyKind
    gradient_by_lag_start: npt.NDArray[np.float64]
    gradient_by_lag_kept: npt.NDArray[np.float64]
    digit_gradient_by_lag_start: npt.NDArray[np.float64]
    digit_gradient_by_lag_kept: npt.NDArray[np.float64]
    spectral_radius_start: float
    spectral_radius_kept: float
    first_digit_probe: float
    second_digit_probe: float
    label_probe: float
    label_probe_accuracy: float
    first_digit_slope: float
    second_digit_slope: float
    accuracy_by_distractor: npt.NDArray[np.float64]
    confusion: npt.NDArray[np.int64]
    accuracy_by_length: dict[int, float]
    dynamics: StateDynamics | None
    gates: dict[str, npt.NDArray[np.float64]]

    def to_dict(self) -> dict[str, Any]:
        """Converts to JSON types; lengths become string keys."""
        return {
            "length": self.length,
            "accuracy_kind": self.accuracy_kind,
            "gradient_by_lag_start": self.gradient_by_lag_start.tolist(),
            "gradient_by_lag_kept": self.gradient_by_lag_kept.tolist(),
            "digit_gradient_by_lag_start": self.digit_gradient_by_lag_start.tolist(),
            "digit_gradient_by_lag_kept": self.digit_gradient_by_lag_kept.tolist(),
            "spectral_radius_start": self.spectral_radius_start,
            "spectral_radius_kept": self.spectral_radius_kept,
            "first_digit_probe": self.first_digit_probe,
            "second_digit_probe": self.second_digit_probe,
            "label_probe": self.label_probe,
            "label_probe_accuracy": self.label_probe_accuracy,
            "first_digit_slope": self.first_digit_slope,
            "second_digit_slope": self.second_digit_slope,
            "accuracy_by_distractor": self.accuracy_by_distractor.tolist(),
            "confusion": self.confusion.tolist(),
            "accuracy_by_length": {str(length): accuracy for length, accuracy in self.accuracy_by_length.items()},
            "dynamics": self.dynamics and self.dynamics.to_dict(),
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

        def numbers(name: str, *shape: int) -> npt.NDArray[np.float64]:
            return np.asarray(values[name], np.float64).reshape(shape)

        def known(name: str) -> float:
            return math.nan if values[name] is None else float(values[name])

        return cls(
            length=length,
            accuracy_kind=AccuracyKind(values.get("accuracy_kind", AccuracyKind.EXACT)),
            gradient_by_lag_start=numbers("gradient_by_lag_start", length),
            gradient_by_lag_kept=numbers("gradient_by_lag_kept", length),
            digit_gradient_by_lag_start=numbers("digit_gradient_by_lag_start", length),
            digit_gradient_by_lag_kept=numbers("digit_gradient_by_lag_kept", length),
            spectral_radius_start=known("spectral_radius_start"),
            spectral_radius_kept=known("spectral_radius_kept"),
            first_digit_probe=known("first_digit_probe"),
            second_digit_probe=known("second_digit_probe"),
            label_probe=known("label_probe"),
            label_probe_accuracy=known("label_probe_accuracy"),
            first_digit_slope=known("first_digit_slope"),
            second_digit_slope=known("second_digit_slope"),
            accuracy_by_distractor=numbers("accuracy_by_distractor", length - FIRST_DIGITS, task.symbols),
            confusion=numbers("confusion", task.classes, task.classes).astype(np.int64),
            accuracy_by_length={int(read): float(share) for read, share in dict(values["accuracy_by_length"]).items()},
            dynamics=None if values["dynamics"] is None else StateDynamics.from_dict(values["dynamics"], task),
            gates={name: np.asarray(rows, np.float64).reshape(length, -1) for name, rows in values["gates"].items()},
        )


def known_dynamics(diagnoses: Iterable[Diagnosis]) -> list[StateDynamics]:
    """The dynamics of those diagnoses that have them."""
    return [each.dynamics for each in diagnoses if each.dynamics]


def diagnose(
    initial: DigitSumClassifier,
    best: DigitSumClassifier,
    length: int,
    lengths: Iterable[int] = (),
    task: Task = DIGIT_SUM,
) -> Diagnosis:
    """Diagnoses a classifier on every draw of its task; neither model is changed.

    Arguments:
        initial: the classifier with its initial weights, on the CPU.
        best: the classifier with its best checkpoint, on the CPU.
        length: digits per row in training, at least 3.
        lengths: the lengths to compute the accuracy at, each at least 3.
        task: the task that it was trained on.

    Raises:
        InputError: a length is below 3, or the task's draws cannot be enumerated.
    """
    return _diagnosis(
        AccuracyKind.EXACT,
        initial,
        best,
        read_every_draw(best, length, lengths, task),
        length,
        lambda model: gradient_norms_by_lag(model, length, task),
        _pairs_and_zeros(length, task),
        task,
    )


def diagnose_on_rows(
    initial: DigitSumClassifier,
    best: DigitSumClassifier,
    length: int,
    rows: Mapping[int, Rows],
    kind: AccuracyKind,
    task: Task = DIGIT_SUM,
) -> Diagnosis:
    """Diagnoses a classifier on some rows, if its task has too many draws to list, or the rows are not the task's.

    Arguments:
        initial, best, length: as in ``diagnose``.
        rows: rows by length, of its own length and of others to compute the accuracy at.
        kind: what rows these are.
        task: the task that it was trained on.
    """
    return _diagnosis(
        kind,
        initial,
        best,
        read_rows(best, length, rows, task),
        length,
        lambda model: gradient_norms_of_rows(model, rows[length]),
        rows[length].digits[:: -(-len(rows[length]) // _ROWS_FOR_GATES)],
        task,
    )


def _diagnosis(
    kind: AccuracyKind,
    initial: DigitSumClassifier,
    best: DigitSumClassifier,
    reading: Reading | RowReading,
    length: int,
    gradient_norms: Callable[[DigitSumClassifier], GradientNorms],
    rows_for_gates: npt.NDArray[np.int8],
    task: Task,
) -> Diagnosis:
    answers = reading.answers[length]
    probe = NO_PROBE if reading.last_states is None else linear_probe(reading.last_states, task)
    slopes = answers.digit_slopes if isinstance(task, TwoDigitTask) else (math.nan, math.nan)
    start, kept = gradient_norms(initial), gradient_norms(best)
    return Diagnosis(
        length=length,
        accuracy_kind=kind,
        gradient_by_lag_start=start.states,
        gradient_by_lag_kept=kept.states,
        digit_gradient_by_lag_start=start.digits,
        digit_gradient_by_lag_kept=kept.digits,
        spectral_radius_start=_recurrent_spectral_radius(initial),
        spectral_radius_kept=_recurrent_spectral_radius(best),
        first_digit_probe=probe.first_digit,
        second_digit_probe=probe.second_digit,
        label_probe=probe.label,
        label_probe_accuracy=probe.label_accuracy,
        first_digit_slope=slopes[0],
        second_digit_slope=slopes[1],
        accuracy_by_distractor=answers.by_distractor,
        confusion=answers.confusion,
        accuracy_by_length={read: answered.accuracy for read, answered in reading.answers.items()},
        dynamics=state_dynamics(best, length, task) if isinstance(task, TwoDigitTask) else None,
        gates=mean_gates(best, rows_for_gates),
    )


def _pairs_and_zeros(length: int, task: Task) -> npt.NDArray[np.int8]:
    """Every pair of first digits, followed by zeros."""
    digits = np.zeros((task.symbols**FIRST_DIGITS, length), np.int8)
    digits[:, :FIRST_DIGITS] = np.indices((task.symbols, task.symbols)).reshape(FIRST_DIGITS, -1).T
    return digits


def _recurrent_spectral_radius(model: DigitSumClassifier) -> float:
    """NaN for a cell without such a matrix."""
    if model.cell.candidate is None:
        return math.nan
    tensors = model.rnn_model.equation_tensors(lambda parameter: parameter.detach())
    return spectral_radius(tensors[model.cell.candidate])
