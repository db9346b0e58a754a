"""Tasks of the user's: what runs, what each broken one is told, and that accuracy is exact where rows are listed."""

from pathlib import Path

import numpy as np
import pytest

from digitsum_cli.core.classifier import build_classifier
from digitsum_cli.core.curriculum import Curriculum, constant_top
from digitsum_cli.core.dataset import DigitSumDataset
from digitsum_cli.core.exact import exact_score, generator_score
from digitsum_cli.core.generation import generate_splits, labelled
from digitsum_cli.core.runner import Runner
from digitsum_cli.core.tasks.digit_sum import DigitSum
from digitsum_cli.core.tasks.task import WeightedRows
from digitsum_cli.core.training_rows import TrainingRows
from digitsum_cli.core.user_code import find_user_code
from tests.broken_tasks import SoundTask
from tests.command_line import REPOSITORY, digitsum, digitsum_process

EXAMPLES = {
    "FirstDigit": "first_digit.py",
    "LargerDigit": "larger_digit.py",
    "MarkedDigit": "marked_digit.py",
    "Parity": "parity.py",
}


def example(name: str) -> str:
    return f"{REPOSITORY / 'examples' / 'tasks' / EXAMPLES[name]}:{name}"


def broken(name: str) -> str:
    return f"{REPOSITORY}/tests/broken_tasks.py:{name}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_examples_are_complete() -> None:
    assert set(EXAMPLES.values()) == {path.name for path in (REPOSITORY / "examples" / "tasks").glob("*.py")}


def test_nothing_of_a_task_is_executed_without_permission() -> None:
    Path("task.py").write_text("from pathlib import Path\nPath('executed').touch()\n")
    task = ("--set", "data.task=./task.py:Task")
    for command in (("sweep", *task), ("train", *task), ("check", "./task.py:Task")):
        ended = digitsum(*command)
        assert ended.code == 2
        assert "SHA-256" in ended.err
    assert digitsum("sweep", *task, "--print-config").code == 0
    assert not Path("executed").exists()


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.slow
def test_example_tasks_pass_their_checks_and_are_learnt(name: str) -> None:
    ended = digitsum_process("check", example(name), "--allow-code", "--json")
    assert ended.code == 0, ended.out
    assert all(each["passed"] for each in ended.document["checks"])
    sweep = ("sweep", "--lengths", "4,6", "--seeds", "0,1", "--epochs", "40", "--impl", "fused", "--out", "run")
    trained = digitsum_process(*sweep, "--set", f"data.task={example(name)}", "--allow-code", "-j", "2", "--json")
    assert trained.code == 0, trained.err
    floor = {"FirstDigit": 0.1, "LargerDigit": 0.45, "MarkedDigit": 1 / 9, "Parity": 0.5}[name]
    for row in trained.document["trials"]:
        assert row["exact_accuracy"] > floor + 0.05
        assert row["task"] == find_user_code(example(name)).name
    assert any(name in sentence for sentence in trained.document["answer"])

    refused = digitsum_process("evaluate", "run")
    assert (refused.code, "SHA-256" in refused.err) == (2, True)
    evaluated = digitsum_process("evaluate", "run", "--allow-code", "--json").document["checkpoints"]
    exact = {row["seed"]: row["exact_accuracy"] for row in evaluated if row["length"] == 6}
    assert exact == {row["seed"]: row["exact_accuracy"] for row in trained.document["trials"] if row["length"] == 6}
    diagnosed = digitsum_process("evaluate", "run", "--diagnose", "--allow-code", "--json").document["diagnosis"]
    assert all((each["dynamics"] is None) == (name == "MarkedDigit") for each in diagnosed)
    assert digitsum_process("evaluate", "run", "--lengths", "5,9", "--exact", "--allow-code").code == 0
    walked = digitsum_process("evaluate", "run", "--sequence", "0 9 4 0", "--allow-code", "--json").document["sequence"]
    assert walked["label"] == {"FirstDigit": 0, "LargerDigit": 2, "MarkedDigit": 4, "Parity": 1}[name]
    assert digitsum_process("report", "run", "--allow-code").code == 0
    assert f"task {name}" in Path("run/report.html").read_text()
    assert digitsum_process("report", "run").code == 2


BROKEN = {
    "EqualWeights": "make the weights proportional to the probabilities",
    "MissingRow": "which enumerate(3) does not list",
    "RepeatedRow": "enumerate returns the same row more than once",
    "GlobalRandomness": "draw with the generator that is given",
    "AlwaysTheSame": "another seed gives the same rows",
    "OneRowTooFew": "sample returns the shape",
    "DigitTooLarge": "sample returns digits from 0 to 2 instead of 0 to 1",
    "Fractions": "sample returns float64 instead of whole numbers",
    "LabelTooLarge": "label_of_rows returns labels from 0 to",
    "LabelsByRank": "the labels depend on the other rows",
    "EditsDigits": "changed the digits in place",
    "UnusedClass": "no row has the label 2",
    "WithoutClasses": "WithoutClasses has no classes",
    "WithoutSample": "Define sample(self, generator, length, rows)",
    "PairLabelTooLarge": "label_of_pair returns labels from 0 to 81 instead of 0 to 9",
    "PrintingTask": "remove the prints",
    "FailsLater": "raised RuntimeError: no such length",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_task_is_told_what_to_change(name: str) -> None:
    ended = digitsum("check", broken(name), "--allow-code")
    assert ended.code in (1, 2)
    assert BROKEN[name] in " ".join(f"{ended.out} {ended.err}".split())


def test_a_sound_task_passes() -> None:
    assert digitsum("check", broken("SoundTask"), "--allow-code").code == 0


def test_a_class_of_the_wrong_kind_is_refused() -> None:
    cell = f"{REPOSITORY}/tests/broken_cells.py:Sound"
    for key, name, what in (("data.task", cell, "is not a task"), ("model.cell", broken("SoundTask"), "is not a cell")):
        ended = digitsum("train", "--length", "4", "--set", f"{key}={name}", "--allow-code", "--out", "run")
        assert ended.code == 2
        assert what in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--length", "4", "--set", "data.distractors=2"), "data.distractors has no effect on SoundTask"),
        (("--length", "2"), "the length 2 is too short"),
    ],
)
def test_settings_that_a_task_does_not_have_are_refused(arguments: tuple[str, ...], message: str) -> None:
    ended = digitsum("train", *arguments, "--set", f"data.task={broken('SoundTask')}", "--allow-code", "--out", "run")
    assert ended.code == 2
    assert message in ended.err
    assert "internal error" not in ended.err


