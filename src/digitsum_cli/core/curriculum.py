"""Curricula: how long the rows of each batch are.

A network that is taught at one length from the start may never leave the floor, since the gradient of the answer has to
reach back over all of it. A curriculum starts with short rows (Bengio, Louradour, Collobert and Weston 2009,
*Curriculum learning*). All rows of a batch have one length, drawn uniformly from a shortest one to the *top*, and the
label is read at its end.
"""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from digitsum_cli.core.specs import CurriculumSpec, Top

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


_STEPS = 200
"""The steps of the training whose mean length is computed."""


def constant_top(_step: int, _steps: int, _share: float) -> float:
    """The share of the way from the shortest length to the longest: all of it, in every step."""
    return 1.0


def growing_top(step: int, steps: int, share: float) -> float:
    """The share of the way from the shortest length to the longest, in a straight line over a share of the training.

    Arguments:
        step: counted from 0.
        steps: the total number of steps.
        share: the share of the steps until all of the way, above 0 and up to 1.
    """
    return min(1.0, step / (share * steps))


def mean_length(curriculum: CurriculumSpec, start: int, share: float, longest: int) -> float:
    """The mean length of the rows over a training.

    Arguments:
        curriculum: its entry in the registry.
        start: digits of the shortest rows.
        share: the share of the steps until the top is reached.
        longest: digits of the longest rows, at least ``start``.

    Example:
        >>> from digitsum_cli.core.registry import CURRICULA
        >>> [mean_length(CURRICULA[name], start=3, share=0.5, longest=21) for name in ("none", "uniform")]
        [21.0, 12.0]
    """
    if curriculum.top is None:
        return float(longest)
    ways = (curriculum.top(step, _STEPS, share) for step in range(_STEPS))
    return fmean(start + math.floor(way * (longest - start)) / 2 for way in ways)


@dataclass(frozen=True)
class Curriculum:
    """A curriculum of a training.

    Arguments:
        top: how far the longest rows have grown; see ``CurriculumSpec``.
        start: digits of the shortest rows.
        share: the share of the steps until the top is reached.
        batch_size: rows per batch.
        epochs: epochs of the training.
    """

    top: Top
    start: int
    share: float
    batch_size: int
    epochs: int

    def lengths(self, longest: int, rows: int, epoch: int, stream: "np.random.RandomState") -> "npt.NDArray[np.int64]":
        """The length of each batch of an epoch, of shape ``(batches,)``.

        Arguments:
            longest: digits of the longest rows, at least ``start``.
            rows: number of rows of an epoch.
            epoch: counted from 0.
            stream: the random stream.
        """
        import numpy as np  # the registry, which the help needs, refers to this file

        batches = math.ceil(rows / self.batch_size)
        steps = range(epoch * batches, (epoch + 1) * batches)
        ways = np.array([self.top(step, self.epochs * batches, self.share) for step in steps])
        different = 1 + np.floor(ways * (longest - self.start))
        lengths: npt.NDArray[np.int64] = self.start + np.floor(stream.random_sample(batches) * different).astype(
            np.int64
        )
        return lengths
