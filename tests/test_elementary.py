"""The compiled elementary functions against extended precision."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

EXACT: dict[str, Any] = {"tanh": np.tanh, "exp": np.exp, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}


def evaluated(function: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    from numba import njit

    from digitsum_cli.fused.simd import elementary
    from digitsum_cli.fused.simd.vectors import elementwise

    operation = elementwise(lambda _, a: getattr(elementary, function)(a))
    result = np.empty_like(x)

    @njit
    def run(result, x):  # type: ignore[no-untyped-def]
        operation(x.shape[0], (), (result, x), (0, 0))

    run(result, x)
    return result


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "lowest", "highest", "units"), [("tanh", -30, 30, 2), ("exp", -800, 720, 2), ("sigmoid", -80, 80, 3)]
)
@pytest.mark.slow
def test_elementary_functions_are_within_two_or_three_units_in_the_last_place(
    function: str, lowest: float, highest: float, units: int, dtype: type[np.floating]
) -> None:
    tiny = 10.0 ** np.linspace(-37, 1, 2**17)
    x = np.concatenate([np.linspace(lowest, highest, 2**20), np.linspace(-2, 2, 2**19), tiny, -tiny]).astype(dtype)
    with np.errstate(over="ignore", under="ignore"):
        exact = EXACT[function](x.astype(np.longdouble))
        normal = (np.abs(exact) >= np.finfo(dtype).tiny) & (np.abs(exact) <= np.finfo(dtype).max)
        unit = np.spacing(np.abs(exact[normal]).astype(dtype)).astype(np.longdouble)
    result = evaluated(function, x)
    assert (np.abs(result[normal] - exact[normal]) / unit).max() <= units
    too_large = exact > np.finfo(dtype).max
    assert np.isinf(result[too_large]).all()
    assert (np.abs(result[np.abs(exact) < np.finfo(dtype).tiny]) <= 2 * np.finfo(dtype).tiny).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.slow
def test_what_is_not_a_number_or_infinite_passes_through(dtype: type[np.floating]) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0] * 16, dtype)
    assert np.array_equal(evaluated("tanh", x)[:4], [np.nan, 1.0, -1.0, 0.0], equal_nan=True)
    assert np.array_equal(evaluated("exp", x)[:4], [np.nan, np.inf, 0.0, 1.0], equal_nan=True)
    sigmoid = evaluated("sigmoid", x)[:4]
    assert np.isnan(sigmoid[0])
    assert sigmoid[1:].tolist() == pytest.approx([1.0, 0.0, 0.5], abs=1e-38)
