"""The two stages of a variance: forces, and records within them."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import OK, ONE_FORCE, ONE_RECORD, WITH_REPLACEMENT, Audit, Influence
from underrecording.estimation.compile import inlined


def no_limit(audit: Audit) -> float:
    """Degrees of freedom of a variance taken as known: infinite, a normal quantile."""
    return math.inf


def degrees_of_freedom(audit: Audit) -> float:
    """Inspected forces less their strata; with all forces certain, records less theirs.

    The second count holds only where every force is a stratum of its own and
    inspected with probability 1, so that records alone are left to chance.

    Source: the usual count of primary units less strata, as in Lohr (2022),
    Sampling: Design and Analysis.
    """
    n_forces, n_strata = audit.force_stratum.size, 0
    for s in range(n_labels(audit)):
        for f in range(n_forces):
            if audit.force_stratum[f] == s:
                n_strata += 1
                break
    if n_forces > n_strata:
        return float(n_forces - n_strata)
    records = 0
    for f in range(n_forces):
        if audit.p_inclusion[f] < 1.0:
            return 0.0
        for h in range(audit.sampled.shape[1]):
            if audit.sampled[f, h] > 0:
                records += audit.sampled[f, h] - 1
    return float(records)


@inlined
def between_forces(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Stage one: which forces were inspected, joint probabilities by Hajek's approximation.

    ``sum_s m_s / (m_s - 1) sum_f (1 - pi_f) (c_f - B_s)^2``, see `linearised`.
    """
    total = 0.0
    # Strata are few: to look through the forces for each costs less than a table of them.
    for s in range(n_labels(audit)):
        n_forces, uncertainty, centre = 0.0, 0.0, 0.0
        for f in range(audit.force_stratum.size):
            uncertain = 1.0 - audit.p_inclusion[f]
            if uncertain < 0.0:
                return math.nan, WITH_REPLACEMENT
            if audit.force_stratum[f] == s and uncertain > 0.0:
                n_forces += 1.0
                uncertainty += uncertain
                centre += uncertain * influence.contribution[f]
        if n_forces == 1.0:
            return math.nan, ONE_FORCE
        for f in range(audit.force_stratum.size):
            uncertain = 1.0 - audit.p_inclusion[f]
            if audit.force_stratum[f] == s and uncertain > 0.0:
                deviation = influence.contribution[f] - centre / uncertainty
                total += n_forces / (n_forces - 1.0) * uncertain * deviation**2
    return total, OK


@inlined
def within_forces(influence: Influence) -> tuple[float, int]:
    """Stage two: which records were read.

    ``sum_f spread_f`` (see `Influence`).
    """
    total = 0.0
    for f in range(influence.spread.size):
        total += influence.spread[f]
    return (math.nan, ONE_RECORD) if math.isnan(total) else (total, OK)


@inlined
def n_labels(audit: Audit) -> int:
    """One more than the largest label of a stratum of forces."""
    # Labels may have gaps: a stratum without inspected forces is none of ours.
    largest = -1
    for f in range(audit.force_stratum.size):
        largest = max(largest, audit.force_stratum[f])
    return largest + 1


@inlined
def count_by_stratum(audit: Audit) -> np.ndarray:
    """Inspected forces in each stratum of forces."""
    n_forces = np.zeros(n_labels(audit))
    for f in range(audit.force_stratum.size):
        n_forces[audit.force_stratum[f]] += 1.0
    return n_forces
