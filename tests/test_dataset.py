"""Rows as tensors, in a DataLoader and as slices."""

import torch
from torch.utils.data import DataLoader

from digitsum_cli.core import Accuracy, DigitSumDataset, generate_datasets, generate_splits


def test_slices_equal_the_batches_of_a_data_loader() -> None:
    dataset = generate_datasets([6])[6].train
    loaded = list(DataLoader(dataset, batch_size=8))
    sliced = list(dataset.batches(8))
    assert len(loaded) == len(sliced) == 38
    assert len(sliced[-1][1]) == 4
    for (digits, labels), (sliced_digits, sliced_labels) in zip(loaded, sliced, strict=True):
        assert torch.equal(digits, sliced_digits)
        assert torch.equal(labels, sliced_labels)


def test_rows_are_int64_tensors_of_the_generated_rows() -> None:
    rows = generate_splits([4])[4].eval
    dataset = DigitSumDataset(rows)
    assert dataset.digits.dtype == dataset.labels.dtype == torch.int64
    assert dataset.digits.tolist() == rows.digits.tolist()
    assert dataset.labels.tolist() == rows.labels.tolist()
    assert len(dataset) == 100


def test_accuracy_is_gathered_over_batches_of_different_sizes() -> None:
    accuracy = Accuracy()
    right = torch.eye(3)
    accuracy.update(right, torch.tensor([0, 1, 2]))
    accuracy.update(right[:1], torch.tensor([2]))
    assert accuracy.accumulate() == 0.75
    accuracy.reset()
    accuracy.update(right, torch.tensor([0, 0, 0]))
    assert accuracy.accumulate() == 1 / 3
