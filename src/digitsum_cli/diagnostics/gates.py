"""How far the gates of an LSTM or a GRU open, step by step."""

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.specs import MEMORY_CELL


@torch.no_grad()
def mean_gates(model: DigitSumClassifier, digits: npt.NDArray[np.int8]) -> dict[str, npt.NDArray[np.float64]]:
    """The gates, and an LSTM's cell, averaged over some rows.

    Arguments:
        model: the classifier.
        digits: the rows, of shape ``(rows, length)``.

    Returns:
        Arrays of shape ``(length, hidden_size)`` by name; empty for a cell without gates.
    """
    layer = model.rnn_model
    inputs = model.embedding(torch.from_numpy(digits).to(model.embedding.W.device, torch.int64)).unbind(dim=1)
    state = layer.initial_state(len(digits))
    means: dict[str, list[npt.NDArray[np.float64]]] = {}
    for x in inputs:
        values_by_name = layer.gates(x, state)
        state = layer.step(x, state)
        if values_by_name and layer.cell(state).shape[1]:
            values_by_name = {**values_by_name, MEMORY_CELL: layer.cell(state)}
        for name, values in values_by_name.items():
            means.setdefault(name, []).append(values.double().mean(dim=0).cpu().numpy())
    return {name: np.stack(steps) for name, steps in means.items()}
