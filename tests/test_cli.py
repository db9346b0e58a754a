"""The commands, as a user runs them."""

import csv
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from digitsum_cli.core import SRN
from tests.book_facts import BOOK
from tests.command_line import REPOSITORY, digitsum
from tests.running import children_seconds

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

COMMANDS = ("generate", "train", "evaluate", "sweep", "compare")
SMALL = ("--lengths", "5,4", "--epochs", "3")


def test_help_does_not_load_what_only_commands_need() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom digitsum_cli.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "loaded = {'torch', 'matplotlib', 'pydantic', 'numpy', 'yaml', 'digitsum_cli.settings'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["generate", "train", "evaluate", "sweep", "compare", "report", "configs"])
def test_help_groups_the_options_and_names_each_once(command: str) -> None:
    shown = digitsum(command, "--help").out
    sections = [line.rstrip(":") for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    groups = ["Options", *(["Run directory"] if command in ("train", "sweep", "compare") else []), "All commands"]
    assert [each for each in sections if each != "Arguments"] == groups
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", shown[shown.index("Options:") :], flags=re.MULTILINE)
    assert len(set(options)) == len(options)
    assert {"--json", "--quiet", "--print-config", "--debug", "--help"} <= set(options)
    common = shown[shown.index("All commands:") :]
    assert "--json" in common
    assert "--lengths" not in common.partition("Examples:")[0]


@pytest.mark.slow
def test_help_is_there_at_once() -> None:
    """In little more than the time that Python takes to load the library of the command line."""

    def processor_seconds(*arguments: str) -> float:
        before = children_seconds()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        return children_seconds() - before

    commands = (("-m", "digitsum_cli", "--help"), ("-c", "import typer"))
    measured = [[processor_seconds(*command) for command in commands] for _ in range(5)]
    ours, library = (min(each) for each in zip(*measured, strict=True))
    assert ours < 2.7 * library


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A run of two lengths, two implementations and two seeds, and what the command printed as JSON."""
    run = tmp_path_factory.mktemp("swept") / "run"
    ended = digitsum("sweep", *SMALL, "--seeds", "0..1", "--impl", "manual,torch", "--json", "-j", "1", "--out", run)
    assert ended.code == 0
    return run, ended.document


@pytest.mark.parametrize("command", [*COMMANDS, "report", "configs"])
def test_help_ends_in_examples(command: str) -> None:
    ended = digitsum(command, "--help")
    assert ended.code == 0
    lines = ended.out.rstrip().splitlines()
    examples = lines[lines.index("  Examples:") + 1 :]
    assert examples
    assert all(line.startswith(f"    digitsum {command}") or "digitsum sweep" in line for line in examples)


def test_version_is_shown() -> None:
    assert re.fullmatch(r"digitsum \d+\.\d+\.\d+\n", digitsum("--version").out)


def test_generate_writes_the_files_of_the_book() -> None:
    ended = digitsum("generate", "--lengths", "5..35")
    assert ended.code == 0
    files = {str(path.relative_to("datasets")): path for path in Path("datasets").rglob("*.txt")}
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert digests == BOOK["datasets_sha256"]


def test_generate_shows_sizes_and_samples() -> None:
    ended = digitsum("generate", "--lengths", "5", "--k-train", "4", "--k-eval", "2", "--seed", "3", "--out", "d")
    row = next(line for line in ended.out.splitlines() if line.startswith(" 5 "))
    assert re.fullmatch(r" 5\s+400\s+200\s+100\s+6 7 \d \d \d -> 13\s*", row)
    assert ended.err == "Wrote 3 files to d\n"
    assert len(Path("d/5/train.txt").read_text().splitlines()) == 400


def test_generate_json_names_files_with_their_digests() -> None:
    document = digitsum("generate", "--lengths", "5", "--json").document
    files = document["lengths"][0]["files"]
    assert document["out"] == "datasets"
    assert files["train"]["sha256"] == BOOK["datasets_sha256"]["5/train.txt"]
    assert Path(files["test"]["path"]).exists()


@pytest.mark.slow
def test_sweep_shows_the_table_and_says_where_things_are() -> None:
    ended = digitsum("sweep", *SMALL, "--impl", "manual", "--seeds", "0", "-j", "1")
    assert ended.code == 0
    header = next(line for line in ended.out.splitlines() if line.startswith(" length"))
    assert header.split()[:4] == ["length", "train", "eval", "test"]
    rows = [line.split()[0] for line in ended.out.splitlines() if re.match(r" \d", line)]
    assert rows == ["5", "4"] * 2  # the audit, the accuracies
    assert "Accuracy by length" in ended.out
    assert "Memory span" in ended.out
    assert "The SRN (impl manual), trained anew at each length, is below 90 % even at length 4" in ended.out
    assert "digitsum report runs/srn" in ended.err
    assert "2/2" in ended.err
    assert "The run is in runs/srn" in ended.err
    assert Path("runs/srn/figures/accuracy.png").exists()


@pytest.mark.slow
def test_sweep_json_is_the_document_of_the_contract(swept: tuple[Path, Any]) -> None:
    run, document = swept
    assert {"run", "trials", "summary"} < document.keys()
    assert {"answer", "differences", "memory_spans", "audit"} < document.keys()
    assert json.loads((run / "analysis.json").read_text()) == {
        name: value for name, value in document.items() if name not in ("run", "trials")
    }
    assert document["run"] == str(run)
    rows = list(csv.DictReader((run / "results.csv").read_text().splitlines()))
    assert [row["trial"] for row in rows] == [trial["trial"] for trial in document["trials"]]
    assert [float(row["test_accuracy"]) for row in rows] == [trial["test_accuracy"] for trial in document["trials"]]
    assert [(row["impl"], row["length"]) for row in document["summary"]] == [
        (impl, length) for length in (5, 4) for impl in ("manual", "torch")
    ]
    assert all(row["trials"] == 2 for row in document["summary"])


@pytest.mark.slow
def test_quiet_says_nothing_but_the_result() -> None:
    ended = digitsum("train", "--length", "4", "--epochs", "2", "--quiet")
    assert ended.err == ""
    assert "Accuracy by length" in ended.out


@pytest.mark.slow
def test_train_shows_loss_and_accuracy_and_draws_the_curves() -> None:
    ended = digitsum("train", "--length", "4", "--epochs", "6", "--out", "run")
    assert ended.code == 0
    lines = [line for line in ended.err.splitlines() if line.startswith("step ")]
    assert re.match(r"step 0/228  epoch 0  loss \d\.\d{4}$", lines[0])
    last = r"step 227/228  epoch 5  loss \d\.\d{4}  eval loss \d\.\d{4}  eval accuracy \d+\.\d %  best \d+\.\d %$"
    assert re.match(last, lines[-1])
    assert Path("run/figures/loss.png").read_bytes().startswith(b"\x89PNG")
    assert Path("run/figures/loss.svg").read_text().startswith("<?xml")


@pytest.mark.slow
def test_train_draws_its_length_from_the_start_of_the_stream() -> None:
    digitsum("train", "--length", "5", "--epochs", "1", "--impl", "fused", "--out", "trained")
    digitsum("sweep", "--lengths", "5", "--epochs", "1", "--impl", "fused", "--seeds", "0", "--out", "swept")
    trained, swept = (
        next(csv.DictReader(Path(f"{run}/results.csv").read_text().splitlines())) for run in ("trained", "swept")
    )
    assert trained["trial"] == swept["trial"]
    assert trained["final_train_loss"] == swept["final_train_loss"]


@pytest.mark.slow
def test_evaluate_gives_the_accuracies_of_the_run(swept: tuple[Path, Any]) -> None:
    run, _ = swept
    rows = list(csv.DictReader((run / "results.csv").read_text().splitlines()))
    scores = digitsum("evaluate", run, "--json").document["checkpoints"]
    expected = {row["trial"]: (row["best_eval_accuracy"], row["test_accuracy"]) for row in rows}
    assert {s["trial"]: (str(s["eval_accuracy"]), str(s["test_accuracy"])) for s in scores} == expected
    assert len(scores) == 8
    one = digitsum("evaluate", scores[0]["checkpoint"], "--json").document["checkpoints"]
    assert one == scores[:1]
    table = digitsum("evaluate", run).out
    assert "exact" in table
    assert {s["trial"]: str(s["exact_accuracy"]) for s in scores} == {
        row["trial"]: row["exact_accuracy"] for row in rows
    }
    assert {s["trial"]: str(s["unseen_test_accuracy"]) for s in scores} == {
        row["trial"]: row["unseen_test_accuracy"] for row in rows
    }


@pytest.mark.slow
def test_evaluate_scores_on_other_data() -> None:
    digitsum("train", "--length", "4", "--epochs", "3", "--out", "run")
    digitsum("generate", "--lengths", "4", "--seed", "5", "--out", "other")
    own, files, drawn = (
        digitsum("evaluate", "run", "--json", *options).document["checkpoints"][0]["test_loss"]
        for options in ((), ("--data", "other"), ("--set", "data.seed=5"))
    )
    assert own != files
    assert files == drawn


@pytest.mark.slow
def test_compare_has_parity_speed_and_accuracy() -> None:
    ended = digitsum("compare", "--impl", "manual,torch", *SMALL, "--seeds", "0..1", "-j", "1")
    assert ended.code == 0
    for heading in (
        "Shapes at length 5",
        "Parity: manual and torch",
        "Speed: median",
        "Accuracy by length",
        "same seeds",
    ):
        assert heading in ended.out
    assert "nn.RNN final state" in ended.out
    assert "DIFFERS" not in ended.out
    assert ended.out.count("agrees") == 13


@pytest.mark.slow
def test_compare_json_and_folder_hold_the_same() -> None:
    impls = ("--impl", "manual,torch")
    ended = digitsum("compare", *impls, *SMALL, "--seeds", "0..1", "-j", "1", "--json", "--out", "run")
    document = ended.document
    assert document["agrees"] is True
    assert {(parity["length"], parity["dtype"]) for parity in document["parity"]} == {
        (length, dtype) for length in (4, 5) for dtype in ("float32", "float64")
    }
    ratios = [timing["ratios"] for timing in document["speed"]]
    assert all(ratio["manual"] == 1.0 and ratio["torch"] > 0 for ratio in ratios)
    differences = document["accuracy"]["differences"]
    rows = document["accuracy"]["trials"]
    assert len(differences) == 4
    for difference in differences:
        length, measure = difference["length"], difference["measure"]
        by_seed = {(row["length"], row["impl"], row["seed"]): row[measure] for row in rows}
        expected = [by_seed[length, "torch", seed] - by_seed[length, "manual", seed] for seed in (0, 1)]
        assert difference["mean"] == pytest.approx(sum(expected) / 2)
        assert (difference["lowest"], difference["highest"]) == (min(expected), max(expected))
    assert json.loads(Path("run/comparison.json").read_text()) == document


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "evaluate"])
def test_print_config_reads_back_to_itself(command: str) -> None:
    first = digitsum(command, "--print-config", "--set", "train.lr=2e-3", "--set", "data.lengths=10,20")
    assert first.code == 0
    assert first.err == ""
    assert yaml.safe_load(first.out)["train"]["lr"] == 0.002
    Path("config.yaml").write_text(first.out)
    assert digitsum(command, "config.yaml", "--print-config").out == first.out
    assert digitsum(command, "config.yaml", "--print-config", "--json").document["train"]["lr"] == 0.002


def test_evaluate_prints_the_settings_of_the_checkpoint() -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--set", "model.hidden_size=5", "--out", "run")
    settings = yaml.safe_load(digitsum("evaluate", "run", "--print-config").out)
    assert settings["model"]["hidden_size"] == 5
    assert settings["data"]["lengths"] == [4]


def test_rows_that_were_trained_on_stay_when_scoring() -> None:
    digitsum("train", "--length", "4", "--epochs", "1", "--set", "data.rows=fresh", "--out", "run")
    digitsum("generate", "--lengths", "4")
    assert yaml.safe_load(digitsum("evaluate", "run", "--print-config").out)["data"]["rows"] == "fresh"
    on_files = digitsum("evaluate", "run", "--data", "datasets", "--print-config")
    assert yaml.safe_load(on_files.out)["data"]["rows"] == "fixed"
    assert digitsum("evaluate", "run", "--data", "datasets").code == 0
    other = digitsum("evaluate", "run", "--set", "data.rows=fixed")
    assert other.code == 2
    assert "was trained with data.rows 'fresh', not 'fixed'" in other.err


@pytest.mark.slow
def test_training_that_was_stopped_early_says_so() -> None:
    ended = digitsum("train", "--length", "4", "--set", "train.patience=1", "--set", "train.lr=1e-9", "--out", "run")
    assert "stopped early at step 200: eval accuracy did not improve for 1 evaluation" in " ".join(ended.err.split())
    with (Path("run") / "results.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row["status"] == "done"
    assert row["reason"].startswith("stopped early")
    assert (Path("run") / "figures" / "loss.png").is_file()


def test_training_that_was_stopped_in_its_first_epoch_has_its_figure() -> None:
    options = ("train.patience=1", "train.lr=1e-9", "train.eval_every=5")
    ended = digitsum("train", "--length", "4", *(part for each in options for part in ("--set", each)), "--out", "run")
    assert ended.code == 0
    assert (Path("run") / "figures" / "loss.png").is_file()


@pytest.mark.parametrize("path", sorted((REPOSITORY / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_config_starts_with_its_commands_and_loads(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[1] == f"#   digitsum sweep configs/{path.name}"
    assert lines[2].startswith(f"#   digitsum sweep configs/{path.name} --")
    for line in lines[1:3]:
        arguments = line.removeprefix("#   digitsum ").replace("configs/", f"{path.parent}/").split()
        assert digitsum(*arguments, "--print-config").code == 0


@pytest.mark.slow
def test_implementations_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = SRN.forward
    monkeypatch.setattr(SRN, "forward", lambda self, X: honest(self, X) * 1.001)
    ended = digitsum("compare", "--impl", "manual,torch", "--lengths", "4", "--epochs", "1", "--seeds", "0", "-j", "1")
    assert ended.code == 1
    assert "DIFFERS" in ended.out
    assert "differ by more than the tolerance" in ended.err


@pytest.mark.slow
def test_json_has_null_for_what_is_not_a_number() -> None:
    ended = digitsum(
        *("compare", "--impl", "manual,torch", "--lengths", "4", "--epochs", "1", "--seeds", "0", "-j", "1"),
        *("--set", "train.lr=1e37", "--json"),
    )
    assert ended.code == 3
    assert json.loads(ended.out, parse_constant=pytest.fail)["agrees"] is False
