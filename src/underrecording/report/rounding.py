"""Numbers as a reader should see them: no more digits than their Monte Carlo error allows."""

from __future__ import annotations

import math

MISSING = "-"
_MOST = 3
_NOTHING = 1e-6
"""What is smaller is the rounding of sums, not the error of a simulation."""


def decimals(mcse: float, *, default: int = 2) -> int:
    """Decimals that leave one significant digit of *mcse*; *default* where it has none.

    >>> [decimals(mcse) for mcse in (0.23, 0.0098, 0.0031, 4.0, float("nan"))]
    [1, 2, 3, 0, 2]
    """
    if not mcse > _NOTHING or math.isinf(mcse):
        return default
    # 0.0098 is 0.01 to one digit: two decimals, not three.
    one_digit = float(f"{mcse:.0e}")
    return min(_MOST, max(0, -math.floor(math.log10(one_digit) + 1e-9)))


def rounded(value: float, mcse: float, *, default: int = 2, most: int = _MOST) -> str:
    """*value* to the digits that its MCSE supports, *most* decimals at most.

    >>> rounded(88.3141, 0.23), rounded(float("nan"), 0.1)
    ('88.3', '-')
    """
    if math.isnan(value):
        return MISSING
    places = min(most, decimals(mcse, default=default))
    # Adding 0 turns a negative zero into zero.
    return f"{round(value, places) + 0.0:.{places}f}"


def with_error(value: float, mcse: float, *, default: int = 2) -> str:
    """*value* with its MCSE in brackets.

    >>> with_error(88.3141, 0.23), with_error(-0.5213, 0.022), with_error(0.0, 0.0)
    ('88.3 (0.2)', '-0.52 (0.02)', '0.00 (0)')
    >>> with_error(0.5, float("nan"))
    '0.50 (-)'
    """
    if math.isnan(value):
        return MISSING
    return f"{rounded(value, mcse, default=default)} ({_error(mcse)})"


def _error(mcse: float) -> str:
    if math.isnan(mcse):
        return MISSING
    return f"{mcse:.{decimals(mcse)}f}" if mcse > _NOTHING else "0"
