"""The analysis of a run as tables."""

from collections.abc import Iterable, Sequence

from digitsum_cli.analysis.analysis import Analysis, DataAudit
from digitsum_cli.analysis.differences import DifferenceRow
from digitsum_cli.analysis.memory_spans import MemorySpanRow
from digitsum_cli.analysis.summary import Reached, SummaryRow
from digitsum_cli.core.accuracy_kind import AccuracyKind, distinct_kinds
from digitsum_cli.core.generation import SPLIT_NAMES
from digitsum_cli.core.registry import ROWS
from digitsum_cli.stats.intervals import MINIMUM_SEEDS
from digitsum_cli.table import (
    Table,
    in_brackets,
    number,
    p_value,
    percent,
    percent_interval,
    percent_range,
    points,
    short_percent,
)
from digitsum_cli.trials.setting import Setting, value_in_words, varied_columns

MAXIMUM_SETTINGS = 12


def analysis_tables(analysis: Analysis) -> list[Table]:
    """Data audit, accuracy by length, differences between settings and, last, memory spans: the answer."""
    tables = [audit_table(analysis.audits), accuracy_table(analysis)]
    if analysis.several_seeds and analysis.differences:
        tables.append(difference_table(analysis.differences))
    if analysis.memory_spans:
        tables.append(memory_span_table(analysis.memory_spans))
    return tables


def audit_table(audits: Sequence[DataAudit]) -> Table:
    """Duplicate rows within each split, and eval and test rows that are also in the training set."""
    varied = [name for name in ("data_seed", "distractors") if len({getattr(each, name) for each in audits}) > 1]
    outside = any(each.audit.outside for each in audits)
    names = {
        "length": "length",
        **{name: name.replace("_", " ") for name in varied},
        **{f"{split}_rows": split for split in SPLIT_NAMES},
        **{f"{split}_duplicates": f"{split} duplicates" for split in SPLIT_NAMES},
        "eval_in_train": "eval in train",
        "test_in_train": "test in train",
        **({f"{split}_outside": f"{split} outside" for split in SPLIT_NAMES} if outside else {}),
    }
    return Table(
        "Data: rows and duplicates in each split, and rows that are also in the training set"
        + ("; outside: rows that the generator cannot draw" if outside else ""),
        tuple(names.values()),
        [
            ["–" if row[name] is None else str(row[name]) for name in names]
            for row in (each.to_dict() for each in audits)
        ],
    )


def accuracy_table(analysis: Analysis) -> Table:
    """Accuracy by length, of single trainings or over seeds."""
    return _seeds_table(analysis.summary) if analysis.several_seeds else _single_seed_table(analysis.summary)


def _single_seed_table(summary: Sequence[SummaryRow]) -> Table:
    """The book's table, plus the accuracy that describes the data best, and intervals of accuracies on samples."""
    kinds = _kinds(summary)
    varied = varied_columns(row.setting for row in summary)
    return Table(
        "Accuracy by length: one training each, with the 95 % interval of the test accuracy"
        + _note_on_fresh_rows(summary),
        (
            *("length", *(name.replace("_", " ") for name in varied)),
            *("train", "best eval", "test", "unseen test rows", *_headings(kinds), "loss, last epoch", "seconds"),
            *(["status"] if any(row.lost for row in summary) else []),
        ),
        [
            [
                *_row_head(row, varied),
                percent(row.mean("train_accuracy")),
                percent(row.mean("best_eval_accuracy")),
                percent_interval(
                    row.mean("test_accuracy"),
                    row.first_column("test_accuracy_low"),
                    row.first_column("test_accuracy_high"),
                ),
                percent(row.mean("unseen_test_accuracy")),
                *([_accuracy_cell(row, kinds)] if _headings(kinds) else []),
                number(row.mean("final_train_loss"), 4),
                number(row.mean("seconds"), 1),
                *([_status(row)] if any(each.lost for each in summary) else []),
            ]
            for row in summary
        ],
    )


def _status(row: SummaryRow) -> str:
    """The status of the only training."""
    if not row.lost:
        return "done"
    return "diverged" if row.diverged else "failed"


def _seeds_table(summary: Sequence[SummaryRow]) -> Table:
    """What the seeds do with the accuracy that describes the data best, next to the means on the data sets."""
    kinds = _kinds(summary)
    splits = [split for split in ("train", "best eval", "test", "unseen test") if split not in kinds or len(kinds) > 1]
    varied = varied_columns(row.setting for row in summary)
    first_seeds = sorted({row.first_seed for row in summary})
    first_seed = f"seed {first_seeds[0]}" if len(first_seeds) == 1 else "first seed"
    measured = " or ".join(kind.in_words for kind in kinds)
    grouped = any(row.groups for row in summary)
    return Table(
        f"Accuracy by length: {measured}, over the seeds; how many seeds reach a threshold; means on the data sets"
        + _note_on_fresh_rows(summary),
        (
            *("length", *(name.replace("_", " ") for name in varied)),
            *("seeds", f"{' or '.join(kinds)}: median [95 %]", "range"),
            *(["two groups"] if grouped else []),
            *(f"reach {short_percent(each.threshold)} [95 %]" for each in summary[0].reached),
            *("mean", *(split.replace("unseen test", "unseen test rows") for split in splits)),
            f"test, {first_seed}",
        ),
        [
            [
                *_row_head(row, varied),
                row.seeds_in_words,
                _over_seeds(row, kinds),
                percent_range(row.accuracy.lowest, row.accuracy.highest),
                *([_groups(row)] if grouped else []),
                *(_reached(each) for each in row.reached),
                percent(row.accuracy.mean),
                *(percent(row.mean(f"{split.replace(' ', '_')}_accuracy")) for split in splits),
                percent(row.first_column("test_accuracy")),
            ]
            for row in summary
        ],
    )


