"""A sequence run through a checkpoint, as a table and as a figure."""

import math
from collections.abc import Sequence
from pathlib import Path

from digitsum_cli.core.registry import ACTIVATIONS, cell_in_words
from digitsum_cli.evaluation.walkthrough import TrialWalkthrough
from digitsum_cli.figures.style import figure_files
from digitsum_cli.figures.walkthrough import draw_walkthrough
from digitsum_cli.table import Table, percent

_LEVELS = " ▁▂▃▄▅▆▇█"
_MAXIMUM_UNITS = 48


def walkthrough_table(trial_walkthrough: TrialWalkthrough) -> Table:
    """The table of each step: digit, hidden state, and the answer if the sequence ended there."""
    walked, trial = trial_walkthrough.walkthrough, trial_walkthrough.trial
    units = walked.states.shape[1]
    lowest, highest = ACTIVATIONS[trial.model.activation].bounds
    highest = float(walked.states.max()) if math.isinf(highest) else highest
    shown = f"hidden state ({units} units, {lowest:g} to {highest:.3g}" + (
        f"; first {_MAXIMUM_UNITS} shown)" if units > _MAXIMUM_UNITS else ")"
    )
    gate_note = "; gates: mean opening over the units" if walked.gates else ""
    return Table(
        f"Answer after each step{gate_note} (length {trial.length}, "
        f"{trial.model.cell}, {trial.model.impl}, seed {trial.seed})",
        ("step", "digit", shown, *walked.gates, "answer", "probability", f"probability of {walked.label}"),
        [
            [
                str(step + 1),
                str(digit),
                _bars(walked.states[step, :_MAXIMUM_UNITS].tolist(), lowest, highest),
                *(percent(float(opened[step].mean())) for opened in walked.gates.values()),
                str(int(walked.probabilities[step].argmax())),
                percent(float(walked.probabilities[step].max())),
                trial_walkthrough.probability_of_label(step),
            ]
            for step, digit in enumerate(walked.digits)
        ],
    )


def walkthrough_figure_files(trial_walkthrough: TrialWalkthrough, folder: Path) -> dict[Path, bytes]:
    """Draws states and probabilities as heat maps: the contents of the figure in a folder, as PNG and SVG."""
    walked, trial = trial_walkthrough.walkthrough, trial_walkthrough.trial
    digits = "".join(str(digit) for digit in walked.digits)
    name = digits if len(digits) <= _MAXIMUM_UNITS else f"{digits[:_MAXIMUM_UNITS]}-{len(digits)}"
    figure = draw_walkthrough(
        walked.digits,
        walked.states.tolist(),
        walked.probabilities.tolist(),
        f"{cell_in_words(trial.model.cell)}, impl {trial.model.impl}, trained at length {trial.length}, "
        f"seed {trial.seed}",
        label=walked.label,
        label_name=trial.task.label_name,
        gates={name: opened.tolist() for name, opened in walked.gates.items()},
        cell=walked.cell.tolist(),
    )
    return figure_files(figure, folder, f"sequence-{name}")


def _bars(state: Sequence[float], lowest: float, highest: float) -> str:
    top = len(_LEVELS) - 1
    span = (highest - lowest) or 1.0
    return "".join(_LEVELS[min(top, max(0, round((value - lowest) / span * top)))] for value in state)
