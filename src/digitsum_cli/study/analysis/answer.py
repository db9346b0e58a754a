"""The answer of a study in sentences: how far back does this network remember?"""

from collections.abc import Sequence

from digitsum_cli.statistics.memory_span import Bound
from digitsum_cli.study.setting_columns import Row, setting_label, varied_settings
from digitsum_cli.table import percent_interval

_IN_WORDS = {0.5: "right more often than not", 0.9: "right nine times in ten"}


def answer(summary: Sequence[Row], memory_spans: Sequence[Row]) -> list[str]:
    """A sentence for each setting and threshold, or, of a single length, for each setting.

    Arguments:
        summary: from ``study.analysis.summary.summarise``.
        memory_spans: from ``study.analysis.memory_spans.memory_spans``; empty for a single length.
    """
    if memory_spans:
        return [_span_sentence(row) for row in memory_spans]
    varied = varied_settings(summary)
    return [_accuracy_sentence(row, setting_label(row, varied)) for row in summary]


def _accuracy_sentence(row: Row, label: str) -> str:
    who = _who(row, label)
    if row["exact_accuracy"] is None:
        return f"No training of {who} at length {row['length']} ended well."
    exact = percent_interval(row["exact_accuracy"], row["exact_accuracy_low"], row["exact_accuracy_high"])
    seeds = f"mean of {row['trials']} seeds, 95 % interval in brackets" if row["trials"] > 1 else "one seed"
    return (
        f"{who[0].upper()}{who[1:]} answers {exact} of all possible rows of length {row['length']} rightly ({seeds})."
    )


def _who(row: Row, label: str) -> str:
    return f"the {row['cell'].upper()} ({label or 'impl ' + row['impl']})"


def _span_sentence(row: Row) -> str:
    who = _who(row, row["setting"])
    threshold = _IN_WORDS.get(row["threshold"], f"right at least {100 * row['threshold']:g} % of the time")
    if row["median"] is None:
        return f"No seed of {who} was trained at every length, so there is no memory span."
    first, last = row["lengths"][0], row["lengths"][-1]
    seeds = len(row["seeds"])
    of_seeds = f"median of {seeds} seeds" if seeds > 1 else "one seed"
    if "[" in row["text"]:
        of_seeds += ", 95 % interval in brackets"
    if row["median"]["bound"] == Bound.BELOW and row["median"]["length"] == first:
        span = f"at no length measured: its memory span lies below the first, {row['text']}"
    elif row["median"]["bound"] == Bound.BEYOND and row["median"]["length"] == last:
        span = f"at every length measured: its memory span lies beyond the last, {row['text']}"
    else:
        span = f"up to length {row['text']}"
    return f"{who[0].upper()}{who[1:]} is {threshold} {span} ({of_seeds})."
