"""Settings under the names of earlier versions: read, with one warning."""

from pathlib import Path

import pytest

from digitsum_cli.errors import DigitsumWarning, InputError
from digitsum_cli.settings import parse_assignment, resolve_settings
from tests.command_line import digitsum

IS_NOW = "train.early_stop is now called train.patience"


@pytest.mark.parametrize(
    "text", ["train: {early_stop: 7}", "sweep: {train.early_stop: [7]}", "train: {epochs: 3, early_stop: 7}"]
)
def test_an_old_key_in_a_file_is_read_and_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.warns(DigitsumWarning, match=f"a.yaml:1: {IS_NOW}"):
        settings = resolve_settings(tmp_path / "a.yaml")
    assert 7 in (settings.train.patience, *settings.sweep.get("train.patience", ()))


@pytest.mark.parametrize("text", ["train.early_stop=7", "train={early_stop: 7}"])
def test_an_old_key_on_the_command_line_takes_the_place_of_an_axis(text: str) -> None:
    axis = parse_assignment("sweep.train.patience=1,2")
    with pytest.warns(DigitsumWarning, match=IS_NOW):
        settings = resolve_settings(None, [axis, parse_assignment(text)])
    assert (settings.train.patience, settings.sweep) == (7, {})


def test_null_has_no_effect_and_no_warning(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("train: {early_stop: null}")
    assert resolve_settings(tmp_path / "a.yaml").train.patience is None


@pytest.mark.parametrize(
    "both", ["train={early_stop: 5, patience: 3}", "sweep={train.early_stop: [5], train.patience: [3]}"]
)
def test_both_names_in_one_section_are_refused(both: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"its new name (train\.)?patience are both given"):
        resolve_settings(None, [parse_assignment(both)])
    (tmp_path / "a.yaml").write_text(both.replace("=", ": ", 1))
    with pytest.raises(InputError, match=r"its new name (train\.)?patience are both given"):
        resolve_settings(tmp_path / "a.yaml")


def test_a_command_warns_once_and_stdout_has_the_document_alone() -> None:
    ended = digitsum("compare", "--set", "train.early_stop=2", "--print-config", "--json")
    assert ended.code == 0
    assert ended.err.count(IS_NOW) == 1
    assert ended.document["train"]["patience"] == 2


@pytest.mark.parametrize("text", ["train.early_stp=3", "sweep.train.early_stp=3"])
def test_misspelt_old_key_suggests_the_new_one(text: str) -> None:
    with pytest.raises(InputError, match=r"Did you mean '(train\.)?patience'"):
        resolve_settings(None, [parse_assignment(text)])
