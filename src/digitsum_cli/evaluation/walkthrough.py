"""One sequence through one kept network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digitsum_cli.core.registry import ACTIVATIONS
from digitsum_cli.diagnostics.walkthrough import Walkthrough, parse_sequence, walk_through
from digitsum_cli.evaluation.scoring import checkpoint_settings, load_classifier
from digitsum_cli.execution.training import use_one_thread
from digitsum_cli.figures.style import save_figure
from digitsum_cli.figures.walkthrough import draw_walkthrough
from digitsum_cli.table import Table, percent
from digitsum_cli.trials.trial import Trial

_LEVELS = " ▁▂▃▄▅▆▇█"
_MAXIMUM_UNITS = 48


@dataclass(frozen=True)
class WalkedTrial:
    """What the kept network of a trial makes of a sequence."""

    path: Path
    trial: Trial
    walkthrough: Walkthrough

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        walked = self.walkthrough
        probability = percent(float(walked.probabilities[-1, walked.answer]))
        right = "right" if walked.answer == walked.label else f"wrong: {walked.digits[0]} + {walked.digits[1]} is"
        right += "" if walked.answer == walked.label else f" {walked.label}, which it gives {self._of_label(-1)}"
        return f"It answers {walked.answer} with probability {probability}, which is {right}."

    def to_dict(self) -> dict[str, Any]:
        """Digits, states and probabilities as plain values, for JSON."""
        walked = self.walkthrough
        return {
            "checkpoint": str(self.path),
            "trial": self.trial.identity,
            "digits": list(walked.digits),
            "answer": walked.answer,
            "label": walked.label,
            "probability": float(walked.probabilities[-1, walked.answer]),
            "states": walked.states.tolist(),
            "gates": {name: opened.tolist() for name, opened in walked.gates.items()},
            "cell": walked.cell.tolist(),
            "probabilities": walked.probabilities.tolist(),
        }

    def table(self) -> Table:
        """Step by step: digit, state, and what it would answer if the sequence ended there."""
        walked = self.walkthrough
        units = walked.states.shape[1]
        lowest, highest = ACTIVATIONS[self.trial.activation].bounds
        highest = float(walked.states.max()) if math.isinf(highest) else highest
        shown = f"state of {units} units, {lowest:g} to {highest:.3g}" + (
            f" (the first {_MAXIMUM_UNITS})" if units > _MAXIMUM_UNITS else ""
        )
        of_gates = "; gates: open, mean over the units" if walked.gates else ""
        return Table(
            f"Step by step, at the end of each what it would answer{of_gates} (length {self.trial.length}, "
            f"{self.trial.cell}, {self.trial.impl}, seed {self.trial.seed})",
            ("step", "digit", shown, *walked.gates, "answer", "probability", f"of {walked.label}"),
            [
                [
                    str(step + 1),
                    str(digit),
                    _bars(walked.states[step, :_MAXIMUM_UNITS].tolist(), lowest, highest),
                    *(percent(float(opened[step].mean())) for opened in walked.gates.values()),
                    str(int(walked.probabilities[step].argmax())),
                    percent(float(walked.probabilities[step].max())),
                    self._of_label(step),
                ]
                for step, digit in enumerate(walked.digits)
            ],
        )

    def save_figure(self, folder: Path) -> list[Path]:
        """Draws states and probabilities as heat maps, as PNG and SVG.

        Raises:
            DigitsumError: a file cannot be written.
        """
        walked = self.walkthrough
        digits = "".join(str(digit) for digit in walked.digits)
        name = digits if len(digits) <= _MAXIMUM_UNITS else f"{digits[:_MAXIMUM_UNITS]}-{len(digits)}"
        figure = draw_walkthrough(
            walked.digits,
            walked.states.tolist(),
            walked.probabilities.tolist(),
            f"{self.trial.cell.upper()}, impl {self.trial.impl}, trained at length {self.trial.length}, "
            f"seed {self.trial.seed}",
            gates={name: opened.tolist() for name, opened in walked.gates.items()},
            cell=walked.cell.tolist(),
        )
        return save_figure(figure, folder, f"sequence-{name}")

    def _of_label(self, step: int) -> str:
        return percent(float(self.walkthrough.probabilities[step, self.walkthrough.label]))


def walk_through_checkpoint(paths: Sequence[Path], sequence: str) -> WalkedTrial:
    """Reads a sequence with the checkpoint that was trained at the length nearest to its own, the first of equals.

    Arguments:
        paths: safetensors files, one or more.
        sequence: two digits or more, as ``6 7 0 0 1 0`` or ``670010``.

    Raises:
        InputError: a file is missing or damaged, or the sequence is none.
    """
    use_one_thread()
    digits = parse_sequence(sequence)
    trials = [(path, checkpoint_settings(path)[0]) for path in paths]
    path, trial = min(trials, key=lambda pair: abs(pair[1].length - len(digits)))
    return WalkedTrial(path, trial, walk_through(load_classifier(path, replace(trial, device="cpu")), digits))


def _bars(state: Sequence[float], lowest: float, highest: float) -> str:
    top = len(_LEVELS) - 1
    span = (highest - lowest) or 1.0
    return "".join(_LEVELS[min(top, max(0, round((value - lowest) / span * top)))] for value in state)
