"""CONTRIBUTING.md names files and make targets that exist."""

import re

import pytest

from tests.command_line import REPOSITORY

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text()
SUFFIX = r"\.(?:py|md|cff|toml|yaml)"
PATHS = sorted(set(re.findall(rf"`([\w./-]+{SUFFIX})`|(tests/\w+{SUFFIX})", PAGE)))


def test_paths_are_found() -> None:
    assert len(PATHS) > 20


@pytest.mark.parametrize("path", [quoted or bare for quoted, bare in PATHS])
def test_files_of_the_page_exist(path: str) -> None:
    """``NAME`` stands for any name: there must be such a file already."""
    assert any(REPOSITORY.glob(path.replace("NAME", "*")))


def test_make_targets_of_the_page_exist() -> None:
    targets = set(re.findall(r"\bmake ([a-z-]+)  ", PAGE))
    assert len(targets) >= 3
    assert targets <= set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize(
    "name", ["cell", "optimizer", "schedule", "curriculum", "loss", "initialisation", "task", "figure"]
)
def test_page_says_how_to_add_each_thing_and_architecture_what_it_costs(name: str) -> None:
    headings = re.findall("^### (.*)", PAGE, flags=re.MULTILINE)
    assert any(re.search(rf"\ban? {name}\b", heading, flags=re.IGNORECASE) for heading in headings)
    owners = (REPOSITORY / "docs/architecture.md").read_text().partition("## One owner for each idea")[2]
    ideas = re.findall(r"^\| ([\w, ]+) \|", owners, flags=re.MULTILINE)
    assert any(name in idea.split(", ") for idea in ideas)
