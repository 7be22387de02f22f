"""Confidence intervals of a share: pure functions of value, variance, quantile and n_eff.

All take ``value`` in [0, 1], its ``variance``, the upper ``quantile`` (normal or
t, as registered; positive) and the effective sample size ``n_eff`` =
value (1 - value) / variance (see `effective_sample_size` for 0 and 1). All
return ``(low, high)``, with width 0 where ``n_eff`` is infinite: nothing was
left to chance.
"""

from __future__ import annotations

import math

from underrecording.estimation.registries import interval


@interval("wald", quantile="normal")
def wald(value: float, variance: float, quantile: float, n_eff: float) -> tuple[float, float]:
    """Estimate plus and minus z standard errors.

    Formula::

        A -+ z sqrt(V),   z the normal quantile; not clipped to [0, 1]

    Assumes: a normal estimate whose variance is known.

    Do not use it for few forces (see `t`), nor near 0 or 1, where it may leave
    [0, 1] and has width 0 at the ends themselves; its coverage is erratic even
    in large samples.

    Source: Brown, Cai & DasGupta (2001), Statist. Sci. 16:101, who say why not.

    >>> low, high = wald(0.14, 0.14 * 0.86 / 50, 1.959964, 50.0)
    >>> f"{low:.4f} {high:.4f}"
    '0.0438 0.2362'
    """
    if variance == 0.0:
        return value, value
    half_width = quantile * math.sqrt(variance)
    return value - half_width, value + half_width


@interval("t", quantile="t")
def t(value: float, variance: float, quantile: float, n_eff: float) -> tuple[float, float]:
    """Estimate plus and minus Student's t standard errors.

    Formula::

        A -+ t sqrt(V),   t the quantile on the variance's degrees of freedom;
                          not clipped to [0, 1]

    Assumes: a normal estimate; the degrees of freedom stand for how well the
    variance is known, forces being few. R's ``survey::svyciprop`` calls it
    ``mean``.

    Do not use it near 0 or 1, where it may leave [0, 1] and has width 0 at the
    ends themselves.

    Source: Student's t on forces less strata, as in Lohr (2022).

    >>> low, high = t(0.80, 0.0004, 2.178813, 400.0)     # 13 forces, one stratum
    >>> f"{low:.4f} {high:.4f}"
    '0.7564 0.8436'
    """
    if variance == 0.0:
        return value, value
    half_width = quantile * math.sqrt(variance)
    return value - half_width, value + half_width


@interval("logit", quantile="t")
def logit(value: float, variance: float, quantile: float, n_eff: float) -> tuple[float, float]:
    """A t interval on the log odds, carried back to the share.

    Formula::

        L -+ t sqrt(V) / (A (1 - A)),   L = log(A / (1 - A)),   share = 1 / (1 + exp(-L))

    Assumes: an estimate whose log odds are normal. Stays in (0, 1).

    Do not use it where 0 or 1 may well be estimated: there it is undefined (NaN,
    counted as such), unless the audit is a census.

    Source: the logit method of R's ``survey::svyciprop``; Korn & Graubard
    (1998), Survey Methodology 24:193, compare it with others.

    >>> low, high = logit(0.80, 0.0004, 2.178813, 400.0)
    >>> f"{low:.4f} {high:.4f}"
    '0.7529 0.8401'
    """
    if math.isinf(n_eff):
        return value, value
    if value <= 0.0 or value >= 1.0:
        return math.nan, math.nan
    middle = math.log(value) - math.log1p(-value)
    half_width = quantile * math.sqrt(variance) / (value * (1.0 - value))
    return (
        1.0 / (1.0 + math.exp(half_width - middle)),
        1.0 / (1.0 + math.exp(-half_width - middle)),
    )


@interval("wilson", quantile="t")
def wilson(value: float, variance: float, quantile: float, n_eff: float) -> tuple[float, float]:
    """Wilson's score interval on the effective sample size.

    Formula::

        (A + t^2 / 2n -+ t sqrt(A (1 - A) / n + t^2 / 4n^2)) / (1 + t^2 / n),
        n = n_eff = A (1 - A) / V;   at A = 0 or 1, n = records read as due

    Assumes: that the estimate behaves as a binomial share of n_eff records.
    With the `binomial` variance n is the records read as due, the degrees of
    freedom are infinite, and it is the textbook interval. Stays in [0, 1].

    Do not use it where all records agree but forces may not: at 0 and 1 the
    clustering cannot be estimated, and records count as independent.

    Source: Wilson (1927), J. Amer. Statist. Assoc. 22:209; on an effective
    sample size, Franco, Little, Louis & Slud (2019), J. Surv. Stat. Methodol.
    7:334.

    >>> low, high = wilson(7 / 50, 0.14 * 0.86 / 50, 1.959964, 50.0)
    >>> f"{low:.4f} {high:.4f}"
    '0.0695 0.2619'
    """
    if math.isinf(n_eff):
        return value, value
    pull = quantile**2 / n_eff
    centre = (value + pull / 2.0) / (1.0 + pull)
    half_width = (
        quantile * math.sqrt(value * (1.0 - value) / n_eff + pull / (4.0 * n_eff)) / (1.0 + pull)
    )
    # By algebra 0 <= low <= value <= high <= 1; kept so against rounding.
    return max(0.0, min(value, centre - half_width)), min(1.0, max(value, centre + half_width))
