"""More distractors than one: how rows are drawn, what is measured on them, in every implementation."""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from digitsum_cli.comparison.parity import check_parity
from digitsum_cli.core import DigitSumSplits, Runner, build_classifier, generate_splits
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.exact import exact_score, generator_score, score_rows
from digitsum_cli.core.registry import CELLS, FUSED
from digitsum_cli.core.sampled import draw_scoring_rows
from digitsum_cli.core.tasks import DIGIT_SUM
from digitsum_cli.core.tasks.task import ALL, Distractors
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.weights import copy_weights
from digitsum_cli.diagnostics.answers import RowAnswers
from digitsum_cli.diagnostics.gradient_by_lag import gradient_norms_by_lag, gradient_norms_of_rows
from digitsum_cli.diagnostics.reading import read_every_draw, read_rows
from digitsum_cli.errors import InputError
from digitsum_cli.fused.prefix_tree import build_prefix_forest
from digitsum_cli.fused.rule import Rule
from digitsum_cli.fused.trainer import EvaluationSet, FusedTrainer
from tests.command_line import digitsum
from tests.draws import every_draw
from tests.settings_text import from_set

SEVERAL: tuple[Distractors, ...] = (2, 3, ALL)


def likely_rows(length: int, distractors: Distractors) -> Counter[tuple[int, ...]]:
    """Every row after its first two digits, with a weight, by nested loops."""

    def rows() -> Iterator[tuple[int, ...]]:
        places = length - 2
        number = places if distractors == ALL else int(distractors)
        for chosen in itertools.combinations(range(places), number):
            for values in itertools.product(range(10), repeat=number):
                row = [0] * places
                for place, value in zip(chosen, values, strict=True):
                    row[place] = value
                yield tuple(row)

    return Counter(rows())


@pytest.mark.parametrize("draw", ["generate", "draw"])
@pytest.mark.parametrize("distractors", [2, ALL])
@pytest.mark.slow
def test_positions_are_drawn_without_replacement_and_values_from_0_to_9(distractors: Distractors, draw: str) -> None:
    task = DIGIT_SUM.with_distractors(distractors)
    length = 5 if distractors == 2 else 4
    rows = getattr(task, draw)(length, 60, np.random.RandomState(0))
    assert Counter(map(tuple, rows[:, :2].tolist())) == Counter(dict.fromkeys(np.ndindex(10, 10), 60))
    drawn, likely = Counter(map(tuple, rows[:, 2:].tolist())), likely_rows(length, distractors)
    assert drawn.keys() <= likely.keys()
    expected = [len(rows) * weight / likely.total() for weight in likely.values()]
    assert chisquare([drawn[row] for row in likely], expected).pvalue > 0.001


def test_positions_drawn_in_parts_are_of_the_same_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digitsum_cli.core.tasks.two_digits._DRAWN_AT_ONCE", 50)
    rows = DIGIT_SUM.with_distractors(3).draw(12, 3, np.random.RandomState(1))
    assert rows.shape == (300, 12)
    assert set(np.count_nonzero(rows[:, 2:], axis=1)) == {0, 1, 2, 3} or rows[:, 2:].any()
    assert (np.count_nonzero(rows[:, 2:], axis=0) > 0).all()


@pytest.mark.parametrize("distractors", [1, *SEVERAL])
def test_a_task_supports_what_it_draws_and_nothing_with_more_distractors(distractors: Distractors) -> None:
    task = DIGIT_SUM.with_distractors(distractors)
    for draw in (task.generate, task.draw):
        assert task.supports(draw(8, 2, np.random.RandomState(0))).all()
    rows = np.array([[6, 7] + [1] * number + [0] * (6 - number) for number in range(7)], np.int8)
    most = 6 if distractors == ALL else int(distractors)
    assert task.supports(rows).tolist() == [number <= most for number in range(7)]


def test_with_one_distractor_all_is_as_before() -> None:
    one, book = (generate_splits([6, 5], task=task)[5] for task in (DIGIT_SUM.with_distractors(1), DIGIT_SUM))
    assert one.test.digits.tolist() == book.test.digits.tolist()
    assert DIGIT_SUM.with_distractors(1) == DIGIT_SUM
    assert DIGIT_SUM.with_distractors(2) != DIGIT_SUM


