"""How the memory span depends on which lengths are measured: ``python -m tests.span_by_grid RUN``.

The run has every length from its first to its last, such as ``digitsum sweep --lengths 5..45..1 --seeds 0..19``. The
span is read at all of them, and at every 2nd, 3rd, 4th, 5th, 6th and 10th, from the first on.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from digitsum_cli.analysis.memory_spans import MemorySpanRow, memory_spans
from digitsum_cli.evaluation.saved_run import read_run
from digitsum_cli.stats.memory_span import median_of_spans
from digitsum_cli.table import short_percent
from digitsum_cli.trials.rows import TrialRow

STEPS = (1, 2, 3, 4, 5, 6, 10)


def spans_by_step(rows: Sequence[TrialRow], thresholds: Sequence[float]) -> dict[int, list[MemorySpanRow]]:
    """The memory spans of each setting and threshold, by step.

    Arguments:
        rows: the trials of a run with every length from its first to its last.
        thresholds: accuracies that count as remembered.
    """
    lengths = sorted({row.length for row in rows})
    if lengths != list(range(lengths[0], lengths[-1] + 1)):
        raise ValueError(f"the run does not have every length from {lengths[0]} to {lengths[-1]}")
    by_step = {}
    for step in STEPS:
        read = set(lengths[::step])
        by_step[step] = memory_spans([row for row in rows if row.length in read], thresholds)
    return by_step


def table(rows: Sequence[TrialRow], thresholds: Sequence[float]) -> Iterator[str]:
    """The lines of the tables, one for each setting and threshold, in Markdown."""
    for same in zip(*spans_by_step(rows, thresholds).values(), strict=True):
        heading = ", ".join(filter(None, (same[0].label, f"at {short_percent(same[0].threshold)}")))
        yield f"| {heading}: every | {' | '.join(map(str, STEPS))} |"
        yield f"|{' --- |' * (len(STEPS) + 1)}"
        failures = (str(median_of_spans(row.spans).median) if row.spans else "–" for row in same)
        yield f"| median of the seeds' own first failures (0.1.0) | {' | '.join(failures)} |"
        yield f"| span of the medians | {' | '.join(str(row.median.median) if row.median else '–' for row in same)} |"
        yield ""


def main(run: Path) -> None:
    """Prints the tables of a run, at its thresholds."""
    saved = read_run(run)
    for line in table(saved.rows, saved.analysis.thresholds):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.span_by_grid RUN")
    main(Path(sys.argv[1]))
