"""The compiled trainer of one trial: its weights, its data and its training state."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.record import Ending, Evaluation, Score, TrainingRecord, mean_loss
from digitsum_cli.core.registry import LOSSES, LR_SCHEDULES, load
from digitsum_cli.core.shapes import shapes_of
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.core.training_state import TrainingState, check_compatible_state
from digitsum_cli.fused.arrays import Matrix, Optimizer, Record
from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.exact import exact_accuracies
from digitsum_cli.fused.layout import Layout, new_workspace
from digitsum_cli.fused.prefix_tree import Forests, build_prefix_forest
from digitsum_cli.fused.rule import BOOK_RULE, Rule
from digitsum_cli.fused.steps import entry_points

_MOMENTS = ("first_moments", "second_moments")
ROWS_AT_ONCE = 1_000
"""Rows that ``accuracy_of_best`` scores at once."""


class EvaluationSet:
    """Rows that are scored in a single pass.

    The loss is the mean over batches, the last of which may be smaller; so the weight of a row is one divided by the
    number of batches times the number of rows in its batch.

    Arguments:
        rows: the rows.
        batch_size: rows per batch.
    """

    def __init__(self, rows: Rows, batch_size: int) -> None:
        self.rows = len(rows)
        self.forest = build_prefix_forest(rows, len(rows))
        batches = math.ceil(len(rows) / batch_size)
        batch_of_row = np.arange(len(rows)) // batch_size
        weight_of_row = 1 / (batches * np.bincount(batch_of_row)[batch_of_row])
        leaf_of_prefix: dict[bytes, int] = {}
        leaf_of_row = [leaf_of_prefix.setdefault(digits.tobytes(), len(leaf_of_prefix)) for digits in rows.digits]
        self.leaf_weights = np.bincount(leaf_of_row, weights=weight_of_row)


class FusedTrainer:
    """Trains a classifier with compiled steps.

    Arguments:
        cell: the import path of its compiled cell, ``package.module:name``; see ``CellSpec.import_path``.
        weights: the initial weights, named as in the classifier with the hand-written cell.
        forests: the batches of training rows.
        eval_set: the rows that determine the best checkpoint.
        widest: the largest number of nodes per step in any set that will be scored.
        task: the task whose draws define the exact accuracy, if they can be enumerated.
        epochs: passes over the training rows.
        rule: the update rule.
        lr_schedule, loss: their names in the registry.
        eval_every: steps between evaluations.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        cell: str,
        weights: Mapping[str, npt.NDArray[np.floating]],
        forests: Forests,
        eval_set: EvaluationSet,
        widest: int = 0,
        *,
        task: Task = DIGIT_SUM,
        epochs: int,
        rule: Rule = BOOK_RULE,
        lr_schedule: str = "constant",
        loss: str = "mean",
        eval_every: int = 100,
        dtype: type[np.floating] = np.float32,
    ) -> None:
        compiled_cell: CompiledCell = load(cell)
        self._layout = Layout(compiled_cell, weights)
        self._compiled = entry_points(cell)
        self._sizes = (self._layout.hidden_size, self._layout.embedding_size, self._layout.classes)
        self._optimizer = Optimizer(*(np.zeros(self._layout.size, dtype) for _ in Optimizer._fields))
        self._parameters, self._gradients, self._best = (
            self._layout.views(flat)
            for flat in (self._optimizer.values, self._optimizer.gradients, self._optimizer.best)
        )
        self._layout.write(weights, self._parameters)
        self._forests = forests
        self._forest, self._epoch = forests.for_epoch(0), 0
        divisor = LOSSES[loss].divisor
        self._row_weights = np.array([1.0 / divisor(rows) for rows in self._forest.batch_rows.tolist()])
        self._eval_set = eval_set
        self._task, draws = task, task.every_row(forests.length)
        widest_scored = draws.rows_per_first_digit if isinstance(draws, Draws) else ROWS_AT_ONCE
        widest = max(widest, eval_set.forest.widest_step, forests.widest_step, widest_scored)
        self._work = new_workspace(compiled_cell, forests.most_nodes, widest, self._layout, dtype)
        self._rule, self._eval_every = rule.typed(), eval_every
        self._lr_factor = LR_SCHEDULES[lr_schedule]
        self.steps_per_epoch = forests.batches
        self.steps = epochs * self.steps_per_epoch
        evaluations = self.steps // eval_every + 1
        self._record = Record(
            np.zeros(self.steps),
            np.zeros((self.steps if rule.record_gradients else 0, len(self._layout.names))),
            np.zeros(evaluations, np.int64),
            np.zeros(evaluations),
            np.zeros(evaluations),
            np.zeros(2, np.int64),
        )
        self._evaluations: list[Evaluation] = []
        self.step = 0
        self._ending = Ending.COMPLETE if self.steps == 0 else Ending.OPEN

    @property
    def ended(self) -> bool:
        """Whether all steps are done, the patience ran out, or a loss was infinite or NaN."""
        return self._ending is not Ending.OPEN

    def advance(self, steps: int) -> None:
        """Runs up to ``steps`` more steps, with the GIL released."""
        end = min(self.step + steps, self.steps)
        while self.step < end and not self.ended:
            epoch = self.step // self.steps_per_epoch
            if epoch != self._epoch:
                self._forest, self._epoch = self._forests.for_epoch(epoch), epoch
            self._advance_in_epoch(min(end, (epoch + 1) * self.steps_per_epoch))

    def _advance_in_epoch(self, end: int) -> None:
        self.step, ending = self._compiled.train_steps(
            self.step,
            end,
            self.steps,
            self._eval_every,
            self._rule,
            np.array([self._lr_factor(step, self.steps) for step in range(self.step, end)]),
            self._row_weights,
            self._parameters,
            self._gradients,
            self._optimizer,
            self._forest,
            self._eval_set.forest,
            self._eval_set.leaf_weights,
            self._work,
            self._record,
            *self._sizes,
        )
        self._ending = Ending(ending)

    def last_loss(self) -> float:
        """The loss of the last completed step."""
        return float(self._record.step_losses[max(0, self.step - 1)])

    def evaluations(self) -> tuple[Evaluation, ...]:
        """Every evaluation so far, in order."""
        count = int(self._record.counts[0])
        self._evaluations += map(self._evaluation, range(len(self._evaluations), count))
        return tuple(self._evaluations)

    def last_evaluation(self) -> Evaluation | None:
        """The latest evaluation; None if there was none."""
        count = int(self._record.counts[0])
        return self._evaluation(count - 1) if count else None

    def best(self) -> Evaluation | None:
        """The best evaluation so far; None if there was none."""
        count, best = (int(each) for each in self._record.counts)
        return self._evaluation(best) if count else None

    def record(self) -> TrainingRecord:
        """The record of the training, in the same form as the Runner's."""
        computed = self.step + (self._ending is Ending.LOSS_NOT_FINITE)
        losses = self._record.step_losses[:computed].tolist()
        size = self.steps_per_epoch
        finished = self.step // size
        epochs = (losses[epoch * size : (epoch + 1) * size] for epoch in range(finished))
        means = tuple(mean_loss(batch_losses) for batch_losses in epochs)
        return TrainingRecord(
            tuple(losses), means, self.evaluations(), self.best(), self._ending, self._gradient_norms()
        )

    def _gradient_norms(self) -> dict[str, tuple[float, ...]]:
        if not self._rule.record_gradients:
            return {}
        columns = self._record.gradient_norms[: self.step].T.tolist()
        return {name: tuple(norms) for name, norms in zip(self._layout.names, columns, strict=True)}

    def score_best(self, evaluation_set: EvaluationSet) -> Score:
        """Scores the best checkpoint on other rows."""
        loss, correct = self._compiled.evaluate(
            self._best, evaluation_set.forest, evaluation_set.leaf_weights, self._work, *self._sizes
        )
        return Score(loss, correct / evaluation_set.rows)

    def exact_accuracy_of_best(self) -> float:
        """The accuracy of the best checkpoint over every draw of the task.

        Raises:
            InputError: there are too many draws to enumerate.
        """
        length = self._forests.length
        compiled = self._compiled
        return exact_accuracies(compiled, self._best, [length], self._task, self._work, self._sizes)[length]

    def accuracy_of_best(self, rows: Rows) -> float:
        """The accuracy of the best checkpoint on any number of rows."""
        correct = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = Rows(rows.digits[start : start + ROWS_AT_ONCE], rows.labels[start : start + ROWS_AT_ONCE])
            forest = build_prefix_forest(part, len(part))
            correct += self._compiled.evaluate(self._best, forest, np.zeros(len(part)), self._work, *self._sizes)[1]
        return float(correct / len(rows))

    def best_weights(self) -> Weights:
        """The best checkpoint's weights, with the names and shapes of the classifier with the hand-written cell."""
        return self._layout.read(self._best)

    def weights(self) -> Weights:
        """The weights after the last step."""
        return self._layout.read(self._parameters)

    def gradients(self, batch: int) -> tuple[float, Weights]:
        """The mean loss of a batch of the current epoch, and the gradients of all weights, at the current weights."""
        loss = self._compiled.gradients(
            self._parameters, self._gradients, self._forest, batch, self._work, *self._sizes
        )
        return loss, self._layout.read(self._gradients)

    def states(self, batch: int, digits: npt.NDArray[np.integer]) -> Matrix:
        """Every h of one training batch at the current weights.

        Arguments:
            batch: the number of the batch.
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
                nodes[row, step] = 1 + starts[step] - starts[0] + node
        return self._work.states.h[nodes][:, :, :hidden_size]

    def state(self) -> TrainingState:
        """The current training state."""
        completed = self.step
        return TrainingState(
            self._record.step_losses[:completed],
            self.evaluations(),
            {
                name: self._record.gradient_norms[:completed, parameter]
                for parameter, name in enumerate(self._layout.names if self._rule.record_gradients else ())
            },
            self.weights(),
            self.best_weights() if self.best() else {},
            {
                f"{moment} {name}": array
                for moment in _MOMENTS
                for name, array in self._layout.read(self._layout.views(getattr(self._optimizer, moment))).items()
            },
        )

    def restore(self, state: TrainingState) -> None:
        """Restores a state of the same training, to resume from it.

        Raises:
            IncompatibleStateError: the state belongs to another training.
        """
        record, layout, evaluations = self._record, self._layout, len(state.evaluations)
        parameters = shapes_of(self.weights())
        check_compatible_state(
            state,
            steps=self.steps,
            eval_every=self._eval_every,
            parameters=parameters,
            optimizer={f"{moment} {name}": shape for moment in _MOMENTS for name, shape in parameters.items()},
            recorded=layout.names if self._rule.record_gradients else (),
        )
        record.step_losses[: state.step] = state.step_losses
        for parameter, name in enumerate(layout.names if self._rule.record_gradients else ()):
            record.gradient_norms[: state.step, parameter] = state.gradient_norms[name]
        record.evaluated_steps[:evaluations] = [each.step for each in state.evaluations]
        record.eval_losses[:evaluations] = [each.eval_loss for each in state.evaluations]
        record.eval_accuracies[:evaluations] = accuracies = [each.eval_accuracy for each in state.evaluations]
        record.counts[:] = evaluations, accuracies.index(max(accuracies)) if evaluations else 0
        layout.write(state.weights, self._parameters)
        if evaluations:
            layout.write(state.best_weights, self._best)
        for moment in _MOMENTS:
            named = {name: state.optimizer[f"{moment} {name}"] for name in layout.names}
            layout.write(named, layout.views(getattr(self._optimizer, moment)))
        self.step = state.step

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
