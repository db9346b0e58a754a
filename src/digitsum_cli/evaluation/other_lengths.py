"""Scores checkpoints at any length: the memory of a network, not of its training."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digitsum_cli.core.accuracy_kind import AccuracyKind
from digitsum_cli.core.exact import generator_score, score_rows
from digitsum_cli.core.registry import CELLS, FUSED, TORCH
from digitsum_cli.core.sampled import count_scoring_rows, draw_scoring_rows
from digitsum_cli.core.tasks import Task
from digitsum_cli.core.tasks.draws import Draws
from digitsum_cli.diagnostics.reading import read_every_draw
from digitsum_cli.errors import InputError
from digitsum_cli.evaluation.checkpoints import TrialCheckpoint
from digitsum_cli.evaluation.parallel import work_in_parallel
from digitsum_cli.evaluation.scoring import scoring_settings
from digitsum_cli.execution.executor import Send
from digitsum_cli.execution.training import use_one_thread
from digitsum_cli.settings import Override
from digitsum_cli.settings.schema import DrawingSettings
from digitsum_cli.stats.intervals import Interval, wilson_interval
from digitsum_cli.trials.setting import Setting
from digitsum_cli.trials.trial import Trial

_MAXIMUM_SEQUENTIAL = 4


@dataclass(frozen=True)
class _Work:
    """A checkpoint to score: at which lengths, on which rows, and whether to read every row whatever that takes."""

    checkpoint: TrialCheckpoint
    lengths: Sequence[int]
    drawing: DrawingSettings
    every_row: bool


@dataclass(frozen=True)
class LengthAccuracy:
    """The accuracy of a checkpoint at a length.

    Arguments:
        path: the file.
        trial: the trial it belongs to.
        length: digits per row.
        accuracy: 0 to 1.
        kind: ``exact`` or ``sampled``.
        rows: number of draws that it was measured on: all of them, or those drawn for scoring.
    """

    path: Path
    trial: Trial
    length: int
    accuracy: float
    kind: AccuracyKind
    rows: int

    @property
    def setting(self) -> Setting:
        """The setting of the trial."""
        return Setting.of(self.trial)

    @property
    def interval(self) -> Interval | None:
        """The 95 % Wilson interval of a sampled accuracy; None if it is exact."""
        sampled = self.kind is AccuracyKind.SAMPLED
        return wilson_interval(round(self.accuracy * self.rows), self.rows) if sampled else None

    def to_dict(self) -> dict[str, Any]:
        """One flat row for JSON."""
        low, high = self.interval or (None, None)
        return {
            "checkpoint": str(self.path),
            "trial": self.trial.identity,
            "train_length": self.trial.length,
            "seed": self.trial.seed,
            **self.setting.columns,
            "length": self.length,
            "accuracy": self.accuracy,
            "low": low,
            "high": high,
            "kind": self.kind,
            "rows": self.rows,
        }


def score_at_lengths(
    checkpoints: Sequence[TrialCheckpoint],
    lengths: Sequence[int],
    overrides: Sequence[Override],
    processes: int,
    *,
    every_row: bool = False,
    on_share: Callable[[float], None] = lambda _: None,
) -> Iterator[list[LengthAccuracy]]:
    """Scores checkpoints at some lengths: exactly where that takes no longer than on rows drawn for scoring.

    Arguments:
        checkpoints: the checkpoints.
        lengths: digits per row.
        overrides: overrides of ``data.distractors`` and ``data.scoring_rows``.
        processes: number of parallel processes.
        every_row: whether to read every possible row, however long that takes.
        on_share: called with the number of checkpoints that are scored, in which parts of one count.

    Yields:
        The accuracies of each checkpoint, by ascending length, as soon as they are known.

    Raises:
        InputError: a length is too short for the task; a checkpoint's data are not its task's, so that rows of another
            length are unknown; there are too many rows to read every one; or its weights do not match its trial.
    """
    work: list[_Work] = []
    for checkpoint in checkpoints:
        drawing = scoring_settings(checkpoint, overrides).data
        for length in lengths:
            drawing.asked.require_length(length)
        if checkpoint.trial.foreign and not any(each.key == "data.distractors" for each in overrides):
            raise InputError(
                f"{checkpoint.path} was trained on rows that cannot be drawn with data.distractors "
                f"{checkpoint.trial.drawing.distractors}, so rows of other lengths are unknown",
                next_step="Say how they are drawn, for example with --set data.distractors=all",
            )
        if every_row and any(drawing.asked.every_row(length) is None for length in lengths):
            several = drawing.distractors != 1
            raise InputError(
                (f"with data.distractors {drawing.distractors}, " if several else "")
                + "there are too many possible rows to read all of them",
                where="--exact",
                next_step="Leave out --exact to sample the accuracy"
                + (", or add --set data.distractors=1" if several else ""),
            )
        work.append(_Work(checkpoint, sorted(lengths), drawing, every_row))
    shares: dict[Path, float] = {}

    def report(path: Path, share: float) -> None:
        shares[path] = share
        on_share(sum(shares.values()))

    scored = work_in_parallel(
        _score, work, processes, _MAXIMUM_SEQUENTIAL, lambda piece, share: report(piece.checkpoint.path, share)
    )
    for piece, accuracies in scored:
        report(piece.checkpoint.path, 1.0)
        yield accuracies


def _score(work: _Work, send: Send) -> list[LengthAccuracy]:
    use_one_thread()
    checkpoint, lengths, drawing = work.checkpoint, work.lengths, work.drawing
    task, model = drawing.asked, checkpoint.classifier()
    wanted = count_scoring_rows(drawing.scoring_rows, task)
    exact = [length for length in lengths if _is_exact(task, length, sys.maxsize if work.every_row else wanted)]
    by_length = _exact_accuracies(checkpoint, exact, task, send) if exact else {}
    accuracies = []
    for length in lengths:
        if length in by_length:
            accuracy, rows, kind = by_length[length], _count(task, length), AccuracyKind.EXACT
        else:
            scored = draw_scoring_rows(length, wanted, task)
            accuracy, rows, kind = score_rows(model, scored).accuracy, len(scored), AccuracyKind.SAMPLED
        accuracies.append(LengthAccuracy(checkpoint.path, checkpoint.trial, length, accuracy, kind, rows))
    return accuracies


def _count(task: Task, length: int) -> int:
    """The number of draws or rows of a length; 0 if they cannot be listed."""
    every_row = task.every_row(length)
    if every_row is None:
        return 0
    return every_row.count if isinstance(every_row, Draws) else len(every_row.digits)


def _exact_accuracies(checkpoint: TrialCheckpoint, lengths: Sequence[int], task: Task, send: Send) -> dict[int, float]:
    """Compiled, if the weights are those of the equations: PyTorch's layers have another bias, and a GRU needs it."""
    if not isinstance(task.every_row(lengths[0]), Draws):
        classifier = checkpoint.classifier()
        return {length: generator_score(classifier, length, task).accuracy for length in lengths}
    model = checkpoint.trial.model
    compiled = CELLS[model.cell].import_path(FUSED, model.activation)
    if model.impl == TORCH or compiled is None:
        answers = read_every_draw(checkpoint.classifier(), lengths[-1], lengths, task).answers
        return {length: answered.accuracy for length, answered in answers.items()}
    from digitsum_cli.fused.exact import exact_accuracies_of_weights

    return exact_accuracies_of_weights(compiled, checkpoint.weights, lengths, task, send)


def _is_exact(task: Task, length: int, scoring_rows: int) -> bool:
    """Whether all draws can be read in no more steps than the rows drawn for scoring.

    A draw shares its steps with others until its distractor has been read, which halves their number.
    """
    every_row = task.every_row(length)
    if isinstance(every_row, Draws):
        return every_row.rows_per_first_digit * every_row.symbols / 2 <= scoring_rows
    return every_row is not None and len(every_row.digits) <= scoring_rows
