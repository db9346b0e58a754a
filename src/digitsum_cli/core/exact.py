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
from digitsum_cli.core.metrics import count_correct
from digitsum_cli.core.record import Score
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.draws import FIRST_DIGITS


@torch.inference_mode()
def states_of_every_draw(
    model: DigitSumClassifier, lengths: Iterable[int], first_digit: int, task: Task = DIGIT_SUM
) -> Iterator[tuple[int, Tensor]]:
    """The last states of every draw with one first digit, for several lengths.

    Arguments:
        model: the classifier.
        lengths: digits in a row, each at least 3.
        first_digit: the draws' first digit.
        task: whose draws they are.

    Yields:
        Each length once, in rising order, with states of shape ``(10, length - 2, 10, state_size)``: by second digit,
        position (0 is the third digit) and value of the distractor.

    Raises:
        InputError: a length is below 3, or the task's draws cannot be listed.
    """
    wanted = {length: task.every_draw(length) for length in lengths}
    symbols, W = task.symbols, model.embedding.W
    zero, values = W[:1], W[1:].repeat(symbols, 1)
    step = model.rnn_model.step
    trunk = step(W[first_digit : first_digit + 1], model.rnn_model.initial_state(symbols))
    trunk = step(W, trunk)
    branches = trunk[:0]
    for length in range(FIRST_DIGITS + 1, max(wanted) + 1):
        sprouting = step(values, trunk.repeat_interleave(symbols - 1, dim=0))
        grown = step(zero, torch.cat([branches, trunk]))
        branches, trunk = torch.cat([grown[:-symbols], sprouting]), grown[-symbols:]
        if length in wanted:
            positions = wanted[length].positions
            with_distractor = branches.view(positions, symbols, symbols - 1, -1).transpose(0, 1)
            without = trunk.view(symbols, 1, 1, -1).expand(-1, positions, -1, -1)
            yield length, torch.cat([without, with_distractor], dim=2)


def logits_of_draws(model: DigitSumClassifier, states: Tensor) -> Tensor:
    """The logits of draws, of shape ``(draws, classes)``, in the order of ``Draws.digits``.

    Arguments:
        model: the classifier.
        states: of shape ``(10, length - 2, 10, state_size)``, from ``states_of_every_draw``.
    """
    logits: Tensor = model.linear(model.rnn_model.hidden(states.flatten(0, 2)))
    return logits


@torch.inference_mode()
def exact_score(model: DigitSumClassifier, length: int, task: Task = DIGIT_SUM) -> Score:
    """The expected loss and the accuracy on rows of a length, under the generator's own distribution.

    Arguments:
        model: the classifier.
        length: digits in a row, at least 3.
        task: whose rows and labels they are.

    Raises:
        InputError: ``length`` is below 3, or the task's draws cannot be listed.
    """
    draws = task.every_draw(length)
    loss, correct = 0.0, 0
    for first_digit, labels_of_pairs in enumerate(draws.labels):
        of_pairs = torch.from_numpy(labels_of_pairs).to(model.embedding.W.device, torch.int64)
        labels = of_pairs.repeat_interleave(draws.positions * draws.symbols)
        for _, states in states_of_every_draw(model, [length], first_digit, task):
            logits = logits_of_draws(model, states)
            loss += cross_entropy(logits, labels, reduction="sum").item()
            correct += count_correct(logits, labels)
    return Score(loss / draws.count, correct / draws.count)
