"""Cells of the user's: what runs, when it may run, and what each broken one is told."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from digitsum_cli.core.cells.contract import check_cell
from digitsum_cli.core.cells.options import options_of
from digitsum_cli.core.user_code import find_user_code, installed_classes
from digitsum_cli.core.user_code_loading import load_user_class
from digitsum_cli.errors import InputError
from tests import broken_cells
from tests.command_line import REPOSITORY, Ended, digitsum, digitsum_process

TRACED = """
from pathlib import Path

import torch

from digitsum_cli import Cell
from scales import HALF

with Path("executed").open("a") as trace:
    trace.write("x")


class Leaky(Cell):
    candidate = "U"

    def __init__(self, input_size, hidden_size, *, generator=None):
        super().__init__(input_size, hidden_size)
        self.W = self.weight(input_size, hidden_size, generator=generator)
        self.U = self.weight(hidden_size, hidden_size, generator=generator)

    def step(self, x, state):
        return HALF * state + HALF * torch.tanh(x @ self.W + state @ self.U)
"""
CELL = "./leaky.py:Leaky"
SHORT = ("--impl", "manual", "--lengths", "4,5", "--epochs", "2")
SWEEP = ("sweep", *SHORT, "--set", f"model.cell={CELL}", "--seeds", "0", "--out", "run")
EXAMPLES = {
    path.stem: f"{path}:{name}"
    for path, name in zip(
        sorted(REPOSITORY.glob("examples/cells/*.py")), ("ExpRNN", "LRU", "MinGRU", "NBRC"), strict=True
    )
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("leaky.py").write_text(TRACED)
    Path("scales.py").write_text("HALF = 0.5\n")


def refused(ended: Ended) -> bool:
    return ended.code == 2 and "SHA-256" in ended.err and "add --allow-code" in ended.err


def test_nothing_of_a_cell_is_executed_without_permission() -> None:
    assert refused(digitsum(*SWEEP))
    assert refused(digitsum("train", "--length", "4", "--set", f"model.cell={CELL}", "--out", "run"))
    assert refused(digitsum("check", CELL))
    assert digitsum(*SWEEP, "--print-config").code == 0
    assert not Path("executed").exists()
    assert not Path("run").exists()


@pytest.mark.slow
def test_permission_holds_for_one_command_only() -> None:
    assert digitsum(*SWEEP, "--allow-code").code == 0
    Path("executed").unlink()
    for command in (
        ("evaluate", "run"),
        ("evaluate", "run", "--diagnose"),
        ("report", "run"),
        (*SWEEP, "--seeds", "0,1", "--resume"),
    ):
        assert refused(digitsum_process(*command))
    assert not Path("executed").exists()


@pytest.mark.slow
def test_a_cell_is_swept_in_workers_resumed_and_explained() -> None:
    command = ("sweep", *SHORT, "--set", f"sweep.model.cell=srn,{CELL}", "--allow-code")
    assert digitsum_process(*command, "--seeds", "0,1", "-j", "2", "--out", "run").code == 0
    rows = [line.split(",") for line in Path("run/results.csv").read_text().splitlines()]
    name = find_user_code(CELL).name
    assert [row[2] for row in rows[1:]] == ["srn", name] * 4
    assert all(row[9] == "done" for row in rows[1:])

    assert digitsum_process(*command, "--seeds", "0", "-j", "1", "--out", "resumed").code == 0
    assert digitsum_process(*command, "--seeds", "0,1", "-j", "1", "--out", "resumed", "--resume").code == 0
    for checkpoint in Path("run/checkpoints").iterdir():
        assert (Path("resumed/checkpoints") / checkpoint.name).read_bytes() == checkpoint.read_bytes()

    diagnosed = digitsum_process("evaluate", "run", "--diagnose", "--json", "--allow-code", "-j", "2").document
    assert {each["cell"] for each in diagnosed["diagnosis"]} == {"srn", name}
    assert digitsum_process("evaluate", "run", "--lengths", "4,9", "--allow-code").code == 0
    assert digitsum_process("evaluate", "run", "--sequence", "1 2 0 3", "--allow-code").code == 0
    assert digitsum_process("report", "run", "--allow-code").code == 0
    assert "Leaky" in Path("run/report.html").read_text()


@pytest.mark.slow
def test_a_run_keeps_its_code_and_uses_only_that() -> None:
    assert digitsum_process(*SWEEP, "--allow-code").code == 0
    before = digitsum_process("evaluate", "run", "--allow-code").out
    Path("leaky.py").write_text(TRACED.replace("HALF * state", "0 * state"))
    assert digitsum_process("evaluate", "run", "--allow-code").out == before
    changed = digitsum_process(*SWEEP, "--seeds", "0,1", "--resume", "--allow-code")
    assert changed.code == 2
    assert "-        return HALF * state" in changed.err
    assert "+        return 0 * state" in changed.err
    Path("leaky.py").unlink()
    Path("scales.py").unlink()
    assert digitsum_process("evaluate", "run", "--allow-code").out == before
    assert digitsum_process(*SWEEP, "--seeds", "0,1", "--resume", "--allow-code").code == 0

    (copy,) = Path("run/code").glob("*/files/leaky.py")
    copy.write_text(TRACED)
    copy.write_text(copy.read_text() + "# more\n")
    damaged = digitsum_process("evaluate", "run", "--allow-code")
    assert damaged.code == 2
    assert "has been changed there" in damaged.err
    shutil.rmtree("run/code")
    assert digitsum_process("evaluate", "run", "--allow-code").code == 2


def test_the_digest_is_that_of_the_file_and_of_the_local_modules_that_it_imports() -> None:
    code = find_user_code(CELL)
    assert [*code.files] == ["leaky.py", "scales.py"]
    assert not Path("executed").exists()
    Path("scales.py").write_text("HALF = 0.25\n")
    assert find_user_code(CELL).digest != code.digest
    assert load_user_class(code).__name__ == "Leaky"
    assert load_user_class(code).step.__globals__["HALF"] == 0.5  # as it was read
    assert load_user_class(find_user_code(CELL)).step.__globals__["HALF"] == 0.25


def test_a_class_of_an_installed_package_is_found_without_importing_it() -> None:
    code = find_user_code("tests.broken_cells:Sound")
    assert code.file == "tests/broken_cells.py"
    assert load_user_class(code) is broken_cells.Sound


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("./missing.py:Cell", "missing.py not found"),
        ("missing_package.cells:Cell", "there is no module missing_package.cells"),
        ("math:Cell", "has no Python source"),
        ("./leaky.py", "does not name a class"),
        ("./wrong.py:Cell", "wrong.py:2 is not valid Python"),
    ],
)
def test_references_that_name_nothing_are_refused(reference: str, message: str) -> None:
    Path("wrong.py").write_text("x = 1\ndef:\n")
    with pytest.raises(InputError, match=message):
        find_user_code(reference)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Other: pass", "has no class Leaky; allowed: Other"),
        ("Leaky = 3", "Leaky is not a cell"),
        ("class Leaky: pass", "Leaky is not a cell"),
        ("from tests.broken_cells import WithoutStep as Leaky", "Leaky has no step. Define step(self, x, state)"),
        (
            TRACED.replace("torch.tanh", "torch.nothing").replace("self.W =", "self.V = 1 / 0 #"),
            "Leaky cannot be created",
        ),
        ("import no_such_module", "cannot be imported: ModuleNotFoundError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_files_without_a_cell_are_refused(source: str, message: str) -> None:
    Path("leaky.py").write_text(source)
    ended = digitsum(*SWEEP, "--allow-code")
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model.init", "orthogonal", "Leaky draws its own initial weights"),
        ("model.impl", "fused", "impl fused does not support the cell"),
        ("model.activation", "relu", "the Leaky has the activation tanh"),
        ("model.forget_bias", "1", "the Leaky has no forget gate"),
    ],
)
def test_settings_that_a_cell_does_not_have_are_refused_before_it_is_executed(
    key: str, value: str, message: str
) -> None:
    ended = digitsum("train", "--length", "4", "--set", f"model.cell={CELL}", "--set", f"{key}={value}")
    assert ended.code == 2
    assert message in ended.err


BROKEN = {
    "WrongShape": "returned shape (4, 4)",
    "LooksAhead": "states(X) is not what step gives",
    "LeaksBetweenRows": "depends on the other rows",
    "KeepsGlobalState": "must not draw random numbers or keep anything between calls",
    "GivesNaN": "NaN or infinity",
    "RaisesInTheThirdEpoch": "raised RuntimeError: worn out",
    "Prints": "remove the prints",
    "Forks": "it forked a process",
    "WrongDtype": "returned torch.float32 for torch.float64",
    "UnseededWeights": "draw them with generator=generator",
    "UnseededStep": "must not draw random numbers",
    "EditsItsInput": "changed x or state in place",
    "WithoutGenerator": "unexpected keyword argument 'generator'",
    "UnusedParameter": "forgotten never affect h",
    "UnknownCandidate": "candidate is 'V'",
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.slow
def test_a_broken_cell_is_told_what_to_change(name: str) -> None:
    ended = digitsum_process("check", f"{REPOSITORY}/tests/broken_cells.py:{name}", "--allow-code", "--json")
    assert ended.code == 1
    problems = [each["problem"] for each in ended.document["checks"] if not each["passed"]]
    assert any(BROKEN[name] in problem for problem in problems), problems


def test_this_process_may_fork_after_a_check() -> None:
    forked = [each.problem for each in check_cell(broken_cells.Forks) if each.name == "starts no process"]
    assert forked == ["it forked a process: remove that, since trainings already run in parallel"]
    child = os.fork()
    if not child:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_sound_cell_passes() -> None:
    assert [each.name for each in check_cell(broken_cells.Sound) if each.problem] == []


@pytest.mark.slow
def test_broken_cells_take_no_sweep_down() -> None:
    cells = ",".join(
        f"{REPOSITORY}/tests/broken_cells.py:{name}"
        for name in ("Sound", "WrongShape", "GivesNaN", "RaisesInTheThirdEpoch", "Prints", "Forks")
    )
    command = ("sweep", "--impl", "manual", "--set", f"sweep.model.cell=srn,{cells}", "--lengths", "4", "--seeds", "0")
    ended = digitsum_process(*command, "--epochs", "4", "--allow-code", "-j", "2", "--out", "run", "--json")
    assert ended.code == 3
    by_cell = {row["cell"].partition("@")[0]: row["status"] for row in ended.document["trials"]}
    assert by_cell == {
        "srn": "done",
        "Sound": "done",
        "WrongShape": "failed",
        "GivesNaN": "diverged",
        "RaisesInTheThirdEpoch": "failed",
        "Prints": "done",
        "Forks": "done",
    }


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.slow
def test_example_cells_pass_their_checks_and_train(name: str) -> None:
    ended = digitsum_process("check", EXAMPLES[name], "--allow-code", "--json")
    assert ended.code == 0, ended.out
    assert all(each["passed"] for each in ended.document["checks"])


WITH_OPTIONS = (
    TRACED.replace("generator=None):", "generator=None, rate: float = 0.5, depth=2, bias=False, name='a', other=None):")
    .replace("HALF * state", "(1 - self.rate) * state")
    .replace("        self.W =", "        self.rate = rate\n        self.W =")
)


def test_options_are_typed_by_their_defaults() -> None:
    Path("leaky.py").write_text(WITH_OPTIONS)
    assert options_of(load_user_class(find_user_code(CELL))) == {"rate": float, "depth": int, "bias": bool, "name": str}
    assert options_of(broken_cells.Sound) == {}


@pytest.mark.slow
def test_options_are_axes() -> None:
    Path("leaky.py").write_text(WITH_OPTIONS)
    command = (*SWEEP, "--allow-code", "--set", "sweep.model.options.rate=1,0.25", "--set", "model.options.depth=3")
    assert digitsum_process(*command, "-j", "2").code == 0
    trials = digitsum("sweep", *command[1:], "--seeds", "0,1", "--resume", "--json").document["trials"]
    assert [row["options"] for row in trials] == ["depth 3, rate 1", "depth 3, rate 0.25"] * 4
    assert len({row["exact_accuracy"] for row in trials}) > 4
    written = Path("run/config.yaml").read_text()
    Path("run/config.yaml").unlink()
    printed = digitsum("report", "run", "--allow-code", "--print-config")
    assert "model.options.rate: [1, 0.25]" in printed.out
    assert "options: {depth: 3" in printed.out
    assert "model.options.rate: [1, 0.25]" in written
    (default,) = digitsum(*SWEEP, "--allow-code", "--out", "default", "--lengths", "4", "--json").document["trials"]
    assert default["options"] is None


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.options.rates=1", "Leaky has no option rates; allowed: rate, depth, bias, name"),
        ("model.options.rate=fast", "model.options.rate is 'fast'; allowed: a number"),
        ("model.options.depth=1.5", "model.options.depth is 1.5; allowed: a whole number"),
        ("model.options.bias=1", "model.options.bias is 1; allowed: true or false"),
        ("model.options=1", "allowed: the options of a cell of your own by name"),
        ("model.options={2: 1}", "the key is not a word"),
        ("sweep.model.options=1,2", "sweep cannot vary 'model.options'"),
        ("model.cell=srn", "the SRN has no options"),
    ],
)
def test_options_that_a_cell_does_not_have_are_refused(assignment: str, message: str) -> None:
    Path("leaky.py").write_text(WITH_OPTIONS)
    ended = digitsum(*SWEEP, "--allow-code", "--set", "model.options.rate=1", "--set", assignment)
    assert ended.code == 2
    assert message in ended.err


@pytest.fixture
def installed_package(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A package that offers a cell and a task by entry points."""
    package, metadata = Path("site/my_package"), Path("site/my_package-1.2.dist-info")
    package.mkdir(parents=True)
    metadata.mkdir()
    (package / "__init__.py").touch()
    (package / "cells.py").write_text(TRACED.replace("from scales import HALF", "HALF = 0.5"))
    shutil.copy(REPOSITORY / "examples/tasks/first_digit.py", package / "tasks.py")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.2\n")
    (metadata / "top_level.txt").write_text("my_package\n")
    (metadata / "entry_points.txt").write_text(
        "[digitsum.cells]\nleaky = my_package.cells:Leaky\nsrn = my_package.cells:Leaky\n"
        "[digitsum.tasks]\nfirst-digit = my_package.tasks:FirstDigit\n"
    )
    monkeypatch.syspath_prepend(str(Path("site").resolve()))
    installed_classes.cache_clear()
    yield
    installed_classes.cache_clear()


