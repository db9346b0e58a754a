"""A run directory that is deleted or moved while it is being written to: nothing of it appears again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from digitsum_cli.core.record import Progress
from digitsum_cli.errors import RunRemovedError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.trial import Trial
from tests.same_run import assert_same_run
from tests.small_study import Recorder, settings_of, study

RUN = Path("run")

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

REMOVALS: dict[str, Callable[[], object]] = {
    "deleted": lambda: shutil.rmtree(RUN),
    "moved": lambda: RUN.rename("moved"),
}


class RemovingRecorder(Recorder):
    """Removes the run once, after an outcome or during the first training."""

    def __init__(self, remove: Callable[[], object], *, after_outcomes: int) -> None:
        super().__init__()
        self._remove, self._after_outcomes = remove, after_outcomes

    def progressed(self, trial: Trial, progress: Progress) -> None:
        super().progressed(trial, progress)
        self._remove_if_due()

    def ended(self, trial: Trial, outcome: Outcome) -> None:
        super().ended(trial, outcome)
        self._remove_if_due()

    def _remove_if_due(self) -> None:
        if len(self.outcomes) == self._after_outcomes and RUN.exists():
            self._remove()


@pytest.mark.parametrize("removal", REMOVALS)
@pytest.mark.parametrize("after_outcomes", [0, 1, 2], ids=["before", "between", "after"])
def test_run_that_is_removed_is_not_created_again(removal: str, after_outcomes: int) -> None:
    settings = settings_of("data.lengths=4", "model.impl=fused")
    recorder = RemovingRecorder(REMOVALS[removal], after_outcomes=after_outcomes)
    with pytest.raises(RunRemovedError, match="run was deleted or moved while it was being written to"):
        run_study(settings, RunDirectory(RUN), recorder, RunOptions(1))
    assert not RUN.exists()


def test_run_that_is_moved_is_resumed_where_it_is_now() -> None:
    settings = settings_of("data.lengths=4", "model.impl=fused")
    with pytest.raises(RunRemovedError):
        run_study(settings, RunDirectory(RUN), RemovingRecorder(REMOVALS["moved"], after_outcomes=1), RunOptions(1))
    study(Path("moved"), "data.lengths=4", "model.impl=fused", jobs=1, resume=True)
    study(Path("whole"), "data.lengths=4", "model.impl=fused", jobs=1)
    assert_same_run(Path("moved"), Path("whole"))


@pytest.mark.parametrize("impl", ["fused", pytest.param("manual", marks=pytest.mark.slow)])
def test_training_whose_run_is_removed_ends_long_before_its_end(impl: str) -> None:
    settings = settings_of("data.lengths=4", "train.epochs=100000", f"model.impl={impl}").for_one_trial()
    recorder = RemovingRecorder(REMOVALS["deleted"], after_outcomes=0)
    with pytest.raises(RunRemovedError):
        run_study(settings, RunDirectory(RUN), recorder, RunOptions(None, keep_state=True))
    assert not RUN.exists()
