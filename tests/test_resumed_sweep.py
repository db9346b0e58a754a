"""A study is resumed where it was stopped, and an existing run is not overwritten."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.store import Store
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import Plan, plan_trials
from digitsum_cli.trials.trial import Trial
from tests.same_run import assert_same_run, numbers
from tests.small_study import Recorder, settings_of, study


def test_resumed_sweep_equals_uninterrupted(tmp_path: Path) -> None:
    class Interrupted(Recorder):
        def ended(self, trial: Trial, outcome: Outcome) -> None:
            super().ended(trial, outcome)
            if len(self.outcomes) == 2:
                raise KeyboardInterrupt

    run = RunDirectory(tmp_path / "resumed")
    with pytest.raises(KeyboardInterrupt):
        run_study(settings_of(), run, Interrupted(), RunOptions(None))
    assert len(numbers(run.path)) == 2
    callback = Recorder()
    run_study(settings_of(), run, callback, RunOptions(None, resume=True))
    assert len(callback.missing) == len(callback.outcomes) == 2
    study(tmp_path / "whole")
    assert numbers(run.path) == numbers(tmp_path / "whole")
    assert (run.path / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()


@pytest.mark.slow
def test_resuming_with_more_lengths_seeds_and_axes_runs_what_is_missing(tmp_path: Path) -> None:
    few = ("data.lengths=5", "train.seed=0", "sweep.train.lr=0.001,0.01", "model.impl=fused")
    many = ("data.lengths=5,4", "sweep.train.seed=0,1", "sweep.train.lr=0.01,0.001,0.1", "sweep.model.cell=gru,srn")
    study(tmp_path / "grown", *few)
    before = {path.name: path.read_bytes() for path in (tmp_path / "grown" / "checkpoints").iterdir()}
    callback = Recorder()
    settings = settings_of(*many, "model.impl=fused")
    run_study(settings, RunDirectory(tmp_path / "grown"), callback, RunOptions(None, resume=True))
    assert len(before) == 2
    assert len(callback.missing) == 24 - 2
    study(tmp_path / "whole", *many, "model.impl=fused")
    assert_same_run(tmp_path / "grown", tmp_path / "whole")


@pytest.mark.slow
def test_lengths_added_in_front_are_refused_with_the_reason(tmp_path: Path) -> None:
    study(tmp_path, "data.lengths=5")
    with pytest.raises(
        InputError, match=r"a new length changes the rows of the lengths after it: add new lengths at the end"
    ):
        study(tmp_path, "data.lengths=4,5", resume=True)


@pytest.mark.slow
def test_resuming_with_other_settings_is_refused(tmp_path: Path) -> None:
    study(tmp_path)
    before = numbers(tmp_path)
    with pytest.raises(
        InputError, match=r"4 trials that these settings do not include: train\.lr was 0\.001 and is now 0\.01"
    ):
        study(tmp_path, "train.lr=0.01", resume=True)
    assert numbers(tmp_path) == before


@pytest.mark.slow
def test_only_what_conflicts_is_shown(tmp_path: Path) -> None:
    study(tmp_path, "train.epochs=4")
    grown = ("data.lengths=5,4,6", "sweep.train.seed=0..5", "sweep.model.cell=srn,gru", "train.log_every=7")
    with pytest.raises(InputError, match=r"do not include: train\.epochs was 4 and is now 3\. Resume") as refused:
        study(tmp_path, *grown, resume=True)
    assert "lengths" not in str(refused.value)
    study(tmp_path, "train.epochs=4", *grown, resume=True)
    assert len(numbers(tmp_path)) == 36


@pytest.mark.slow
def test_run_is_not_overwritten_without_being_told(tmp_path: Path) -> None:
    study(tmp_path)
    before = numbers(tmp_path)
    with pytest.raises(InputError, match=r"already contains a run .*--resume.*--force"):
        study(tmp_path, "train.lr=0.01")
    assert numbers(tmp_path) == before
    study(tmp_path, "train.lr=0.01", force=True)
    assert {row["lr"] for row in numbers(tmp_path)} == {"0.01"}
    assert len(list((tmp_path / "checkpoints").iterdir())) == 4


@pytest.mark.slow
def test_force_leaves_files_of_others_alone(tmp_path: Path) -> None:
    one = ("train.seed=0", "data.lengths=4")
    study(tmp_path, *one)
    others = [
        tmp_path / name
        for name in ("notes.txt", "checkpoints/x.safetensors", "figures/thesis.png", "figures/lossy.svg")
    ]
    for path in others:
        path.write_text("mine")
    study(tmp_path, *one, "train.lr=0.5", force=True)
    assert all(path.read_text() == "mine" for path in others)
    assert len(list((tmp_path / "checkpoints").glob("length4-*.safetensors"))) == 1


@pytest.mark.slow
def test_run_in_which_nothing_ended_may_be_replaced(tmp_path: Path) -> None:
    class AtOnce(Recorder):
        def planned(self, plan: Plan, missing: Sequence[Trial]) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(settings_of(), RunDirectory(tmp_path), AtOnce(), RunOptions(None))
    study(tmp_path)
    assert len(numbers(tmp_path)) == 4


@pytest.mark.slow
def test_failed_trials_are_run_again_when_that_is_asked_for(tmp_path: Path) -> None:
    plan = plan_trials(settings_of("train.seed=0"))
    study(tmp_path, "train.seed=0")
    with Store(tmp_path / "results.sqlite") as store:
        store.add(plan.trials[0], Outcome.failed("a power cut"))
    callback = Recorder()
    run_study(settings_of("train.seed=0"), RunDirectory(tmp_path), callback, RunOptions(None, resume=True))
    assert callback.missing == []
    run_study(
        settings_of("train.seed=0"), RunDirectory(tmp_path), callback, RunOptions(None, resume=True, retry_failed=True)
    )
    assert [trial.identity for trial in callback.missing] == [plan.trials[0].identity]
    assert {row["status"] for row in numbers(tmp_path)} == {"done"}


@pytest.mark.slow
def test_resuming_keeps_the_provenance_of_earlier_sessions(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)

    def resume(number: int) -> None:
        settings = settings_of(f"sweep.train.seed=0..{number}")
        run_study(settings, run, Recorder(), RunOptions(None, command=[f"session {number}"], resume=True))

    for number in range(3):
        resume(number)
    written = run.provenance.read_bytes()
    provenance = json.loads(written)
    commands = [session["command"] for session in (provenance, *provenance["earlier"])]
    assert commands == [["session 2"], ["session 1"], ["session 0"]]
    resume(2)
    assert run.provenance.read_bytes() == written, "there was nothing to do"


def test_run_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        study(tmp_path / "file")
    with pytest.raises(InputError, match="cannot write to"):
        study(tmp_path / "file" / "below")
