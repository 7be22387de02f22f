"""Exact random counts: inverse CDFs for small ones, a rejection sampler for large ones.

An inverse CDF keeps equal luck equal: the count never falls when its uniform
or a probability rises, so designs are compared with common random numbers.
Weights are taken relative to the mode and normalised by their own sum, so
nothing underflows and no log-gamma is needed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.elementary import log
from underrecording.rng import uniforms

_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
NEGLIGIBLE = 1e-18  # Relative weight at which a tail ends: below float64 resolution.


@compiled
def hypergeometric_quantile(u: Any, population: Any, successes: Any, drawn: Any) -> Any:
    """Smallest x with P(X <= x) >= u, X the successes in a draw without replacement.

    Parameters
    ----------
    u : float in (0, 1)
    population, successes, drawn : int
        ``0 <= successes <= population`` and ``0 <= drawn <= population``.

    >>> [hypergeometric_quantile(u, 50, 20, 10) for u in (0.05, 0.5, 0.95)]
    [2, 4, 6]
    """
    failures = population - successes
    low = max(0, drawn - failures)
    high = min(drawn, successes)
    mode = ((drawn + 1) * (successes + 1)) // (population + 2)
    return _quantile(
        u, min(max(mode, low), high), low, high,
        drawn, float(successes), 1.0, float(failures - drawn + 1), 1.0,
    )  # fmt: skip


@compiled
def hypergeometric_thresholds(population: Any, successes: Any, drawn: Any, reached: Any) -> Any:
    """What `hypergeometric_quantile` compares with, written down.

    Fills *reached* with the weight reached up to each count of any weight: the
    quantile is the smallest one with ``u * total <= reached``, the last one
    failing that.

    Returns
    -------
    int, int, float
        Smallest count of any weight, number of counts, *total*.

    >>> import numpy as np
    >>> reached = np.zeros(3)
    >>> low, counts, total = hypergeometric_thresholds(50, 20, 2, reached)
    >>> low, counts, (reached / total).round(4).tolist()
    (0, 3, [0.3551, 0.8449, 1.0])
    """
    failures = population - successes
    low = max(0, drawn - failures)
    high = min(drawn, successes)
    mode = ((drawn + 1) * (successes + 1)) // (population + 2)
    return _thresholds(
        min(max(mode, low), high), low, high,
        drawn, float(successes), 1.0, float(failures - drawn + 1), 1.0, reached,
    )  # fmt: skip


@compiled
def binomial_quantile(u: Any, n: Any, p: Any) -> Any:
    """Smallest x with P(X <= x) >= u, X binomial.

    Parameters
    ----------
    u : float in (0, 1)
    n : int, at least 0
    p : float in [0, 1]

    >>> [binomial_quantile(u, 20, 0.3) for u in (0.05, 0.5, 0.95)]
    [3, 6, 9]
    """
    if p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    mode = min(n, int((n + 1) * p))
    return _quantile(u, mode, 0, n, n, p, 0.0, 1.0 - p, 0.0)


@compiled
def binomial_thresholds(n: Any, p: Any, reached: Any) -> Any:
    """What `binomial_quantile` compares with, as `hypergeometric_thresholds` gives it.

    >>> import numpy as np
    >>> reached = np.zeros(3)
    >>> low, counts, total = binomial_thresholds(2, 0.5, reached)
    >>> low, counts, (reached / total).tolist()
    (0, 3, [0.25, 0.75, 1.0])
    """
    if p <= 0.0 or p >= 1.0:
        reached[0] = 1.0
        return (0 if p <= 0.0 else n), 1, 1.0
    mode = min(n, int((n + 1) * p))
    return _thresholds(mode, 0, n, n, p, 0.0, 1.0 - p, 0.0, reached)


@compiled
def _quantile(
    u: Any, mode: Any, low: Any, high: Any, n: Any, a: Any, b: Any, c: Any, d: Any
) -> Any:
    """Inverse CDF on low..high where w(x + 1) / w(x) = (n - x)(a - b x) / ((x + 1)(c + d x))."""
    low, high, below, above = _weights(mode, low, high, n, a, b, c, d)
    target = u * (below + above)
    reached = below
    weight = 1.0
    x = mode
    if target <= below:
        while x > low and target <= reached - weight:
            reached -= weight
            x -= 1
            weight *= _step_down(x, n, a, b, c, d)
        return x
    while x < high and reached < target:
        weight *= _step_up(x, n, a, b, c, d)
        x += 1
        reached += weight
    return x


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _thresholds(
    mode: Any, low: Any, high: Any, n: Any, a: Any, b: Any, c: Any, d: Any, reached: Any
) -> Any:
    """Write down what `_quantile` compares with: first count of any weight, how many, total."""
    low, high, below, above = _weights(mode, low, high, n, a, b, c, d)
    reached[mode - low] = below
    weight = 1.0
    for x in range(mode, low, -1):
        reached[x - 1 - low] = reached[x - low] - weight
        weight *= _step_down(x - 1, n, a, b, c, d)
    weight = 1.0
    for x in range(mode, high):
        weight *= _step_up(x, n, a, b, c, d)
        reached[x + 1 - low] = reached[x - low] + weight
    return low, high - low + 1, below + above


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _weights(mode: Any, low: Any, high: Any, n: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """First and last count of any weight; weight up to the mode, which counts 1, and beyond."""
    below, above = 1.0, 0.0
    weight = 1.0
    x = mode
    while x > low and weight > NEGLIGIBLE:
        x -= 1
        weight *= _step_down(x, n, a, b, c, d)
        below += weight
    first = x
    weight = 1.0
    x = mode
    while x < high and weight > NEGLIGIBLE:
        weight *= _step_up(x, n, a, b, c, d)
        x += 1
        above += weight
    return first, x, below, above


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _step_up(x: Any, n: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """w(x + 1) / w(x)."""
    return (n - x) * (a - b * x) / ((x + 1) * (c + d * x))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _step_down(x: Any, n: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """w(x) / w(x + 1)."""
    return (x + 1) * (c + d * x) / ((n - x) * (a - b * x))


_LOG_FACTORIALS = np.array([math.lgamma(n + 1.0) for n in range(32)])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def log_factorial(n: Any) -> Any:
    """Log n!, by Stirling's series from 32 on, where four terms leave less than 1e-16.

    >>> [round(log_factorial(n), 12) for n in (0, 3, 31, 32)]
    [0.0, 1.791759469228, 78.092223553315, 81.557959456115]
    """
    if n < 32:
        return _LOG_FACTORIALS[int(n)]
    x, y = float(n), 1.0 / float(n)
    z = y * y
    series = y * (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z / 1680.0)))
    return (x + 0.5) * log(x) - x + _HALF_LOG_2_PI + series


@compiled
def binomial(
    n: Any, p: Any, seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any
) -> Any:
    """A binomial count at an address, exact for any n; its attempts are the draw indices.

    Transformed rejection with squeeze, BTRS of Hormann (1993, J. Stat. Comput.
    Simul. 46:101) where ``n min(p, 1 - p) >= 10``, else the inverse CDF.
    BTRS is not monotone in its uniforms: counts of the same address under
    another p are close in law, not in luck.

    >>> import numpy as np
    >>> binomial(10_000, 0.8, np.uint64(7), 0, 3, 32, 12, 0)
    8014
    """
    u, v = uniforms(seed, world, replicate, purpose, force, group, 0)
    return binomial_from(u, v, 0, n, p, seed, world, replicate, purpose, force, group)


@compiled
def binomial_from(
    u: Any, v: Any, attempt: Any, n: Any, p: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any,
) -> Any:  # fmt: skip
    """`binomial` from its attempt number *attempt* on, of which the uniforms are given."""
    if p <= 0.0 or n == 0:
        return 0
    if p >= 1.0:
        return n
    rare = min(p, 1.0 - p)
    if n * rare < 10.0:
        return binomial_quantile(u, n, p)
    variance = n * rare * (1.0 - rare)
    spread = math.sqrt(variance)
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * rare
    per_b = 1.0 / b
    squeeze = 0.92 - 4.2 * per_b
    alpha = (2.83 + 5.1 * per_b) * spread
    mode = math.floor((n + 1) * rare)
    while True:
        edge = 0.5 - abs(u - 0.5)
        per_edge = 1.0 / edge
        k = math.floor((2.0 * a * per_edge + b) * (u - 0.5) + (n * rare + 0.5))
        accepted = edge >= 0.07 and v <= squeeze
        if not accepted and 0 <= k <= n:
            height = log(v * alpha / (a * per_edge * per_edge + b))
            accepted = _is_below(height, n, rare, mode, int(k), variance)
        if accepted:
            count = int(k)
            return count if p <= 0.5 else n - count
        attempt += 1
        u, v = uniforms(seed, world, replicate, purpose, force, group, attempt)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def log_weight_nearly(k: Any, mode: Any, mean: Any, p: Any, per_variance: Any) -> Any:
    """The logarithm of P(k) / P(mode): what it is near to, and how near.

    For k closer to the mode than half the variance less 1, *p* at most 1/2, and a
    *mean* of 10 or more. Stirling's formula in powers of x = k - mean, to x^4 where
    n is in it and to x^2 in the rest; the margin is more than what is left out. Tests
    hold it against exact weights.

    >>> weight, margin = log_weight_nearly(60.0, 50.0, 50.0, 0.5, 1 / 25.0)
    >>> abs(weight - math.log(math.comb(100, 60) / math.comb(100, 50))) < margin < 0.06
    True
    """
    p_p, skew = p * (1.0 - p), 1.0 - 2.0 * p
    x, x_mode, y = k - mean, mode - mean, abs(k - mode)
    weight = _log_weight(x, p_p, skew, per_variance)
    weight -= _log_weight(x_mode, p_p, skew, per_variance)
    x_v = abs(x) * per_variance
    margin = x_v * x_v * x_v * (0.1 * x * x * per_variance + 1.0 / 3.0)
    return weight, margin + (0.25 * y + 0.2) * per_variance * per_variance


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _log_weight(x: Any, p_p: Any, skew: Any, per_variance: Any) -> Any:
    """Log P(mean + x), but for what does not depend on x and is small."""
    x_v = x * per_variance
    even = 0.25 * (1.0 - 2.0 * p_p) * per_variance - x_v * x_v * (1.0 - 3.0 * p_p) / 12.0
    return x_v * (skew * (x * x_v / 6.0 - 0.5) - 0.5 * x + x * even)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _is_below(height: Any, n: Any, p: Any, mode: Any, k: Any, variance: Any) -> Any:
    """Whether *height* is at most log P(k) / P(mode); bounds settle most cases."""
    if abs(k - mode) < 0.5 * variance - 1.0:
        weight, margin = log_weight_nearly(float(k), float(mode), n * p, p, 1.0 / variance)
        if height < weight - margin:
            return True
        if height > weight + margin:
            return False
    log_weight = (
        log_factorial(mode) + log_factorial(n - mode) - log_factorial(k) - log_factorial(n - k)
    )
    return height <= log_weight + (k - mode) * log(p / (1.0 - p))
