"""The exact accuracy: how a classifier performs on every draw of the generator instead of on a sample.

Where the draws cannot be enumerated, it is replaced by the sampled accuracy (see ``digitsum_cli.core.sampled``).

Rows with a common prefix share their states, so all draws of a length are computed as a tree: a trunk of zeros for each
pair of first digits, with nine branches at every step, one for each value of the distractor. After t digits the tree
holds all draws of length t, so a single pass covers every shorter length as well.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.generation import Rows, rows_of_equal_weight, weighted_mean
from digitsum_cli.core.metrics import count_correct
from digitsum_cli.core.record import Score
from digitsum_cli.core.sampled import SCORING_ROWS, draw_scoring_rows
from digitsum_cli.core.tasks import DIGIT_SUM, Task
from digitsum_cli.core.tasks.draws import FIRST_DIGITS, Draws

_DIGITS_AT_ONCE = 2**17
"""How many digits are embedded at once; bounds the memory."""


@torch.inference_mode()
def states_of_every_draw(
    model: DigitSumClassifier, lengths: Iterable[int], first_digit: int, task: Task = DIGIT_SUM
) -> Iterator[tuple[int, Tensor]]:
    """Computes the last states of every draw with a given first digit, for several lengths.

    Arguments:
        model: the classifier.
        lengths: digits per row, each at least 3.
        first_digit: the draws' first digit.
        task: the task that defines the draws.

    Yields:
        Each length once, in ascending order, with states of shape ``(10, length - 2, 10, state_size)``: by second
        digit, position (0 is the third digit) and value of the distractor.

    Raises:
        InputError: a length is below 3, or the task's draws cannot be enumerated.
    """
    wanted = {length: task.every_draw(length) for length in lengths}
    symbols, W = task.symbols, model.embedding.W
    zero, values = W[:1], W[1:].repeat(symbols, 1)
    step = model.rnn_model.step
    trunk = step(W[first_digit : first_digit + 1], model.rnn_model.initial_state(symbols))
    trunk = step(W, trunk)
    branches = trunk[:0]
    for length in range(FIRST_DIGITS + 1, max(wanted) + 1):
        new_branches = step(values, trunk.repeat_interleave(symbols - 1, dim=0))
        after_zero = step(zero, torch.cat([branches, trunk]))
        branches, trunk = torch.cat([after_zero[:-symbols], new_branches]), after_zero[-symbols:]
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
        length: digits per row, at least 3.
        task: the task that defines the rows and labels.

    Raises:
        InputError: ``length`` is below 3, or the task's draws cannot be enumerated.
    """
    draws = task.every_draw(length)
    loss, correct = 0.0, 0
    for first_digit, label_row in enumerate(draws.labels):
        pair_labels = torch.from_numpy(label_row).to(model.embedding.W.device, torch.int64)
        labels = pair_labels.repeat_interleave(draws.positions * draws.symbols)
        for _, states in states_of_every_draw(model, [length], first_digit, task):
            logits = logits_of_draws(model, states)
            loss += cross_entropy(logits, labels, reduction="sum").item()
            correct += count_correct(logits, labels)
    return Score(loss / draws.count, correct / draws.count)


def generator_score(
    model: DigitSumClassifier, length: int, task: Task = DIGIT_SUM, scoring_rows: int = SCORING_ROWS
) -> Score:
    """The exact score if the task's draws can be enumerated, otherwise the score on rows drawn for scoring.

    Arguments:
        model: the classifier.
        length: digits per row, at least the task's ``minimum_length``.
        task: the task that defines the rows and labels.
        scoring_rows: how many rows to draw, at least.
    """
    every_row = task.every_row(length)
    if every_row is None:
        return score_rows(model, draw_scoring_rows(length, scoring_rows, task))
    if isinstance(every_row, Draws):
        return exact_score(model, length, task)
    scores = [(share, score_rows(model, rows)) for share, rows in rows_of_equal_weight(every_row, task)]
    loss = weighted_mean((share, each.loss) for share, each in scores)
    return Score(loss, weighted_mean((share, each.accuracy) for share, each in scores))


@torch.inference_mode()
def score_rows(model: DigitSumClassifier, rows: Rows) -> Score:
    """The mean loss over some rows, and the accuracy on them.

    Arguments:
        model: the classifier.
        rows: one or more.
    """
    loss, correct = 0.0, 0
    for digits, labels in batches_in_memory(rows, model.embedding.W.device):
        logits = model(digits)
        loss += cross_entropy(logits, labels, reduction="sum").item()
        correct += count_correct(logits, labels)
    return Score(loss / len(rows), correct / len(rows))


def batches_in_memory(rows: Rows, device: str | torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Digits and labels of rows, in order, as many at a time as the memory of a network's states allows."""
    at_once = max(1, _DIGITS_AT_ONCE // rows.digits.shape[1])
    for start in range(0, len(rows), at_once):
        part = slice(start, start + at_once)
        digits, labels = torch.from_numpy(rows.digits[part]), torch.from_numpy(rows.labels[part])
        yield digits.to(device, torch.int64), labels.to(device, torch.int64)
