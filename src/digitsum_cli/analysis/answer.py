"""The answer of a study in sentences: how far back does this network remember?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from digitsum_cli.analysis.highest import Contender, highest, short_list
from digitsum_cli.analysis.memory_spans import MemorySpanRow
from digitsum_cli.analysis.summary import Reached, SummaryRow
from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.registry import cell_in_words
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.stats.groups import Group
from digitsum_cli.stats.intervals import wilson_interval
from digitsum_cli.stats.memory_span import Bound, MedianSpan, Span
from digitsum_cli.table import in_brackets, percent, short_percent
from digitsum_cli.trials.setting import Setting, varied_columns

_MANY_SETTINGS = 4
_MEMORISED = 0.2
"""The difference between the accuracies on training rows and on others that counts as having memorised."""

_DATA_SEED = "data_seed"


def answer(summary: Sequence[SummaryRow], memory_spans: Sequence[MemorySpanRow], missing: int = 0) -> list[str]:
    """What a study says of each of its settings, or of the highest if there are more than four.

    Settings that differ only in the seed of their data are one setting with several data sets.

    Arguments:
        summary: from ``digitsum_cli.analysis.summary``.
        memory_spans: from ``digitsum_cli.analysis.memory_spans``; empty for a single length.
        missing: number of trials that have not finished.
    """
    settings = list(dict.fromkeys(row.setting for row in summary))
    varied = varied_columns(settings)
    few = len(settings) <= _MANY_SETTINGS
    sentences: list[str] = []
    if few and memory_spans:
        sentences += [_span_sentence(row, _subject(row.setting, varied)) for row in memory_spans]
    elif few:
        sentences += [_accuracy_sentence(row, _subject(row.setting, varied)) for row in summary]
    else:
        sentences += _of_many(memory_spans or summary, [column for column in varied if column != _DATA_SEED])
    if few:
        for setting in settings:
            of_setting = [row for row in summary if row.setting == setting]
            sentences += _what_seeds_do(of_setting, _subject(setting, varied) if varied else "")
    if len(settings) == 1:
        sentences += _memorisation(summary)
    if missing:
        trainings = "1 training has" if missing == 1 else f"{missing} trainings have"
        sentences.append(f"this is not final: {trainings} not finished yet.")
    return [_capitalised(sentence) for sentence in dict.fromkeys(sentences)]


def _of_many(rows: Sequence[MemorySpanRow] | Sequence[SummaryRow], varied: Sequence[str]) -> list[str]:
    """The highest settings, at each threshold of the memory span, or else by their accuracy at the only length."""
    by_threshold: dict[float | None, dict[Setting, list[MemorySpanRow | SummaryRow]]] = {}
    for row in rows:
        threshold = row.threshold if isinstance(row, MemorySpanRow) else None
        setting = replace(row.setting, data_seed=None)
        by_threshold.setdefault(threshold, {}).setdefault(setting, []).append(row)
    sentences = [said for by_setting in by_threshold.values() for said in _among(by_setting, varied)]
    return [*sentences, *_lost(next(iter(by_threshold.values())), varied)]


_BySetting = Mapping[Setting, Sequence[MemorySpanRow | SummaryRow]]


def _among(by_setting: _BySetting, varied: Sequence[str]) -> list[str]:
    contenders = [
        contender
        for setting, rows in by_setting.items()
        if (contender := _contender(rows, _subject(setting, varied))) is not None
    ]
    if len(by_setting) <= _MANY_SETTINGS:
        return [contender.sentence for contender in contenders]
    return highest(contenders, len(by_setting))


def _lost(by_setting: _BySetting, varied: Sequence[str]) -> list[str]:
    """The settings that have no value on any data set, and why."""
    lost = {
        setting: rows for setting, rows in by_setting.items() if _contender(rows, _subject(setting, varied)) is None
    }
    if len(by_setting) <= _MANY_SETTINGS:
        return [_lost_sentence(rows, _subject(setting, varied)) for setting, rows in lost.items()]
    if not lost or len(lost) == len(by_setting):
        return []
    rows = [row for of_setting in lost.values() for row in of_setting]
    have = "has" if len(lost) == 1 else "have"
    named = short_list([_subject(setting, varied) for setting in lost])
    return [f"{len(lost)} of {len(by_setting)} settings {have} no {_measured(rows[0])}, {_why_lost(rows)}: {named}."]


def _measured(row: MemorySpanRow | SummaryRow) -> str:
    return "memory span" if isinstance(row, MemorySpanRow) else "accuracy"


def _why_lost(rows: Sequence[MemorySpanRow | SummaryRow]) -> str:
    """Why some settings have no value, as a clause."""
    if not isinstance(rows[0], MemorySpanRow):
        return "since no training was successful"
    successfully = " successfully" if any(row.diverged or row.failed for row in rows) else ""
    return f"since no seed was trained{successfully} at every length"


def _lost_sentence(rows: Sequence[MemorySpanRow | SummaryRow], subject: str) -> str:
    """A setting without a value, on one or more data sets."""
    if len(rows) > 1:
        return f"{subject} has no {_measured(rows[0])} on any of {len(rows)} data sets, {_why_lost(rows)}."
    (row,) = rows
    return _span_sentence(row, subject) if isinstance(row, MemorySpanRow) else _accuracy_sentence(row, subject)


def _contender(rows: Sequence[MemorySpanRow | SummaryRow], subject: str) -> Contender | None:
    """A setting on one or more data sets; None if no training is done."""
    found = [each for row in rows if (each := _on_one_data_set(row, subject)) is not None]
    if len(rows) == 1 or not found:
        return found[0] if found else None
    ordered = sorted(found, key=lambda each: each.rank)
    middle = ordered[(len(ordered) - 1) // 2]
    data_sets = f"{len(found)} data sets" if len(found) == len(rows) else f"{len(found)} of {len(rows)} data sets"
    at = f" at {short_percent(rows[0].threshold)}" if isinstance(rows[0], MemorySpanRow) else ""
    seeds = sorted({len(row.seeds) for row in rows if row.seeds})
    medians = _medians(seeds[0]) if len(seeds) == 1 else f"median of {seeds[0]} to {seeds[-1]} seeds"
    sentence = (
        f"over {data_sets}, the {_measured(rows[0])} of {subject}{at} is {ordered[0].value} to {ordered[-1].value} "
        f"({medians} on each data set)."
    )
    return Contender(subject, middle.rank, middle.value, sentence, middle.measure, None)


def _on_one_data_set(row: MemorySpanRow | SummaryRow, subject: str) -> Contender | None:
    if isinstance(row, MemorySpanRow):
        if row.median is None:
            return None
        ends = None
        if row.median.low is not None and row.median.high is not None:
            ends = _rank(row.median.low), _rank(row.median.high)
        measure = f"the longest memory span at {short_percent(row.threshold)}"
        return Contender(
            subject, _rank(row.median.median), str(row.median.median), _span_sentence(row, subject), measure, ends
        )
    median = row.accuracy.median
    if median is None:
        return None
    ends = None if row.interval is None else ((row.interval.low,), (row.interval.high,))
    measure = f"the highest accuracy at length {row.length}"
    return Contender(subject, (median,), percent(median), _accuracy_sentence(row, subject), measure, ends)


def _rank(span: Span) -> tuple[float, ...]:
    return span.length, list(Bound).index(span.bound)


def _medians(seeds: int) -> str:
    return f"median of {seeds} seeds" if seeds > 1 else "one seed"


def _what_seeds_do(rows: Sequence[SummaryRow], subject: str) -> list[str]:
    """How many seeds reach each threshold at the longest length, and whether they fall into two groups."""
    whose = f" of {subject}" if subject else ""
    sentences = []
    longest = max(rows, key=lambda row: row.length)
    if longest.seeds and longest.reached and longest.reached[0].seeds > 1:
        first, *others = longest.reached
        phrases = [_reaching(first, f" seeds{whose}"), *(_reaching(each, "") for each in others)]
        interval = ", 95 % intervals in brackets" if first.interval else ""
        sentences.append(f"at length {longest.length}, {_listed(phrases)} ({_meaning(longest)}{interval}).")
    grouped = [(row.length, row.groups) for row in rows if row.groups]
    if grouped:
        length, (low, high) = max(grouped)
        shorter = [str(other) for other, _ in sorted(grouped) if other != length]
        also = f" (likewise at {_listed(shorter)})" if shorter else ""
        sentences.append(
            f"at length {length}{also}, the seeds{whose} fall into two groups: {low.seeds} of {low.seeds + high.seeds} "
            f"{_place(low)}, {high.seeds} {_place(high)}; a mean would describe neither."
        )
    return sentences


def _reaching(reached: Reached, of: str) -> str:
    reach = "reaches" if reached.count == 1 else "reach"
    brackets = f" {in_brackets(reached.interval, '.0f')}" if reached.interval else ""
    return f"{reached.count} of {reached.seeds}{of} {reach} {short_percent(reached.threshold)}{brackets}"


def _meaning(row: SummaryRow) -> str:
    """What it is that a training reaches or does not."""
    diverged = "; a training that diverged does not reach it" if row.diverged else ""
    return f"{row.kind} accuracy{diverged}"


def _place(group: Group) -> str:
    if group.low == group.high:
        return f"at {percent(group.low)}"
    return f"from {percent(group.low)} to {percent(group.high)}"


def _listed(phrases: Sequence[str]) -> str:
    *others, last = phrases
    return f"{', '.join(others)} and {last}" if others else last


def _memorisation(summary: Sequence[SummaryRow]) -> list[str]:
    """A sentence on the longest length at which the accuracy is far higher on training rows than on unseen rows."""
    found = [
        (row.length, train, unseen, len(row.seeds))
        for row in summary
        if (train := row.mean("train_accuracy")) is not None
        if (unseen := row.mean("unseen_test_accuracy")) is not None
        if train - unseen > _MEMORISED and train > _highest_plausible(unseen, row.first_column("unseen_test_rows"))
    ]
    if not found:
        return []
    length, train, unseen, seeds = max(found)
    average = ", on average," if seeds > 1 else ""
    return [
        f"At length {length} it gets{average} {percent(train)} of its training rows right, but only {percent(unseen)} "
        "of the test rows that are not among them: it memorised the training set."
    ]


def _highest_plausible(accuracy: float, rows: int) -> float:
    """The upper end of the 95 % interval of an accuracy on a sample."""
    return wilson_interval(round(accuracy * rows), rows).high


def _accuracy_sentence(row: SummaryRow, subject: str) -> str:
    if row.accuracy.median is None:
        ended = row.lost
        if ended == 1:
            return f"the only training of {subject} at length {row.length} {_fate(row)}."
        return f"all {ended} trainings of {subject} at length {row.length} {_fate(row)}."
    brackets = f" {in_brackets(row.interval)}" if row.interval else ""
    if row.interval:
        spread = ", 95 % interval in brackets"
    elif len(row.seeds) > 1:
        spread = f", from {percent(row.accuracy.lowest)} to {percent(row.accuracy.highest)}"
    else:
        spread = ""
    return (
        f"{subject} gets {percent(row.accuracy.median)}{brackets} of {_rows(row)} of length {row.length} right "
        f"({_seeds(row)}{spread})."
    )


def _seeds(row: SummaryRow | MemorySpanRow) -> str:
    """The seeds that a number is made of, and how many are not part of it."""
    seeds = _medians(len(row.seeds))
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


def _subject(setting: Setting, varied: Iterable[str]) -> str:
    cell, varied = f"the {cell_in_words(setting.model.cell)}", list(varied)
    if setting.drawing.task != DIGIT_SUM.name:
        cell = f"{cell} on the task {setting.drawing.asked.name}"
    if not varied:
        return f"{cell} (impl {setting.model.impl})"
    others = setting.in_words(column for column in varied if column not in ("cell", "task"))
    return f"{cell} ({others})" if others else cell


def _span_sentence(row: MemorySpanRow, subject: str) -> str:
    if row.median is None and (row.diverged or row.failed):
        return (
            f"no seed of {subject} was trained successfully at every length ({row.seeds_in_words}), so there is no "
            "memory span."
        )
    if row.median is None:
        return f"no seed of {subject} was trained at every length, so there is no memory span."
    seeds = _seeds(row)
    if row.kind is not AccuracyKind.EXACT:
        seeds = f"{row.kind} accuracy, {seeds}"
    if row.median.low is not None:
        seeds += ", 95 % interval in brackets"
    elif len(row.seeds) > 1:
        seeds += ", too few for an interval"
    brackets = row.text if row.median.low is not None else str(row.median.median)
    trained = f"{subject}, trained anew at each length,"
    if row.median.median.bound == Bound.KNOWN:
        return f"{trained} stays {_above(row.threshold)} up to length {brackets}{_but_for(row.median)} ({seeds})."
    return f"{trained} {_open_ended(row, row.median)}{_but_for(row.median)} (memory span {brackets}, {seeds})."


def _but_for(median: MedianSpan) -> str:
    """The lengths within the span at which the threshold is missed."""
    if not median.dips:
        return ""
    dips = "a dip" if len(median.dips) == 1 else "dips"
    return f" but for {dips} at {_listed([str(length) for length in median.dips])}"


def _open_ended(row: MemorySpanRow, median: MedianSpan) -> str:
    """Describes a span that is below the first length or beyond the last one."""
    if median.median.bound == Bound.BELOW:
        below = "never perfect" if row.threshold == 1 else f"below {short_percent(row.threshold)}"
        return f"is {below} even at length {row.lengths[0]}"
    return f"stays {_above(row.threshold)} at every length up to {row.lengths[-1]}"


def _above(threshold: float) -> str:
    return "perfect" if threshold == 1 else f"above {short_percent(threshold)}"


def _capitalised(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
