"""The version is said once; what repeats it agrees."""

import re
import tomllib

import yaml

import digitsum_cli
from tests.command_line import REPOSITORY

CITATION = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
HEADINGS = re.findall(r"^## (.+)$", (REPOSITORY / "CHANGELOG.md").read_text(), flags=re.MULTILINE)


def test_package_takes_its_version_from_the_source() -> None:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert pyproject["project"]["dynamic"] == ["version"]
    assert pyproject["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "digitsum_cli.__version__"}


def test_citation_names_the_version_and_the_date_of_the_changelog() -> None:
    assert CITATION["version"] == digitsum_cli.__version__
    released = [heading for heading in HEADINGS if heading != "Unreleased"]
    assert released[0] == f"{CITATION['version']} — {CITATION['date-released']}"


def test_changelog_dates_every_release() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ — \d{4}-\d{2}-\d{2}", heading) for heading in HEADINGS[1:])
    assert HEADINGS[0] == "Unreleased" or HEADINGS[0].startswith(digitsum_cli.__version__)
