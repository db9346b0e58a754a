"""A comparison and its three parts: parity, speed and accuracy."""

import contextlib
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.comparison.parity import Parity, check_parity
from digitsum_cli.comparison.speed import Timing, time_implementations
from digitsum_cli.core.generation import Rows
from digitsum_cli.execution.training import use_one_thread
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.settings.schema import Settings
from digitsum_cli.study.callback import StudyCallback
from digitsum_cli.study.result import StudyResult
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.inputs import load_data


@dataclass(frozen=True)
class Comparison:
    """The result of ``digitsum compare``."""

    parities: list[Parity]
    timings: list[Timing]
    study: StudyResult

    @property
    def agrees(self) -> bool:
        """Whether all implementations agree within the tolerances."""
        return all(parity.agrees for parity in self.parities)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values, for JSON."""
        return {
            "agrees": self.agrees,
            "parity": [{**asdict(parity), "agrees": parity.agrees} for parity in self.parities],
            "speed": [asdict(timing) for timing in self.timings],
            "accuracy": {"trials": [row.columns for row in self.study.rows], **self.study.analysis.to_dict()},
        }


def compare_numbers(settings: Settings) -> list[Parity]:
    """Checks the parity of each implementation with the first, at the shortest and the longest length.

    Raises:
        InputError: a data file is missing or invalid.
    """
    use_one_thread()
    reference, *others = (str(impl) for impl in settings.sweep["model.impl"])
    train_rows = _train_rows(settings)
    return [
        parity
        for other in others
        for length in sorted({min(train_rows), max(train_rows)})
        for parity in check_parity(settings, (reference, other), train_rows[length])
    ]


def compare_speeds(settings: Settings) -> list[Timing]:
    """Times all implementations at every length, on one thread.

    Raises:
        InputError: a data file is missing or invalid.
    """
    use_one_thread()
    impls = [str(impl) for impl in settings.sweep["model.impl"]]
    return [timing for rows in _train_rows(settings).values() for timing in time_implementations(settings, impls, rows)]


def compare_accuracies(
    settings: Settings,
    parities: list[Parity],
    timings: list[Timing],
    out: Path | None,
    callback: StudyCallback,
    options: RunOptions,
) -> Comparison:
    """Trains every implementation with the same seeds and combines the three parts of the comparison.

    Arguments:
        settings: the settings, with the axis ``model.impl``.
        parities, timings: the other parts.
        out: where the run and ``comparison.json`` are saved; if None, they are deleted afterwards.
        callback: receives the progress of the trainings.
        options: how to run the trainings.

    Raises:
        InputError, DigitsumError: see ``run_study``.
    """
    with contextlib.ExitStack() as stack:
        run = RunDirectory(out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digitsum-compare-"))))
        comparison = Comparison(parities, timings, run_study(settings, run, callback, options))
        run.write_comparison(comparison.to_dict())
    return comparison


def _train_rows(settings: Settings) -> dict[int, Rows]:
    return {length: splits.train for length, splits in load_data(settings.data).items()}
