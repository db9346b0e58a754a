"""What is installed works: a wheel in an empty environment, where every example of the help runs in an empty folder."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

import digitsum_cli
from tests.command_line import REPOSITORY
from tests.running import HANG

pytestmark = pytest.mark.slow

SMALL_SWEEP = ("--lengths", "10", "--seeds", "0", "--epochs", "1")
SHORTER = {"train": ("--epochs", "1"), "sweep": SMALL_SWEEP, "compare": SMALL_SWEEP}
"""Appended to the examples of commands that train; where an option is given twice, the last one counts."""

ONE_COMMAND_PER_LINE = """
import json, sys
from typer.testing import CliRunner
from digitsum_cli.cli.main import app
for line in sys.stdin:
    result = CliRunner().invoke(app, json.loads(line), prog_name="digitsum")
    print(json.dumps([result.exit_code, result.output]), flush=True)
"""
"""Runs commands in one process, since loading the libraries takes longer than most examples."""

OF_THE_USER = (
    "digitsum generate --lengths 5..35",
    "digitsum sweep configs/srn.yaml",
    "digitsum compare --impl manual,torch",
)


OWN_CELL = REPOSITORY / "examples" / "cells" / "min_gru.py"
OWN_TASK = REPOSITORY / "examples" / "tasks" / "parity.py"
"""Stand for the cell and the task that the reader of the help has written."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has this package and shares the libraries of the running interpreter."""

    folder: Path

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of its processes."""
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**inherited, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}

    @contextlib.contextmanager
    def python_with(self, code: str, cwd: Path) -> Iterator[tuple[IO[str], IO[str]]]:
        """A Python process of the environment: its input and its output."""
        command = [str(self.scripts / "python"), "-c", code]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=cwd, env=self.variables, stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            yield process.stdin, process.stdout
            process.stdin.close()
        assert process.returncode == 0

    def run(self, *command: str, cwd: Path) -> str:
        """The output of a command of the environment, which must succeed."""
        done = subprocess.run(
            [str(self.scripts / command[0]), *command[1:]],
            cwd=cwd,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
        return done.stdout


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def copy_sources(folder: Path) -> Path:
    """What a package is built from, so that building leaves nothing in the repository."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "configs"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder)
    return folder


def install(folder: Path, *what: object) -> Environment:
    environment = Environment(folder)
    venv.create(folder, with_pip=False)
    paths = {key: sysconfig.get_path(key) for key in ("purelib", "platlib")}
    here = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", "venv", vars=here))
    (own / "shared.pth").write_text("".join(f"{path}\n" for path in dict.fromkeys(paths.values())))
    python = environment.scripts / "python"
    pip("--python", python, "install", "--no-index", "--no-deps", "--no-build-isolation", *what)
    return environment


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment with the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = copy_sources(tmp_path_factory.mktemp("sources"))
    pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, sources)
    (wheel,) = folder.glob("*.whl")
    return install(folder / "venv", wheel)


def names_of_configs(environment: Environment, cwd: Path) -> list[str]:
    document = json.loads(environment.run("digitsum", "configs", "--json", cwd=cwd))
    return [config["name"] for config in document["configs"]]


def test_wheel_holds_the_configs(installed: Environment, tmp_path: Path) -> None:
    configs = [*sorted(REPOSITORY.glob("configs/*.yaml")), *sorted(REPOSITORY.glob("configs/recipes/*.yaml"))]
    names = [str(path.relative_to(REPOSITORY / "configs").with_suffix("")) for path in configs]
    assert names_of_configs(installed, tmp_path) == names
    installed.run("digitsum", "configs", "--copy", "copies", cwd=tmp_path)
    copies = sorted((tmp_path / "copies").rglob("*.yaml"))
    assert {str(path.relative_to(tmp_path / "copies")): path.read_bytes() for path in copies} == {
        f"{name}.yaml": path.read_bytes() for name, path in zip(names, configs, strict=True)
    }


def test_wheel_has_the_version_and_no_more_packages(installed: Environment, tmp_path: Path) -> None:
    code = "import importlib.metadata as m; print(m.version('digitsum-cli'), m.files('digitsum-cli')[0].locate())"
    version, _, place = installed.run("python", "-c", code, cwd=tmp_path).strip().partition(" ")
    assert version == digitsum_cli.__version__
    assert installed.run("digitsum", "--version", cwd=tmp_path) == f"digitsum {version}\n"
    assert Path(place).is_relative_to(installed.folder)


def test_editable_installation_finds_the_configs(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    environment = install(tmp_path / "venv", "--editable", copy_sources(sources))
    (sources / "configs" / "mine.yaml").write_text("# Mine.\n")
    assert "mine" in names_of_configs(environment, tmp_path)


def examples_of_the_help(environment: Environment, cwd: Path) -> list[str]:
    """The examples of ``digitsum --help`` and of every command's help, in their order."""
    root = environment.run("digitsum", "--help", cwd=cwd)
    commands = re.findall(r"^  (\w+) ", root.partition("\nCommands:\n")[2], flags=re.MULTILINE)
    helps = [root, *(environment.run("digitsum", command, "--help", cwd=cwd) for command in commands)]
    lines = [line for text in helps for line in re.findall(r"^    (digitsum .+)$", text, flags=re.MULTILINE)]
    examples = [re.split(r"\s{2,}", line)[0] for line in lines]  # what follows says what the example does
    assert {example.split()[1] for example in examples} == set(commands)
    return examples


def arguments_of(example: str, folder: Path) -> list[str]:
    """The arguments of an example: shorter where it trains; ``…`` stands for the rest of a name, as ``*`` does."""
    _, command, *arguments = shlex.split(example)
    for index, argument in enumerate(arguments):
        if "…" in argument:
            arguments[index] = str(next(folder.glob(argument.replace("…", "*"))).relative_to(folder))
    return [command, *arguments, *SHORTER.get(command, ())]


def test_every_example_of_the_help_runs_in_an_empty_folder(installed: Environment, tmp_path: Path) -> None:
    examples = examples_of_the_help(installed, tmp_path)
    assert set(OF_THE_USER) <= set(examples)
    own_cell = OWN_CELL.read_text("utf-8").replace("MinGRU", "MyCell")
    (tmp_path / "mycell.py").write_text(own_cell, "utf-8")
    own_task = OWN_TASK.read_text("utf-8").replace("Parity", "MyTask")
    (tmp_path / "mytask.py").write_text(own_task, "utf-8")
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage" / "cells.py").write_text(own_cell, "utf-8")
    with installed.python_with(ONE_COMMAND_PER_LINE, cwd=tmp_path) as (commands, answers):
        for example in examples:
            arguments = arguments_of(example, tmp_path)
            if example in OF_THE_USER:
                installed.run("digitsum", *arguments, cwd=tmp_path)
                continue
            print(json.dumps(arguments), file=commands, flush=True)
            code, output = json.loads(answers.readline())
            assert code == 0, f"{example}\n{output}"
