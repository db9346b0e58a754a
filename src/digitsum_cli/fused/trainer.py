"""One trial of the compiled trainer: its weights, its data, and where it stands."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.draws import count_draws
from digitsum_cli.core.generation import CLASSES, DIGITS, FREE_DIGITS, Rows
from digitsum_cli.core.record import Evaluation, Score, TrainingRecord, mean_loss
from digitsum_cli.fused.arrays import Adam, Matrix, Parameters, Record, Workspace
from digitsum_cli.fused.prefix_tree import Forest, plant_forest
from digitsum_cli.fused.products import padded
from digitsum_cli.fused.steps import evaluate, gradients, right_draws, train_steps

_NAMES = ("embedding.W", "rnn_model.W", "rnn_model.U", "rnn_model.b", "linear.weight", "linear.bias")
"""What the classifier calls the fields of ``Parameters``."""


class EvaluationSet:
    """Rows to be scored at once.

    The loss is the mean of the losses of batches, the last of which may be shorter; so a row counts one over the
    number of batches times the rows of its batch.

    Arguments:
        rows: the rows.
        batch_size: rows in a batch.
    """

    def __init__(self, rows: Rows, batch_size: int) -> None:
        self.rows = len(rows)
        self.forest = plant_forest(rows, len(rows))
        batches = math.ceil(len(rows) / batch_size)
        batch_of_row = np.arange(len(rows)) // batch_size
        weight_of_row = 1 / (batches * np.bincount(batch_of_row)[batch_of_row])
        leaf_of_prefix: dict[bytes, int] = {}
        leaf_of_row = [leaf_of_prefix.setdefault(digits.tobytes(), len(leaf_of_prefix)) for digits in rows.digits]
        self.leaf_weights = np.bincount(leaf_of_row, weights=weight_of_row)


class FusedTrainer:
    """A classifier with the SRN, trained by compiled steps.

    Arguments:
        weights: the initial weights, by the names of the classifier with the manual SRN.
        train_forest: the training rows' batches.
        eval_set: the rows that decide which weights are kept.
        widest: the most nodes of one step in any set that will be scored.
        epochs: passes over the training rows.
        lr: the learning rate.
        eval_every: steps between evaluations.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        weights: Mapping[str, npt.NDArray[np.floating]],
        train_forest: Forest,
        eval_set: EvaluationSet,
        widest: int,
        *,
        epochs: int,
        lr: float = 0.001,
        eval_every: int = 100,
        dtype: type[np.floating] = np.float32,
    ) -> None:
        self._shapes = {name: weights[name].shape for name in _NAMES}
        E, U = weights["embedding.W"], weights["rnn_model.U"]
        self._sizes = (U.shape[0], E.shape[1], CLASSES)
        shapes = [_as_matrix(weights[name]).shape for name in _NAMES]
        size = sum(rows * padded(columns) for rows, columns in shapes)
        self._adam = Adam(*(np.zeros(size, dtype) for _ in Adam._fields))
        self._parameters, self._gradients, self._kept = (
            _views(flat, shapes) for flat in (self._adam.values, self._adam.gradients, self._adam.kept)
        )
        for name, matrix in zip(_NAMES, self._parameters, strict=True):
            given = _as_matrix(weights[name])
            matrix[:, : given.shape[1]] = given
        self._forest = train_forest
        self._length = train_forest.starts.shape[1] - 1
        self._eval_set = eval_set
        widest = max(widest, eval_set.forest.widest_step, _widest_tree_of_draws(self._length))
        self._work = _workspace(train_forest, widest, *self._sizes, dtype)
        self._lr, self._eval_every = lr, eval_every
        self.steps_per_epoch = len(train_forest.batch_rows)
        self.steps = epochs * self.steps_per_epoch
        evaluations = self.steps // eval_every + 1
        self._record = Record(
            np.zeros(self.steps),
            np.zeros(evaluations, np.int64),
            np.zeros(evaluations),
            np.zeros(evaluations),
            np.zeros(2, np.int64),
        )
        self.step = 0
        self.diverged_at: int | None = None

    @property
    def ended(self) -> bool:
        """Whether all steps were made, or a loss was not finite."""
        return self.diverged_at is not None or self.step == self.steps

    def advance(self, steps: int) -> None:
        """Makes up to ``steps`` more steps; other threads run meanwhile."""
        end = min(self.step + steps, self.steps)
        self.step = train_steps(
            self.step,
            end,
            self.steps,
            self._eval_every,
            self._lr,
            self._parameters,
            self._gradients,
            self._adam,
            self._forest,
            self._eval_set.forest,
            self._eval_set.leaf_weights,
            self._work,
            self._record,
            *self._sizes,
        )
        if self.step < end:
            self.diverged_at = self.step

    def last_loss(self) -> float:
        """The loss of the last step that was made."""
        return float(self._record.step_losses[max(0, self.step - 1)])

    def evaluations(self) -> tuple[Evaluation, ...]:
        """Every evaluation so far, in order."""
        made = int(self._record.counts[0])
        return tuple(self._evaluation(index) for index in range(made))

    def last_evaluation(self) -> Evaluation | None:
        """The latest evaluation."""
        made = int(self._record.counts[0])
        return self._evaluation(made - 1) if made else None

    def best(self) -> Evaluation | None:
        """The evaluation whose weights are kept."""
        made, best = (int(count) for count in self._record.counts)
        return self._evaluation(best) if made else None

    def record(self) -> TrainingRecord:
        """All that was noted down, as the Runner gives it."""
        made = self.step if self.diverged_at is None else self.diverged_at + 1
        losses = self._record.step_losses[:made].tolist()
        size = self.steps_per_epoch
        finished = self.step // size
        epochs = (losses[epoch * size : (epoch + 1) * size] for epoch in range(finished))
        means = tuple(mean_loss(batch_losses) for batch_losses in epochs)
        return TrainingRecord(tuple(losses), means, self.evaluations(), self.best(), self.diverged_at)

    def score_kept(self, evaluation_set: EvaluationSet) -> Score:
        """How the kept weights do on other rows."""
        loss, right = evaluate(self._kept, evaluation_set.forest, evaluation_set.leaf_weights, self._work, *self._sizes)
        return Score(loss, right / evaluation_set.rows)

    def exact_accuracy_of_kept(self) -> float:
        """The kept weights' accuracy over every draw of the generator."""
        right = sum(
            right_draws(self._kept, first_digit, self._length, self._work, *self._sizes)
            for first_digit in range(DIGITS)
        )
        return float(right / count_draws(self._length))

    def kept_weights(self) -> Weights:
        """The kept weights, by the names and in the shapes of the classifier with the manual SRN."""
        return self._named(self._kept)

    def weights(self) -> Weights:
        """The weights after the last step."""
        return self._named(self._parameters)

    def gradients(self, batch: int) -> tuple[float, Weights]:
        """The loss of one training batch and the gradients of all weights at the present ones."""
        loss = gradients(self._parameters, self._gradients, self._forest, batch, self._work, *self._sizes)
        return loss, self._named(self._gradients)

    def states(self, batch: int, digits: npt.NDArray[np.integer]) -> Matrix:
        """Every state of one training batch at the present weights.

        Arguments:
            batch: its number.
            digits: its rows, of shape ``(rows, length)``.

        Returns:
            An array of shape ``(rows, length, hidden_size)``.
        """
        self.gradients(batch)
        forest, hidden_size = self._forest, self._sizes[0]
        starts = forest.starts[batch]
        nodes = np.zeros(digits.shape, dtype=np.intp)
        for row, of_row in enumerate(digits):
            node = 0
            for step, digit in enumerate(of_row):
                here = slice(starts[step], starts[step + 1])
                node = int(np.flatnonzero((forest.parent[here] == node) & (forest.digit[here] == digit))[0])
                nodes[row, step] = starts[step] - starts[0] + node
        return self._work.h[nodes][:, :, :hidden_size]

    def _named(self, matrices: Parameters) -> Weights:
        return {
            name: matrix[:, : self._shapes[name][-1]].reshape(self._shapes[name]).copy()
            for name, matrix in zip(_NAMES, matrices, strict=True)
        }

    def _evaluation(self, index: int) -> Evaluation:
        record = self._record
        step = int(record.evaluated_steps[index])
        return Evaluation(
            step,
            step // self.steps_per_epoch,
            float(record.step_losses[step]),
            float(record.eval_losses[index]),
            float(record.eval_accuracies[index]),
        )


