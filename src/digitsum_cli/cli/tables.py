"""Results as tables for people."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from digitsum_cli.study.results import Row, varied_settings


def new_table(title: str, *columns: str) -> Table:
    """A table whose columns but the first are aligned to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    return table


def percent(share: float | None) -> str:
    """A share as a percentage; a dash for what is not there."""
    return "–" if share is None else f"{100 * share:.1f} %"


def number(value: float | None, digits: int) -> str:
    """A number with some decimals; a dash for what is not there."""
    return "–" if value is None else f"{value:.{digits}f}"


def duration(seconds: float) -> str:
    """A time in minutes and seconds, or hours and minutes."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"


def summary_table(summary: Sequence[Row]) -> Table:
    """The book's table: length, best eval accuracy, test accuracy, final loss, seconds.

    Arguments:
        summary: rows of ``study.results.summarise``; each setting that differs between them becomes a column, and
            of several seeds the first stands beside the mean.
    """
    varied = varied_settings(summary)
    several = max(len(row["seeds"]) for row in summary) > 1
    title = "Accuracy by length" + (": mean and range over seeds" if several else "")
    columns = ["length", *(name.replace("_", " ") for name in varied), *(["seeds"] if several else [])]
    first_seeds = sorted({row["first_seed"] for row in summary})
    beside = [f"seed {first_seeds[0]}" if len(first_seeds) == 1 else "first seed"] if several else []
    table = new_table(title, *columns, "best eval accuracy", "test accuracy", *beside, "final loss", "seconds")
    for row in summary:
        table.add_row(
            str(row["length"]),
            *(str(row[name]) for name in varied),
            *([f"{row['trials']}"] if several else []),
            _spread(row, "best_eval_accuracy", several),
            _spread(row, "test_accuracy", several),
            *([percent(row["first_seed_test_accuracy"])] if several else []),
            number(row["final_train_loss"], 4),
            number(row["seconds"], 1),
        )
    return table


def _spread(row: Row, measure: str, several: bool) -> str:
    mean = percent(row[measure])
    if not several or row[measure] is None:
        return mean
    low, high = (f"{100 * row[f'{measure}_{end}']:.0f}" for end in ("min", "max"))
    return f"{mean} ({low}–{high})"
