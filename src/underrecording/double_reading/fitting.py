"""From a table of agreement to prevalences and rates, or the reason why not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.double_reading.climb import climb, start
from underrecording.double_reading.information import variances
from underrecording.double_reading.model import (
    N_CATEGORIES,
    N_THETA,
    as_read,
    pairs_likelihood,
    unordered,
)

IDENTIFIED, NOTHING_READ, NOT_IDENTIFIED, NOT_CONVERGED = range(4)

_ASSOCIATED = 10.83  # Chi-square on 1 df exceeded once in 1,000 without association.


@compiled
def fit(table: Any, theta: Any, variance: Any) -> Any:
    """Maximum likelihood from a table of agreement; fills *theta* and *variance*.

    Parameters
    ----------
    table : int array (4, 4)
        Records by first and by second reading; only the sum of mirrored cells counts.
    theta, variance : float arrays (8,)
        Filled; NaN where the code returned is not ``IDENTIFIED``.

    Returns
    -------
    int
        ``IDENTIFIED``, or the reason why there is no answer.

    Nine cells are free and seven numbers unknown, yet the answer is unique only
    where readers beat chance, sensitivity + specificity > 1 (the other answers
    are the same with yes and no exchanged), and where the two questions are
    associated in truth: each question alone gives two free cells for three
    unknown numbers, and only the other one can stand in for a third reader. Where
    the readings show no association at 1 in 1,000 there is no answer.

    Readers who never disagree are taken as faultless; see `variances` for how
    surely. EM starts from one place and finds the maximum nearest to it.

    Source: Dawid & Skene (1979), Applied Statistics 28:20; for what two readers
    can tell, Hui & Walter (1980), Biometrics 36:167.

    >>> theta, variance = np.empty(8), np.empty(8)
    >>> fit(np.diag([60, 20, 0, 20]), theta, variance)
    0
    >>> np.round(theta, 3).tolist()
    [0.6, 0.2, 0.0, 0.2, 1.0, 1.0, 1.0, 1.0]
    """
    pairs = unordered(table)
    theta[:] = math.nan
    variance[:] = math.nan
    if pairs.sum() == 0.0:
        return NOTHING_READ
    best, spread = np.empty(N_THETA), np.empty(N_THETA)
    start(pairs, best)
    if np.trace(pairs) == pairs.sum():
        best[:4] = np.diag(pairs) / pairs.sum()
        best[4:] = 1.0
    elif _association(pairs) < _ASSOCIATED:
        return NOT_IDENTIFIED
    elif not climb(pairs, best):
        return NOT_CONVERGED
    _name_classes(best)
    if best[4] + best[5] <= 1.0 or best[6] + best[7] <= 1.0 or not variances(pairs, best, spread):
        return NOT_IDENTIFIED
    theta[:] = best
    variance[:] = spread
    return IDENTIFIED


@compiled
def log_likelihood(table: Any, theta: Any) -> Any:
    """Log-likelihood of *theta* (8,) for a table of agreement, up to a constant.

    >>> sure = np.array([0.5, 0.2, 0.0, 0.3, 1.0, 1.0, 1.0, 1.0])
    >>> f"{log_likelihood(np.diag([5, 2, 0, 3]), sure):.4f}"
    '-10.2965'
    """
    return pairs_likelihood(unordered(table), theta)


@compiled
def _association(pairs: Any) -> Any:
    """Chi-square of the two questions' answers, as if each record had one of its readings.

    Without association nothing tells an error on one question from a rare truth:
    the likelihood has a ridge, and at its end figures that only look precise.
    """
    read = as_read(pairs)
    margins = (read[0] + read[1]) * (read[2] + read[3]) * (read[0] + read[2]) * (read[1] + read[3])
    if margins == 0.0:
        return 0.0
    return read.sum() * (read[0] * read[3] - read[1] * read[2]) ** 2 / margins


@compiled
def _name_classes(theta: Any) -> None:
    """Turn round a question that came out upside down, so that readers beat chance."""
    for question in range(2):
        sensitivity, specificity = theta[4 + 2 * question], theta[5 + 2 * question]
        if sensitivity + specificity >= 1.0:
            continue
        theta[4 + 2 * question], theta[5 + 2 * question] = 1.0 - specificity, 1.0 - sensitivity
        for t in range(N_CATEGORIES):
            other = (t + 2) % 4 if question == 0 else t ^ 1
            if t < other:
                theta[t], theta[other] = theta[other], theta[t]
