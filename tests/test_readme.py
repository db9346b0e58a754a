"""The README and the docs are true."""

import re
import shlex

import pytest

from tests.command_line import REPOSITORY, digitsum

README = (REPOSITORY / "README.md").read_text()
BRANCH = "main"
HOMES = (
    f"https://github.com/digitsum/digitsum/blob/{BRANCH}/",
    f"https://raw.githubusercontent.com/digitsum/digitsum/{BRANCH}/",
)
COMMANDS = re.findall(r"^digitsum [^#\n]+", README, flags=re.MULTILINE)


def links_of(text: str) -> list[str]:
    """Where the links of a page in Markdown lead, without the place in the page."""
    found = re.findall(r"\]\(([^)#]+)", text) + re.findall(r"^\[[^]]+\]: ([^#\s]+)", text, flags=re.MULTILINE)
    return [link for link in found if link]


def test_notebook_lines_run(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line]) == 7
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
    "document",
    ["README.md", "CONTRIBUTING.md", *(str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("docs/*.md"))],
)
def test_links_lead_somewhere(document: str) -> None:
    path = REPOSITORY / document
    links = links_of(path.read_text())
    within = [path.parent / link for link in links if "://" not in link]
    absolute = [REPOSITORY / link.partition(f"/{BRANCH}/")[2] for link in links if link.startswith(HOMES)]
    assert [str(target) for target in (*within, *absolute) if not target.exists()] == []


def test_links_of_the_readme_work_on_other_sites() -> None:
    """PyPI shows the README alone, without the files beside it."""
    links = links_of(README)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []
    named = set(re.findall(r"\[([\w/-]+\.md)\]", README))
    assert named == set(re.findall(r"^\[([^]]+)\]: ", README, flags=re.MULTILINE))
