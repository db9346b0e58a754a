"""The initialisation ``book`` of classifiers with a hand-written cell, drawn without importing torch.

Importing torch takes longer than a compiled training. torch's CPU generator is the Mersenne Twister, as in NumPy, with
the same seeding; a uniform draw uses the low 24 bits of one output. Standard normal draws are overwritten in this
initialisation, so only the number of outputs that they consume matters. The tests check that the weights equal torch's,
bit for bit.
"""

import math

import numpy as np
import numpy.typing as npt

from digitsum_cli.core.checkpoint import Weights
from digitsum_cli.core.registry import CELLS
from digitsum_cli.core.tasks import DIGIT_SUM, Task

_NORMAL_BLOCK = 16
"""With at least this many values, torch draws normals in blocks of this size, from one output each."""


def draw_book_weights(
    cell: str,
    embedding_size: int,
    hidden_size: int,
    seed: int,
    task: Task = DIGIT_SUM,
    *,
    input_scale: float = 1.0,
    recurrent_scale: float = 1.0,
) -> Weights:
    """The weights that ``build_classifier(cell, "manual", …, init="book", seed=seed)`` starts with.

    Arguments:
        cell: its name in the registry.
        embedding_size: M.
        hidden_size: H.
        seed: seed of the generator, 0 to 2**32 - 1.
        task: defines the number of different digits and classes.
        input_scale, recurrent_scale: factors of W and U.

    Returns:
        Arrays of float32, by the classifier's parameter names.
    """
    generator = _TorchGenerator(seed)
    M, H = embedding_size, hidden_size
    suffixes = CELLS[cell].suffixes
    linear_bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + math.sqrt(5) ** 2)) / math.sqrt(H))
    return {
        **{f"rnn_model.W{suffix}": generator.xavier(M, H) * np.float32(input_scale) for suffix in suffixes},
        **{f"rnn_model.U{suffix}": generator.xavier(H, H) * np.float32(recurrent_scale) for suffix in suffixes},
        **{f"rnn_model.b{suffix}": generator.xavier(1, H) for suffix in suffixes},
        "embedding.W": generator.xavier(task.symbols, M),
        "linear.weight": generator.uniform((task.classes, H), linear_bound),
        "linear.bias": generator.uniform((task.classes,), 1 / math.sqrt(H)),
    }


class _TorchGenerator:
    """The part of torch's CPU generator that is needed here."""

    def __init__(self, seed: int) -> None:
        self._stream = np.random.RandomState(seed)
        self._half_pair_left = False

    def xavier(self, rows: int, columns: int) -> npt.NDArray[np.float32]:
        """Draws Xavier-uniform values after discarding a normal draw."""
        self._skip_normals(rows * columns)
        return self.uniform((rows, columns), math.sqrt(3.0) * math.sqrt(2.0 / (rows + columns)))

    def uniform(self, shape: tuple[int, ...], bound: float) -> npt.NDArray[np.float32]:
        """Draws uniformly in ±bound; product and sum are rounded once, like torch's fused multiply-add."""
        low = np.float32(-bound)
        share = (self._outputs(math.prod(shape)) & np.uint32(2**24 - 1)) * 2.0**-24
        return (share * np.float64(np.float32(bound) - low) + low).astype(np.float32).reshape(shape)

    def _skip_normals(self, count: int) -> None:
        if count >= _NORMAL_BLOCK:
            self._outputs(count + (_NORMAL_BLOCK if count % _NORMAL_BLOCK else 0))
            return
        for _ in range(count):  # in pairs, from two double draws of two outputs each
            if not self._half_pair_left:
                self._outputs(4)
            self._half_pair_left = not self._half_pair_left

    def _outputs(self, count: int) -> npt.NDArray[np.uint32]:
        return self._stream.randint(0, 2**32, size=count, dtype=np.uint32)
