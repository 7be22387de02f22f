"""From the laws of forces to the law of the country: a mixture over the spread of forces.

All is reckoned in U, the due crimes that go unrecorded for each one recorded: the
accuracy is 1 / (1 + U).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from underrecording.audit import Floats
from underrecording.estimation.compile import compiled
from underrecording.estimation.effective_counts import EffectiveCounts
from underrecording.estimation.mixture import Mixture, matched
from underrecording.estimation.posterior import Posterior


class Moments(NamedTuple):
    """Mean, variance and third central moment."""

    mean: float
    variance: float
    third: float


_NONE = Moments(0.0, 0.0, 0.0)


@compiled
def national_accuracy(posterior: Posterior, counts: EffectiveCounts, volume: Floats) -> Mixture:
    """Accuracy of all F forces together, given their recorded crimes a year, *volume* (F,).

    One component for each spread, which has the first three moments of
    ``U = sum_f V_f (1 / A_f - 1) / V``, the mean of forces integrated out.
    """
    n_spreads, n_means = posterior.weight.shape
    weight = np.zeros(n_spreads)
    centre, sd, skewness = np.zeros(n_spreads), np.zeros(n_spreads), np.zeros(n_spreads)
    share = volume / volume.sum()
    read = counts.recorded + counts.unrecorded > 0.0
    inspected, unread = np.nonzero(read & (volume > 0.0))[0], share[~read]
    total, squares = unread.sum(), (unread**2).sum()
    given = np.empty((n_means, 3))
    for i in range(n_spreads):
        for j in range(n_means):
            a = posterior.mean[i, j] * posterior.concentration[i, j]
            b = posterior.concentration[i, j] - a
            odds = _predicted(a, b, total, squares)
            for f in inspected:
                odds = _plus(odds, share[f], _audited(a, b, counts, f))
            given[j] = odds
        weight[i] = posterior.weight[i].sum()
        if weight[i] > 0.0:
            odds = _mixed(posterior.weight[i] / weight[i], given)
            centre[i], sd[i], skewness[i] = matched(odds.mean, odds.variance, odds.third)
    return Mixture(weight, centre, sd, skewness)


@compiled
def _predicted(a: float, b: float, total: float, squares: float) -> Moments:
    """Moments of U in forces nobody inspected, with shares of volume of this sum and squares.

    A_f ~ Beta(a, b) whatever the *due* volume of the force. Their accuracy together,
    sum d_f A_f with d_f the force's share, has mean mu and variance
    mu (1 - mu) sum d_f^2 / (a + b + 1): a beta law with these stands for it. Seen
    from the recorded volume, which is due volume times accuracy, its density
    is to be multiplied by the accuracy: one is added to the first parameter.
    """
    if total == 0.0:
        return _NONE
    mean = a / (a + b)
    both = (a + b + 1.0) * total**2 / squares - 1.0
    return _plus(_NONE, total, _odds(mean * both + 1.0, (1.0 - mean) * both))


@compiled
def _audited(a: float, b: float, counts: EffectiveCounts, f: np.int64) -> Moments:
    """Moments of U in inspected force *f*.

    With part of its reports read, what was not read is all that is uncertain of
    this year: counts grow by 1 / left. One is added as in `_predicted`.
    """
    left = counts.left[f]
    if left == 0.0:
        return Moments(counts.unrecorded[f] / counts.recorded[f], 0.0, 0.0)
    return _odds(a + 1.0 + counts.recorded[f] / left, b + counts.unrecorded[f] / left)


@compiled
def _odds(a: float, b: float) -> Moments:
    """Moments of (1 - A) / A, A ~ Beta(a, b) with a > 2; the third is a lognormal's.

    Its own third moment need not exist.
    """
    mean = b / (a - 1.0)
    variance = mean * (a + b - 1.0) / ((a - 1.0) * (a - 2.0))
    relative = variance / mean**2
    return Moments(mean, variance, variance * mean * relative * (3.0 + relative))


@compiled
def _plus(one: Moments, factor: float, other: Moments) -> Moments:
    """Moments of a sum of independent terms, the second multiplied by *factor*."""
    return Moments(
        one.mean + factor * other.mean,
        one.variance + factor**2 * other.variance,
        one.third + factor**3 * other.third,
    )


@compiled
def _mixed(weight: Floats, given: Floats) -> Moments:
    """Moments of a mixture of laws whose moments are the rows of *given* (M, 3)."""
    mean, variance, third = 0.0, 0.0, 0.0
    for j in range(weight.size):
        mean += weight[j] * given[j, 0]
    for j in range(weight.size):
        off = given[j, 0] - mean
        variance += weight[j] * (given[j, 1] + off**2)
        third += weight[j] * (given[j, 2] + 3.0 * given[j, 1] * off + off**3)
    return Moments(mean, variance, third)
