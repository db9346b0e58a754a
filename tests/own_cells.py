"""The example cells, and classifiers with them."""

from typing import Any

import torch

from digitsum_cli.core.book_initialisation import default_linear
from digitsum_cli.core.classifier import DigitSumClassifier
from digitsum_cli.core.embedding import Embedding
from digitsum_cli.core.registry import OWN_CELL
from digitsum_cli.core.user_code import find_user_code
from digitsum_cli.core.user_code_loading import load_user_class
from tests.command_line import REPOSITORY

FILES = {"ExpRNN": "exp_rnn.py", "LRU": "lru.py", "MinGRU": "min_gru.py", "NBRC": "nbrc.py"}

REFERENCES = {name: f"{REPOSITORY / 'examples' / 'cells' / file}:{name}" for name, file in FILES.items()}

EXAMPLES: dict[str, Any] = {name: load_user_class(find_user_code(each)) for name, each in REFERENCES.items()}


def own_classifier(cell: Any, seed: int, size: int = 8) -> DigitSumClassifier:
    """A classifier with a cell of the user's, drawn as ``build_classifier`` draws it."""
    generator = torch.Generator().manual_seed(seed)
    layer = cell(size, size, generator=generator)
    embedding = Embedding(10, size, generator)
    return DigitSumClassifier(OWN_CELL, layer, embedding, default_linear(size, 19, generator))
