"""Many trials: identity, plan, execution, store and run directory."""

import csv
import json
import math
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digitsum_cli.core.audit import audit_splits
from digitsum_cli.core.data_files import write_splits
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.record import Progress
from digitsum_cli.errors import DigitsumError, DigitsumWarning, InputError
from digitsum_cli.rundir.directory import open_run
from digitsum_cli.rundir.store import Store
from digitsum_cli.settings import resolve_settings
from digitsum_cli.settings.schema import axis_keys
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.trial import Trial
from tests.running import wait_until, workers_of
from tests.same_run import numbers
from tests.small_study import run_trials, settings_of, study

CONTRACT = (
    "trial,length,cell,impl,seed,embedding_size,hidden_size,lr,epochs,status,best_eval_accuracy,test_accuracy,"
    "exact_accuracy,final_train_loss,best_step,steps,seconds"
)


def test_every_combination_at_every_length_is_a_trial() -> None:
    plan = plan_trials(settings_of("sweep.train.lr=[0.1,0.01]"))
    assert [(t.length, t.seed, t.train.lr) for t in plan.trials] == [
        (length, seed, lr) for length in (5, 4) for seed in (0, 1) for lr in (0.1, 0.01)
    ]
    assert len({trial.identity for trial in plan.trials}) == 8


OTHER_VALUES: dict[str, list[object]] = {
    "data.rows": ["fresh"],
    "model.cell": ["gru"],
    "model.impl": ["torch"],
    "model.activation": ["relu"],
    "model.init": ["identity"],
    "model.input_scale": [0.5],
    "model.recurrent_scale": [0.5],
    "model.forget_bias": [1, "model.cell=lstm"],
    "train.optimizer": ["sgd"],
    "train.lr_schedule": ["cosine"],
    "train.curriculum": ["uniform", "data.rows=fresh"],
    "train.curriculum_start": [4, "data.rows=fresh", "train.curriculum=uniform"],
    "train.curriculum_share": [0.25, "data.rows=fresh", "train.curriculum=growing"],
    "train.loss": ["sum"],
    "train.shuffle": ["true"],
    "train.record_gradients": ["true"],
}


WITHOUT_OTHER_VALUES = {"train.device", "data.task", "train.start_from"}
"""Of the tasks there is one, see ``test_tasks``; a start is named by its weights, see ``test_start_from``."""


@pytest.mark.parametrize("key", [*sorted({*axis_keys(), "train.record_gradients"} - WITHOUT_OTHER_VALUES)])
def test_identity_changes_with_every_setting(key: str) -> None:
    value, *needed = OTHER_VALUES.get(key, [2])
    before = {trial.identity for trial in plan_trials(settings_of("train.seed=0", *map(str, needed))).trials}
    other = settings_of("train.seed=0", *map(str, needed), f"{key}={value}")
    assert before.isdisjoint(trial.identity for trial in plan_trials(other).trials)


def test_identity_does_not_change_with_logging_or_later_lengths() -> None:
    before = [trial.identity for trial in plan_trials(settings_of()).trials]
    after = [trial.identity for trial in plan_trials(settings_of("train.log_every=7", "data.lengths=5,4,8")).trials]
    assert after[:4] == before


def test_identity_changes_with_a_single_byte_of_the_data(tmp_path: Path) -> None:
    write_splits(tmp_path, generate_splits([5]))
    settings = settings_of(f"data.dir={tmp_path}", "data.lengths=5", "train.seed=0")
    (before,) = plan_trials(settings).trials
    test_file = tmp_path / "5" / "test.txt"
    text = test_file.read_text()
    assert text[5] == " ", "the third digit stands before it"
    test_file.write_text(text[:4] + str((int(text[4]) + 1) % 10) + text[5:])
    with pytest.warns(DigitsumWarning, match="1 of 500 rows of length 5"):
        (after,) = plan_trials(settings).trials
    assert after.foreign
    assert before.data_digest != after.data_digest
    assert before.identity != after.identity


def test_trial_survives_json() -> None:
    trial = plan_trials(settings_of()).trials[2]
    assert Trial.from_dict(json.loads(json.dumps(trial.to_dict()))) == trial


@pytest.mark.parametrize("change", [{"lr": "0.1"}, {"epochs": 1.5}, {"data": {"lengths": 3}}, {"more": 1}])
def test_damaged_trial_is_refused(change: dict[str, object]) -> None:
    values = plan_trials(settings_of()).trials[0].to_dict()
    with pytest.raises(InputError, match="invalid trial settings"):
        Trial.from_dict({**values, **change})