def _over_seeds(row: SummaryRow, kinds: Sequence[AccuracyKind]) -> str:
    """The median over the seeds with its interval, and its kind if there are several in the table."""
    if row.accuracy.median is None:
        return "–"
    text = f"{percent(row.accuracy.median)} {in_brackets(row.accuracy.interval)}"
    return text if len(kinds) == 1 else f"{text} {row.kind}"


def _reached(reached: Reached) -> str:
    if not reached.seeds:
        return "–"
    return f"{reached.count} of {reached.seeds} {in_brackets(reached.interval, '.0f')}"


def _groups(row: SummaryRow) -> str:
    return " + ".join(str(group.seeds) for group in row.groups) if row.groups else "–"


def _kinds(rows: Iterable[SummaryRow | MemorySpanRow]) -> list[AccuracyKind]:
    return distinct_kinds(row.kind for row in rows)


def _headings(kinds: Sequence[AccuracyKind]) -> list[str]:
    """The column of single trainings that is not among those of the splits; none if all are measured on test rows."""
    return [] if kinds == [AccuracyKind.TEST] else [" or ".join(kinds)]


def _accuracy_cell(row: SummaryRow, kinds: Sequence[AccuracyKind]) -> str:
    """The accuracy with its interval, and its kind if there are several in the table."""
    text = percent_interval(row.accuracy.mean, *(row.interval or (None, None)))
    return text if len(kinds) == 1 or row.accuracy.mean is None else f"{text} {row.kind}"


def _row_head(row: SummaryRow, varied: Sequence[str]) -> list[str]:
    return [str(row.length), *(value_in_words(row.setting.columns[name]) for name in varied)]


def _note_on_fresh_rows(summary: Sequence[SummaryRow]) -> str:
    fresh = any(ROWS[row.setting.drawing.rows] for row in summary)
    return " (trained on fresh rows; the training set is just another sample)" if fresh else ""


def difference_table(differences: Sequence[DifferenceRow]) -> Table:
    """The difference in accuracy of each setting from the first, in percentage points."""
    measures = {row.setting: row.measure for row in reversed(differences)}  # the first of each describes it best
    shown = [row for row in differences if row.measure == measures[row.setting]]
    name = " or ".join(dict.fromkeys(row.measure.replace("_", " ") for row in shown))
    every_setting = list(dict.fromkeys(row.setting for row in shown))
    settings = every_setting[:MAXIMUM_SETTINGS]
    part = f"; {len(settings)} of {len(every_setting)} settings" if len(settings) < len(every_setting) else ""
    return Table(
        f"Difference in {name} from {shown[0].reference_label}, same seeds, in percentage points{part}; p of the sign "
        "test" + (f", adjusted for {len(shown)} comparisons (Holm)" if len(shown) > 1 else ""),
        ("length", "setting", "seeds", "median [95 %]", "range", "better with [95 %]", "p", "mean"),
        [
            [str(row.length), row.label, _compared_seeds(row), *_compared(row)]
            for row in shown
            if row.setting in settings
        ],
    )


def _compared_seeds(row: DifferenceRow) -> str:
    seeds = len(row.seeds)
    return f"{seeds} of {seeds + row.lost}" if row.lost else str(seeds)


def _compared(row: DifferenceRow) -> list[str]:
    compared = row.comparison
    if compared is None or row.adjusted_p_value is None:
        return ["–"] * 5
    tied = f", {compared.tied} tied" if compared.tied else ""
    return [
        f"{points(compared.median)} {in_brackets(compared.interval, '+.1f')}",
        f"{points(compared.lowest)} to {points(compared.highest)}",
        f"{compared.improved} of {compared.seeds}{tied} {in_brackets(compared.improved_interval, '.0f')}",
        p_value(row.adjusted_p_value) if compared.seeds >= MINIMUM_SEEDS else "–",
        points(compared.mean),
    ]


def memory_span_table(spans: Sequence[MemorySpanRow]) -> Table:
    """How far back each setting remembers."""
    thresholds = list(dict.fromkeys(row.threshold for row in spans))
    by_setting: dict[Setting, list[MemorySpanRow]] = {}
    for row in spans:
        by_setting.setdefault(row.setting, []).append(row)
    return Table(
        f"Memory span: the length up to which networks trained anew at each length remember, by "
        f"{' or '.join(_kinds(spans))} accuracy, interpolated"
        + ("; of the median over seeds [95 %]" if max(len(row.seeds) for row in spans) > 1 else ""),
        ("setting", "seeds", *(f"at least {short_percent(threshold)}" for threshold in thresholds)),
        [
            [
                rows[0].label or f"{setting.model.cell} ({setting.model.impl})",
                rows[0].seeds_in_words,
                *(row.text for row in rows),
            ]
            for setting, rows in by_setting.items()
        ],
    )
