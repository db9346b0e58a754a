"""The gradients' norms in the store, in figures and on the report's page."""

import math
from pathlib import Path

import pytest

from digitsum_cli.core.audit import Audit
from digitsum_cli.execution.training import run_trial
from digitsum_cli.report.gradient_figures import gradient_figures
from digitsum_cli.report.training_curves import training_curves
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials.outcome import Outcome
from digitsum_cli.trials.plan import plan_trials
from digitsum_cli.trials.setting import Setting
from digitsum_cli.trials.trial import Trial
from tests.command_line import digitsum
from tests.settings_text import from_set

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

IMPLEMENTATIONS = ["manual", "torch", "fused"]


def trained(store: Store, *assignments: str) -> tuple[Trial, Outcome]:
    base = ("data.lengths=4", "train.epochs=2", "train.record_gradients=true")
    plan = plan_trials(from_set(*base, *assignments))
    trial = plan.trials[0]
    outcome = run_trial(trial, plan.splits(trial))
    store.plan(plan.trials, {})
    store.add(trial, outcome)
    return trial, outcome


def test_norms_survive_the_store(tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite", create=True) as store:
        trial, outcome = trained(store)
        read = store.outcome(trial)
        assert read is not None
        assert read.gradient_norms == dict(outcome.gradient_norms)
        assert len(read.gradient_norms["rnn_model.U"]) == 2 * 38
        assert store.ended()[trial.identity].gradient_norms == {}


def test_saving_again_replaces_the_norms(tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite", create=True) as store:
        trial, outcome = trained(store)
        store.add(trial, outcome)
        read = store.outcome(trial)
        assert read is not None
        assert read.gradient_norms.keys() == outcome.gradient_norms.keys()


@pytest.mark.parametrize("cell", ["srn", "lstm", "gru"])
@pytest.mark.parametrize("impl", ["manual", "torch"])
@pytest.mark.slow
def test_every_parameter_finds_its_matrix(cell: str, impl: str, tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite", create=True) as store:
        trial, outcome = trained(store, f"model.cell={cell}", f"model.impl={impl}")
        audits = {trial.data_digest: Audit(4, 300, 100, 100, 0, 0, 0, 0, 0)}
        curves = list(training_curves([(trial, outcome)], {Setting.of(trial)}, audits))
        (drawn,) = gradient_figures(curves)
        (panel,) = drawn.figure.axes
        total = math.sqrt(sum(norms[0] ** 2 for norms in outcome.gradient_norms.values()))
        line = next(line for line in panel.get_lines() if line.get_label() == "all parameters")
        assert line.get_ydata()[0] == pytest.approx(total, rel=1e-9)  # type: ignore[index]


@pytest.mark.parametrize("impl", IMPLEMENTATIONS)
@pytest.mark.slow
def test_sweep_draws_a_figure_for_each_setting(impl: str) -> None:
    sweep_with_two_settings(impl)
    names = {path.name for path in Path("run/figures").glob("gradients*")}
    assert names == {f"gradients-clip-norm-{clip}.{kind}" for clip in ("none", "0.5") for kind in ("png", "svg")}


@pytest.mark.slow
def test_report_shows_the_figure_of_each_setting() -> None:
    sweep_with_two_settings("fused")
    assert digitsum("report", "run").code == 0
    page = Path("run/report.html").read_text()
    assert page.count("The Euclidean norm of the gradient at every step") == 2
    assert "% of steps clipped" in page


def sweep_with_two_settings(impl: str) -> None:
    ended = digitsum(
        *("sweep", "--lengths", "4,5", "--epochs", "2", "--impl", impl, "-j", "1", "--out", "run"),
        *("--set", "sweep.train.clip_norm=null,0.5", "--set", "train.record_gradients=true"),
    )
    assert ended.code == 0, ended.err


def test_without_the_record_there_is_no_figure() -> None:
    assert digitsum("train", "--length", "4", "--epochs", "2", "--out", "run").code == 0
    assert not list(Path("run/figures").glob("gradients*"))


@pytest.mark.slow
def test_training_that_diverged_is_drawn_as_far_as_it_came() -> None:
    ended = digitsum(
        *("train", "--length", "4", "--epochs", "2", "--out", "run"),
        *("--set", "train.record_gradients=true", "--set", "train.lr=1e37"),
    )
    assert ended.code == 3
    assert len(list(Path("run/figures").glob("gradients.*"))) == 2


@pytest.mark.slow
def test_training_that_stopped_early_has_its_losses_at_the_right_steps() -> None:
    ended = digitsum(
        *("train", "--length", "4", "--epochs", "50", "--out", "run", "--json", "--set", "train.lr=1e-12"),
        *("--set", "train.optimizer=sgd", "--set", "train.patience=3"),
    )
    (row,) = ended.document["trials"]
    assert (row["status"], row["steps"], row["patience"]) == ("done", 401, 3)
    assert len(Path("run/history.csv").read_text().splitlines()) == 1 + 4