def _widest_tree_of_draws(length: int) -> int:
    """The rows that ``right_draws`` holds at its last step."""
    return DIGITS + DIGITS * (DIGITS - 1) * (length - FREE_DIGITS)


def _as_matrix(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return weights.reshape(-1, weights.shape[-1])


def _views(flat: Matrix, shapes: list[tuple[int, ...]]) -> Parameters:
    """The parameters' matrices in one flat array, rows padded."""
    matrices, start = [], 0
    for rows, columns in shapes:
        size = rows * padded(columns)
        matrices.append(flat[start : start + size].reshape(rows, padded(columns)))
        start += size
    return Parameters(*matrices)


def _workspace(forest: Forest, widest: int, H: int, M: int, C: int, dtype: type[np.floating]) -> Workspace:
    def matrix(rows: int, columns: int) -> Matrix:
        return np.zeros((rows, padded(columns)), dtype)

    nodes = forest.most_nodes
    widest = max(forest.widest_step, widest)
    return Workspace(
        h=matrix(max(nodes, widest), H),
        d=matrix(nodes, H),
        q=matrix(nodes, H),
        hU=matrix(widest, H),
        z=matrix(widest, C),
        T=matrix(DIGITS, H),
        dT=matrix(DIGITS, H),
        W_transposed=matrix(H, M),
        U_transposed=matrix(H, H),
        V_transposed=matrix(H, C),
        next_h=matrix(widest, H),
    )
