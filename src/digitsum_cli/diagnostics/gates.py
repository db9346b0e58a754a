"""How far the gates of an LSTM or a GRU open, step by step."""

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.specs import MEMORY_CELL
from digitsum_cli.core.tasks import DIGIT_SUM, Task


@torch.no_grad()
def mean_gates(model: DigitSumClassifier, length: int, task: Task = DIGIT_SUM) -> dict[str, npt.NDArray[np.float64]]:
    """The gates, and the cell of an LSTM, as means over the 100 pairs of first digits, zeros from then on.

    Arguments:
        model: the classifier.
        length: digits in a row, at least 3.
        task: whose pairs of first digits they are.

    Returns:
        By name, of shape ``(length, hidden_size)``; nothing for a cell without gates.

    Raises:
        InputError: ``length`` is below 3, or the task's draws cannot be listed.
    """
    draws = task.every_draw(length)
    layer, W = model.rnn_model, model.embedding.W
    inputs = [W.repeat_interleave(draws.symbols, dim=0), W.repeat(draws.symbols, 1), *[W[:1]] * draws.positions]
    state = layer.initial_state(draws.labels.size)
    means: dict[str, list[npt.NDArray[np.float64]]] = {}
    for x in inputs:
        opened = layer.gates(x, state)
        state = layer.step(x, state)
        if opened and layer.cell(state).shape[1]:
            opened = {**opened, MEMORY_CELL: layer.cell(state)}
        for name, values in opened.items():
            means.setdefault(name, []).append(values.double().mean(dim=0).cpu().numpy())
    return {name: np.stack(steps) for name, steps in means.items()}