@pytest.mark.parametrize("distractors", [2, 3])
def test_a_length_without_room_for_the_distractors_is_refused(distractors: int) -> None:
    with pytest.raises(InputError, match=f"length {distractors + 1} is too short; allowed: {distractors + 2} or more"):
        generate_splits([distractors + 1], task=DIGIT_SUM.with_distractors(distractors))
    with pytest.raises(InputError, match=f"length {distractors + 1} is too short for the task digit-sum"):
        from_set(f"data.lengths={distractors + 1}", f"data.distractors={distractors}")
    assert generate_splits([3], task=DIGIT_SUM.with_distractors(ALL))[3].train.digits.shape == (300, 3)


@pytest.mark.parametrize("value", ["0", "-1", "some", "1.5", "true", "null"])
def test_a_number_of_distractors_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"data\.distractors"):
        from_set("data.lengths=5", f"data.distractors={value}")


@pytest.mark.parametrize("distractors", SEVERAL)
def test_rows_for_scoring_are_always_the_same_and_not_those_of_training(distractors: Distractors) -> None:
    task = DIGIT_SUM.with_distractors(distractors)
    rows = draw_scoring_rows(12, 250, task)
    assert len(rows) == 300, "the same number for each pair"
    draw_scoring_rows.cache_clear()
    assert draw_scoring_rows(12, 250, task).digits.tolist() == rows.digits.tolist()
    train = generate_splits([12], task=task)[12].train
    fresh = TrainingRows(train, fresh=True, task=task).for_epoch(0)
    known = {row.tobytes() for of in (train, fresh) for row in of.digits}
    assert sum(row.tobytes() in known for row in rows.digits) < 30


@pytest.mark.parametrize("distractors", [2, ALL])
@pytest.mark.parametrize("cell", ["srn", "lstm", "gru"])
@pytest.mark.slow
def test_three_implementations_agree_in_double_precision(cell: str, distractors: Distractors) -> None:
    task, length, epochs = DIGIT_SUM.with_distractors(distractors), 7, 6
    splits = generate_splits([length], task=task)[length]
    settings = from_set(f"data.distractors={distractors}", f"model.cell={cell}", "data.lengths=7")
    for impl in ("torch", FUSED):
        *_, double = check_parity(settings, ("manual", impl), splits.train)
        assert max(difference.largest for difference in double.differences) < 1e-9
    data = DigitSumSplits.of(splits)
    manual = build_classifier(cell, "manual", 8, 12, seed=2, task=task).double()
    trainer = FusedTrainer(
        CELLS[cell].implementations[FUSED]["tanh"],
        copy_weights(manual),
        build_prefix_forest(splits.train, 8),
        EvaluationSet(splits.eval, 8),
        task=task,
        epochs=epochs,
        rule=Rule(lr=0.01),
        dtype=np.float64,
    )
    trainer.advance(trainer.steps)
    losses = trainer.record().step_losses
    record = Runner(manual, torch.optim.Adam(manual.parameters(), lr=0.01)).train(data.train, data.eval, epochs=epochs)
    assert losses == pytest.approx(record.step_losses, abs=1e-9)
    rows = draw_scoring_rows(length, 5000, task)
    sampled = generator_score(manual, length, task, 5000)
    assert sampled == score_rows(manual, rows)
    assert trainer.accuracy_of_best(rows) == sampled.accuracy
    answers = manual(torch.from_numpy(rows.digits).long()).argmax(dim=1).numpy()
    assert sampled.accuracy == np.mean(answers == rows.digits[:, :2].sum(axis=1))


@torch.no_grad()
def noisy() -> DigitSumClassifier:
    model = build_classifier(embedding_size=6, hidden_size=9, seed=1)
    for parameter in model.parameters():
        parameter.mul_(1.5)
    return model


def test_measures_on_every_row_equal_those_of_the_tree() -> None:
    """The rows of every draw, one by one, give what the shared prefixes give."""
    model, length = noisy(), 6
    rows = every_draw(length)
    scored, exact = score_rows(model, rows), exact_score(model, length)
    assert (scored.loss, scored.accuracy) == pytest.approx((exact.loss, exact.accuracy), abs=1e-6)
    tree = read_every_draw(model, length)
    read = read_rows(model, length, {length: rows})
    expected, found = tree.answers[length], read.answers[length]
    assert isinstance(found, RowAnswers)
    assert found.accuracy == pytest.approx(expected.accuracy)
    assert found.digit_slopes == pytest.approx(expected.digit_slopes)
    assert np.array_equal(found.confusion, expected.confusion)
    assert found.by_distractor[:, 1:] == pytest.approx(expected.by_distractor[:, 1:])
    assert read.last_states is not None
    assert tree.last_states is not None
    assert read.last_states.reshape(-1, 9) == pytest.approx(tree.last_states.reshape(-1, 9), abs=1e-6)
    for of_rows, of_draws in zip(
        gradient_norms_of_rows(model, rows), gradient_norms_by_lag(model, length), strict=True
    ):
        assert of_rows == pytest.approx(of_draws, rel=1e-5)


