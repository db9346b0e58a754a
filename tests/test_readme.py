"""The README and the docs are true."""

import re
import shlex
from pathlib import Path

import pytest

from tests.command_line import REPOSITORY, digitsum

README = (REPOSITORY / "README.md").read_text()
COMMANDS = re.findall(r"^digitsum [^#\n]+", README, flags=re.MULTILINE)


def test_notebook_lines_run(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line]) == 5
    exec(code.replace("epochs=100", "epochs=1"), {})
    assert 0.0 <= float(capsys.readouterr().out) <= 1.0


@pytest.mark.parametrize("command", [c.strip() for c in COMMANDS if "evaluate" not in c])
def test_commands_of_the_readme_are_accepted(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    ended = digitsum(*shlex.split(command)[1:], "--print-config")
    assert ended.code == 0, ended.err


def test_five_commands_are_shown() -> None:
    assert {command.split()[1] for command in COMMANDS} == {"generate", "train", "sweep", "evaluate", "compare"}


@pytest.mark.parametrize(
    "document", ["README.md", *(str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("docs/*.md"))]
)
def test_links_lead_somewhere(document: str) -> None:
    path = REPOSITORY / document
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / Path(link)).exists()] == []
