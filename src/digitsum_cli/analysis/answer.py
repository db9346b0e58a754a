"""The answer of a study in sentences: how far back does this network remember?"""

from collections.abc import Sequence

from digitsum_cli.analysis.memory_spans import MemorySpanRow
from digitsum_cli.analysis.summary import SummaryRow
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.stats.intervals import wilson_interval
from digitsum_cli.stats.memory_span import Bound, MedianSpan
from digitsum_cli.table import percent, percent_interval
from digitsum_cli.trials.setting import Setting, varied_columns

_MANY_SETTINGS = 4
_MEMORISED = 0.2
"""The difference between the accuracies on training rows and on others that counts as having memorised."""


def answer(summary: Sequence[SummaryRow], memory_spans: Sequence[MemorySpanRow], missing: int = 0) -> list[str]:
    """One sentence per setting and threshold, or per setting if there is only one length.

    With more than four settings, only the one with the longest memory span at each threshold, or the most accurate one,
    gets a sentence.

    Arguments:
        summary: from ``digitsum_cli.analysis.summary``.
        memory_spans: from ``digitsum_cli.analysis.memory_spans``; empty for a single length.
        missing: number of trials that have not finished.
    """
    settings = list(dict.fromkeys(row.setting for row in summary))
    varied = varied_columns(settings)
    best = f"Best of {len(settings)} settings: " if len(settings) > _MANY_SETTINGS else ""
    if memory_spans:
        spans = _longest(memory_spans) if best else memory_spans
        sentences = [_span_sentence(row, _subject(row.setting, varied)) for row in spans]
    else:
        rows = sorted(summary, key=lambda row: -(row.accuracy.mean or 0.0))[:1] if best else summary
        sentences = [_accuracy_sentence(row, _subject(row.setting, varied)) for row in rows]
    sentences = [_capitalised(best + sentence) for sentence in dict.fromkeys(sentences)]
    if len(settings) == 1:
        sentences += _memorisation(summary)
    if missing:
        trainings = "1 training has" if missing == 1 else f"{missing} trainings have"
        sentences.append(f"This is not final: {trainings} not finished yet.")
    return sentences


def _memorisation(summary: Sequence[SummaryRow]) -> list[str]:
    """A sentence on the longest length at which the accuracy is far higher on training rows than on unseen rows."""
    found = [
        (row.length, train, unseen)
        for row in summary
        if (train := row.mean("train_accuracy")) is not None
        if (unseen := row.mean("unseen_test_accuracy")) is not None
        if train - unseen > _MEMORISED and train > _highest_plausible(unseen, row.first_column("unseen_test_rows"))
    ]
    if not found:
        return []
    length, train, unseen = max(found)
    return [
        f"At length {length} it gets {percent(train)} of its training rows right, but only {percent(unseen)} of the "
        "test rows that are not among them: it memorised the training set."
    ]


def _highest_plausible(accuracy: float, rows: int) -> float:
    """The upper end of the 95 % interval of an accuracy on a sample."""
    return wilson_interval(round(accuracy * rows), rows).high


def _longest(memory_spans: Sequence[MemorySpanRow]) -> list[MemorySpanRow]:
    """The setting with the longest median span for each threshold."""
    bounds = list(Bound)
    longest: dict[float, tuple[tuple[float, int], MemorySpanRow]] = {}
    for row in memory_spans:
        if row.median is None:
            continue
        rank = (row.median.median.length, bounds.index(row.median.median.bound))
        if row.threshold not in longest or rank > longest[row.threshold][0]:
            longest[row.threshold] = rank, row
    return [row for _, row in longest.values()]


def _accuracy_sentence(row: SummaryRow, subject: str) -> str:
    if row.accuracy.mean is None:
        ended = row.lost
        if ended == 1:
            return f"the only training of {subject} at length {row.length} {_fate(row)}."
        return f"all {ended} trainings of {subject} at length {row.length} {_fate(row)}."
    accuracy = percent_interval(row.accuracy.mean, *(row.interval or (None, None)))
    seeds = _seeds("mean", row)
    interval = ", 95 % interval in brackets" if row.interval else ""
    return f"{subject} gets {accuracy} of {_rows(row)} of length {row.length} right ({seeds}{interval})."


def _seeds(average: str, row: SummaryRow | MemorySpanRow) -> str:
    """The seeds that a number is made of, and how many are not part of it."""
    seeds = f"{average} of {len(row.seeds)} seeds" if len(row.seeds) > 1 else "one seed"
    return f"{seeds}: {row.seeds_in_words}" if row.diverged or row.failed else seeds


def _fate(row: SummaryRow) -> str:
    """What happened to trainings none of which is done."""
    if not row.failed:
        return "diverged"
    return "diverged or failed" if row.diverged else "failed"


def _rows(row: SummaryRow) -> str:
    """The rows that the accuracy is measured on."""
    match row.kind:
        case AccuracyKind.EXACT:
            return "all possible rows"
        case AccuracyKind.SAMPLED:
            return f"{row.first_column('sampled_rows'):,} sampled rows"
        case AccuracyKind.TEST:
            return f"the {row.first_column('test_rows'):,} test rows"


def _subject(setting: Setting, varied: Sequence[str]) -> str:
    cell = f"the {setting.model.cell.upper()}"
    if not varied:
        return f"{cell} (impl {setting.model.impl})"
    others = setting.in_words(column for column in varied if column != "cell")
    return f"{cell} ({others})" if others else cell


def _span_sentence(row: MemorySpanRow, subject: str) -> str:
    if row.median is None and (row.diverged or row.failed):
        return (
            f"no seed of {subject} was trained successfully at every length ({row.seeds_in_words}), so there is no "
            "memory span."
        )
    if row.median is None:
        return f"no seed of {subject} was trained at every length, so there is no memory span."
    seeds = _seeds("median", row)
    if row.kind is not AccuracyKind.EXACT:
        seeds = f"{row.kind} accuracy, {seeds}"
    if row.median.has_interval:
        seeds += ", 95 % interval in brackets"
    if row.median.median.bound == Bound.KNOWN:
        return f"{subject} {_meets(row.threshold)} up to length {row.text} ({seeds})."
    return f"{subject} {_open_ended(row, row.median)} (memory span {row.text}, {seeds})."


def _open_ended(row: MemorySpanRow, median: MedianSpan) -> str:
    """Describes a span that is below the first length or beyond the last one."""
    first, last, span = row.lengths[0], row.lengths[-1], median.median
    if span.bound == Bound.BELOW and span.length == first:
        below = "never perfect" if row.threshold == 1 else f"below {100 * row.threshold:g} %"
        return f"is {below} even at length {first}"
    if span.bound == Bound.BELOW:
        return f"{_meets(row.threshold)} up to at most length {_format_length(span.length)}"
    if span.length == last:
        return f"{_meets(row.threshold)} at every length up to {last}"
    return f"{_meets(row.threshold)} up to at least length {_format_length(span.length)}"


def _meets(threshold: float) -> str:
    return "is always correct" if threshold == 1 else f"stays above {100 * threshold:g} %"


def _capitalised(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _format_length(length: float) -> str:
    return f"{length:.1f}".removesuffix(".0")