def test_rows_that_lack_a_pair_have_no_probe_and_rarer_pairs_weigh_the_same() -> None:
    model = noisy()
    every = every_draw(4)
    some = every.where(every.digits[:, 0] > 0)
    assert read_rows(model, 4, {4: some}).last_states is None
    once = every.where((every.digits[:, 2:].sum(axis=1) == 0) | (every.digits[:, 0] == 1))
    states = read_rows(model, 4, {4: once}).last_states
    assert states is not None
    # On some processors, equal rows of a batch differ in the last bits.
    assert np.allclose(states[0, 0], states[0, 0, 0], rtol=0, atol=1e-6)
    assert not np.allclose(states[1, 0], states[1, 0, 0], rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sweep over the number of distractors."""
    path = tmp_path_factory.mktemp("distractors") / "run"
    options = ["--lengths", "6,8", "--seeds", "0,1", "--epochs", "30", "--impl", "fused", "--set", "train.lr=0.01"]
    kinds = ["--set", "sweep.data.distractors=1,2,all", "--set", "data.scoring_rows=2000"]
    ended = digitsum("sweep", *options, *kinds, "--out", path)
    assert ended.code == 0, ended.err
    return path


@pytest.mark.slow
def test_a_sweep_says_which_accuracy_is_exact_and_which_is_sampled(run: Path) -> None:
    scored = digitsum("evaluate", run, "--json").document["checkpoints"]
    assert len(scored) == 12
    for row in scored:
        exact = row["distractors"] == 1
        assert row["accuracy_kind"] == ("exact" if exact else "sampled")
        assert (row["exact_accuracy"] is None, row["sampled_accuracy"] is None) == (not exact, exact)
        if not exact:
            assert row["sampled_rows"] == 2000
            assert row["sampled_accuracy_low"] < row["sampled_accuracy"] < row["sampled_accuracy_high"]
            assert row["sampled_loss"] > 0
    shown = digitsum("evaluate", run)
    assert "exact is over all possible rows; sampled is over rows drawn for scoring" in " ".join(shown.out.split())
    resumed = digitsum("sweep", run / "config.yaml", "--resume", "--out", run, "--json")
    assert resumed.code == 0, resumed.err
    by_trial = {row["trial"]: row for row in resumed.document["trials"]}
    for row in scored:
        for column in ("exact_accuracy", "sampled_accuracy"):
            assert by_trial[row["trial"]][column] == pytest.approx(row[column], abs=2e-3)
    spans = {row["distractors"]: row["accuracy_kind"] for row in resumed.document["memory_spans"]}
    assert spans == {1: "exact", 2: "sampled", "all": "sampled"}
    measures = {row["distractors"]: row["measure"] for row in reversed(resumed.document["differences"])}
    assert measures == {2: "accuracy", "all": "accuracy"}
    assert any("sampled accuracy" in sentence for sentence in resumed.document["answer"])


@pytest.mark.slow
def test_a_sampled_accuracy_is_diagnosed_and_reported_as_such(run: Path) -> None:
    diagnosed = digitsum("evaluate", run, "--diagnose", "--json")
    assert diagnosed.code == 0, diagnosed.err
    sampled = [row for row in diagnosed.document["diagnosis"] if row["distractors"] != 1]
    assert len(sampled) == 8
    for row in sampled:
        assert row["accuracy_kind"] == "sampled"
        assert np.shape(row["accuracy_by_distractor"]) == (row["length"] - 2, 10)
        assert np.sum(row["confusion"]) == 2000
        assert 0 <= row["label_probe"] <= 1
    assert digitsum("report", run).code == 0
    page = (run / "report.html").read_text()
    assert "exact accuracy on all possible rows or sampled accuracy on rows drawn for scoring" in page
    assert "over rows drawn for scoring" in page
