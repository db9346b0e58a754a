"""A finished training is continued for more epochs, to the bits of one that was as long from the start."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from digitsum_cli.core.record import Progress
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.store import Store
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.trial import Trial
from tests.command_line import Ended, digitsum
from tests.small_study import Recorder, settings_of

IMPLEMENTATIONS = ("manual", "torch", "fused")


def train(out: Path, epochs: int, *options: object) -> Ended:
    return digitsum("train", "--length", "5", "--epochs", epochs, "--out", out, *options)


def sweep(out: Path, epochs: int, *options: object) -> Ended:
    return digitsum(
        *("sweep", "--lengths", "4,5", "--seeds", "0,1", "--epochs", epochs, "--impl", "fused", "--out", out, *options)
    )


def assert_same_run(run: Path, other: Path) -> None:
    """All but times."""

    def rows(path: Path) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(path.read_text().splitlines())
        ]

    assert rows(run / "results.csv") == rows(other / "results.csv")
    assert (run / "history.csv").read_bytes() == (other / "history.csv").read_bytes()
    assert (run / "config.yaml").read_bytes() == (other / "config.yaml").read_bytes()
    names = [path.name for path in sorted((run / "checkpoints").iterdir())]
    assert names == [path.name for path in sorted((other / "checkpoints").iterdir())]
    for name in names:
        weights, expected = (load_file(each / "checkpoints" / name) for each in (run, other))
        assert all(np.array_equal(weights[key], expected[key]) for key in expected)
    with Store(run / "results.sqlite") as store, Store(other / "results.sqlite") as whole:
        assert list(store.trials()) == list(whole.trials())
        for (_, outcome), (_, expected_outcome) in zip(
            store.records(store.trials().values()), whole.records(whole.trials().values()), strict=True
        ):
            assert outcome.step_losses == expected_outcome.step_losses
            assert outcome.gradient_norms == expected_outcome.gradient_norms


@pytest.mark.parametrize("impl", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--set", "train.shuffle=true", "--set", "train.record_gradients=true"),
        ("--set", "data.rows=fresh", "--set", "model.cell=gru", "--set", "train.clip_norm=0.5"),
    ],
    ids=["book", "shuffled", "fresh"],
)
@pytest.mark.slow
def test_a_longer_training_ends_in_the_bits_of_one_long_training(
    impl: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    """The evaluation after the last step of the shorter one is not part of it."""
    options = ("--impl", impl, *options)
    assert train(tmp_path / "run", 7, *options).code == 0
    continued = train(tmp_path / "run", 12, *options, "--resume")
    assert continued.code == 0
    step = 265 if impl == "fused" else 201
    assert f"Continuing the finished training from step {step}" in continued.err
    assert train(tmp_path / "whole", 12, *options).code == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.slow
def test_patience_ends_a_longer_training_where_it_would_have_ended(tmp_path: Path) -> None:
    options = ("--impl", "fused", "--set", "train.patience=3", "--set", "train.lr=1e-9")
    assert "stopped early" in train(tmp_path / "run", 30, *options).err
    assert "stopped early" in train(tmp_path / "run", 40, *options, "--resume").err
    train(tmp_path / "whole", 40, *options)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.slow
def test_without_a_kept_state_the_training_starts_over_and_says_so(tmp_path: Path) -> None:
    """As after a training of an earlier version, or one too short to be evaluated."""
    assert train(tmp_path / "run", 4).code == 0
    (tmp_path / "run" / "training-state.safetensors").unlink()
    ended = train(tmp_path / "run", 6, "--resume")
    assert "The state of the finished training was not kept: training from the start" in ended.err
    train(tmp_path / "whole", 6)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.slow
def test_a_sweep_is_continued_trial_by_trial(tmp_path: Path) -> None:
    assert sweep(tmp_path / "run", 5).code == 0
    ended = sweep(tmp_path / "run", 9, "--resume")
    assert ended.code == 0, ended.err
    assert "Finished trainings with fewer epochs: 4. They are trained from the start" in ended.err
    assert sweep(tmp_path / "whole", 9).code == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    assert "already saved: 4" in sweep(tmp_path / "run", 9, "--resume").err


class Gone(Recorder):
    """Ends the study in the middle of the second training."""

    def progressed(self, trial: Trial, progress: Progress) -> None:
        if len(self.outcomes) == 1:
            raise BrokenPipeError


@pytest.mark.slow
def test_no_result_is_lost_when_the_longer_sweep_is_interrupted(tmp_path: Path) -> None:
    short = settings_of("data.lengths=5", "model.impl=manual")
    long = settings_of("data.lengths=5", "model.impl=manual", "train.epochs=6")
    run = RunDirectory(tmp_path)
    before = run_study(short, run, Recorder(), RunOptions(None))
    with pytest.raises(BrokenPipeError):
        run_study(long, run, Gone(), RunOptions(None, resume=True))
    with Store(run.store) as store:
        assert sorted(trial.train.epochs for trial in store.trials().values() if store.outcome(trial)) == [3, 6]
    assert len(list(run.checkpoints.iterdir())) == 2
    reported = digitsum("report", tmp_path)
    assert (reported.code, "does not describe" in reported.err) == (0, False)
    page = (tmp_path / "report.html").read_text()
    assert "This is not final" in page
    result = run_study(long, run, recorder := Recorder(), RunOptions(None, resume=True))
    assert len(recorder.missing) == 1
    assert [row.status for row in result.rows] == [row.status for row in before.rows]
    with Store(run.store) as store:
        assert [trial.train.epochs for trial in store.trials().values()] == [6, 6]
    assert len(list(run.checkpoints.iterdir())) == 2


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["train.lr_schedule=cosine", "train.curriculum=growing"])
def test_a_training_whose_steps_depend_on_its_epochs_is_not_continued(setting: str, tmp_path: Path) -> None:
    options = ("--set", setting, "--impl", "fused", "--set", "data.rows=fresh")
    assert train(tmp_path, 4, *options).code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    refused = train(tmp_path, 8, *options, "--resume")
    assert refused.code == 2
    assert f"with {setting.replace('=', ' ')}, every step depends on the number of epochs" in refused.err
    assert "in another folder, with --out" in refused.err
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
@pytest.mark.parametrize("longer", [2, 4])
def test_other_changes_are_no_longer_training(longer: int, tmp_path: Path) -> None:
    assert train(tmp_path, 4, "--impl", "fused").code == 0
    change = () if longer < 4 else ("--set", "train.lr=0.1")
    refused = train(tmp_path, longer + (longer == 4), "--impl", "fused", "--resume", *change)
    assert refused.code == 2
    assert "train.epochs was 4 and is now" in refused.err


@pytest.mark.slow
def test_a_finished_training_is_resumed_by_a_sweep_with_more_seeds(tmp_path: Path) -> None:
    assert train(tmp_path, 4, "--impl", "fused").code == 0
    options = ("--lengths", "5", "--epochs", "4", "--impl", "fused", "--out", tmp_path, "--resume")
    ended = digitsum("sweep", *options, "--seeds", "0,1", "--set", "train.log_every=100")
    assert ended.code == 0, ended.err
    assert "already saved: 1" in ended.err
