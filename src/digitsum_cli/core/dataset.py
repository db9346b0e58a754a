"""Digit-sum rows as torch tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from digitsum_cli.core.generation import Rows, Splits, generate_splits
from digitsum_cli.core.tasks import DIGIT_SUM, Task


class DigitSumDataset(Dataset[tuple[Tensor, Tensor]]):
    """One split, stored as whole tensors: batches are slices, and no rows are collated.

    It is also a map-style torch data set, so it works with a ``DataLoader``.

    Arguments:
        rows: the rows of the split.
        device: the device of the tensors.

    Example:
        >>> rows = generate_splits([6])[6].train
        >>> digits, label = DigitSumDataset(rows)[0]
        >>> digits.shape, int(label)
        (torch.Size([6]), 0)
    """

    def __init__(self, rows: Rows, device: str | torch.device = "cpu") -> None:
        self.digits = torch.from_numpy(rows.digits).to(device, torch.int64)  # (rows, length)
        self.labels = torch.from_numpy(rows.labels).to(device, torch.int64)  # (rows,)
        self._batch_lengths = rows.batch_lengths

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.digits[index], self.labels[index]

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Iterates over the rows in order, ``batch_size`` at a time; the last batch may be smaller.

        Yields:
            Digits of shape ``(batch, length)`` and labels of shape ``(batch,)``.
        """
        digits = torch.split(self.digits, batch_size)
        if self._batch_lengths is not None:
            lengths = self._batch_lengths.tolist()
            digits = tuple(batch[:, -length:] for batch, length in zip(digits, lengths, strict=True))
        return zip(digits, torch.split(self.labels, batch_size), strict=True)


@dataclass(frozen=True)
class DigitSumSplits:
    """The three data sets of one length."""

    train: DigitSumDataset
    eval: DigitSumDataset
    test: DigitSumDataset

    @classmethod
    def of(cls, splits: Splits, device: str | torch.device = "cpu") -> "DigitSumSplits":
        """Converts generated or loaded rows to data sets."""
        return cls(*(DigitSumDataset(rows, device) for _, rows in splits.items()))


def generate_datasets(
    lengths: Sequence[int],
    k_train: int = 3,
    k_eval: int = 1,
    k_test: int = 1,
    seed: int = 0,
    task: Task = DIGIT_SUM,
) -> dict[int, DigitSumSplits]:
    """Generates the data sets of every length from one random stream; see ``generate_splits``.

    Raises:
        InputError: a length is below 3 or repeated, or a ``k`` is below 1.
    """
    splits_by_length = generate_splits(lengths, k_train, k_eval, k_test, seed, task)
    return {length: DigitSumSplits.of(splits) for length, splits in splits_by_length.items()}
