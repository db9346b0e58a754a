"""Many seeds at once: the numbers of the plain loop, whoever else is trained beside a seed."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from digitsum_cli.core.curriculum import Curriculum, constant_top
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.ensemble import EnsembleRunner
from digitsum_cli.core.generation import generate_splits
from digitsum_cli.core.record import Ending, TrainingRecord
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.user_code import find_user_code
from tests.broken_cells import GivesNaN, Sound
from tests.command_line import REPOSITORY, digitsum, digitsum_process
from tests.own_cells import EXAMPLES, own_classifier

LENGTH = 6
SPLITS = generate_splits([LENGTH], k_train=2)[LENGTH]
EVAL = DigitSumDataset(SPLITS.eval)
Cell = Callable[..., torch.nn.Module]


def rows_of(seed: int, *, fresh: bool) -> Callable[[int], DigitSumDataset]:
    curriculum = Curriculum(constant_top, 3, 1.0, batch_size=8, epochs=3) if fresh else None
    rows = TrainingRows(SPLITS.train, shuffle=True, fresh=fresh, seed=seed, curriculum=curriculum)
    return lambda epoch: DigitSumDataset(rows.for_epoch(epoch))


OPTIONS: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 8,
    "eval_every": 20,
    "loss": "sum",
    "lr_schedule": "cosine",
    "clip_norm": 2.0,
    "patience": None,
    "record_gradients": True,
    "log_every": 10,
}


def adam(parameters: Sequence[torch.Tensor]) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=0.003, weight_decay=0.01)


def best_step(record: TrainingRecord) -> int | None:
    return record.best.step if record.best else None


def together(
    cell: type, seeds: Sequence[int], *, fresh: bool = True, double: bool = False, **options: Any
) -> tuple[list[TrainingRecord], list[dict[str, torch.Tensor]]]:
    models = [own_classifier(cell, seed).double() if double else own_classifier(cell, seed) for seed in seeds]
    runner = EnsembleRunner(models, adam)
    records = runner.train(
        [rows_of(seed, fresh=fresh) for seed in seeds], EVAL, **{**OPTIONS, **options}, on_progress=lambda *_: None
    )
    return records, [model.state_dict() for model in models]


@pytest.mark.parametrize("fresh", [True, False])
def test_a_seed_has_the_same_bits_whoever_is_trained_beside_it(fresh: bool) -> None:
    alone, weights_alone = together(Sound, [3], fresh=fresh)
    beside, weights_beside = together(Sound, [0, 3, 1, 8, 5], fresh=fresh)
    assert beside[1] == alone[0]
    assert all(torch.equal(values, weights_alone[0][name]) for name, values in weights_beside[1].items())


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("fresh", [True, False])
def test_in_double_precision_it_is_the_plain_loop(name: str, fresh: bool) -> None:
    cell = EXAMPLES[name]
    records, weights = together(cell, [0, 1], fresh=fresh, double=True)
    for seed in (0, 1):
        model = own_classifier(cell, seed).double()
        runner = Runner(model, adam(list(model.parameters())))
        plain = runner.train(rows_of(seed, fresh=fresh), EVAL, **OPTIONS)
        assert records[seed].step_losses == pytest.approx(plain.step_losses, abs=1e-9)
        assert records[seed].epoch_losses == pytest.approx(plain.epoch_losses, abs=1e-9)
        assert [each.step for each in records[seed].evaluations] == [each.step for each in plain.evaluations]
        for one, other in zip(records[seed].evaluations, plain.evaluations, strict=True):
            assert one.eval_loss == pytest.approx(other.eval_loss, abs=1e-9)
            assert one.eval_accuracy == other.eval_accuracy
        assert best_step(records[seed]) == best_step(plain)
        for parameter, norms in plain.gradient_norms.items():
            assert records[seed].gradient_norms[parameter] == pytest.approx(norms, rel=1e-6, abs=1e-9)
        for parameter, values in model.state_dict().items():
            assert torch.allclose(weights[seed][parameter], values, atol=1e-9)


def test_a_seed_that_ends_does_not_stop_the_others() -> None:
    def huge(seed: int) -> torch.nn.Module:
        model = own_classifier(Sound, seed)
        if seed == 1:
            with torch.no_grad():
                model.linear.weight.fill_(math.inf)
        return model

    runner = EnsembleRunner([huge(seed) for seed in range(3)], adam)  # type: ignore[misc]
    rows = [rows_of(seed, fresh=True) for seed in range(3)]
    records = runner.train(rows, EVAL, **OPTIONS, on_progress=lambda *_: None)
    alone, _ = together(Sound, [0])
    assert records[0] == alone[0]
    assert [record.ending for record in records] == [Ending.COMPLETE, Ending.LOSS_NOT_FINITE, Ending.COMPLETE]
    assert len(records[1].step_losses) == 1
    stopped, _ = together(Sound, [0, 1, 2], patience=1, epochs=9)
    assert {record.ending for record in stopped} & {Ending.STOPPED_EARLY}


SWEEP = ("sweep", "--impl", "ensemble", "--lengths", "4,5", "--epochs", "4", "--set", "train.eval_every=30")


@pytest.mark.slow
def test_a_sweep_gives_the_same_results_with_any_number_of_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cell = f"model.cell={REPOSITORY}/examples/cells/min_gru.py:MinGRU"
    command = (*SWEEP, "--set", cell, "--allow-code", "--json")
    one = digitsum_process(*command, "--seeds", "0..4", "-j", "1", "--out", "one").document["trials"]
    assert digitsum_process(*command, "--seeds", "1", "-j", "2", "--out", "two").code == 0
    two = digitsum_process(*command, "--seeds", "0..4", "-j", "2", "--out", "two", "--resume").document["trials"]
    timeless = [[{**row, "seconds": None} for row in rows] for rows in (one, two)]
    assert timeless[0] == timeless[1]
    for checkpoint in Path("one/checkpoints").iterdir():
        assert (Path("two/checkpoints") / checkpoint.name).read_bytes() == checkpoint.read_bytes()
    manual = digitsum_process(*command, "--impl", "manual", "--seeds", "0..4", "-j", "2", "--out", "manual").document
    for row, other in zip(one, manual["trials"], strict=True):
        assert row["final_train_loss"] == pytest.approx(other["final_train_loss"], abs=1e-3)


@pytest.mark.parametrize("cell", ["srn", "gru"])
def test_built_in_cells_have_no_ensembles(cell: str) -> None:
    ended = digitsum("train", "--set", f"model.cell={cell}", "--impl", "ensemble")
    assert ended.code == 2
    assert f"impl ensemble does not support the cell {cell}" in ended.err


@pytest.mark.slow
def test_a_cell_that_fails_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = ",".join(f"{REPOSITORY}/tests/broken_cells.py:{name}" for name in ("Sound", "WrongShape", "GivesNaN"))
    command = (*SWEEP, "--set", f"sweep.model.cell={cells}", "--seeds", "0,1", "--allow-code", "--out", "run", "--json")
    ended = digitsum_process(*command)
    assert ended.code == 3
    by_cell = {row["cell"].partition("@")[0]: row["status"] for row in ended.document["trials"]}
    assert by_cell == {"Sound": "done", "WrongShape": "failed", "GivesNaN": "diverged"}
    assert find_user_code(f"{REPOSITORY}/tests/broken_cells.py:GivesNaN").class_name == GivesNaN.__name__


def test_a_cell_that_branches_on_values_is_told_so() -> None:
    ended = digitsum("check", f"{REPOSITORY}/tests/broken_cells.py:BranchesOnValues", "--allow-code")
    assert ended.code == 0
    assert "its step depends on the values of a tensor, by .item() or an if" in ended.err
    assert "Use it with: digitsum sweep --impl manual" in ended.err
    sound = digitsum("check", f"{REPOSITORY}/tests/broken_cells.py:Sound", "--allow-code", "--json")
    assert sound.document["ensemble"]
    assert "Use it with: digitsum sweep --impl ensemble" in sound.err
