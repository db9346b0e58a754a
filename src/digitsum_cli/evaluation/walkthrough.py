"""Runs one sequence through one checkpoint, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digitsum_cli.diagnostics.walkthrough import Walkthrough, parse_sequence, walk_through
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.execution.training import use_one_thread
from digitsum_cli.table import percent
from digitsum_cli.trials.trial import Trial


@dataclass(frozen=True)
class TrialWalkthrough:
    """A sequence run through the best checkpoint of a trial."""

    path: Path
    trial: Trial
    walkthrough: Walkthrough

    @property
    def supported(self) -> bool:
        """Whether the task's generator can draw the sequence."""
        return bool(self.trial.task.supports(np.array([self.walkthrough.digits], np.int8))[0])

    @property
    def verdict(self) -> str:
        """The answer in one or two sentences."""
        if self.supported:
            return self._answer
        return (
            f"{self._answer} The network was not trained on such sequences: data.distractors was "
            f"{self.trial.drawing.distractors}."
        )

    @property
    def _answer(self) -> str:
        walked = self.walkthrough
        probability = percent(float(walked.probabilities[-1, walked.answer]))
        if walked.answer == walked.label:
            return f"It answers {walked.answer} with probability {probability}: correct."
        return (
            f"It answers {walked.answer} with probability {probability}: wrong. "
            f"{self.trial.task.label_in_words.capitalize()} is {walked.label} (probability "
            f"{self.probability_of_label(-1)})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Digits, states and probabilities as plain values, for JSON."""
        walked = self.walkthrough
        return {
            "checkpoint": str(self.path),
            "trial": self.trial.identity,
            "digits": list(walked.digits),
            "answer": walked.answer,
            "label": walked.label,
            "supported": self.supported,
            "probability": float(walked.probabilities[-1, walked.answer]),
            "states": walked.states.tolist(),
            "gates": {name: opened.tolist() for name, opened in walked.gates.items()},
            "cell": walked.cell.tolist(),
            "probabilities": walked.probabilities.tolist(),
        }

    def probability_of_label(self, step: int) -> str:
        """The probability of the correct answer if the sequence ended after this step, in per cent."""
        return percent(float(self.walkthrough.probabilities[step, self.walkthrough.label]))


def walk_through_checkpoint(checkpoints: Sequence[TrialCheckpoint], sequence: str) -> TrialWalkthrough:
    """Runs a sequence through the checkpoint trained at the length closest to its own; the first one on a tie.

    Arguments:
        checkpoints: one or more checkpoints.
        sequence: two or more digits, such as ``6 7 0 0 1 0`` or ``670010``.

    Raises:
        InputError: the sequence is invalid, or the weights do not match their trial.
    """
    use_one_thread()
    digits = parse_sequence(sequence)
    nearest = min(checkpoints, key=lambda checkpoint: abs(checkpoint.trial.length - len(digits)))
    walked = walk_through(nearest.classifier(), digits, nearest.trial.task)
    return TrialWalkthrough(nearest.path, nearest.trial, walked)
