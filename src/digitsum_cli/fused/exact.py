"""Exact accuracy, compiled: over every draw of some lengths, in memory that grows in proportion to the longest."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.registry import load
from digitsum_cli.core.tasks import Task
from digitsum_cli.fused.arrays import Parameters, Workspace
from digitsum_cli.fused.cells import CompiledCell
from digitsum_cli.fused.layout import Layout, new_workspace
from digitsum_cli.fused.steps import EntryPoints, entry_points


def exact_accuracies(
    compiled: EntryPoints,
    parameters: Parameters,
    lengths: Sequence[int],
    task: Task,
    work: Workspace,
    sizes: tuple[int, int, int],
    on_share: Callable[[float], None] = lambda _: None,
) -> dict[int, float]:
    """The accuracies over every draw of some lengths, all in one pass.

    Arguments:
        compiled: the cell's compiled functions.
        parameters: the weights.
        lengths: digits per row.
        task: the task that defines the draws and labels.
        work: a workspace for as many nodes as the longest rows have draws for each first digit.
        sizes: H, M and C.
        on_share: called with the share of the work that is done, after each first digit.

    Raises:
        InputError: a length is too short, or there are too many draws to enumerate.
    """
    draws = {length: task.every_draw(length) for length in lengths}
    longest = draws[max(lengths)]
    wanted = np.zeros(longest.positions, np.bool_)
    wanted[[each.positions - 1 for each in draws.values()]] = True
    correct = np.zeros(longest.positions, np.int64)
    for first_digit, labels in enumerate(longest.labels):
        compiled.correct_draws(parameters, first_digit, labels, wanted, correct, work, *sizes)
        on_share((first_digit + 1) / len(longest.labels))
    return {length: float(correct[each.positions - 1] / each.count) for length, each in draws.items()}


def exact_accuracies_of_weights(
    cell: str,
    weights: Mapping[str, npt.NDArray[np.floating]],
    lengths: Sequence[int],
    task: Task,
    on_share: Callable[[float], None] = lambda _: None,
) -> dict[int, float]:
    """The accuracies of a classifier over every draw of some lengths.

    Arguments:
        cell: the import path of its compiled cell; see ``CellSpec.import_path``.
        weights: named as in the classifier with the hand-written cell.
        lengths, task, on_share: as in ``exact_accuracies``.
    """
    compiled_cell: CompiledCell = load(cell)
    layout = Layout(compiled_cell, weights)
    dtype = next(iter(weights.values())).dtype.type
    parameters = layout.views(np.zeros(layout.size, dtype))
    layout.write(weights, parameters)
    widest = task.every_draw(max(lengths)).rows_per_first_digit
    work = new_workspace(compiled_cell, 0, widest, layout, dtype)
    sizes = (layout.hidden_size, layout.embedding_size, layout.classes)
    return exact_accuracies(entry_points(cell), parameters, lengths, task, work, sizes, on_share)
