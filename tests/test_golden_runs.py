"""Runs of every released format are read, evaluated, diagnosed, reported and resumed; their numbers stay."""

import csv
import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from digitsum_cli.evaluation.checkpoints import find_checkpoints, read_trial_checkpoint
from digitsum_cli.evaluation.saved_run import read_run
from digitsum_cli.rundir.store import Store
from digitsum_cli.rundir.store_tables import VERSION
from tests.command_line import digitsum, digitsum_process

GOLDEN = Path(__file__).parent / "golden"
RENAMED = {"early_stop": "patience", "init_scale": "recurrent_scale"}
TIMES = {"seconds"}
CLAIMED_ANEW = re.compile("accuracy_low$|accuracy_high$|^low$|^high$|^median$|^text$|^probability_of_improvement$")

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


@pytest.fixture(params=sorted(path.name for path in GOLDEN.iterdir()))
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN / request.param, tmp_path / "run")
    return Path("run")


def csv_rows(path: Path) -> list[dict[str, str]]:
    rows = csv.DictReader(path.read_text().splitlines())
    return [{RENAMED.get(name, name): value for name, value in row.items()} for row in rows]


def as_text(row: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


def store_version(run: Path) -> int:
    with sqlite3.connect(run / "results.sqlite") as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_every_row_is_read_as_it_was_written_and_the_store_stays_as_it_is(run: Path) -> None:
    before = (run / "results.sqlite").read_bytes()
    saved = read_run(run, (0.5, 0.9))
    written = csv_rows(run / "results.csv")
    read = [as_text(row.columns) for row in saved.rows]
    assert [{name: row[name] for name in written[0]} for row in read] == written
    with Store(run / "results.sqlite") as store:
        history = [
            {"trial": trial.identity, **vars(evaluation)}
            for trial, outcome in store.records(saved.trials)
            for evaluation in outcome.evaluations
        ]
    assert [as_text(row) for row in history] == csv_rows(run / "history.csv")
    assert (run / "results.sqlite").read_bytes() == before


def test_its_summary_stays(run: Path) -> None:
    """All but the intervals of means, which did not hold, and the spans of medians, which depended on the lengths."""
    written = json.loads((run / "analysis.json").read_text())
    analysis = read_run(run, (0.5, 0.9)).analysis.to_dict()
    for part in ("audit", "summary", "memory_spans", "differences"):
        renamed = [{RENAMED.get(name, name): value for name, value in row.items()} for row in written[part]]
        kept = [name for name in renamed[0] if not CLAIMED_ANEW.search(name)]
        assert len(kept) > 5
        read = [{name: row[name] for name in kept} for row in json.loads(json.dumps(analysis[part]))]
        assert read == [{name: row[name] for name in kept} for row in renamed], part


@pytest.mark.slow
def test_every_checkpoint_scores_what_its_row_says(run: Path) -> None:
    ended = digitsum("evaluate", run, "--json")
    assert ended.code == 0, ended.err
    rows = {row["trial"]: row for row in csv_rows(run / "results.csv")}
    scored = ended.document["checkpoints"]
    assert [row["trial"] for row in scored] == list(rows)
    for row in scored:
        for column in ("train_accuracy", "test_accuracy", "unseen_test_accuracy", "exact_accuracy", "test_rows"):
            assert row[column] == pytest.approx(float(rows[row["trial"]][column]), abs=1e-12), column


@pytest.mark.slow
def test_it_is_diagnosed_and_reported(run: Path) -> None:
    for arguments in (("evaluate", run, "--diagnose"), ("report", run)):
        ended = digitsum(*arguments)
        assert ended.code == 0, ended.err
    assert (run / "report.html").is_file()


@pytest.mark.slow
def test_it_is_resumed_with_more_seeds_and_its_rows_stay(run: Path) -> None:
    before = csv_rows(run / "results.csv")
    history_before = csv_rows(run / "history.csv")
    checkpoints = {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()}
    ended = digitsum_process("sweep", run / "config.yaml", "--seeds", "0..2", "--resume", "--out", run)
    assert ended.code == 0, ended.err
    assert f"already saved: {len(before)}" in ended.err
    after = {row["trial"]: row for row in csv_rows(run / "results.csv")}
    assert len(after) == len(before) // 2 * 3
    for row in before:
        assert {name: after[row["trial"]][name] for name in row} == row
    history = csv_rows(run / "history.csv")
    assert [row for row in history if row["trial"] in {row["trial"] for row in before}] == history_before
    for name, content in checkpoints.items():
        assert (run / "checkpoints" / name).read_bytes() == content
    assert store_version(run) == VERSION


@pytest.mark.slow
def test_its_trainings_give_the_same_numbers_today(run: Path) -> None:
    """To the bit on one machine; on another processor, PyTorch's last bits differ."""
    ended = digitsum_process("sweep", run / "config.yaml", "--impl", "manual", "--out", "again")
    assert ended.code == 0, ended.err
    before = {row["trial"]: row for row in csv_rows(run / "results.csv") if row["impl"] == "manual"}
    again = {row["trial"]: row for row in csv_rows(Path("again/results.csv"))}
    assert again.keys() == before.keys()
    for identity, row in before.items():
        for name in row.keys() - TIMES:
            new, old = again[identity][name], row[name]
            assert new == old or float(new) == pytest.approx(float(old), rel=1e-6), name


def test_a_migration_that_finds_damage_leaves_the_store_as_it_was(run: Path) -> None:
    if store_version(run) == VERSION:
        pytest.skip("the newest format has nothing to migrate")
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute("UPDATE outcomes SET test_accuracy = 0.99")
    before = (run / "results.sqlite").read_bytes()
    ended = digitsum("sweep", run / "config.yaml", "--resume", "--out", run)
    assert ended.code == 2
    assert "is damaged" in ended.err
    assert (run / "results.sqlite").read_bytes() == before


def test_a_resume_that_is_refused_leaves_the_store_as_it_was(run: Path) -> None:
    before = (run / "results.sqlite").read_bytes()
    ended = digitsum("sweep", run / "config.yaml", "--epochs", "1", "--resume", "--out", run)
    assert ended.code == 2
    assert "these settings do not include" in ended.err
    assert (run / "results.sqlite").read_bytes() == before


def test_a_newer_store_is_called_newer(run: Path) -> None:
    with sqlite3.connect(run / "results.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    ended = digitsum("report", run)
    assert ended.code == 2
    assert "was written by a newer digitsum" in ended.err


def test_a_newer_checkpoint_is_called_newer(run: Path) -> None:
    checkpoint = next((run / "checkpoints").iterdir())
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"digitsum-checkpoint-2", b"digitsum-checkpoint-3"))
    ended = digitsum("evaluate", checkpoint)
    assert ended.code == 2
    assert "was written by a newer digitsum (checkpoint format 3)" in ended.err


def test_every_checkpoint_belongs_to_the_trial_of_its_name(run: Path) -> None:
    for path in find_checkpoints(run).paths:
        assert read_trial_checkpoint(path).trial.name == path.stem