def test_accuracy_over_listed_rows_is_that_of_many_drawn_ones() -> None:
    task = SoundTask()
    model = build_classifier(task=task, length=5)
    exact = generator_score(model, 5, task)
    drawn = labelled(task.draw(5, 5000, np.random.RandomState(3)), task)
    sampled = Runner(model).evaluate(DigitSumDataset(drawn), batch_size=1000)
    assert 0.05 < exact.accuracy < 0.95
    assert sampled.accuracy == pytest.approx(exact.accuracy, abs=0.005)
    assert sampled.loss == pytest.approx(exact.loss, abs=0.005)


class BookRows(DigitSum):
    """The digit-sum task with its rows listed one by one, instead of as draws."""

    def every_row(self, length: int) -> WeightedRows:  # type: ignore[override]
        draws = super().every_row(length)
        assert draws is not None
        rows, counts = np.unique(draws.digits(), axis=0, return_counts=True)
        return WeightedRows(rows, counts / counts.sum())


def test_rows_listed_with_weights_give_the_exact_accuracy_of_the_prefix_tree() -> None:
    model = build_classifier()
    by_tree, by_rows = exact_score(model, 6), generator_score(model, 6, BookRows())
    assert by_rows.accuracy == pytest.approx(by_tree.accuracy, abs=1e-12)
    assert by_rows.loss == pytest.approx(by_tree.loss, abs=1e-6)


def test_rows_of_a_curriculum_are_labelled_at_their_own_length() -> None:
    task = SoundTask()
    train = generate_splits([9], k_train=2, task=task)[9].train
    curriculum = Curriculum(constant_top, 3, 1.0, batch_size=8, epochs=4)
    rows = TrainingRows(train, fresh=True, task=task, curriculum=curriculum).for_epoch(1)
    assert rows.batch_lengths is not None
    assert len(set(rows.batch_lengths.tolist())) > 2
    lengths = np.repeat(rows.batch_lengths, 8)[: len(rows)]
    for digits, label, length in zip(rows.digits, rows.labels, lengths, strict=True):
        assert not digits[: 9 - length].any()
        assert label == digits[9 - length :].sum() % 2


def test_thresholds_that_need_no_memory_are_said() -> None:
    sweep = ("sweep", "--lengths", "4,5", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--allow-code")
    command = (*sweep, "--set", f"data.task={example('Parity')}", "--out", "run")
    warning = "on the task Parity, always answering 0 (50 %) is enough to reach 50 %; choose higher thresholds with"
    assert warning in digitsum(*command).err
    assert warning in digitsum("report", "run", "--allow-code").err
    assert warning not in digitsum("report", "run", "--allow-code", "--threshold", "0.75").err


def test_data_sets_of_a_task_are_written_and_read_back() -> None:
    task = ("--set", f"data.task={broken('SoundTask')}", "--lengths", "4,5")
    assert digitsum("generate", *task).code == 2
    assert not Path("datasets").exists()
    assert digitsum("generate", *task, "--allow-code").code == 0
    sweep = ("sweep", *task, "--seeds", "0", "--epochs", "1", "--impl", "fused", "--allow-code", "--json")
    read = digitsum(*sweep, "--set", "data.dir=datasets", "--out", "read").document["trials"]
    drawn = digitsum(*sweep, "--out", "drawn").document["trials"]
    assert [row["final_train_loss"] for row in read] == [row["final_train_loss"] for row in drawn]
    file = Path("datasets/4/train.txt")
    file.write_text(file.read_text().replace("0 ", "7 ", 1))
    wrong = digitsum(*sweep, "--set", "data.dir=datasets", "--out", "wrong")
    assert "'7' is not a digit" in wrong.err
    assert "the parity of the number of ones: '" in wrong.err


def test_a_sequence_without_a_label_is_refused() -> None:
    sweep = ("sweep", "--lengths", "4", "--seeds", "0", "--epochs", "1", "--impl", "fused", "--allow-code")
    assert digitsum(*sweep, "--set", f"data.task={example('MarkedDigit')}", "--out", "run").code == 0
    ended = digitsum("evaluate", "run", "--sequence", "0 0 0 9", "--allow-code")
    assert ended.code == 2
    assert "MarkedDigit.label_of_rows has no label for such rows: IndexError" in ended.err
