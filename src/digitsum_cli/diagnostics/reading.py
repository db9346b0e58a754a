"""A forward pass over every draw, or over rows: the answers at several lengths and the last states at one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.exact import batches_in_memory, logits_of_draws, states_of_every_draw
from digitsum_cli.core.generation import Rows
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.two_digits import TwoDigitTask
from digitsum_cli.diagnostics.answers import Answers, RowAnswers


@dataclass(frozen=True)
class Reading:
    """The results of a forward pass over every draw.

    Arguments:
        answers: by length, in ascending order.
        last_states: of shape ``(10, 10, length - 2, 10, hidden_size)``: by first digit, second digit, position and
            value of the distractor.
    """

    answers: dict[int, Answers]
    last_states: npt.NDArray[np.float32]


@dataclass(frozen=True)
class RowReading:
    """The results of a forward pass over rows.

    Arguments:
        answers: by length, in ascending order.
        last_states: of shape ``(10, 10, n, hidden_size)``: by first digit and second digit; None if a pair is missing
            from the rows, or the label does not depend on the first two digits alone.
    """

    answers: dict[int, RowAnswers]
    last_states: npt.NDArray[np.float32] | None


@torch.inference_mode()
def read_every_draw(
    model: DigitSumClassifier, length: int, lengths: Iterable[int] = (), task: Task = DIGIT_SUM
) -> Reading:
    """Runs all draws of all lengths through the classifier once, as a tree (see ``digitsum_cli.core.exact``).

    Arguments:
        model: the classifier.
        length: digits per row, at least 3; the length to return the last states and the answers of.
        lengths: further lengths to return the answers of, each at least 3.
        task: the task that defines the draws.

    Raises:
        InputError: a length is below 3, or the task's draws cannot be enumerated.
    """
    wanted = {length, *lengths}
    answers: dict[int, list[npt.NDArray[np.int8]]] = {each: [] for each in sorted(wanted)}
    last_states = []
    for first_digit in range(task.symbols):
        for read, states in states_of_every_draw(model, wanted, first_digit, task):
            logits = logits_of_draws(model, states)
            answers[read].append(logits.argmax(dim=1).view(states.shape[:-1]).to("cpu", torch.int8).numpy())
            if read == length:
                last_states.append(model.rnn_model.hidden(states).cpu().numpy())
    by_length = {read: Answers(read, np.stack(parts), task) for read, parts in answers.items()}
    return Reading(by_length, np.stack(last_states))


@torch.inference_mode()
def read_rows(model: DigitSumClassifier, length: int, rows: Mapping[int, Rows], task: Task = DIGIT_SUM) -> RowReading:
    """Runs rows of several lengths through the classifier.

    Arguments:
        model: the classifier.
        length: the length to return the last states of.
        rows: rows by length, of this one and others.
        task: the task that defines the labels.
    """
    answers: dict[int, RowAnswers] = {}
    for read, of_length in sorted(rows.items()):
        predictions, last_states = [], []
        for digits, _ in batches_in_memory(of_length, model.embedding.W.device):
            h = model.rnn_model(model.embedding(digits))
            predictions.append(model.linear(h).argmax(dim=1).to("cpu", torch.int8).numpy())
            last_states.append(h.cpu().numpy())
        answers[read] = RowAnswers(of_length, np.concatenate(predictions), task)
        if read == length:
            states = _by_pair(of_length, np.concatenate(last_states), task)
    return RowReading(answers, states)


def _by_pair(rows: Rows, states: npt.NDArray[np.float32], task: Task) -> npt.NDArray[np.float32] | None:
    """The states by pair of first digits, each pair with the same number: rows of rarer pairs are repeated."""
    if not isinstance(task, TwoDigitTask):
        return None
    pairs = rows.digits[:, 0].astype(np.intp) * task.symbols + rows.digits[:, 1]
    members = [np.flatnonzero(pairs == pair) for pair in range(task.symbols**2)]
    if not all(len(each) for each in members):
        return None
    most = max(map(len, members))
    chosen = np.stack([np.resize(each, most) for each in members])
    return states[chosen].reshape(task.symbols, task.symbols, most, -1)
