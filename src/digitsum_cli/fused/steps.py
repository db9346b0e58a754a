"""The training steps of one trial, compiled: forward pass, backpropagation through time, update, evaluation."""

import hashlib
import math
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from digitsum_cli.core import record as core_record
from digitsum_cli.core.record import Ending
from digitsum_cli.fused.backward import backward, batch_loss
from digitsum_cli.fused.compile_cache import compiled_and_cached
from digitsum_cli.fused.forward import copy
from digitsum_cli.fused.scoring import count_correct_draws, score_forest
from digitsum_cli.fused.update import update


class EntryPoints(NamedTuple):
    """The functions of one cell that are called from Python."""

    train_steps: Any
    evaluate: Any
    correct_draws: Any
    gradients: Any


@cache
def entry_points(cell: str) -> EntryPoints:
    """Returns the compiled functions for one cell, cached on disk.

    Arguments:
        cell: its import path, ``package.module:name``.

    The cache identifies a function by its own file and its closure, not by the functions that it calls. The closure
    contains ``sources``, so that a change in any source file triggers recompilation, and ``cell``, so that each cell
    has its own functions.
    """
    entry_point = compiled_and_cached(nogil=True, error_model="numpy")
    sources = _digest_of_sources(cell)

    @entry_point
    def train_steps(
        first,
        end,
        steps,
        eval_every,
        rule,
        lr_factors,
        row_weights,
        p,
        g,
        optimizer,
        forest,
        eval_forest,
        eval_weights,
        work,
        record,
        H,
        M,
        C,
    ):
        """Trains from step ``first`` up to ``end`` of ``steps``; evaluates and saves the best weights like the Runner.

        Arguments:
            lr_factors: the factors of the learning rate, one per step from ``first`` on.
            row_weights: the row weight of each batch; see ``batch_loss``.

        Returns:
            The number of weight updates since step 0, and how training ended (``OPEN`` if it did not).
        """
        sources  # noqa: B018
        for number in range(first, end):
            batch = number % forest.starts.shape[0]
            loss = batch_loss(cell, p, forest, batch, work, H, M, C, row_weights[batch])
            record.step_losses[number] = loss
            if not math.isfinite(loss):
                return number, Ending.LOSS_NOT_FINITE
            backward(cell, p, g, forest, batch, work, H, M, C)
            factor = lr_factors[number - first]
            update(number, rule, factor, g, optimizer, work.d.shape[1], work.squares, record.gradient_norms)
            if number == steps - 1 or (number > 0 and number % eval_every == 0):
                eval_loss, correct = score_forest(cell, p, eval_forest, eval_weights, work, H, M, C)
                if not math.isfinite(eval_loss):
                    return number + 1, Ending.EVAL_LOSS_NOT_FINITE
                accuracy = correct / eval_forest.batch_rows[0]
                index, best = record.counts
                record.evaluated_steps[index] = number
                record.eval_losses[index] = eval_loss
                record.eval_accuracies[index] = accuracy
                record.counts[0] = index + 1
                if index == 0 or accuracy > record.eval_accuracies[best]:
                    record.counts[1] = index
                    copy(optimizer.best.size, (), (optimizer.best, optimizer.values), (0, 0))
                elif index - best >= rule.patience and number < steps - 1:
                    return number + 1, Ending.STOPPED_EARLY
        return end, Ending.COMPLETE if end == steps else Ending.OPEN

    @entry_point
    def evaluate(p, forest, leaf_weights, work, H, M, C):
        """Returns the loss and the number of correct answers on a forest of one batch.

        Arguments:
            leaf_weights: the weight of each leaf's loss in the mean of batch losses.
        """
        sources  # noqa: B018
        return score_forest(cell, p, forest, leaf_weights, work, H, M, C)

    @entry_point
    def correct_draws(p, first_digit, labels, wanted, correct, work, H, M, C):
        """Counts the draws with a given first digit that are answered correctly; see ``count_correct_draws``."""
        sources  # noqa: B018
        count_correct_draws(cell, p, first_digit, labels, wanted, correct, work, H, M, C)

    @entry_point
    def gradients(p, g, forest, batch, work, H, M, C):
        """Returns the loss of one batch; writes all gradients to ``g`` and the states to ``work.states``."""
        sources  # noqa: B018
        loss = batch_loss(cell, p, forest, batch, work, H, M, C, 1.0 / forest.batch_rows[batch])
        backward(cell, p, g, forest, batch, work, H, M, C)
        return loss

    return EntryPoints(train_steps, evaluate, correct_draws, gradients)


@cache
def _digest_of_sources(cell: str) -> int:
    package = Path(__file__).parent
    cell_source = Path(str(import_module(cell.partition(":")[0]).__file__))
    digest = hashlib.sha256()
    for path in (*sorted(package.rglob("*.py")), cell_source, Path(core_record.__file__)):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7])
