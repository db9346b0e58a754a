"""Two runs that must be the same but for times."""

import csv
import json
from pathlib import Path
from typing import Any

TIMES = {"seconds", "seconds_min", "seconds_max"}


def numbers(path: Path) -> list[dict[str, str]]:
    """The rows of ``results.csv`` without the times."""
    rows = csv.DictReader((path / "results.csv").read_text().splitlines())
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(item) for name, item in value.items() if name not in TIMES}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def assert_same_run(one: Path, other: Path) -> None:
    """Tables, checkpoints, settings, analysis and figures, to the byte but for times."""
    assert numbers(one) == numbers(other)
    analyses = [_without_times(json.loads((run / "analysis.json").read_text())) for run in (one, other)]
    assert analyses[0] == analyses[1]
    for name in ("history.csv", "config.yaml"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    for folder in ("checkpoints", "figures"):
        files = [{path.name: path.read_bytes() for path in (run / folder).iterdir()} for run in (one, other)]
        assert files[0].keys() == files[1].keys()
        assert [name for name in files[0] if files[0][name] != files[1][name]] == []
    names = [{path.name for path in run.iterdir()} for run in (one, other)]
    assert names[0] == names[1], "nothing is left over"
