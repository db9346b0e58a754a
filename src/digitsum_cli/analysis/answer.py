"""The answer of a study in sentences: how far back does this network remember?"""

from collections.abc import Sequence

from digitsum_cli.stats.memory_span import Bound
from digitsum_cli.table import percent, percent_interval
from digitsum_cli.trials.setting_columns import Row, setting_label, setting_of, varied_settings

_IN_WORDS = {0.5: "right more often than not", 0.9: "right nine times in ten", 1.0: "always right"}
_MANY_SETTINGS = 4
_BY_HEART = 0.2
"""How much better the rows that were trained on are answered than all rows are."""


def answer(summary: Sequence[Row], memory_spans: Sequence[Row], missing: int = 0) -> list[str]:
    """A sentence for each setting and threshold, or, of a single length, for each setting.

    Of over four settings, the one that remembers furthest at each threshold, or is the most accurate, speaks for all.

    Arguments:
        summary: from ``study.analysis.summary.summarise``.
        memory_spans: from ``study.analysis.memory_spans.memory_spans``; empty for a single length.
        missing: how many trials have not ended.
    """
    varied = varied_settings(summary)
    settings = len({setting_of(row) for row in summary})
    if memory_spans:
        said = _furthest(memory_spans) if settings > _MANY_SETTINGS else memory_spans
        sentences = [_span_sentence(row) for row in said]
    else:
        best = sorted(summary, key=lambda row: -(row["exact_accuracy"] or 0.0))[:1]
        said = best if settings > _MANY_SETTINGS else summary
        sentences = [_accuracy_sentence(row, setting_label(row, varied)) for row in said]
    if settings > _MANY_SETTINGS:
        sentences = [f"Of {settings} settings the best: {sentence}" for sentence in sentences]
    if settings == 1:
        sentences += _learnt_by_heart(summary)
    if missing:
        trainings = "1 training has" if missing == 1 else f"{missing} trainings have"
        sentences.append(f"Not the last word: {trainings} not ended.")
    return sentences


def _learnt_by_heart(summary: Sequence[Row]) -> list[str]:
    """On the longest length where the train rows are answered far better than all rows are."""
    found = [
        row
        for row in summary
        if row["rows"] == "fixed"
        and row["train_accuracy"] is not None
        and row["train_accuracy"] - row["exact_accuracy"] > _BY_HEART
    ]
    if not found:
        return []
    row = max(found, key=lambda row: row["length"])
    return [
        f"At length {row['length']} it answers {percent(row['train_accuracy'])} of the rows it was trained on rightly, "
        f"and {percent(row['exact_accuracy'])} of all possible rows: it learnt rows by heart."
    ]


def _furthest(memory_spans: Sequence[Row]) -> list[Row]:
    """For each threshold the setting with the longest median span."""
    by_threshold: dict[float, list[Row]] = {}
    for row in memory_spans:
        if row["median"] is not None:
            by_threshold.setdefault(row["threshold"], []).append(row)
    bounds = list(Bound)
    return [
        max(rows, key=lambda row: (row["median"]["length"], bounds.index(Bound(row["median"]["bound"]))))
        for rows in by_threshold.values()
    ]


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
    cell = row["cell"]
    if not label:
        return f"the {cell.upper()} (impl {row['impl']})"
    others = [part for part in label.split(", ") if part != f"cell {cell}"]
    return f"the {cell.upper()}" + (f" ({', '.join(others)})" if others else "")


def _span_sentence(row: Row) -> str:
    who = _who(row, row["setting"])
    threshold = _IN_WORDS.get(row["threshold"], f"right at least {100 * row['threshold']:g} % of the time")
    if row["median"] is None:
        return f"No seed of {who} was trained at every length, so there is no memory span."
    first, last = row["lengths"][0], row["lengths"][-1]
    median = row["median"]
    of_seeds = f"median of {len(row['seeds'])} seeds" if len(row["seeds"]) > 1 else "one seed"
    if "[" in row["text"]:
        of_seeds += ", 95 % interval in brackets"
    if median["bound"] == Bound.KNOWN:
        return f"{who[0].upper()}{who[1:]} is {threshold} up to length {row['text']} ({of_seeds})."
    if median["bound"] == Bound.BELOW and median["length"] == first:
        reach = f"not {threshold} even at length {first}"
    elif median["bound"] == Bound.BELOW:
        reach = f"{threshold} at most up to length {_digits(median['length'])}"
    elif median["length"] == last:
        reach = f"{threshold} at every length up to {last}"
    else:
        reach = f"{threshold} at least up to length {_digits(median['length'])}"
    return f"{who[0].upper()}{who[1:]} is {reach} (memory span {row['text']}, {of_seeds})."


def _digits(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")
