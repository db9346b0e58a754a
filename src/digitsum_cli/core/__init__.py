"""The experiment itself, usable from a notebook: data, cells, classifier, metrics, runner, checkpoints.

The public names load on first use, so generating data does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digitsum_cli.core.cells.gru import GRU, TorchGRU
    from digitsum_cli.core.cells.lstm import LSTM, TorchLSTM
    from digitsum_cli.core.cells.srn import SRN, TorchSRN
    from digitsum_cli.core.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
    from digitsum_cli.core.classifier import DigitSumClassifier, build_classifier
    from digitsum_cli.core.data_files import read_rows, read_splits, write_splits
    from digitsum_cli.core.dataset import DigitSumDataset, DigitSumSplits, generate_datasets
    from digitsum_cli.core.embedding import Embedding
    from digitsum_cli.core.generation import Rows, Splits, generate_rows, generate_splits
    from digitsum_cli.core.metrics import Accuracy
    from digitsum_cli.core.record import Evaluation, Progress, Score, TrainingRecord
    from digitsum_cli.core.runner import Runner

_NAMES_BY_MODULE = {
    "checkpoint": ["Checkpoint", "read_checkpoint", "write_checkpoint"],
    "classifier": ["DigitSumClassifier", "build_classifier"],
    "data_files": ["read_rows", "read_splits", "write_splits"],
    "dataset": ["DigitSumDataset", "DigitSumSplits", "generate_datasets"],
    "embedding": ["Embedding"],
    "generation": ["Rows", "Splits", "generate_rows", "generate_splits"],
    "cells.gru": ["GRU", "TorchGRU"],
    "cells.lstm": ["LSTM", "TorchLSTM"],
    "metrics": ["Accuracy"],
    "record": ["Evaluation", "Progress", "Score", "TrainingRecord"],
    "runner": ["Runner"],
    "cells.srn": ["SRN", "TorchSRN"],
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

__all__ = [
    "GRU",
    "LSTM",
    "SRN",
    "Accuracy",
    "Checkpoint",
    "DigitSumClassifier",
    "DigitSumDataset",
    "DigitSumSplits",
    "Embedding",
    "Evaluation",
    "Progress",
    "Rows",
    "Runner",
    "Score",
    "Splits",
    "TorchGRU",
    "TorchLSTM",
    "TorchSRN",
    "TrainingRecord",
    "build_classifier",
    "generate_datasets",
    "generate_rows",
    "generate_splits",
    "read_checkpoint",
    "read_rows",
    "read_splits",
    "write_checkpoint",
    "write_splits",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
