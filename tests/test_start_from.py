"""Trainings that start from the weights of a checkpoint."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from digitsum_cli.core import build_classifier
from digitsum_cli.core.cells.torch_layer import TorchLayer
from digitsum_cli.core.checkpoint import Weights, digest_weights, read_checkpoint, write_checkpoint
from digitsum_cli.core.weights import copy_network, copy_weights
from digitsum_cli.errors import InputError
from digitsum_cli.rundir.directory import RunDirectory
from digitsum_cli.rundir.store import Store
from digitsum_cli.study.run_options import RunOptions
from digitsum_cli.study.study import run_study
from digitsum_cli.trials.plan import plan_trials
from tests.command_line import Ended, digitsum
from tests.settings_text import from_set
from tests.small_study import Recorder

IMPLEMENTATIONS = ("manual", "torch", "fused")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("start") / "run"
    options = ("--length", "4", "--epochs", "4", "--impl", "fused", "--set", "train.lr=0.01")
    assert digitsum("train", *options, "--out", run).code == 0
    return next((run / "checkpoints").iterdir())


def train(out: Path, checkpoint: Path, *options: object) -> Ended:
    return digitsum("train", "--length", "6", "--epochs", "2", "--from", checkpoint, "--out", out, *options)


@pytest.mark.parametrize("cell", ["srn", "lstm", "gru"])
@pytest.mark.parametrize(("source", "target"), [("manual", "torch"), ("torch", "manual"), ("torch", "torch")])
def test_weights_of_another_implementation_compute_the_same(cell: str, source: str, target: str) -> None:
    first = build_classifier(cell, source, 6, 9, init="torch", seed=1)
    if cell == "gru" and isinstance(first.rnn_model, TorchLayer):
        with torch.no_grad():
            first.rnn_model.second_bias_of("n").zero_()
    second = build_classifier(cell, target, 6, 9, init="torch", seed=2)
    copy_network(first, second)
    digits = torch.randint(0, 10, (7, 8), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(first(digits), second(digits), atol=1e-6)


def test_a_second_bias_that_has_no_place_is_refused() -> None:
    first = build_classifier("gru", "torch", 6, 9, init="torch", seed=1)
    with pytest.raises(InputError, match="a second bias in the candidate"):
        copy_network(first, build_classifier("gru", "manual", 6, 9))


@pytest.mark.slow
def test_every_implementation_starts_from_them(checkpoint: Path, tmp_path: Path) -> None:
    weights = read_checkpoint(checkpoint).weights
    first_losses = []
    for impl in IMPLEMENTATIONS:
        settings = from_set("data.lengths=6", f"model.impl={impl}", f"train.start_from={checkpoint}", "train.epochs=1")
        run = RunDirectory(tmp_path / impl)
        result = run_study(settings, run, Recorder(), RunOptions(None))
        (row,) = result.rows
        assert row.setting.columns["start_from"] == digest_weights(weights)[:12]
        copies = list(run.starts.iterdir())
        assert [path.stem for path in copies] == [digest_weights(weights)]
        saved = read_checkpoint(copies[0]).weights
        assert all(np.array_equal(saved[name], array) for name, array in weights.items())
        with Store(run.store) as store:
            ((_, outcome),) = store.records(store.trials().values())
        first_losses.append(outcome.step_losses[0])
    assert first_losses == pytest.approx([first_losses[0]] * 3, abs=1e-5)


@pytest.mark.slow
def test_a_start_is_an_identity_by_its_weights_and_not_by_its_path(checkpoint: Path, tmp_path: Path) -> None:
    def identity(path: Path) -> str:
        (trial,) = plan_trials(from_set("data.lengths=6", f"train.start_from={path}")).trials
        return trial.identity

    copy = Path(shutil.copy(checkpoint, tmp_path / "copy.safetensors"))
    other: Weights = {name: array + 1 for name, array in read_checkpoint(checkpoint).weights.items()}
    write_checkpoint(tmp_path / "other.safetensors", other, {})
    (drawn,) = plan_trials(from_set("data.lengths=6")).trials
    assert identity(copy) == identity(checkpoint)
    assert len({drawn.identity, identity(copy), identity(tmp_path / "other.safetensors")}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("impl", IMPLEMENTATIONS)
def test_a_run_needs_the_checkpoint_no_more(impl: str, checkpoint: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copy(checkpoint, tmp_path / "given.safetensors"))
    run = tmp_path / "run"
    assert train(run, moved, "--impl", impl).code == 0
    moved.unlink()
    resumed = digitsum("train", run / "config.yaml", "--epochs", "4", "--out", run, "--resume")
    assert resumed.code == 0, resumed.err
    whole = tmp_path / "whole"
    assert train(whole, checkpoint, "--impl", impl, "--epochs", "4").code == 0
    assert (run / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    diagnosed = digitsum("evaluate", run, "--diagnose", "--json")
    assert diagnosed.code == 0, diagnosed.err
    (row,) = diagnosed.document["diagnosis"]
    started = read_checkpoint(checkpoint).weights["rnn_model.U"]
    radius = max(abs(np.linalg.eigvals(started.astype(np.float64))))
    assert row["spectral_radius_start"] == pytest.approx(radius, rel=1e-5)
    assert digitsum("report", run).code == 0
    (next((run / "starts").iterdir())).unlink()
    missing = digitsum("evaluate", run, "--diagnose", "--out", tmp_path / "anew")
    assert missing.code == 2
    assert "no checkpoint at" in missing.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--set", "model.hidden_size=16"), "hidden size 32, not cell srn, embedding size 32, hidden size 16"),
        (("--set", "model.cell=gru"), "has cell srn, embedding size 32, hidden size 32, not cell gru"),
    ],
)
def test_another_network_is_refused_before_anything_is_written(
    options: tuple[str, ...], message: str, checkpoint: Path, tmp_path: Path
) -> None:
    ended = train(tmp_path / "run", checkpoint, *options)
    assert ended.code == 2
    assert message in ended.err
    assert not (tmp_path / "run").exists()


def test_weights_without_settings_are_checked_by_their_shapes(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.safetensors", copy_weights(build_classifier(hidden_size=8)), {})
    ended = train(tmp_path / "run", tmp_path / "a.safetensors")
    assert ended.code == 2
    assert "does not match the model" in ended.err
    missing = train(tmp_path / "run", tmp_path / "b.safetensors")
    assert missing.code == 2
    assert "no checkpoint at" in missing.err


def test_seeds_that_change_nothing_are_refused(checkpoint: Path) -> None:
    start = ("data.lengths=6", "sweep.train.seed=0,1", f"train.start_from={checkpoint}")
    with pytest.raises(InputError, match=r"train\.seed has no effect on a training that starts from given weights"):
        plan_trials(from_set(*start))
    for drawn in ("train.shuffle=true", "data.rows=fresh"):
        assert len(plan_trials(from_set(*start, drawn)).trials) == 2
