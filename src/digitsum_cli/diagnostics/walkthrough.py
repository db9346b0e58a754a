"""One sequence, step by step: the network's answer after each digit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.errors import InputError

_SEQUENCE = re.compile(r"[0-9]+|[0-9](?:(?:\s*,\s*|\s+)[0-9])+")


@dataclass(frozen=True)
class Walkthrough:
    """A classifier's states and answers on one sequence.

    Arguments:
        digits: the sequence.
        label: the correct answer.
        states: ``h`` after each digit, of shape ``(length, hidden_size)``.
        probabilities: the probabilities of the classes after each digit, of shape ``(length, classes)``.
        gates: by name, how far each gate was open at each digit, 0 to 1, of shape ``(length, hidden_size)``.
        cell: the rest of the state, of shape ``(length, hidden_size)`` for an LSTM and ``(length, 0)`` otherwise.
    """

    digits: tuple[int, ...]
    label: int
    states: npt.NDArray[np.floating]
    probabilities: npt.NDArray[np.floating]
    gates: dict[str, npt.NDArray[np.floating]]
    cell: npt.NDArray[np.floating]

    @property
    def answer(self) -> int:
        """The most probable class after the last digit."""
        return int(self.probabilities[-1].argmax())


@torch.inference_mode()
def walk_through(model: DigitSumClassifier, digits: Sequence[int], task: Task = DIGIT_SUM) -> Walkthrough:
    """Runs one sequence through the classifier, step by step; it may be one that the generator cannot draw.

    Arguments:
        model: the classifier.
        digits: at least two integers 0-9.
        task: the task that defines the correct answer.

    Raises:
        InputError: there are fewer than two digits, or one is not 0-9.
    """
    if len(digits) < task.label_digits:
        raise InputError(
            f"a sequence of length {len(digits)} is too short",
            allowed=f"{task.label_digits} or more digits: the correct answer is {task.label_in_words}",
        )
    for position, digit in enumerate(digits, start=1):
        if not 0 <= digit < task.symbols:
            raise InputError(f"digit {position} of the sequence is {digit}", allowed=f"0-{task.symbols - 1}")
    layer = model.rnn_model
    state = layer.initial_state(1)
    states, gates = [], []
    for x in model.embedding(torch.tensor([digits], device=state.device)).unbind(dim=1):
        gates.append(layer.gates(x, state))
        state = layer.step(x, state)
        states.append(state)
    every_state = torch.cat(states)
    h = layer.hidden(every_state)
    return Walkthrough(
        tuple(digits),
        int(task.label(np.array([digits], np.int8))[0]),
        h.cpu().numpy(),
        model.linear(h).softmax(dim=1).cpu().numpy(),
        {name: torch.cat([at_step[name] for at_step in gates]).cpu().numpy() for name in gates[0]},
        layer.cell(every_state).cpu().numpy(),
    )


def parse_sequence(text: str) -> tuple[int, ...]:
    """Parses digits written as ``6 7 0 0 1 0``, ``6,7,0,0,1,0`` or ``670010``.

    Raises:
        InputError: ``text`` has none of these forms.
    """
    if not _SEQUENCE.fullmatch(text.strip()):
        raise InputError(
            f"{text!r} is not a sequence of digits", allowed="digits like '6 7 0 0 1 0', '6,7,0,0,1,0' or '670010'"
        )
    return tuple(int(digit) for digit in re.findall("[0-9]", text))
