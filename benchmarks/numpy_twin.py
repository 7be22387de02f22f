"""Plain NumPy doing what the compiled path does: an independent twin, for speed and for checks.

Vectorised over replicates in chunks of 1,000, the fastest size of those tried:

    python benchmarks/numpy_twin.py REPLICATES

runs so many audits of 13 forces in one fixed world and prints bias and coverage.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.special import expit, stdtrit

CHUNK = 1_000
LEVEL = 0.95


def audits(rng, due, recorded, frame, records, n_inspected, quantile):
    """Simple random forces, hypergeometric counts, combined ratio, linearised variance, t.

    *due* and *recorded* are (B, F, K), or (1, F, K) of one fixed world; *frame* and
    *records* (F, K). Returns estimate, variance, low, high, each (B,).
    """
    count = 0 if len(due) > 1 else CHUNK
    count = count or len(due)
    n_forces = due.shape[1]
    chosen = np.argsort(rng.random((count, n_forces)), axis=1)[:, :n_inspected]
    n, big_n = records[chosen], frame[chosen]
    if len(due) > 1:
        due = np.take_along_axis(due, chosen[:, :, None], axis=1)
        recorded = np.take_along_axis(recorded, chosen[:, :, None], axis=1)
    else:
        due, recorded = due[0][chosen], recorded[0][chosen]
    x = rng.hypergeometric(due, big_n - due, n)
    y = np.zeros_like(x)
    some = x > 0
    y[some] = rng.hypergeometric(recorded[some], (due - recorded)[some], x[some])
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
    return 1 - ratio, variance, 1 - ratio - half, 1 - ratio + half


def one_audit(rng, ledger, records, n_inspected):
    """One audit of a fixed world: weighted totals by force, recorded and due, each (m,)."""
    due, recorded, frame = ledger.due[0], ledger.recorded[0], ledger.reports[0]
    chosen = rng.choice(len(frame), n_inspected, replace=False)
    n, big_n, due, recorded = records[chosen], frame[chosen], due[chosen], recorded[chosen]
    x = rng.hypergeometric(due, big_n - due, n)
    y = rng.hypergeometric(recorded, due - recorded, x)
    weight = big_n / n
    return (weight * y).sum(axis=1), (weight * x).sum(axis=1)


class Sums:
    """Bias, standard deviation and coverage, a chunk at a time."""

    def __init__(self):
        self.n, self.error, self.square, self.covered = 0, 0.0, 0.0, 0

    def add(self, answers, truth):
        """Add a chunk of answers."""
        estimate, _, low, high = answers
        error = estimate - truth
        self.n += len(error)
        self.error += error.sum()
        self.square += (error**2).sum()
        self.covered += ((low <= truth) & (truth <= high)).sum()

    def __str__(self):
        mean = self.error / self.n
        sd = np.sqrt(self.square / self.n - mean**2)
        return f"{self.n:,} audits: bias {mean:.6f}, sd {sd:.6f}, covered {self.covered / self.n}"


def fixed(ledger, records, n_inspected, replicates, seed):
    """Audits of one fixed world."""
    rng, sums = np.random.default_rng(seed), Sums()
    due, recorded, frame = ledger.due, ledger.recorded, ledger.reports[0]
    truth = 1 - recorded.sum() / due.sum()
    quantile = stdtrit(n_inspected - 1, 0.5 + LEVEL / 2)
    for _ in range(0, replicates, CHUNK):
        sums.add(audits(rng, due, recorded, frame, records, n_inspected, quantile), truth)
    return sums


def fresh(law, records, sizes, replicates, seed):
    """Audits of *sizes* forces in worlds of their own, each world shared by all sizes."""
    rng, sums = np.random.default_rng(seed), [Sums() for _ in sizes]
    for _ in range(0, replicates, CHUNK):
        due, recorded = worlds(rng, law, CHUNK)
        truth = 1 - recorded.sum(axis=(1, 2)) / due.sum(axis=(1, 2))
        for m, n, of_size in zip(sizes, records, sums, strict=True):
            quantile = stdtrit(m - 1, 0.5 + LEVEL / 2) if m < due.shape[1] else 1.96
            of_size.add(audits(rng, due, recorded, law.reports, n, m, quantile), truth)
    return sums


def worlds(rng, law, count):
    """Due and recorded reports of *count* worlds, (count, F, K) each."""
    z = rng.standard_normal((count, len(law.reports), 4))
    knowledge = expit(law.knowledge[0] + law.knowledge[1] * z[..., 1])
    review = expit(law.review[0] + law.review[1] * z[..., 2])
    pressure = expit(law.pressure[0] + law.pressure[1] * z[..., 3])
    of_force = law.kappa * (knowledge - law.know_0) - law.omega * law.excess_load
    logit = law.intercept + law.tau * z[..., :1] + of_force[..., None]
    p = expit(logit - law.psi * pressure[..., None])
    p = p + (1 - p) * review[..., None] * law.detection
    due = rng.binomial(law.reports, law.due_share, p.shape)
    return due, rng.binomial(due, p)


if __name__ == "__main__":
    from engine import ledger_and_records

    print(fixed(*ledger_and_records(), 13, int(sys.argv[1]), 1))
