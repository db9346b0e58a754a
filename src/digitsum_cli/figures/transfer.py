"""Accuracy at lengths other than the training length: whether the network learnt the rule or a length."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from digitsum_cli.core.tasks.task import Floor
from digitsum_cli.figures.heat_map import add_percent_bar, contrasting_colour, draw_cells, outline_cell
from digitsum_cli.figures.style import COLOURS, GUIDE_COLOUR, MARKERS, add_legend, new_figure, set_title, styled
from digitsum_cli.figures.ticks import at_lengths

TITLE = "Generalisation to other lengths"


@dataclass(frozen=True)
class TransferAccuracy:
    """The accuracy, 0 to 1, at a test length of networks trained at a training length; lengths in digits."""

    train_length: int
    test_length: int
    accuracy: float


def draw_transfer(accuracies: Sequence[TransferAccuracy], subtitle: str, floor: Floor) -> Figure:
    """Draws a table of coloured cells, or a curve if there is a single training length.

    Arguments:
        accuracies: at least one, and at most one for each pair of lengths; pairs without one are left empty.
        subtitle: what they have in common.
        floor: the floor of the task.
    """
    train_lengths = sorted({cell.train_length for cell in accuracies})
    if len(train_lengths) == 1:
        return _draw_curve(sorted(accuracies, key=lambda cell: cell.test_length), subtitle, floor)
    return _draw_table(accuracies, train_lengths, sorted({cell.test_length for cell in accuracies}), subtitle)


def _draw_table(
    accuracies: Sequence[TransferAccuracy], train_lengths: list[int], test_lengths: list[int], subtitle: str
) -> Figure:
    known = {(cell.train_length, cell.test_length): cell.accuracy for cell in accuracies}
    size = _cell_size(len(test_lengths))
    figure = new_figure(max(6.0, 1.8 + size * len(test_lengths)), 1.2 + size * len(train_lengths))
    figure.set_layout_engine("compressed")  # square cells leave space, which should not end up between the parts
    with styled():
        panel = figure.subplots()
        table = [[known.get((train, test), math.nan) for test in test_lengths] for train in train_lengths]
        cells = draw_cells(panel, table)
        font_size = min(11.0, 0.42 * 72 * size)
        for row, train in enumerate(train_lengths):
            for column, test in enumerate(test_lengths):
                accuracy = known.get((train, test))
                if accuracy is None:
                    continue
                colour = contrasting_colour(cells, accuracy)
                text = f"{100 * accuracy:.0f}"
                panel.text(column, row, text, color=colour, fontsize=font_size, ha="center", va="center_baseline")
                if train == test:
                    outline_cell(panel, column, row, colour)
        panel.set_aspect("equal")
        panel.invert_yaxis()
        label_size = max(font_size, 9.0)
        panel.set_xticks(range(len(test_lengths)), labels=map(str, test_lengths), fontsize=label_size)
        panel.set_yticks(range(len(train_lengths)), labels=map(str, train_lengths), fontsize=label_size)
        panel.tick_params(length=0)
        for spine in panel.spines.values():
            spine.set_visible(False)
        panel.set_xlabel("test length (digits)")
        panel.set_ylabel("training length (digits)")
        add_percent_bar(figure, cells, [panel], "accuracy", height=size * len(train_lengths))
        set_title(figure, TITLE, subtitle)
    return figure


def _cell_size(columns: int) -> float:
    """The width and height of a cell in inches."""
    return min(0.7, max(0.27, 5.0 / columns))


def _draw_curve(accuracies: Sequence[TransferAccuracy], subtitle: str, floor: Floor) -> Figure:
    lengths = [cell.test_length for cell in accuracies]
    train_length = accuracies[0].train_length
    figure = new_figure(7.5, 4.8)
    with styled():
        panel = figure.subplots()
        panel.plot(
            lengths,
            [cell.accuracy for cell in accuracies],
            color=COLOURS[0],
            marker=MARKERS[0],
            markersize=6 if len(lengths) <= 30 else 3,
            label="accuracy",
        )
        _mark_train_length(panel, train_length)
        label = f"floor: {floor}"
        panel.axhline(floor.accuracy, color=GUIDE_COLOUR, linestyle=":", linewidth=1.5, label=label)
        panel.set_xlabel("test length (digits)")
        panel.set_ylabel("accuracy")
        panel.set_ylim(0, 1.02)
        panel.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        panel.xaxis.set_major_locator(at_lengths(lengths))
        set_title(figure, TITLE, subtitle)
        add_legend(figure, *panel.get_legend_handles_labels())
    return figure


def _mark_train_length(panel: Axes, length: int) -> None:
    panel.axvline(length, color=COLOURS[1], linestyle="--", linewidth=1.5, label=f"training length ({length})")
