"""How far back each setting remembers: the memory span by seed, its median and interval."""

from collections.abc import Sequence
from typing import Any

from digitsum_cli.stats.memory_span import MedianSpan, Span, median_span, memory_span
from digitsum_cli.trials.setting_columns import SETTING_COLUMNS, Row, setting_label, setting_of, varied_settings

THRESHOLDS = (0.5, 0.9)
"""Right more often than not, and right nine times in ten."""


def memory_spans(
    rows: Sequence[Row], thresholds: Sequence[float] = THRESHOLDS, planned_lengths: Sequence[int] = ()
) -> list[Row]:
    """The memory spans of every setting, by exact accuracy.

    Arguments:
        rows: of ``results.csv``. A seed counts if its trials at all lengths are done.
        thresholds: exact accuracies from which on a length counts as remembered, above 0 and up to 1.
        planned_lengths: lengths that belong to the sweep though no trial may have ended at them yet.

    Returns:
        For each setting and threshold: ``setting`` in words, the settings, ``threshold``, ``lengths``, ``seeds``, a
        span for each (``spans``), and their median with its 95 % interval (``median``, ``low``, ``high``; None where
        there are too few seeds). A span is a ``length`` and a ``bound``: ``known``, ``below`` the first length or
        ``beyond`` the last. ``text`` says it as people write it: ``22.3 [20.1, 25]``.
    """
    varied = varied_settings(rows)
    by_setting: dict[tuple[Any, ...], dict[int, dict[int, float]]] = {}
    labels: dict[tuple[Any, ...], str] = {}
    for row in rows:
        labels[setting_of(row)] = setting_label(row, varied)
        of_setting = by_setting.setdefault(setting_of(row), {})
        if row["status"] == "done":
            of_setting.setdefault(row["seed"], {})[row["length"]] = row["exact_accuracy"]
    lengths = sorted({row["length"] for row in rows} | set(planned_lengths))
    found = []
    for setting, by_seed in by_setting.items():
        curves = {
            seed: [by_length[length] for length in lengths]
            for seed, by_length in by_seed.items()
            if by_length.keys() == set(lengths)
        }
        for threshold in thresholds:
            spans = [memory_span(lengths, accuracies, threshold) for accuracies in curves.values()]
            found.append(
                {
                    "setting": labels[setting],
                    **dict(zip(SETTING_COLUMNS, setting, strict=True)),
                    "threshold": threshold,
                    "lengths": lengths,
                    "seeds": list(curves),
                    "spans": [_plain(span) for span in spans],
                    **_median(median_span(spans) if spans else None),
                }
            )
    return found


def _median(median: MedianSpan | None) -> Row:
    if median is None:
        return {"median": None, "low": None, "high": None, "text": "–"}
    ends = {"low": median.low, "high": median.high}
    return {
        "median": _plain(median.median),
        **{name: None if span is None else _plain(span) for name, span in ends.items()},
        "text": str(median),
    }


def _plain(span: Span) -> Row:
    return {"length": span.length, "bound": span.bound.value}
