"""The answer of a study in sentences: how far back does this network remember?"""

from collections.abc import Sequence

from digitsum_cli.analysis.memory_spans import MemorySpanRow
from digitsum_cli.analysis.summary import SummaryRow
from digitsum_cli.stats.memory_span import Bound, MedianSpan
from digitsum_cli.table import percent, percent_interval
from digitsum_cli.trials.setting import Setting, varied_columns

_MANY_SETTINGS = 4
_MEMORISED = 0.2
"""How much higher the accuracy on the training rows is than on all rows."""


def answer(summary: Sequence[SummaryRow], memory_spans: Sequence[MemorySpanRow], missing: int = 0) -> list[str]:
    """A sentence for each setting and threshold, or, of a single length, for each setting.

    Of over four settings, only the one that remembers furthest at each threshold, or is the most accurate, has one.

    Arguments:
        summary: from ``digitsum_cli.analysis.summary``.
        memory_spans: from ``digitsum_cli.analysis.memory_spans``; empty for a single length.
        missing: how many trials have not ended.
    """
    settings = list(dict.fromkeys(row.setting for row in summary))
    varied = varied_columns(settings)
    best = f"Best of {len(settings)} settings: " if len(settings) > _MANY_SETTINGS else ""
    if memory_spans:
        spans = _longest(memory_spans) if best else memory_spans
        sentences = [_span_sentence(row, _who(row.setting, varied)) for row in spans]
    else:
        rows = sorted(summary, key=lambda row: -(row.exact.mean or 0.0))[:1] if best else summary
        sentences = [_accuracy_sentence(row, _who(row.setting, varied)) for row in rows]
    sentences = [_capitalised(best + sentence) for sentence in sentences]
    if len(settings) == 1:
        sentences += _memorised(summary)
    if missing:
        trainings = "1 training has" if missing == 1 else f"{missing} trainings have"
        sentences.append(f"This is not final: {trainings} not ended yet.")
    return sentences


def _memorised(summary: Sequence[SummaryRow]) -> list[str]:
    """On the longest length where the accuracy on the training rows is far higher than on all rows."""
    found = [
        (row.length, train, row.exact.mean)
        for row in summary
        if row.setting.drawing.rows == "fixed" and (train := row.mean("train_accuracy")) is not None
        if row.exact.mean is not None and train - row.exact.mean > _MEMORISED
    ]
    if not found:
        return []
    length, train, exact = max(found)
    return [
        f"At length {length} it gets {percent(train)} of its training rows right, but only {percent(exact)} of all "
        "possible rows: it memorised the training set."
    ]


def _longest(memory_spans: Sequence[MemorySpanRow]) -> list[MemorySpanRow]:
    """For each threshold the setting with the longest median span."""
    order = list(Bound)
    longest: dict[float, tuple[tuple[float, int], MemorySpanRow]] = {}
    for row in memory_spans:
        if row.median is None:
            continue
        rank = (row.median.median.length, order.index(row.median.median.bound))
        if row.threshold not in longest or rank > longest[row.threshold][0]:
            longest[row.threshold] = rank, row
    return [row for _, row in longest.values()]


def _accuracy_sentence(row: SummaryRow, who: str) -> str:
    if row.exact.mean is None:
        return f"no training of {who} at length {row.length} succeeded."
    seeds = f"mean of {len(row.seeds)} seeds, 95 % interval in brackets" if len(row.seeds) > 1 else "one seed"
    exact = percent_interval(row.exact.mean, *(row.exact.interval or (None, None)))
    return f"{who} gets {exact} of all possible rows of length {row.length} right ({seeds})."


def _who(setting: Setting, varied: Sequence[str]) -> str:
    cell = f"the {setting.model.cell.upper()}"
    if not varied:
        return f"{cell} (impl {setting.model.impl})"
    others = setting.in_words(column for column in varied if column != "cell")
    return f"{cell} ({others})" if others else cell


def _span_sentence(row: MemorySpanRow, who: str) -> str:
    if row.median is None:
        return f"no seed of {who} was trained at every length, so there is no memory span."
    seeds = f"median of {len(row.seeds)} seeds" if len(row.seeds) > 1 else "one seed"
    if row.median.has_interval:
        seeds += ", 95 % interval in brackets"
    if row.median.median.bound == Bound.KNOWN:
        return f"{who} {_reaches(row.threshold)} up to length {row.text} ({seeds})."
    return f"{who} {_open_ended(row, row.median)} (memory span {row.text}, {seeds})."


def _open_ended(row: MemorySpanRow, median: MedianSpan) -> str:
    """What is known of a span that lies below the first length or beyond the last."""
    first, last, span = row.lengths[0], row.lengths[-1], median.median
    if span.bound == Bound.BELOW and span.length == first:
        below = "never perfect" if row.threshold == 1 else f"below {100 * row.threshold:g} %"
        return f"is {below} even at length {first}"
    if span.bound == Bound.BELOW:
        return f"{_reaches(row.threshold)} up to length {_digits(span.length)} at most"
    if span.length == last:
        return f"{_reaches(row.threshold)} at every length up to {last}"
    return f"{_reaches(row.threshold)} up to length {_digits(span.length)} at least"


def _reaches(threshold: float) -> str:
    return "is always correct" if threshold == 1 else f"stays above {100 * threshold:g} %"


def _capitalised(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _digits(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")
