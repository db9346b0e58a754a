"""``sweep`` from a notebook or a script takes classes as they are."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import digitsum_process
from tests.same_run import assert_same_run

NOTEBOOK = """
import json, linecache, sys

def run_cells(cells):
    '''As a notebook does: one namespace, no file, the text of each cell known to linecache.'''
    for number, cell in enumerate(cells):
        name = f"<ipython-input-{number}>"
        linecache.cache[name] = len(cell), None, cell.splitlines(keepends=True), name
        exec(compile(cell, name, "exec"), sys.modules["__main__"].__dict__)

if __name__ == "__main__":
    run_cells(json.loads(sys.argv[1]))
"""

CELLS = [
    "import torch\nfrom torch import nn as layers\nfrom digitsum_cli import Cell, TwoDigitTask, sweep\nRATE = 0.5\n",
    "def mixed(old, new):\n    return RATE * old + (1 - RATE) * new\n",
    """print("a cell that also does something else")
class Leaky(Cell):
    candidate = "U"

    def __init__(self, input_size, hidden_size, *, generator=None, slope: float = 1.0):
        super().__init__(input_size, hidden_size)
        self.slope = slope
        self.W = layers.Parameter(self.weight(input_size, hidden_size, generator=generator).data)
        self.U = self.weight(hidden_size, hidden_size, generator=generator)

    def step(self, x, state):
        return mixed(state, torch.tanh(self.slope * (x @ self.W + state @ self.U)))

class Larger(TwoDigitTask):
    classes, label_name, label_in_words = 2, "larger", "whether the first digit is larger"

    def label_of_pair(self, first, second):
        return (first > second).astype(int)
""",
]
SMALL = "lengths=[4, 5], epochs=2, quiet=True, jobs=2"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run_notebook(*cells: str) -> Any:
    """The last line that a notebook prints, as JSON."""
    Path("kernel.py").write_text(NOTEBOOK)
    command = [sys.executable, "kernel.py", json.dumps([*CELLS, *cells])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_class_of_a_notebook_is_swept_in_workers_and_resumed_anywhere() -> None:
    shown = run_notebook(
        f"result = sweep(cell=Leaky, seeds=range(3), {SMALL}, settings={{'model.options.slope': 2}}, out='run')",
        "print(json.dumps([str(result.path), result.answer, result.trials, result.analysis['memory_spans']]))",
    )
    path, answer, trials, _ = shown
    assert (path, len(trials)) == ("run", 6)
    assert {(row["cell"].partition("@")[0], row["impl"], row["status"]) for row in trials} == {
        ("Leaky", "ensemble", "done")
    }
    assert "Leaky" in answer[0]
    (copied,) = Path("run/code").glob("*/files/notebook.py")
    text = copied.read_text()
    assert "something else" not in text
    assert all(part in text for part in ("import torch", "nn as layers", "RATE = 0.5", "def mixed", "class Leaky"))
    assert "class Larger" not in text

    run_notebook(
        f"sweep(cell=Leaky, seeds=range(2), {SMALL}, settings={{'model.options.slope': 2}}, out='resumed')", "print(1)"
    )
    resume = ("sweep", "run/config.yaml", "--out", "resumed", "--resume", "--allow-code", "-j", "1")
    assert digitsum_process(*resume).code == 0
    assert_same_run(Path("run"), Path("resumed"))
    for command in (("evaluate", "run", "--diagnose"), ("report", "run")):
        assert digitsum_process(*command).code == 2
        assert digitsum_process(*command, "--allow-code").code == 0


@pytest.mark.slow
def test_classes_stand_beside_names_and_tasks_are_taken_too() -> None:
    trials = run_notebook(
        f"result = sweep(cell=['srn', Leaky], task=Larger, seeds='0', {SMALL}, out='run')",
        "print(json.dumps(result.trials))",
    )
    assert [(row["cell"].partition("@")[0], row["impl"]) for row in trials] == [
        ("srn", "manual"),
        ("Leaky", "manual"),
    ] * 2
    assert {row["task"].partition("@")[0] for row in trials} == {"Larger"}
    fused = run_notebook(f"print(json.dumps(sweep(task=Larger, seeds=[0], {SMALL}).trials))")
    assert {row["impl"] for row in fused} == {"fused"}


@pytest.mark.slow
def test_what_only_exists_in_the_notebook_is_named() -> None:
    message = run_notebook(
        "RATE = torch.tensor(0.5)\n",
        f"try:\n    sweep(cell=Leaky, {SMALL})\nexcept Exception as error:\n    print(json.dumps(str(error)))\n",
    )
    assert "mixed refers to RATE, a Tensor that exists in this process only" in message
    assert not Path("runs").exists()


@pytest.mark.slow
def test_a_script_need_not_be_guarded() -> None:
    Path("mine.py").write_text(
        "\n".join(CELLS) + f"\nprint(*[row['status'] for row in sweep(cell=Leaky, seeds=[0, 1], {SMALL}).trials])\n"
    )
    done = subprocess.run([sys.executable, "mine.py"], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[1:] == ["done done done done"], done.stderr
