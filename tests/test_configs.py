"""``CONFIG`` is a path or the name of a shipped config; ``digitsum configs`` lists, shows and copies those."""

from pathlib import Path

import pytest
import yaml

from tests.command_line import REPOSITORY, digitsum

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

CONFIGS = REPOSITORY / "configs"
SHIPPED = {path.stem: path for path in sorted(CONFIGS.glob("*.yaml"))} | {
    f"recipes/{path.stem}": path for path in sorted(CONFIGS.glob("recipes/*.yaml"))
}


def resolved(*arguments: str) -> str:
    ended = digitsum(*arguments, "--print-config")
    assert ended.code == 0, ended.err
    return ended.out


@pytest.mark.parametrize("command", ["generate", "train", "sweep", "compare"])
def test_config_is_a_path_or_the_name_of_a_shipped_config(command: str) -> None:
    by_path = resolved(command, str(SHIPPED["srn"]))
    assert resolved(command, "srn") == by_path
    assert resolved(command, "configs/srn.yaml") == by_path


def test_shipped_config_in_place_of_a_missing_file_is_reported_once() -> None:
    ended = digitsum("sweep", "configs/srn.yaml", "--print-config")
    assert ended.err == "configs/srn.yaml not found; using the shipped config srn\n"
    assert digitsum("sweep", "configs/srn.yaml", "--print-config", "--quiet").err == ""
    assert digitsum("sweep", "srn", "--print-config").err == ""


@pytest.mark.parametrize("name", ["srn", "configs/srn.yaml"])
def test_file_that_is_there_comes_first(name: str) -> None:
    Path("configs").mkdir()
    Path(name).write_text("train: {epochs: 7}\n")
    ended = digitsum("sweep", name, "--print-config")
    assert ended.err == ""
    assert yaml.safe_load(ended.out)["train"]["epochs"] == 7


def test_folder_does_not_hide_the_shipped_config_of_its_name() -> None:
    expected = resolved("sweep", "srn")
    Path("srn").mkdir()
    assert resolved("sweep", "srn") == expected


def test_sweep_without_a_config_is_the_shipped_srn() -> None:
    expected = resolved("sweep", "srn")
    Path("srn").write_text("train: {epochs: 7}\n")
    assert resolved("sweep") == expected
    ended = digitsum("sweep", "--lengths", "4", "--seeds", "0", "--epochs", "1")
    assert ended.code == 0
    assert Path("runs/srn/results.csv").is_file()


def test_configs_lists_name_first_line_trainings_and_cost() -> None:
    listed = digitsum("configs", "--json").document["configs"]
    assert [config["name"] for config in listed] == list(SHIPPED)
    assert [config["about"] for config in listed] == [
        path.read_text().splitlines()[0].removeprefix("# ") for path in SHIPPED.values()
    ]
    by_name = {config["name"]: (config["trials"], config["cost"]) for config in listed}
    assert by_name["book"] == (7, 7.0)
    assert by_name["cells"] == (210, 455.0)  # a step of the LSTM costs 3, one of the GRU 2.5 steps of the SRN
    assert by_name["quick"] == (3, 0.7)  # 3 of 120 epochs at lengths 5, 15 and 40; 1 is 500 epochs at length 20
    lines = digitsum("configs").out.splitlines()
    assert next(line for line in lines if line.startswith(" quick ")).split()[-2:] == ["3", "0.7"]


def test_cost_counts_the_rows_and_the_lengths_of_a_curriculum() -> None:
    """Of the recipe: 1,600 epochs of 16 rows for each pair, of 14.5 digits on average."""
    (recipe,) = [each for each in digitsum("configs", "--json").document["configs"] if each["name"] == "recipes/srn"]
    assert recipe["cost"] == pytest.approx(20 * (1600 * 16 * 14.5) / (500 * 3 * 20), rel=0.01)


@pytest.mark.parametrize("name", ["recipes/srn", "configs/recipes/srn.yaml"])
def test_recipe_has_a_name_and_a_run_of_its_own(name: str) -> None:
    small = ("--lengths", "4", "--seeds", "0", "--epochs", "1")
    assert digitsum("sweep", name, *small).code == 0
    assert Path("runs/recipes-srn/results.csv").is_file()
    assert digitsum("sweep", "recipes/lstn").code == 2


def test_configs_shows_one() -> None:
    ended = digitsum("configs", "lstm")
    assert ended.out == SHIPPED["lstm"].read_text()
    assert ended.err == ""
    assert digitsum("configs", "lstm", "--json").document["yaml"] == SHIPPED["lstm"].read_text()
    assert resolved("configs", "lstm") == resolved("sweep", "lstm")
    assert resolved("configs") == resolved("sweep")


def test_configs_copies_one_or_all() -> None:
    assert digitsum("configs", "lstm", "--copy", "one").out == "one/lstm.yaml\n"
    assert [path.name for path in Path("one").iterdir()] == ["lstm.yaml"]
    ended = digitsum("configs", "--copy", "configs", "--json")
    assert ended.document["copies"] == [f"configs/{name}.yaml" for name in SHIPPED]
    assert {str(path): path.read_bytes() for path in Path("configs").rglob("*.yaml")} == {
        f"configs/{name}.yaml": path.read_bytes() for name, path in SHIPPED.items()
    }
    assert digitsum("sweep", "configs/quick.yaml", "--print-config").err == ""


def test_copies_replace_no_file_with_other_content() -> None:
    assert digitsum("configs", "--copy", ".").code == 0
    Path("srn.yaml").write_text("mine")
    Path("book.yaml").unlink()
    ended = digitsum("configs", "--copy", ".")
    assert ended.code == 2
    assert ended.err == (
        "Error: this would replace srn.yaml, whose content is different. Choose another folder, or add --force to "
        "replace it\n"
    )
    assert Path("srn.yaml").read_text() == "mine"
    assert not Path("book.yaml").exists()
    Path("srn.yaml").unlink()
    before = Path("gru.yaml").stat()
    assert digitsum("configs", "--copy", ".").code == 0
    assert Path("gru.yaml").stat().st_ino == before.st_ino
    assert Path("book.yaml").exists()


def test_folder_that_cannot_be_copied_to_is_refused() -> None:
    Path("file").write_text("mine")
    Path("links").mkdir()
    Path("links/srn.yaml").symlink_to("nowhere")
    for folder in ("file", "file/below", "links"):
        ended = digitsum("configs", "srn", "--copy", folder)
        assert ended.code == 2, folder
        assert "Choose another folder" in ended.err
    assert "file is a file" in digitsum("configs", "srn", "--copy", "file").err
    assert Path("links/srn.yaml").is_symlink()
