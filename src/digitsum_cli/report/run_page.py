"""The report page of a run: the answer, tables, figures, reasons, and how to reproduce it."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from digitsum_cli.evaluation.diagnosis import DiagnosedTrial
from digitsum_cli.evaluation.saved_run import SavedRun
from digitsum_cli.figures.described import DescribedFigure
from digitsum_cli.report.analysis_tables import accuracy_table, audit_table, difference_table, memory_span_table
from digitsum_cli.report.diagnosis_figures import MAXIMUM_SETTINGS, diagnosis_figures
from digitsum_cli.report.diagnosis_tables import diagnosis_table, dynamics_tables
from digitsum_cli.report.gradient_figures import gradient_figures
from digitsum_cli.report.own_spans import own_span_figures, own_span_table, own_spans_of_diagnoses
from digitsum_cli.report.page import Block, Code, Figure, Page, Section
from digitsum_cli.report.reached_share import reached_figure
from digitsum_cli.report.reasons import reasons
from digitsum_cli.report.run_figures import accuracy_figure, loss_figures
from digitsum_cli.report.svg import figure_svg
from digitsum_cli.report.training_curves import settings_to_draw, training_curves
from digitsum_cli.rundir.store import Store
from digitsum_cli.settings.resolve import settings_yaml
from digitsum_cli.shell import shell_path
from digitsum_cli.table import Table
from digitsum_cli.trials.setting import shared_settings

_MAXIMUM_LOSS_FIGURES = 4


def report_page(saved: SavedRun, diagnosed: Sequence[DiagnosedTrial]) -> Page:
    """The page of a run.

    Arguments:
        saved: the run.
        diagnosed: its diagnosed trials; empty if it has no checkpoints.
    """
    with Store(saved.run.store) as store:
        curves = list(training_curves(store.records(saved.trials), settings_to_draw(saved.rows), saved.audits))
    accuracy = accuracy_figure(saved.rows, saved.analysis)
    losses: list[Block] = [
        _figure(drawn)
        for figures in (loss_figures, gradient_figures)
        for drawn in islice(figures(curves), _MAXIMUM_LOSS_FIGURES)
    ]
    settings = len({row.setting for row in saved.rows})
    if settings > _MAXIMUM_LOSS_FIGURES:
        losses.append(
            f"Only the first {_MAXIMUM_LOSS_FIGURES} of {settings} settings are shown; the others are in "
            f"{saved.run.figures}."
        )
    sections = [
        Section(
            "Accuracy by length",
            [
                *_optional(accuracy),
                *_optional(reached_figure(saved.analysis.summary)),
                accuracy_table(saved.analysis),
                _HOW_TO_READ,
                *_floors(saved),
            ],
        ),
        *_spans(saved),
        *_differences(saved),
        *_diagnosis(diagnosed, saved.analysis.thresholds),
        *([Section("Training curves", losses)] if losses else []),
        Section("The data", [_ABOUT_THE_DATA, audit_table(saved.analysis.audits)]),
        *_failures(saved),
        Section("Reproduce this run", list(_reproduction(saved))),
    ]
    return Page(
        f"{saved.run.path.resolve().name}: {shared_settings([row.setting for row in saved.rows])}",
        [*saved.analysis.answer, *(reasons(diagnosed) if diagnosed and settings == 1 else [])],
        sections,
    )


_HOW_TO_READ = (
    "Exact accuracy is the share of correct answers over all rows that the generator can draw at a length, each "
    "weighted by its probability. It has no sampling error, so all variation comes from training. With several "
    "distractors there are too many rows to list: the sampled accuracy is measured on rows drawn for scoring alone, "
    "the same for every network. For data read from files that the generator cannot draw, only the accuracy on "
    "their test rows describes the network. The interval of the median over seeds is made of two of the seeds "
    "(order statistics); that of the share of seeds that reach an accuracy is Clopper and Pearson's. Both hold for "
    "every distribution, also where some trainings succeed and others fail. A mean over such seeds describes neither, "
    "and no narrow interval of it would hold. The interval of a test accuracy is the Wilson interval for its number "
    "of rows. Unseen test rows are those that are not in the training set."
)
_ABOUT_SPANS = (
    "The memory span is the length at which the median over seeds falls below a given accuracy, interpolated between "
    "lengths. At every length other networks were trained; no network is read at two lengths. The medians are first "
    "replaced by the closest values that never rise with the length (isotonic regression), so that a single dip does "
    "not end the span. The interval (from six seeds) ends at measured lengths: the last up to which the median is "
    "surely high enough, and the first from which on it is surely too low, by sign tests. “<” and “≥” mean that it is "
    "below the first or beyond the last length."
)
_ABOUT_OWN_SPANS = (
    "The memory span above compares networks that were trained anew at each length. A network's own span is the length "
    "up to which that very network remembers, from its training length on, over the lengths of this run."
)
_ABOUT_DIFFERENCES = (
    "Differences are paired by seed. The interval of the median difference is made of two of the differences (order "
    "statistics); that of the share of seeds that are better is Clopper and Pearson's. Among many comparisons some "
    "differ by chance. The p-value is therefore that of the sign test, adjusted by Holm's method: the probability that "
    "any difference with at most 0.05 is due to chance is at most 5 %."
)
_ABOUT_THE_DATA = (
    "Rows are drawn with replacement, so there are duplicates, and some eval and test rows are also in the training "
    "set. The accuracy on unseen test rows shows how much that matters."
)


def _floors(saved: SavedRun) -> Iterator[str]:
    floors = {trial.task.name: trial.task.floor for trial in saved.trials}
    for name, floor in floors.items():
        yield f"The floor of the task {name} is {floor}." if len(floors) > 1 else f"The floor is {floor}."


def _spans(saved: SavedRun) -> Iterator[Section]:
    if saved.analysis.memory_spans:
        yield Section("Memory span", [memory_span_table(saved.analysis.memory_spans), _ABOUT_SPANS])


def _differences(saved: SavedRun) -> Iterator[Section]:
    if saved.analysis.differences and saved.analysis.several_seeds:
        yield Section("Settings compared", [difference_table(saved.analysis.differences), _ABOUT_DIFFERENCES])


def _diagnosis(diagnosed: Sequence[DiagnosedTrial], thresholds: Sequence[float]) -> Iterator[Section]:
    if diagnosed:
        settings = len({each.setting for each in diagnosed})
        texts: list[str] = reasons(diagnosed) if 1 < settings <= MAXIMUM_SETTINGS else []
        if settings > MAXIMUM_SETTINGS:
            texts.append(
                f"The figures show the first {MAXIMUM_SETTINGS} of {settings} settings; the table shows all of them."
            )
        yield Section("Why it forgets or remembers", [*texts, diagnosis_table(diagnosed), *dynamics_tables(diagnosed)])
        spans = own_spans_of_diagnoses(diagnosed, thresholds)
        if spans:
            drawn = [_figure(figure) for figure in islice(own_span_figures(spans), MAXIMUM_SETTINGS)]
            yield Section("How far back one network remembers", [_ABOUT_OWN_SPANS, own_span_table(spans), *drawn])
        for label, figures in diagnosis_figures(diagnosed):
            title = f"Diagnosis figures: {label}" if label else "Diagnosis figures"
            yield Section(title, [_figure(drawn) for drawn in figures])


def _failures(saved: SavedRun) -> Iterator[Section]:
    failed = [row for row in saved.rows if not row.done]
    missing = len(saved.trials) - len(saved.rows)
    blocks: list[Block] = []
    if missing:
        blocks.append(f"{missing} of {len(saved.trials)} trainings have not finished yet; the run can be resumed.")
    if failed:
        columns = ("trial", "length", "cell", "impl", "seed", "status", "reason")
        rows = [[str(row.columns[column]) for column in columns] for row in failed]
        blocks.append(Table("Trainings that diverged or failed", columns, rows))
    if blocks:
        yield Section("Failed and diverged trainings", blocks)


def _reproduction(saved: SavedRun) -> Iterator[Block]:
    path = shell_path(saved.run.path)
    command = saved.session.get("command")
    original = [shlex.join(["digitsum", *map(str, command[1:])])] if isinstance(command, list) and command else []
    settings, config = saved.settings.settings, saved.run.config if saved.settings.as_written else Path("settings.yaml")
    note = "" if saved.settings.as_written else "    # with the settings below in settings.yaml"
    thresholds = f" --threshold {','.join(repr(each).removesuffix('.0') for each in saved.analysis.thresholds)}"
    commands = [
        *([f"digitsum sweep {shell_path(config)} --out again{thresholds}{note}"] if settings else []),
        f"digitsum evaluate {path} --diagnose",
        f"digitsum report {path}{thresholds}",
    ]
    yield Code("Commands", "\n".join([*(f"{line}    # this run" for line in original), *commands]), folded=False)
    if settings:
        yield Code("Settings", settings_yaml(settings), folded=True)
    facts = list(_facts(saved.session))
    if facts:
        yield Table("Provenance", ("item", "value"), facts)


def _facts(session: Mapping[str, Any]) -> Iterator[list[str]]:
    for name in ("started", "ended", "platform", "processor", "git_commit"):
        if session.get(name):
            yield [name.replace("_", " "), str(session[name])]
    for group in ("versions", "threads"):
        values = session.get(group)
        if isinstance(values, dict):
            yield from ([str(name).replace("_", " "), str(value)] for name, value in values.items())


def _optional(drawn: DescribedFigure | None) -> list[Figure]:
    return [] if drawn is None else [_figure(drawn)]


def _figure(drawn: DescribedFigure) -> Figure:
    return Figure(drawn.name.replace("-", " "), figure_svg(drawn.figure), drawn.caption, drawn.description)
