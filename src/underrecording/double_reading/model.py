"""Two equal readers of one record: the chance of each pair of readings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled

N_CATEGORIES, N_THETA = 4, 8


@compiled
def confusion_matrix(rates: Any) -> Any:
    """P(read as r | truly t), (4, 4), the two questions read independently of each other.

    >>> confusion_matrix(np.array([0.9, 0.8, 1.0, 0.5]))[1].tolist()
    [0.45, 0.45, 0.04999999999999999, 0.04999999999999999]
    """
    matrix = np.empty((N_CATEGORIES, N_CATEGORIES))
    for t in range(N_CATEGORIES):
        for r in range(N_CATEGORIES):
            matrix[t, r] = answer(rates, 0, t < 2, r < 2) * answer(rates, 2, t % 2 == 0, r % 2 == 0)
    return matrix


@compiled
def answer(rates: Any, question: Any, truth: Any, said: Any) -> Any:
    """Chance of one answer to a question, its rates from place *question* on."""
    right = rates[question] if truth else rates[question + 1]
    return right if truth == said else 1.0 - right


@compiled
def concerns(rate: Any, t: Any) -> Any:
    """Whether a record of category *t* shows the rate: a yes sensitivity, a no specificity."""
    yes = t < 2 if rate < 2 else t % 2 == 0
    return yes if rate % 2 == 0 else not yes


@compiled
def probability(theta: Any, matrix: Any, r: Any, s: Any) -> Any:
    """p_rs of one ordered pair of readings."""
    total = 0.0
    for t in range(N_CATEGORIES):
        total += theta[t] * matrix[t, r] * matrix[t, s]
    return total


@compiled
def unordered(table: Any) -> Any:
    """The table with mirrored cells added up above the diagonal, as floats."""
    pairs = np.zeros((N_CATEGORIES, N_CATEGORIES))
    for r in range(N_CATEGORIES):
        for s in range(N_CATEGORIES):
            pairs[min(r, s), max(r, s)] += table[r, s]
    return pairs


@compiled
def as_read(pairs: Any) -> Any:
    """Records in each category, the mean of their two readings, (4,)."""
    return 0.5 * (pairs.sum(axis=0) + pairs.sum(axis=1))


@compiled
def pairs_likelihood(pairs: Any, theta: Any) -> Any:
    """Log-likelihood of *theta* for unordered *pairs*, up to a constant."""
    matrix = confusion_matrix(theta[4:])
    total = 0.0
    for r in range(N_CATEGORIES):
        for s in range(r, N_CATEGORIES):
            if pairs[r, s] > 0.0:
                total += pairs[r, s] * math.log(probability(theta, matrix, r, s))
    return total