@pytest.mark.slow
def test_files_train_to_the_same_numbers_as_generated_rows(tmp_path: Path) -> None:
    write_splits(tmp_path / "data", generate_splits([5, 4]))
    study(tmp_path / "generated")
    study(tmp_path / "read", f"data.dir={tmp_path / 'data'}")
    measures = ("length", "seed", "best_eval_accuracy", "test_accuracy", "final_train_loss", "best_step")
    generated, read = (
        [[row[name] for name in measures] for row in numbers(tmp_path / run)] for run in ("generated", "read")
    )
    assert generated == read


@pytest.mark.slow
def test_numbers_do_not_depend_on_jobs(tmp_path: Path) -> None:
    for name, jobs in (("here", None), ("one", 1), ("three", 3)):
        study(tmp_path / name, jobs=jobs)
    assert numbers(tmp_path / "here") == numbers(tmp_path / "one") == numbers(tmp_path / "three")
    histories = {(tmp_path / name / "history.csv").read_bytes() for name in ("here", "one", "three")}
    assert len(histories) == 1
    assert len(numbers(tmp_path / "here")) == 4


@pytest.mark.slow
def test_killed_process_fails_its_trial_alone() -> None:
    plan = plan_trials(settings_of("train.epochs=30", "data.lengths=5", "train.eval_every=5"))
    killed: set[str] = set()

    def kill_once(trial: Trial, progress: Progress) -> None:
        if not killed:
            killed.add(trial.identity)
            os.kill(workers_of(os.getpid())[0], signal.SIGKILL)

    outcomes = {trial.identity: outcome for trial, outcome in run_trials(plan, kill_once, jobs=1).items()}
    assert len(outcomes) == 2
    assert {identity for identity, outcome in outcomes.items() if outcome.status == "failed"} == killed
    assert "exit code -9" in str(outcomes[next(iter(killed))].reason)


def test_trial_that_raises_fails_with_the_reason() -> None:
    plan = plan_trials(settings_of("data.lengths=5", "train.seed=0"))
    too_fast = tuple(replace(trial, train=trial.train.model_copy(update={"lr": 1e38})) for trial in plan.trials)
    (outcome,) = run_trials(replace(plan, trials=too_fast)).values()
    assert outcome.status == "failed"
    assert "overflow" in str(outcome.reason)


def test_diverged_trial_is_recorded_with_its_step(tmp_path: Path) -> None:
    result = study(tmp_path, "train.lr=1e37", "data.lengths=5", "train.seed=0")
    (row,) = result.rows
    assert row.status == "diverged"
    assert "at step" in (row.reason or "")
    assert row.scores is None
    assert result.failures == [row]


@pytest.mark.slow
def test_run_directory_has_what_the_contract_lists(tmp_path: Path) -> None:
    study(tmp_path)
    names = {"config.yaml", "provenance.json", "results.sqlite", "results.csv", "history.csv", "checkpoints", "figures"}
    names |= {"analysis.json", ".lock"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert len(list((tmp_path / "checkpoints").glob("*.safetensors"))) == 4
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert figures == {"loss.png", "loss.svg", "accuracy.png", "accuracy.svg"}
    assert (tmp_path / "results.csv").read_text().splitlines()[0].startswith(CONTRACT)
    header = (tmp_path / "history.csv").read_text().splitlines()[0]
    assert header == "trial,step,epoch,train_loss,eval_loss,eval_accuracy"
    assert resolve_settings(tmp_path / "config.yaml") == settings_of()
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert {"versions", "platform", "threads", "command", "git_commit", "started", "ended"} <= provenance.keys()
    assert provenance["ended"] is not None


@pytest.mark.slow
def test_csv_keeps_full_precision(tmp_path: Path) -> None:
    result = study(tmp_path)
    for row, text in zip(result.rows, numbers(tmp_path), strict=True):
        assert float(text["final_train_loss"]) == row.final_train_loss


def test_store_gives_back_the_outcome(tmp_path: Path) -> None:
    plan = plan_trials(settings_of())
    trial = plan.trials[0]
    outcome = run_trials(replace(plan, trials=(trial,)))[trial]
    with Store(tmp_path / "results.sqlite", create=True) as store:
        store.plan([trial], {trial.data_digest: audit_splits(plan.splits(trial))})
        store.add(trial, outcome)
    with Store(tmp_path / "results.sqlite") as store:
        stored = store.outcome(trial)
        assert stored is not None
        assert store.trials() == {trial.identity: trial}
        assert store.audits() == {trial.data_digest: audit_splits(plan.splits(trial))}
        assert store.outcome(plan.trials[1]) is None
    expected = {name: value for name, value in vars(outcome).items() if name != "weights"}
    assert {name: value for name, value in vars(stored).items() if name != "weights"} == expected


def test_store_keeps_the_trials_in_the_order_of_the_latest_plan(tmp_path: Path) -> None:
    trials = plan_trials(settings_of()).trials
    with Store(tmp_path / "results.sqlite", create=True) as store:
        store.plan(trials, {})
        store.plan(trials[::-1][:-1], {})
        assert tuple(store.trials().values()) == trials[::-1][:-1]


def test_store_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 20)
    with pytest.raises(InputError, match="not a readable store"):
        Store(tmp_path / "results.sqlite")


