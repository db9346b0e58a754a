"""How often the 95 % intervals over seeds hold what they claim to: ``python -m tests.interval_coverage``, two minutes.

The values are drawn from distributions like those of trainings, and from two hundred trainings, with replacement. Each
interval is computed from 2,000 samples of each size, and counted if it holds the true median, share or mean.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from digitsum_cli.stats.intervals import mean_bound, median_ranks, share_interval

SIZES = (3, 5, 8, 10, 20, 100)
SAMPLES = 2000
THRESHOLD = 0.9
_RESAMPLES = 999

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """What seeds are drawn from.

    Arguments:
        name: its name.
        draw: draws values of a shape.
        mean, median: its own.
        share: of values at or above the threshold.
        bounded: whether all values lie between 0 and 1.
    """

    name: str
    draw: Callable[[np.random.Generator, tuple[int, int]], Array]
    mean: float
    median: float
    share: float
    bounded: bool = True


def populations() -> list[Population]:
    """The distributions, and the trainings in ``facts/trained_seeds.json``."""
    beta, normal = stats.beta(5, 2), stats.norm(0.5, 0.1)
    log_share = 1 - stats.lognorm(1).cdf(THRESHOLD)
    found = [
        Population("normal", lambda stream, shape: stream.normal(0.5, 0.1, shape), 0.5, 0.5, normal.sf(THRESHOLD)),
        Population(
            "Beta(5, 2)", lambda stream, shape: stream.beta(5, 2, shape), 5 / 7, beta.median(), beta.sf(THRESHOLD)
        ),
        Population(
            "lognormal",
            lambda stream, shape: stream.lognormal(0, 1, shape),
            math.exp(0.5),
            1.0,
            log_share,
            bounded=False,
        ),
        *(_two_valued(succeeding) for succeeding in (0.8, 0.9, 0.95)),
    ]
    facts = json.loads((Path(__file__).parent / "facts" / "trained_seeds.json").read_text())
    return [*found, *(_trained(name, np.array(each["exact_accuracy"])) for name, each in facts.items())]


def _two_valued(succeeding: float) -> Population:
    return Population(
        f"1.0 with {100 * succeeding:.0f} %, 0.1 with {100 * (1 - succeeding):.0f} %",
        lambda stream, shape: np.where(stream.random(shape) < succeeding, 1.0, 0.1),
        succeeding + 0.1 * (1 - succeeding),
        1.0,
        succeeding,
    )


def _trained(name: str, seeds: Array) -> Population:
    share = float((seeds >= THRESHOLD).mean())
    return Population(
        f"trained: {name}",
        lambda stream, shape: stream.choice(seeds, shape),
        float(seeds.mean()),
        float(np.median(seeds)),
        share,
    )


@dataclass(frozen=True)
class Coverage:
    """How an interval does: the share of samples in which it holds the truth, and its mean width."""

    share: float
    width: float

    @classmethod
    def of(cls, low: Array, high: Array, truth: float) -> "Coverage":
        """That of the intervals of many samples; rounding errors do not count as misses."""
        held = (low <= truth + 1e-12) & (truth - 1e-12 <= high)
        return cls(float(held.mean()), float((high - low).mean()))

    def __str__(self) -> str:
        return f"{100 * self.share:.0f} ({100 * self.width:.0f})"


def of_median(values: Array, population: Population) -> Coverage | None:
    """The interval of the median from order statistics."""
    ranks = median_ranks(values.shape[1])
    if ranks is None:
        return None
    ordered = np.sort(values, axis=1)
    return Coverage.of(ordered[:, ranks[0]], ordered[:, ranks[1]], population.median)


def of_share(values: Array, population: Population) -> Coverage | None:
    """Clopper and Pearson's interval of the share that reaches the threshold."""
    size = values.shape[1]
    if share_interval(0, size) is None:
        return None
    ends = np.array([share_interval(count, size) for count in range(size + 1)])
    low, high = ends[(values >= THRESHOLD).sum(axis=1)].T
    return Coverage.of(low, high, population.share)


def of_mean_bound(values: Array, population: Population) -> Coverage | None:
    """The bound of the mean of a bounded distribution."""
    bounds = [mean_bound(sample) for sample in values.tolist()]
    if bounds[0] is None or not population.bounded:
        return None
    low, high = np.array(bounds).T
    return Coverage.of(low, high, population.mean)


def of_students_mean(values: Array, population: Population) -> Coverage:
    """Student's t interval of the mean, which does not hold for such values."""
    size = values.shape[1]
    half = stats.t.ppf(0.975, size - 1) * values.std(axis=1, ddof=1) / math.sqrt(size)
    mean = values.mean(axis=1)
    return Coverage.of(mean - half, mean + half, population.mean)


def of_bootstrapped_mean(values: Array, population: Population) -> Coverage:
    """The interval of the mean up to version 0.1.0: expanded percentiles of a bootstrap, Student's t below eight."""
    size = values.shape[1]
    if size < 8:
        return of_students_mean(values, population)
    stream = np.random.default_rng(0)
    tail = stats.norm.cdf(-stats.t.ppf(0.975, size - 1) * math.sqrt(size / (size - 1)))
    ends = []
    for sample in values:
        means = stream.choice(sample, (_RESAMPLES, size)).mean(axis=1)
        ends.append(np.quantile(means, [tail, 1 - tail]))
    low, high = np.array(ends).T
    return Coverage.of(low, high, population.mean)


BEFORE = {"mean, Student's t": of_students_mean, "mean, bootstrap (0.1.0)": of_bootstrapped_mean}
NOW = {
    "median": of_median,
    f"share that reaches {100 * THRESHOLD:.0f} %": of_share,
    "mean, bound": of_mean_bound,
}


def samples(population: Population, size: int, count: int = SAMPLES) -> Array:
    """Samples of a population, of shape ``(count, size)``, the same each time."""
    return population.draw(np.random.default_rng(size), (count, size))


def table() -> Iterator[str]:
    """The lines of the table, in Markdown."""
    yield f"| coverage in % (mean width in points) | {' | '.join(f'n = {size}' for size in SIZES)} |"
    yield f"|{' --- |' * (len(SIZES) + 1)}"
    for population in populations():
        yield f"| **{population.name}** |{' |' * len(SIZES)}"
        for name, coverage in (BEFORE | NOW).items():
            cells = (coverage(samples(population, size), population) for size in SIZES)
            yield f"| {name} | {' | '.join('–' if cell is None else str(cell) for cell in cells)} |"


if __name__ == "__main__":
    for line in table():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
