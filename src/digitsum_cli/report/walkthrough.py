"""One sequence through one checkpoint, as a table and as a figure."""

import math
from collections.abc import Sequence
from pathlib import Path

from digitsum_cli.core.registry import ACTIVATIONS
from digitsum_cli.evaluation.walkthrough import WalkedTrial
from digitsum_cli.figures.style import save_figure
from digitsum_cli.figures.walkthrough import draw_walkthrough
from digitsum_cli.table import Table, percent

_LEVELS = " ▁▂▃▄▅▆▇█"
_MAXIMUM_UNITS = 48


def walkthrough_table(walked_trial: WalkedTrial) -> Table:
    """Answer after each step: digit, state, and the answer if the sequence ended there."""
    walked, trial = walked_trial.walkthrough, walked_trial.trial
    units = walked.states.shape[1]
    lowest, highest = ACTIVATIONS[trial.model.activation].bounds
    highest = float(walked.states.max()) if math.isinf(highest) else highest
    shown = f"state of {units} units, {lowest:g} to {highest:.3g}" + (
        f" (the first {_MAXIMUM_UNITS})" if units > _MAXIMUM_UNITS else ""
    )
    of_gates = "; gates: how far open, mean over the units" if walked.gates else ""
    return Table(
        f"Answer after each step{of_gates} (length {trial.length}, "
        f"{trial.model.cell}, {trial.model.impl}, seed {trial.seed})",
        ("step", "digit", shown, *walked.gates, "answer", "probability", f"of {walked.label}"),
        [
            [
                str(step + 1),
                str(digit),
                _bars(walked.states[step, :_MAXIMUM_UNITS].tolist(), lowest, highest),
                *(percent(float(opened[step].mean())) for opened in walked.gates.values()),
                str(int(walked.probabilities[step].argmax())),
                percent(float(walked.probabilities[step].max())),
                walked_trial.probability_of_label(step),
            ]
            for step, digit in enumerate(walked.digits)
        ],
    )


def save_walkthrough_figure(walked_trial: WalkedTrial, folder: Path) -> list[Path]:
    """Draws states and probabilities as heat maps, as PNG and SVG.

    Raises:
        DigitsumError: a file cannot be written.
    """
    walked, trial = walked_trial.walkthrough, walked_trial.trial
    digits = "".join(str(digit) for digit in walked.digits)
    name = digits if len(digits) <= _MAXIMUM_UNITS else f"{digits[:_MAXIMUM_UNITS]}-{len(digits)}"
    figure = draw_walkthrough(
        walked.digits,
        walked.states.tolist(),
        walked.probabilities.tolist(),
        f"{trial.model.cell.upper()}, impl {trial.model.impl}, trained at length {trial.length}, seed {trial.seed}",
        label=walked.label,
        label_name=trial.task.label_name,
        gates={name: opened.tolist() for name, opened in walked.gates.items()},
        cell=walked.cell.tolist(),
    )
    return save_figure(figure, folder, f"sequence-{name}")


def _bars(state: Sequence[float], lowest: float, highest: float) -> str:
    top = len(_LEVELS) - 1
    span = (highest - lowest) or 1.0
    return "".join(_LEVELS[min(top, max(0, round((value - lowest) / span * top)))] for value in state)