@pytest.mark.usefixtures("installed_package")
def test_classes_of_installed_packages_are_known_by_name() -> None:
    named = (*SHORT, "--seeds", "0", "--set", "model.cell=leaky", "--set", "data.task=first-digit", "--out", "run")
    assert refused(digitsum("sweep", *named))
    assert not Path("executed").exists()
    trials = digitsum("sweep", *named, "--allow-code", "--json").document["trials"]
    assert {row["cell"].partition("@")[0] for row in trials} == {"Leaky"}
    assert {row["task"].partition("@")[0] for row in trials} == {"FirstDigit"}
    assert find_user_code("my_package.cells:Leaky").distribution == "my-package 1.2"
    written = Path("run/config.yaml").read_text()
    assert 'cell: "my_package.cells:Leaky"' in written
    unknown = digitsum("sweep", "--set", "model.cell=leak")
    assert "there is no cell 'leak'; installed packages have leaky, srn" in unknown.err
    assert digitsum("train", "--length", "4", "--epochs", "1", "--set", "model.cell=srn", "--out", "built-in").code == 0


WITH_LIBRARY = (
    TRACED.replace("from scales import HALF", "from digitsum_cli.core import TorchSRN")
    .replace('candidate = "U"', 'candidate = "U"\n    library = TorchSRN')
    .replace(
        "HALF * state + HALF * torch.tanh(x @ self.W + state @ self.U)",
        "torch.tanh(x @ self.W + self.b + state @ self.U)",
    )
)
WITH_LIBRARY = WITH_LIBRARY.replace(
    "    def step", "        self.b = torch.nn.Parameter(torch.zeros(hidden_size))\n\n    def step"
)
COMPARE = ("compare", "--set", f"model.cell={CELL}", "--lengths", "4", "--seeds", "0", "--epochs", "2")


