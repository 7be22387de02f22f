"""Exponential, logarithm, sine and cosine in plain arithmetic.

Loops that call the C library's take one number at a time, and its last digit is
another on another machine. These are sums, products and quotients in a fixed order:
loops over them are turned into vector instructions, and their digits are the same
wherever IEEE arithmetic is. All are good to about one unit in the last place; tests
hold them against the C library's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.compiling import compiled

_LOG2_E, _LOG_2_HIGH, _LOG_2_LOW = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10
_ROOT_2 = 1.4142135623730951
_TO_WHOLE = 6755399441055744.0  # 1.5 times 2^52: what is added rounds to a whole number.
_EXPONENT, _MANTISSA = np.int64(1023), np.int64(2**52 - 1)
_LARGEST = 708.0


@compiled(inline=True)  # type: ignore[untyped-decorator]
def exp(x: Any) -> Any:
    """E to the power of *x*; beyond 708 either way it is that of 708.

    >>> exp(0.0), f"{exp(1.0):.12f}", f"{exp(-700.0):.6e}"
    (1.0, '2.718281828459', '9.859677e-305')
    """
    x = min(max(x, -_LARGEST), _LARGEST)
    shifted = x * _LOG2_E + _TO_WHOLE
    k = shifted - _TO_WHOLE
    r = (x - k * _LOG_2_HIGH) - k * _LOG_2_LOW
    # The power series to r^13: r is at most 0.347.
    rest = r * (1 / 479001600 + r * (1 / 6227020800))
    rest = r * (1 / 3628800 + r * (1 / 39916800 + rest))
    rest = r * (1 / 40320 + r * (1 / 362880 + rest))
    rest = r * (1 / 720 + r * (1 / 5040 + rest))
    rest = r * (1 / 24 + r * (1 / 120 + rest))
    power = 1.0 + (r + r * r * (0.5 + r * (1 / 6 + rest)))
    # The last bits of what was shifted are k, as an exponent is written.
    bits = (np.float64(shifted).view(np.int64) + _EXPONENT) << 52
    return power * np.int64(bits).view(np.float64)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def expit(x: Any) -> Any:
    """Inverse of the logit: 0 and 1, as near as can be, at minus and plus infinity.

    >>> expit(0.0), f"{expit(2.0):.12f}"
    (0.5, '0.880797077978')
    """
    return 1.0 / (1.0 + exp(-x))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def log(x: Any) -> Any:
    """Natural logarithm of a positive number (not a subnormal one).

    x = m 2^e with m from 1 / sqrt(2) to sqrt(2); log m = 2 (z + z^3 / 3 + ...) in
    z = (m - 1) / (m + 1), at most 0.172, to z^19.

    >>> log(1.0), f"{log(0.5):.12f}", f"{log(1e300):.9f}"
    (0.0, '-0.693147180560', '690.775527898')
    """
    bits = np.float64(x).view(np.int64)
    e = np.float64((bits >> 52) - _EXPONENT)
    m = np.int64((bits & _MANTISSA) | (_EXPONENT << 52)).view(np.float64)
    large = m > _ROOT_2
    m, e = (0.5 * m if large else m), (e + 1.0 if large else e)
    f = m - 1.0
    z = f / (2.0 + f)
    z2 = z * z
    rest = z2 * (1 / 13 + z2 * (1 / 15 + z2 * (1 / 17 + z2 * (1 / 19))))
    rest = z2 * (1 / 5 + z2 * (1 / 7 + z2 * (1 / 9 + z2 * (1 / 11 + rest))))
    # f - z f = 2 z, to more digits.
    inner = f - z * (f - 2.0 * z2 * (1 / 3 + rest))
    return e * _LOG_2_HIGH + (inner + e * _LOG_2_LOW)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def cosine_and_sine(turns: Any) -> Any:
    """Cosine and sine of an angle in full turns, 0 to 1.

    >>> cosine, sine = cosine_and_sine(0.125)
    >>> f"{cosine:.12f} {sine:.12f}"
    '0.707106781187 0.707106781187'
    """
    quarter = (4.0 * turns + _TO_WHOLE) - _TO_WHOLE
    # What is left, at most an eighth of a turn either way, is exact.
    x = 6.283185307179586 * (turns - 0.25 * quarter)
    x2 = x * x
    rest = x2 * (-1 / 39916800 + x2 * (1 / 6227020800 - x2 / 1307674368000))
    sine = x + x * x2 * (-1 / 6 + x2 * (1 / 120 + x2 * (-1 / 5040 + x2 * (1 / 362880 + rest))))
    rest = x2 * (1 / 479001600 + x2 * (-1 / 87178291200 + x2 / 20922789888000))
    rest = x2 * (-1 / 720 + x2 * (1 / 40320 + x2 * (-1 / 3628800 + rest)))
    cosine = 1.0 - (0.5 * x2 - x2 * x2 * (1 / 24 + rest))
    swapped = (quarter == 1.0) | (quarter == 3.0)
    a, b = (sine if swapped else cosine), (cosine if swapped else sine)
    a = -a if (quarter == 1.0) | (quarter == 2.0) else a
    b = -b if (quarter == 2.0) | (quarter == 3.0) else b
    return a, b
