"""What the trials of a run say together, as tables."""

from collections.abc import Sequence

from digitsum_cli.analysis.analysis import Analysis
from digitsum_cli.core.generation import SPLIT_NAMES
from digitsum_cli.table import Table, number, percent, percent_interval, percent_range, points_interval
from digitsum_cli.trials.setting_columns import Row, value_in_words, varied_settings

MAXIMUM_SETTINGS = 12


def analysis_tables(analysis: Analysis) -> list[Table]:
    """The data's audit, accuracy by length, differences between settings, memory spans: the answer last."""
    several_seeds = max(len(row["seeds"]) for row in analysis.summary) > 1
    tables = [audit_table(analysis.audits), accuracy_table(analysis.summary)]
    if several_seeds and analysis.differences:
        tables.append(difference_table(analysis.differences))
    if analysis.memory_spans:
        tables.append(memory_span_table(analysis.memory_spans))
    return tables


def audit_table(audits: Sequence[Row]) -> Table:
    """Rows that stand twice in a split, and rows of eval and test that stand in train as well.

    Arguments:
        audits: the fields of ``Audit``, and ``data_seed``.
    """
    drawn_twice = len({audit["length"] for audit in audits}) < len(audits)
    names = {
        "length": "length",
        **({"data_seed": "data seed"} if drawn_twice else {}),
        **{f"{split}_rows": split for split in SPLIT_NAMES},
        **{f"{split}_duplicates": f"{split} repeated" for split in SPLIT_NAMES},
        "eval_in_train": "eval in train",
        "test_in_train": "test in train",
    }
    return Table(
        "Data: rows of each split, those that repeat an earlier one, and those that also stand in train",
        tuple(names.values()),
        [[str(audit[name]) for name in names] for audit in audits],
    )


def accuracy_table(summary: Sequence[Row]) -> Table:
    """Accuracy by length: of single trainings, or over seeds."""
    several_seeds = max(len(row["seeds"]) for row in summary) > 1
    return _seeds_table(summary) if several_seeds else _single_seed_table(summary)


def _single_seed_table(summary: Sequence[Row]) -> Table:
    """The book's table, with the exact accuracy, and Wilson's interval beside the test accuracy."""
    varied = varied_settings(summary)
    return Table(
        f"Accuracy by length: of one training each, with the 95 % interval of the test rows{_note_on_train(summary)}",
        (
            *("length", *(name.replace("_", " ") for name in varied)),
            *("train", "best eval", "test", "unseen test rows", "exact", "final loss", "seconds"),
        ),
        [
            [
                *(value_in_words(row[name]) for name in ("length", *varied)),
                percent(row["train_accuracy"]),
                percent(row["best_eval_accuracy"]),
                percent_interval(row["test_accuracy"], row["first_seed_test_low"], row["first_seed_test_high"]),
                percent(row["unseen_test_accuracy"]),
                percent(row["exact_accuracy"]),
                number(row["final_train_loss"], 4),
                number(row["seconds"], 1),
            ]
            for row in summary
        ],
    )


def _seeds_table(summary: Sequence[Row]) -> Table:
    """Exact accuracy over the seeds, test and eval accuracy beside it."""
    varied = varied_settings(summary)
    first_seeds = sorted({row["first_seed"] for row in summary})
    first_seed = f"seed {first_seeds[0]}" if len(first_seeds) == 1 else "first seed"
    return Table(
        "Accuracy by length: exact, over every possible row, with its spread over seeds; and means on sampled rows"
        + _note_on_train(summary),
        (
            *("length", *(name.replace("_", " ") for name in varied)),
            *("seeds", "exact: mean [95 %]", "median", "IQM", "range"),
            *("train", "best eval", "test", "unseen test rows", f"test, {first_seed}"),
        ),
        [
            [
                *(value_in_words(row[name]) for name in ("length", *varied)),
                str(row["trials"]),
                percent_interval(row["exact_accuracy"], row["exact_accuracy_low"], row["exact_accuracy_high"]),
                percent(row["exact_accuracy_median"]),
                percent(row["exact_accuracy_iqm"]),
                percent_range(row["exact_accuracy_min"], row["exact_accuracy_max"]),
                percent(row["train_accuracy"]),
                percent(row["best_eval_accuracy"]),
                percent(row["test_accuracy"]),
                percent(row["unseen_test_accuracy"]),
                percent(row["first_seed_test_accuracy"]),
            ]
            for row in summary
        ],
    )


def _note_on_train(summary: Sequence[Row]) -> str:
    fresh = any(row["rows"] == "fresh" for row in summary)
    return " (trained on fresh rows, not on the train split, which is one more sample)" if fresh else ""


def difference_table(differences: Sequence[Row]) -> Table:
    """Exact accuracy of each setting less that of the first, in percentage points."""
    exact = [row for row in differences if row["measure"] == "exact_accuracy"]
    every_setting = list(dict.fromkeys(row["setting"] for row in exact))
    settings = every_setting[:MAXIMUM_SETTINGS]
    part = f" ({len(settings)} of {len(every_setting)} settings)" if len(settings) < len(every_setting) else ""
    return Table(
        f"Exact accuracy less that of {exact[0]['reference']}, same seeds, in percentage points{part}",
        ("length", "setting", "seeds", "mean [95 %]", "range", "probability of improvement"),
        [
            [
                str(row["length"]),
                row["setting"],
                str(len(row["seeds"])),
                points_interval(row["mean"], row["low"], row["high"]),
                "–" if row["lowest"] is None else f"{100 * row['lowest']:+.1f} to {100 * row['highest']:+.1f}",
                percent(row["probability_of_improvement"]),
            ]
            for row in exact
            if row["setting"] in settings
        ],
    )


def memory_span_table(spans: Sequence[Row]) -> Table:
    """How far back each setting remembers."""
    thresholds = list(dict.fromkeys(row["threshold"] for row in spans))
    by_setting = {
        setting: [row for row in spans if row["setting"] == setting]
        for setting in dict.fromkeys(row["setting"] for row in spans)
    }
    return Table(
        "Memory span: the largest length remembered, by exact accuracy"
        + ("; median over seeds [95 %]" if max(len(row["seeds"]) for row in spans) > 1 else ""),
        ("setting", "seeds", *(f"at least {100 * threshold:g} %" for threshold in thresholds)),
        [
            [
                setting or f"{rows[0]['cell']} ({rows[0]['impl']})",
                str(len(rows[0]["seeds"])),
                *(row["text"] for row in rows),
            ]
            for setting, rows in by_setting.items()
        ],
    )
