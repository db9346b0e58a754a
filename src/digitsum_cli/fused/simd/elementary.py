"""exp, tanh and the sigmoid on vectors, accurate to 2 units in the last place (3 for the sigmoid).

All use the range reduction and polynomials of Moshier's Cephes library. NaN stays NaN; ``exp`` gives 0
below the logarithm of the smallest normal number and infinity above that of the largest.
"""

from typing import NamedTuple

from digitsum_cli.fused.simd.vectors import Vector

_LOG2_E = 1.4426950408889634


class _Range(NamedTuple):
    """The constants of a precision.

    Arguments:
        lowest, highest: the arguments at which exp gives the smallest normal and the largest number.
        top: the largest integer exponent of two.
        rounder: a number that rounds to integers when it is added and subtracted again.
        ln2_high, ln2_low: the natural logarithm of 2, in two parts.
    """

    lowest: float
    highest: float
    top: float
    rounder: float
    ln2_high: float
    ln2_low: float


_SINGLE = _Range(-87.33654475055311, 88.72283905206835, 127.0, 1.5 * 2.0**23, 0.693359375, -2.12194440e-4)
_DOUBLE = _Range(
    -708.3964185322641, 709.782712893384, 1023.0, 1.5 * 2.0**52, 6.93145751953125e-1, 1.42860682030941723212e-6
)


def exp(x: Vector) -> Vector:
    """The exponential function."""
    bounds = _SINGLE if x.single else _DOUBLE
    mantissa, k = _exp_parts(_clamped(x, bounds.lowest, bounds.highest), bounds)
    doubled = x.constant(2.0).where_above(k, bounds.top, 1.0)
    scaled = mantissa * (k - 1.0).where_above(k, bounds.top, k).power_of_two() * doubled
    finite = x.constant(0.0).where_below(x, bounds.lowest, scaled)
    return x.constant(float("inf")).where_above(x, bounds.highest, finite)


def tanh(x: Vector) -> Vector:
    """The hyperbolic tangent: a polynomial near 0, otherwise 1 - 2 / (exp(2 |x|) + 1) with the sign of x."""
    magnitude = abs(x)
    z = x * x
    if x.single:
        bounds, saturated = _SINGLE, 10.0
        p = _polynomial(z, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
    else:
        bounds, saturated = _DOUBLE, 20.0
        p = _polynomial(z, -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3)
        p = p / _polynomial(z, 1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3)
    small = p * z * x + x
    doubled = magnitude + magnitude
    bounded = x.constant(2 * saturated).where_above(magnitude, saturated, doubled)
    mantissa, k = _exp_parts(bounded, bounds)
    large = 1.0 - 2.0 / (mantissa * k.power_of_two() + 1.0)
    signed = (-large).where_below(x, 0.0, large)
    return small.where_below(magnitude, 0.625, signed)


def sigmoid(x: Vector) -> Vector:
    """1 / (1 + exp(-x)); beyond the bounds, where exp would overflow or underflow, its value at the bound."""
    bounds, highest = (_SINGLE, 88.0) if x.single else (_DOUBLE, 709.0)
    mantissa, k = _exp_parts(_clamped(-x, bounds.lowest, highest), bounds)
    return 1.0 / (mantissa * k.power_of_two() + 1.0)


def _exp_parts(x: Vector, bounds: _Range) -> tuple[Vector, Vector]:
    """exp(r) and k with x = k ln 2 + r, so that exp(x) = 2**k exp(r), for x within the bounds."""
    k = (x * _LOG2_E + bounds.rounder) - bounds.rounder
    r = x - k * bounds.ln2_high - k * bounds.ln2_low
    if x.single:
        p = _polynomial(
            r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1
        )
        return p * (r * r) + r + 1.0, k
    z = r * r
    p = r * _polynomial(z, 1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1)
    q = _polynomial(
        z, 3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2.00000000000000000005
    )
    return 2.0 * (p / (q - p)) + 1.0, k


def _polynomial(x: Vector, *coefficients: float) -> Vector:
    """The polynomial with these coefficients, highest degree first (Horner's rule)."""
    value = x.constant(coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def _clamped(x: Vector, lowest: float, highest: float) -> Vector:
    raised = x.constant(lowest).where_below(x, lowest, x)
    return x.constant(highest).where_above(raised, highest, raised)
