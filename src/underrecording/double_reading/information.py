"""How well a table of agreement determines what was estimated from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.double_reading.model import (
    N_CATEGORIES,
    N_THETA,
    answer,
    concerns,
    confusion_matrix,
    probability,
)

_AT_EDGE = 1e-6  # Nearer to 0 or 1 than this counts as being there.
_FLAT = 1e-6  # Least curvature, relative, at which the data say anything.


@compiled
def variances(pairs: Any, theta: Any, variance: Any) -> Any:
    """Fill the variances of *theta*; whether the data determine it.

    By the observed information, differences of the score. What lies at 0 or 1
    has none: it is held there, and its variance is that of a share of which n of
    n were seen, under a uniform prior.
    """
    records = pairs.sum()
    base = int(np.argmax(theta[:4]))
    free = np.empty(N_THETA, np.int64)
    n_free = 0
    for j in range(N_THETA):
        if j == base:
            continue
        if _AT_EDGE < theta[j] < 1.0 - _AT_EDGE:
            free[n_free] = j
            n_free += 1
        else:
            seen = records if j < 4 else 2.0 * records * _prevalence(theta, j - 4)
            variance[j] = (seen + 1.0) / ((seen + 2.0) ** 2 * (seen + 3.0))
    variance[base] = 1.0 / (records + 2.0) ** 2
    if n_free == 0:
        return True
    covariance = np.empty((n_free, n_free))
    if not _inverted(_information(pairs, theta, base, free[:n_free]), covariance):
        return False
    of_base = 0.0
    for a in range(n_free):
        variance[free[a]] = covariance[a, a]
        for b in range(n_free):
            if free[a] < 4 and free[b] < 4:
                of_base += covariance[a, b]
    variance[base] = max(of_base, variance[base])
    return True


@compiled
def _prevalence(theta: Any, rate: Any) -> Any:
    """Share of records that show a rate."""
    total = 0.0
    for t in range(N_CATEGORIES):
        if concerns(rate, t):
            total += theta[t]
    return total


@compiled
def _information(pairs: Any, theta: Any, base: Any, free: Any) -> Any:
    """Observed information of the numbers *free*; prevalence *base* makes the sum 1."""
    information = np.empty((free.size, free.size))
    above, below = np.empty(N_THETA), np.empty(N_THETA)
    for a in range(free.size):
        j = free[a]
        step = min(1e-4, 0.5 * theta[j], 0.5 * (1.0 - theta[j]))
        moved = theta.copy()
        moved[j] += step
        moved[base] -= step if j < 4 else 0.0
        _score(pairs, moved, base, above)
        moved = theta.copy()
        moved[j] -= step
        moved[base] += step if j < 4 else 0.0
        _score(pairs, moved, base, below)
        for b in range(free.size):
            information[a, b] = (below[free[b]] - above[free[b]]) / (2.0 * step)
    return 0.5 * (information + information.T)


@compiled
def _score(pairs: Any, theta: Any, base: Any, score: Any) -> None:
    """Slope of the log-likelihood in each of *theta*, prevalence *base* giving way."""
    matrix = confusion_matrix(theta[4:])
    score[:] = 0.0
    for r in range(N_CATEGORIES):
        for s in range(r, N_CATEGORIES):
            if pairs[r, s] == 0.0:
                continue
            share = pairs[r, s] / probability(theta, matrix, r, s)
            of_base = matrix[base, r] * matrix[base, s]
            for t in range(N_CATEGORIES):
                score[t] += share * (matrix[t, r] * matrix[t, s] - of_base)
            for rate in range(4):
                score[4 + rate] += share * _slope(theta, matrix, r, s, rate)


@compiled
def _slope(theta: Any, matrix: Any, r: Any, s: Any, rate: Any) -> Any:
    """Derivative of p_rs in one rate."""
    total = 0.0
    for t in range(N_CATEGORIES):
        if concerns(rate, t):
            total += theta[t] * (
                _slope_of_reading(theta, t, r, rate) * matrix[t, s]
                + matrix[t, r] * _slope_of_reading(theta, t, s, rate)
            )
    return total


@compiled
def _slope_of_reading(theta: Any, t: Any, r: Any, rate: Any) -> Any:
    """Derivative of C_tr in a rate that category *t* shows."""
    if rate < 2:
        return (1.0 if (t < 2) == (r < 2) else -1.0) * answer(theta[4:], 2, t % 2 == 0, r % 2 == 0)
    return (1.0 if t % 2 == r % 2 else -1.0) * answer(theta[4:], 0, t < 2, r < 2)


@compiled
def _inverted(information: Any, covariance: Any) -> Any:
    """Fill the inverse of a positive definite matrix; False if it is not clearly one.

    Gauss-Jordan on the scale of correlations, where each pivot is the share of a
    number's information that the others before it leave.
    """
    size = len(information)
    scale = np.empty(size)
    for a in range(size):
        if not information[a, a] > 0.0:
            return False
        scale[a] = 1.0 / math.sqrt(information[a, a])
    left = information * scale * scale.reshape(-1, 1)
    covariance[:] = np.eye(size)
    for a in range(size):
        if left[a, a] < _FLAT:
            return False
        covariance[a] /= left[a, a]
        left[a] /= left[a, a]
        for b in range(size):
            if b != a:
                covariance[b] -= left[b, a] * covariance[a]
                left[b] -= left[b, a] * left[a]
    covariance *= scale * scale.reshape(-1, 1)
    return True
