"""The embedding layer: digits to vectors."""

import torch
from torch import Tensor, nn

from digitsum_cli.core.book_initialisation import draw_xavier


class Embedding(nn.Module):
    """A table with one row per digit; equivalent to multiplying one-hot digits by ``W``.

    Arguments:
        num_embeddings: the number of different digits.
        embedding_size: the size of each vector.
        generator: the random generator (default: torch's global one).

    Example:
        >>> Embedding(10, 32)(torch.tensor([[6, 7, 0]])).shape
        torch.Size([1, 3, 32])

    Source: the practice book, chapter 6.1.2.
    """

    def __init__(self, num_embeddings: int, embedding_size: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.W = nn.Parameter(draw_xavier((num_embeddings, embedding_size), generator))

    def forward(self, digits: Tensor) -> Tensor:
        """X = W[digits].

        Arguments:
            digits: integers of shape ``(batch, length)``.

        Returns:
            The vectors, of shape ``(batch, length, embedding_size)``.
        """
        return self.W[digits]
