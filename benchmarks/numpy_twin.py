"""Plain NumPy doing what the compiled path does: an independent twin, for speed and for checks."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

CHUNK = 1_000


def numpy_audits(ledger, records, n_inspected, replicates, seed):
    """Simple random forces, hypergeometric counts, combined ratio, linearised variance, t.

    Returns estimate, variance, low, high: (replicates, 4).
    """
    rng = np.random.default_rng(seed)
    due, recorded, frame = ledger.due[0], ledger.recorded[0], ledger.reports[0]
    n_forces = len(due)
    quantile = stdtrit(n_inspected - 1, 0.975)
    answers = []
    for first in range(0, replicates, CHUNK):
        count = min(CHUNK, replicates - first)
        chosen = np.argsort(rng.random((count, n_forces)), axis=1)[:, :n_inspected]
        n, big_n = records[chosen], frame[chosen]
        x = rng.hypergeometric(due[chosen], (frame - due)[chosen], n)
        y = np.zeros_like(x)
        some = x > 0
        y[some] = rng.hypergeometric(
            recorded[chosen][some], (due - recorded)[chosen][some], x[some]
        )
        weight = big_n / n
        total_due = (weight * x).sum(axis=2)
        total_recorded = (weight * y).sum(axis=2)
        ratio = total_recorded.sum(axis=1) / total_due.sum(axis=1)
        a = ratio[:, None, None]
        residual = total_recorded - ratio[:, None] * total_due
        p = n_inspected / n_forces
        between = n_inspected * (1 - p) * residual.var(axis=1, ddof=1) / p**2
        sum_1 = y - a * x
        sum_2 = y * (1 - a) ** 2 + (x - y) * a**2
        spread = (sum_2 - sum_1**2 / n) / (n - 1)
        within = (big_n**2 * (1 - n / big_n) * spread / n).sum(axis=(1, 2)) / p
        variance = (between + within) / (total_due.sum(axis=1) / p) ** 2
        half = quantile * np.sqrt(variance)
        answers.append(np.column_stack([1 - ratio, variance, 1 - ratio - half, 1 - ratio + half]))
    return np.concatenate(answers)
