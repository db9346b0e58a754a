"""How right the answers are."""

from torch import Tensor

from digitsum_cli.errors import InputError


class Accuracy:
    """The share of right answers, gathered batch by batch.

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
        """Forgets what was gathered."""
        self._right = 0
        self._rows = 0

    def update(self, logits: Tensor, labels: Tensor) -> None:
        """Counts one batch: logits of shape ``(batch, classes)``, labels of shape ``(batch,)``."""
        self._right += count_correct(logits, labels)
        self._rows += len(labels)

    def accumulate(self) -> float:
        """The accuracy over all batches since the last reset, 0 to 1.

        Raises:
            InputError: there was no batch.
        """
        if self._rows == 0:
            raise InputError("no rows were counted, so there is no accuracy", next_step="Call update first")
        return self._right / self._rows


def count_correct(logits: Tensor, labels: Tensor) -> int:
    """How many rows have their highest logit at the label; a row with logits that are no numbers has none.

    Arguments:
        logits: of shape ``(rows, classes)``.
        labels: of shape ``(rows,)``.
    """
    highest, answers = logits.max(dim=1)
    return int(((answers == labels) & ~highest.isnan()).sum())
