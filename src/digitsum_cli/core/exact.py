"""How a classifier does on every draw of the generator, not on a sample of them.

Rows that begin alike share their states, so all draws of a length are read as a tree: a trunk of zeros for each pair of
first digits, and from every step of it nine branches, one for each value of the distractor. What has been read after t
digits are all the draws of length t: one reading serves every shorter length on its way.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.draws import count_draws
from digitsum_cli.core.generation import DIGITS, FREE_DIGITS, require_length
from digitsum_cli.core.metrics import count_correct
from digitsum_cli.core.record import Score


@torch.inference_mode()
def states_of_every_draw(
    model: DigitSumClassifier, lengths: Iterable[int], first_digit: int
) -> Iterator[tuple[int, Tensor]]:
    """The last states of every draw with one first digit, for several lengths.

    Arguments:
        model: the classifier.
        lengths: digits in a row, each at least 3.
        first_digit: the draws' first digit.

    Yields:
        Each length once, in rising order, with states of shape ``(10, length - 2, 10, state_size)``: by second digit,
        position (0 is the third digit) and value of the distractor.

    Raises:
        InputError: a length is below 3.
    """
    wanted = set(lengths)
    for length in wanted:
        require_length(length)
    zero, values = model.embedding.W[:1], model.embedding.W[1:].repeat(DIGITS, 1)
    step = model.rnn_model.step
    trunk = step(model.embedding.W[first_digit : first_digit + 1], model.rnn_model.initial_state(DIGITS))
    trunk = step(model.embedding.W, trunk)
    branches = trunk[:0]
    for length in range(FREE_DIGITS + 1, max(wanted) + 1):
        sprouting = step(values, trunk.repeat_interleave(DIGITS - 1, dim=0))
        grown = step(zero, torch.cat([branches, trunk]))
        branches, trunk = torch.cat([grown[:-DIGITS], sprouting]), grown[-DIGITS:]
        if length in wanted:
            places = length - FREE_DIGITS
            with_distractor = branches.view(places, DIGITS, DIGITS - 1, -1).transpose(0, 1)
            without = trunk.view(DIGITS, 1, 1, -1).expand(-1, places, -1, -1)
            yield length, torch.cat([without, with_distractor], dim=2)


def answer_every_draw(model: DigitSumClassifier, states: Tensor, first_digit: int) -> tuple[Tensor, Tensor]:
    """The logits and the labels of draws with one first digit.

    Arguments:
        model: the classifier.
        states: of shape ``(10, length - 2, 10, state_size)``, from ``states_of_every_draw``.
        first_digit: of all these draws.

    Returns:
        Logits of shape ``(draws, 19)`` and labels of shape ``(draws,)``, in the order of ``every_draw``.
    """
    logits: Tensor = model.linear(model.rnn_model.hidden(states.flatten(0, 2)))
    labels = torch.arange(first_digit, first_digit + DIGITS, device=logits.device)
    return logits, labels.repeat_interleave(len(logits) // DIGITS)


@torch.inference_mode()
def exact_score(model: DigitSumClassifier, length: int) -> Score:
    """The expected loss and the accuracy on rows of a length, under the generator's own distribution.

    Arguments:
        model: the classifier.
        length: digits in a row, at least 3.

    Raises:
        InputError: ``length`` is below 3.
    """
    loss, right = 0.0, 0
    for first_digit in range(DIGITS):
        for _, states in states_of_every_draw(model, [length], first_digit):
            logits, labels = answer_every_draw(model, states, first_digit)
            loss += cross_entropy(logits, labels, reduction="sum").item()
            right += count_correct(logits, labels)
    return Score(loss / count_draws(length), right / count_draws(length))
