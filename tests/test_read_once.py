"""What is known is not read or computed again: counted."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from digitsum_cli.evaluation import checkpoints as checkpoints_module
from digitsum_cli.evaluation import scoring
from digitsum_cli.report import own_spans
from digitsum_cli.rundir.store import Store
from digitsum_cli.trials import trial
from digitsum_cli.trials.rows import TrialRow
from tests.command_line import digitsum

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

TEN_TRIALS = ("sweep", "--lengths", "4,5", "--seeds", "0..4", "--epochs", "1", "--impl", "fused", "--out", "run")


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counted: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            counted[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counting)

    count(Store, "outcome")
    count(Store, "ended")
    count(TrialRow, "of")
    count(trial, "identity_of")
    count(checkpoints_module, "read_checkpoint")
    count(scoring, "resolve_settings")
    count(own_spans, "own_spans")
    return counted


@pytest.mark.slow
def test_sweep_reads_each_outcome_once(counts: Counter[str]) -> None:
    assert digitsum(*TEN_TRIALS).code == 0
    assert counts["outcome"] == 10, "for history.csv and the figures together"
    assert counts["of"] == 10
    assert counts["identity_of"] == 10


@pytest.mark.slow
def test_resume_with_nothing_to_do_reads_each_outcome_once(counts: Counter[str]) -> None:
    assert digitsum(*TEN_TRIALS).code == 0
    counts.clear()
    assert digitsum(*TEN_TRIALS, "--resume").code == 0
    assert (counts["ended"], counts["outcome"], counts["of"]) == (1, 10, 10)
    assert counts["identity_of"] == 10


@pytest.mark.slow
def test_diagnosis_reads_each_checkpoint_once(counts: Counter[str]) -> None:
    assert digitsum(*TEN_TRIALS).code == 0
    counts.clear()
    assert digitsum("evaluate", "run", "--diagnose", "-j", "1").code == 0
    assert counts["read_checkpoint"] == 10
    assert counts["resolve_settings"] == 0
    assert counts["own_spans"] == 1, "for the table and the figures together"


@pytest.mark.slow
def test_own_spans_at_other_lengths_are_computed_once(counts: Counter[str]) -> None:
    assert digitsum(*TEN_TRIALS).code == 0
    assert digitsum("evaluate", "run", "--lengths", "4..6..1", "-j", "1").code == 0
    assert counts["own_spans"] == 1, "for the table, the figures and the document together"


@pytest.mark.slow
def test_report_reads_each_outcome_and_checkpoint_once(counts: Counter[str]) -> None:
    assert digitsum(*TEN_TRIALS).code == 0
    counts.clear()
    assert digitsum("report", "run", "-j", "1").code == 0
    assert counts["read_checkpoint"] == 10
    assert counts["outcome"] == 10
    assert counts["of"] == 10
