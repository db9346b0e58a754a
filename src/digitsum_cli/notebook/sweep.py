"""``digitsum sweep`` as a function."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.cli.console import Console
from digitsum_cli.cli.study_display import StudyDisplay
from digitsum_cli.core.class_source import code_of_class
from digitsum_cli.core.registry import ENSEMBLE, MANUAL
from digitsum_cli.core.user_code import CELL, TASK, UserCode
from digitsum_cli.execution.trial_executor import usable_cores
from digitsum_cli.rundir.directory import open_run
from digitsum_cli.settings import Override, resolve_settings
from digitsum_cli.settings.shipped import DEFAULT_SWEEP, find_config, name_for_run, shipped_config
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study

Named = type | str
"""A class of the user's, or the name of one in settings."""


@dataclass(frozen=True)
class SweepResult:
    """What a sweep has found.

    Arguments:
        path: the run directory.
        answer: how far back the networks remember, in sentences.
        trials: one row per training, as in ``results.csv``.
        analysis: as in ``analysis.json``: the summary by length, the memory spans, the differences.
    """

    path: Path
    answer: Sequence[str]
    trials: Sequence[Mapping[str, Any]]
    analysis: Mapping[str, Any]


def sweep(
    config: str | Path | None = None,
    *,
    cell: Named | Sequence[Named] | None = None,
    task: Named | Sequence[Named] | None = None,
    lengths: str | Iterable[int] | None = None,
    seeds: str | Iterable[int] | None = None,
    epochs: int | None = None,
    impl: str | Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    jobs: int | None = None,
    allow_code: bool = False,
    quiet: bool = False,
) -> SweepResult:
    """Runs all trials, and writes the run directory.

    A class is taken as it is: its code is already running, so it needs no permission. Its source is copied into the run
    and given to the worker processes.

    Arguments:
        config: a YAML file or the name of a shipped config; ``"srn"`` unless given.
        cell: a cell, or several to compare: names as in settings, or classes derived from ``digitsum_cli.Cell``.
        task: a task, or several: names, or classes derived from ``TwoDigitTask`` or ``SequenceTask``.
        lengths, seeds: numbers, or text such as ``"5..35"``.
        epochs: passes over the training set.
        impl: an implementation, or several. With a class as the only cell, ``"ensemble"`` unless given; with other
            cells beside it, ``"manual"``.
        settings: further settings by dotted key, such as ``{"train.lr": 0.003, "sweep.train.batch_size": [8, 16]}``.
        out: the run directory; a new one in ``runs/`` unless given.
        resume: resume an existing run, whose finished trials are not run again.
        force: overwrite an existing run.
        jobs: the number of parallel trainings; that of the cores unless given.
        allow_code: whether to execute code that ``cell``, ``task`` or ``config`` name as text.
        quiet: whether to hide the progress.

    Raises:
        InputError: a setting is invalid, the source of a class is unknown, or there is a run in ``out``.
        DigitsumError: a file cannot be written.
    """
    code: list[UserCode] = []
    chosen = [Override(key, value, f"settings[{key!r}]") for key, value in (settings or {}).items()]
    for key, given in ((CELL, cell), (TASK, task)):
        chosen += _override(key, given, code)
    if impl is None and any(isinstance(each, type) for each in _listed(cell)):
        impl = ENSEMBLE if len(_listed(cell)) == 1 else MANUAL
    chosen += _override("model.impl", impl, code)
    for key, value in (("data.lengths", lengths), ("sweep.train.seed", seeds), ("train.epochs", epochs)):
        if value is not None:
            chosen.append(Override(key, value if isinstance(value, str | int) else list(value), key))
    file = shipped_config(DEFAULT_SWEEP) if config is None else find_config(Path(config))
    resolved = resolve_settings(file, chosen)
    run = open_run(None if out is None else Path(out), name_for_run(file))
    options = RunOptions(
        jobs or usable_cores(),
        allow_fewer=jobs is None,
        resume=resume,
        force=force,
        allow_code=allow_code,
        own_code=code,
        runs_main=False,
        command=sys.argv,
    )
    with StudyDisplay(Console(as_json=False, quiet=quiet), run.path) as display:
        result = run_study(resolved, run, display, options)
    document = result.analysis.to_dict()
    return SweepResult(run.path, result.analysis.answer, [row.columns for row in result.rows], document)


def _listed(given: Named | Sequence[Named] | None) -> list[Named]:
    if given is None:
        return []
    return [given] if isinstance(given, type | str) else list(given)


def _override(key: str, given: Named | Sequence[Named] | None, code: list[UserCode]) -> list[Override]:
    """What sets a key, or varies it over several values; the source of classes is added to ``code``."""
    names = []
    for each in _listed(given):
        if isinstance(each, type):
            code.append(code_of_class(each))
            names.append(code[-1].reference)
        else:
            names.append(each)
    if not names:
        return []
    origin = key.rpartition(".")[2]
    return [Override(key, names[0], origin) if len(names) == 1 else Override(f"sweep.{key}", names, origin)]
