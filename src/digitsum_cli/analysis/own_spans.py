"""A network's own span: how far back one network remembers, from its training length on.

The memory span compares networks that were trained anew at each length. This is another number: the same network,
trained at one length, reads this one and longer ones. It measures the network; the memory span measures what training
makes of one. Shorter lengths do not count: a network that fails there has not forgotten anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digitsum_cli.analysis.memory_spans import plain_span
from digitsum_cli.analysis.summary import THRESHOLDS
from digitsum_cli.stats.memory_span import MedianSpan, Span, median_of_spans, memory_span
from digitsum_cli.trials.setting import Setting, varied_columns


@dataclass(frozen=True)
class NetworkCurve:
    """The accuracies of one network.

    Arguments:
        setting: setting of its training.
        train_length: digits per row in training.
        accuracies: 0 to 1, by the length that it read; at least one.
    """

    setting: Setting
    train_length: int
    accuracies: Mapping[int, float]


@dataclass(frozen=True)
class OwnSpanRow:
    """The own spans at one threshold of the networks of one setting that were trained at one length.

    Arguments:
        setting: their setting.
        label: what distinguishes it, as text; empty if there is only one.
        train_length: digits per row in training.
        lengths: the lengths that count: those that they read from the training length on, in ascending order.
        threshold: the accuracy needed to count a length as remembered.
        spans: one per network: the length at which its accuracy first falls below the threshold.
        median: their median with its 95 % interval.
    """

    setting: Setting
    label: str
    train_length: int
    lengths: tuple[int, ...]
    threshold: float
    spans: tuple[Span, ...]
    median: MedianSpan

    def to_dict(self) -> dict[str, Any]:
        """One row for JSON."""
        median = self.median
        return {
            "setting": self.label,
            **self.setting.columns,
            "train_length": self.train_length,
            "lengths": list(self.lengths),
            "threshold": self.threshold,
            "spans": [plain_span(span) for span in self.spans],
            "median": plain_span(median.median),
            "low": median.low and plain_span(median.low),
            "high": median.high and plain_span(median.high),
            "text": str(median),
        }


def own_spans(curves: Sequence[NetworkCurve], thresholds: Sequence[float] = THRESHOLDS) -> list[OwnSpanRow]:
    """The own spans by setting, training length and threshold.

    Arguments:
        curves: the networks; those of one setting and training length have read the same lengths. One that has read
            none from its training length on has no own span.
        thresholds: accuracies that count as remembered, above 0 and up to 1.
    """
    varied = varied_columns(curve.setting for curve in curves)
    groups: dict[tuple[Setting, int], list[NetworkCurve]] = {}
    for curve in curves:
        groups.setdefault((curve.setting, curve.train_length), []).append(curve)
    rows = []
    for (setting, train_length), group in groups.items():
        lengths = tuple(sorted(length for length in group[0].accuracies if length >= train_length))
        if not lengths:
            continue
        for threshold in thresholds:
            spans = tuple(
                memory_span(lengths, [curve.accuracies[length] for length in lengths], threshold) for curve in group
            )
            label = setting.in_words(varied)
            rows.append(OwnSpanRow(setting, label, train_length, lengths, threshold, spans, median_of_spans(spans)))
    return rows
