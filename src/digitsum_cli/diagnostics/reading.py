"""One forward pass over every draw: the answers at several lengths and the last states at one of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.exact import logits_of_draws, states_of_every_draw
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.diagnostics.answers import Answers


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
