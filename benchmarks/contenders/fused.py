"""``fused``: digitsum's compiled trainer."""

import sys

import numpy as np

from benchmarks.contenders import BATCH_SIZE, LEARNING_RATE, MOST_EPOCHS, Losses, Task
from digitsum_cli.core import build_classifier
from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.fused.prefix_tree import build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer


class Fused:
    """One trial, without evaluations."""

    trials = 1

    def __init__(self, task: Task) -> None:
        rows = task.rows
        self.trainer = FusedTrainer(
            CELLS[task.cell].implementations[FUSED]["tanh"],
            copy_weights(build_classifier(task.cell, "manual", task.hidden, task.hidden, seed=0)),
            build_prefix_forest(rows, BATCH_SIZE),
            EvaluationSet(rows, BATCH_SIZE),
            epochs=MOST_EPOCHS + 1,  # the last step, which always evaluates, is never reached
            rule=Rule(lr=LEARNING_RATE),
            eval_every=sys.maxsize,
        )

    def run(self, epochs: int) -> None:
        """Trains for more epochs."""
        self.trainer.advance(epochs * self.trainer.steps_per_epoch)

    def losses(self) -> Losses:
        """Returns the loss of every step so far."""
        return np.array(self.trainer.record().step_losses)[:, np.newaxis]
