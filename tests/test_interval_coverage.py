"""Every interval that is printed as 95 % holds in at least 94 % of simulated samples, of every kind of seeds."""

import pytest

from tests.interval_coverage import NOW, Population, of_bootstrapped_mean, populations, samples

TWO_HUMPED = "1.0 with 90 %, 0.1 with 10 %"


@pytest.mark.slow
@pytest.mark.parametrize("population", populations(), ids=lambda population: population.name)
@pytest.mark.parametrize("size", [5, 6, 8, 10, 20, 100])
def test_intervals_hold(population: Population, size: int) -> None:
    values = samples(population, size)
    for name, coverage in NOW.items():
        covered = coverage(values, population)
        assert covered is None or covered.share >= 0.94, name


def test_intervals_of_a_mean_did_not() -> None:
    """The simulation can tell: of ten seeds, one in three samples shows no failure at all."""
    (population,) = (each for each in populations() if each.name == TWO_HUMPED)
    assert of_bootstrapped_mean(samples(population, 10, 300), population).share < 0.75
