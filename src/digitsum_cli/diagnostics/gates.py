"""How far the gates of an LSTM or a GRU open, step by step."""

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.specs import MEMORY_CELL
from digitsum_cli.core.tasks import DIGIT_SUM, Task


@torch.no_grad()
def mean_gates(model: DigitSumClassifier, length: int, task: Task = DIGIT_SUM) -> dict[str, npt.NDArray[np.float64]]:
    """The gates, and an LSTM's cell, averaged over the 100 pairs of first digits followed by zeros.

    Arguments:
        model: the classifier.
        length: digits per row, at least 3.
        task: the task that defines the pairs of first digits.

    Returns:
        Arrays of shape ``(length, hidden_size)`` by name; empty for a cell without gates.

    Raises:
        InputError: ``length`` is below 3, or the task's draws cannot be enumerated.
    """
    draws = task.every_draw(length)
    layer, W = model.rnn_model, model.embedding.W
    inputs = [W.repeat_interleave(draws.symbols, dim=0), W.repeat(draws.symbols, 1), *[W[:1]] * draws.positions]
    state = layer.initial_state(draws.labels.size)
    means: dict[str, list[npt.NDArray[np.float64]]] = {}
    for x in inputs:
        values_by_name = layer.gates(x, state)
        state = layer.step(x, state)
        if values_by_name and layer.cell(state).shape[1]:
            values_by_name = {**values_by_name, MEMORY_CELL: layer.cell(state)}
        for name, values in values_by_name.items():
            means.setdefault(name, []).append(values.double().mean(dim=0).cpu().numpy())
    return {name: np.stack(steps) for name, steps in means.items()}
