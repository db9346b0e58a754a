"""Accuracy."""

from torch import Tensor

from digitsum_cli.errors import InputError


class Accuracy:
    """The share of correct answers, accumulated batch by batch.

    Example:
        >>> import torch
        >>> accuracy = Accuracy()
        >>> accuracy.update(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        >>> accuracy.accumulate()
        0.5
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Resets the counts."""
        self._correct = 0
        self._rows = 0

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Counts one batch: logits of shape ``(batch, classes)``, labels of shape ``(batch,)``."""
        self._correct += count_correct(logits, labels)
        self._rows += len(labels)

    def accumulate(self) -> float:
        """The accuracy over all batches since the last reset, 0 to 1.

        Raises:
            InputError: no batch was counted.
        """
        if self._rows == 0:
            raise InputError("the accuracy of no rows is undefined", next_step="Call update first")
        return self._correct / self._rows


def count_correct(logits: Tensor, labels: Tensor) -> int:
    """Counts the rows whose highest logit is at the label; a row with NaN logits is not correct.

    Arguments:
        logits: of shape ``(rows, classes)``.
        labels: of shape ``(rows,)``.
    """
    highest, answers = logits.max(dim=1)
    return int(((answers == labels) & ~highest.isnan()).sum())