@pytest.mark.slow
def test_a_cell_is_compared_with_its_library_layer() -> None:
    Path("leaky.py").write_text(WITH_LIBRARY)
    assert refused(digitsum(*COMPARE))
    ended = digitsum_process(*COMPARE, "--allow-code", "--json", "--out", "run")
    assert ended.code == 0, ended.err
    assert ended.document["agrees"]
    assert {row["impl"] for row in ended.document["accuracy"]["trials"]} == {"manual", "torch"}
    assert list(Path("run/code").glob("*/files/leaky.py"))
    Path("leaky.py").write_text(WITH_LIBRARY.replace("torch.tanh(x", "0.99 * torch.tanh(x"))
    assert digitsum_process(*COMPARE, "--allow-code").code == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TRACED, "impl torch does not support the cell Leaky"),
        (WITH_LIBRARY.replace("library = TorchSRN", "library = torch.nn.RNN"), "Leaky.library is <class"),
        (WITH_LIBRARY.replace("self.b", "self.bias"), "Give them the same names"),
    ],
)
def test_cells_without_their_library_layer_are_not_compared(source: str, message: str) -> None:
    Path("leaky.py").write_text(source)
    ended = digitsum(*COMPARE, "--allow-code")
    assert ended.code == 2
    assert message in ended.err