def test_evaluation_that_is_not_finite_is_a_divergence(tmp_path: Path) -> None:
    for impl in ("manual", "fused"):
        run = tmp_path / impl
        one_step = ("train.epochs=1", "model.hidden_size=256", "train.batch_size=300", "data.lengths=5", "train.seed=0")
        (row,) = study(run, *one_step, f"model.impl={impl}", "train.lr=1e37").rows
        assert (row.status, row.scores) == ("diverged", None)
        assert not list(run.glob("checkpoints/*"))


def test_axis_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    write_splits(tmp_path, generate_splits([5]))
    with pytest.raises(InputError, match="the same training 3 times"):
        plan_trials(settings_of(f"data.dir={tmp_path}", "data.lengths=5", "train.seed=0", "sweep.data.seed=0..2"))


def test_wrong_data_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        study(tmp_path / "run", f"data.dir={tmp_path / 'nowhere'}")
    assert not (tmp_path / "run").exists()


def test_unnamed_runs_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("runs/srn", "runs/srn-2", "runs/srn-3"):
        run = open_run(None, "srn")
        assert run.path == Path(expected)
        run.path.mkdir(parents=True)


@pytest.mark.slow
def test_histories_hold_the_losses_of_the_training(tmp_path: Path) -> None:
    study(tmp_path)
    plan = plan_trials(settings_of())
    history = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    with Store(tmp_path / "results.sqlite") as store:
        for trial in plan.trials:
            outcome = store.outcome(trial)
            assert outcome is not None
            assert len(outcome.step_losses) == outcome.steps == 3 * 38
            mine = [row for row in history if row["trial"] == trial.identity]
            assert [float(row["train_loss"]) for row in mine] == [outcome.step_losses[100], outcome.step_losses[113]]
            assert outcome.final_train_loss == sum(outcome.step_losses[76:]) / 38
            assert np.isfinite(outcome.step_losses).all()
            assert not math.isnan(outcome.seconds)


def test_full_disk_is_a_named_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("digitsum_cli.core.atomic_write.Path.replace", no_space)
    with pytest.raises(DigitsumError, match="No space left on device"):
        study(tmp_path)


@pytest.mark.slow
def test_fused_trial_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    fused = ("sweep.model.impl=fused", "train.epochs=20")
    study(tmp_path / "alone", *fused, "data.lengths=5", "train.seed=1")
    study(tmp_path / "one", *fused, jobs=1)
    study(tmp_path / "three", *fused, "data.lengths=5,4,7", jobs=3)
    (alone,) = numbers(tmp_path / "alone")
    assert alone in numbers(tmp_path / "one")
    assert alone in numbers(tmp_path / "three")
    kept = {
        next((tmp_path / run / "checkpoints").glob(f"*{alone['trial']}*")).read_bytes()
        for run in ("alone", "one", "three")
    }
    assert len(kept) == 1


@pytest.mark.slow
def test_fused_and_manual_runs_look_alike(tmp_path: Path) -> None:
    study(tmp_path, "sweep.model.impl=manual,fused", "data.lengths=5", "train.seed=0", jobs=1)
    manual, fused = numbers(tmp_path)
    assert manual.keys() == fused.keys()
    assert [name for name in manual if manual[name] != fused[name]] == ["trial", "impl", "final_train_loss"]
    assert float(manual["final_train_loss"]) == pytest.approx(float(fused["final_train_loss"]), rel=1e-4)


@pytest.mark.slow
def test_diverging_fused_trial_harms_no_neighbour(tmp_path: Path) -> None:
    fused = ("model.impl=fused", "data.lengths=5", "train.seed=0", "train.epochs=20")
    study(tmp_path / "alone", *fused)
    result = study(tmp_path / "both", *fused, "sweep.train.lr=0.001,1e37", jobs=2)
    assert [row.status for row in result.rows] == ["done", "diverged"]
    assert "at step" in (result.rows[1].reason or "")
    assert numbers(tmp_path / "both")[0] == numbers(tmp_path / "alone")[0]


def test_without_numba_fused_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputError, match="pip install numba"):
        plan_trials(settings_of("model.impl=fused"))


def test_interrupted_threads_end() -> None:
    plan = plan_trials(settings_of("model.impl=fused", "train.epochs=100000", "data.lengths=30"))
    interrupted: list[float] = []

    def interrupt(trial: Trial, progress: Progress) -> None:
        if progress.step > 0:
            interrupted.append(time.process_time())
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run_trials(plan, interrupt, jobs=2)
    wait_until(lambda: threading.active_count() == before, "the end of the threads")
    assert time.process_time() - interrupted[0] < 1
