"""One sequence, step by step: what the network would answer if it ended there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.errors import InputError

_TOGETHER_OR_APART = re.compile(r"[0-9]+|[0-9](?:(?:\s*,\s*|\s+)[0-9])+")


@dataclass(frozen=True)
class Walkthrough:
    """What a classifier makes of one sequence.

    Arguments:
        digits: the sequence.
        label: the right answer.
        states: ``h`` after each digit, of shape ``(length, hidden_size)``.
        probabilities: of the classes if the sequence ended there, of shape ``(length, classes)``.
        gates: how far each gate was open when the digit was read, 0 to 1, of shape ``(length, hidden_size)``, by name.
        cell: what else the state holds, of shape ``(length, hidden_size)`` for an LSTM and ``(length, 0)`` for others.
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
    """Reads one sequence, also one that the generator cannot draw.

    Arguments:
        model: the classifier.
        digits: at least two whole numbers 0-9.
        task: which answer is right.

    Raises:
        InputError: there are fewer than two digits, or one is not 0-9.
    """
    if len(digits) < task.label_digits:
        raise InputError(
            f"a sequence of length {len(digits)} is too short",
            allowed=f"{task.label_digits} or more: the right answer is {task.label_in_words}",
        )
    for place, digit in enumerate(digits, start=1):
        if not 0 <= digit < task.symbols:
            raise InputError(f"digit {place} of the sequence is {digit}", allowed=f"0-{task.symbols - 1}")
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
    """The digits of ``6 7 0 0 1 0``, ``6,7,0,0,1,0`` or ``670010``.

    Raises:
        InputError: ``text`` is none of these.
    """
    if not _TOGETHER_OR_APART.fullmatch(text.strip()):
        raise InputError(
            f"{text!r} is not a sequence of digits", allowed="digits like '6 7 0 0 1 0', '6,7,0,0,1,0' or '670010'"
        )
    return tuple(int(digit) for digit in re.findall("[0-9]", text))
