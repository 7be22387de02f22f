"""Maximum likelihood by EM: the rates under which a table of agreement is likeliest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.double_reading.model import (
    N_CATEGORIES,
    N_THETA,
    as_read,
    concerns,
    confusion_matrix,
    pairs_likelihood,
    probability,
)

_START = 0.9
_TOLERANCE, _MOST_STEPS = 1e-10, 100_000


@compiled
def start(pairs: Any, theta: Any) -> None:
    """Prevalences as read, rates all alike: the side on which readers are better than chance."""
    # No prevalence starts at 0, where EM would keep it.
    theta[:4] = 0.95 * as_read(pairs) / pairs.sum() + 0.05 / N_CATEGORIES
    theta[4:] = _START


@compiled
def climb(pairs: Any, theta: Any) -> Any:
    """EM from *theta* upwards, in place; whether it came to rest.

    Squared steps (scheme S3 of Varadhan & Roland 2008, Scand. J. Statist.
    35:335) where they do not lower the likelihood; EM alone crawls.
    """
    first, second, leap = np.empty(N_THETA), np.empty(N_THETA), np.empty(N_THETA)
    for _ in range(_MOST_STEPS):
        _em_step(pairs, theta, first)
        _em_step(pairs, first, second)
        if np.abs(second - theta).max() < _TOLERANCE:
            theta[:] = second
            return True
        step, bend = first - theta, second - 2.0 * first + theta
        length = 1.0
        if (bend**2).sum() > 0.0:
            length = max(1.0, math.sqrt((step**2).sum() / (bend**2).sum()))
        leap[:] = theta + 2.0 * length * step + length**2 * bend
        if _inside(leap) and pairs_likelihood(pairs, leap) >= pairs_likelihood(pairs, second):
            # One plain step more keeps prevalences a whole and mends rounding.
            _em_step(pairs, leap, theta)
        else:
            theta[:] = second
    return False


@compiled
def _em_step(pairs: Any, theta: Any, found: Any) -> None:
    """One step of EM: records shared out over true categories, then counted as if known."""
    matrix = confusion_matrix(theta[4:])
    records = np.zeros(N_CATEGORIES)
    right = np.zeros((2, N_CATEGORIES))
    for r in range(N_CATEGORIES):
        for s in range(r, N_CATEGORIES):
            if pairs[r, s] == 0.0:
                continue
            share = pairs[r, s] / probability(theta, matrix, r, s)
            for t in range(N_CATEGORIES):
                weight = share * theta[t] * matrix[t, r] * matrix[t, s]
                records[t] += weight
                for reading in (r, s):
                    right[0, t] += weight * ((reading < 2) == (t < 2))
                    right[1, t] += weight * (reading % 2 == t % 2)
    found[:4] = records / records.sum()
    for rate in range(4):
        of_truth, counted = 0.0, 0.0
        for t in range(N_CATEGORIES):
            if concerns(rate, t):
                of_truth += right[rate // 2, t]
                counted += 2.0 * records[t]
        found[4 + rate] = of_truth / counted if counted > 0.0 else theta[4 + rate]


@compiled
def _inside(theta: Any) -> Any:
    return theta.min() >= 0.0 and theta.max() <= 1.0
