"""What the estimate would be in resamples of the forces."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import NOTHING_DUE, OK, ONE_FORCE, Audit, Influence
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import PointFunction, variance
from underrecording.estimation.replication import empty_like, reestimate
from underrecording.estimation.resampling import (
    Draws,
    draw_groups,
    forces_of_group,
    group_sums,
    groups_of,
)
from underrecording.estimation.stages import count_by_stratum, degrees_of_freedom

N_RESAMPLES = 999


@variance("bootstrap", degrees_of_freedom=degrees_of_freedom, reestimates=True)
def bootstrap(
    audit: Audit, accuracy: float, influence: Influence, point: PointFunction
) -> tuple[float, int]:
    """Spread of the estimate over 999 resamples of the forces, m - 1 of m in each stratum.

    Formula::

        V = 1 / (B - 1) sum_b (A*_b - mean A*)^2,   B = 999

    A*_b is the estimate with the weight of force f multiplied by
    r_f m_s / (m_s - 1), r_f how often it is among m_s - 1 forces drawn with
    replacement from the m_s of its stratum.

    Assumes: forces drawn with replacement, or few of those there are: there is
    no finite population correction. A force inspected with certainty is a
    stratum of one and adds nothing. The random numbers follow from the audit's
    own seed, so the same audit gives the same variance; with another seed it
    would differ by about 1 in 45 (1 / sqrt(2 B)).

    Do not use it for many of the forces there are, nor where forces inspected
    with certainty hold much of the crime, nor with strata of two or three
    forces, whose resamples are few.

    No answer: where a stratum of forces not certain has one inspected force, or
    where some resample has no estimate.

    Source: Rao & Wu (1988), J. Amer. Statist. Assoc. 83:231, and Rao, Wu & Yue
    (1992), Survey Methodology 18:209, for weights.
    """
    n_forces = count_by_stratum(audit)
    for f in range(audit.force.size):
        if n_forces[audit.force_stratum[f]] == 1.0 and audit.p_inclusion[f] < 1.0:
            return math.nan, ONE_FORCE
    if math.isnan(influence.denominator[0]):
        return _estimated_anew(audit, influence, point, n_forces)
    return _ratios_of_sums(audit, influence, n_forces)


@compiled
def _ratios_of_sums(audit: Audit, influence: Influence, n_forces: np.ndarray) -> tuple[float, int]:
    """Fast path: resampled terms are read off tables of a few forces at a time.

    Equal to `_estimated_anew`, draw by draw, but for rounding.
    """
    numerator, denominator = np.zeros(N_RESAMPLES), np.zeros(N_RESAMPLES)
    words = np.empty((4, N_RESAMPLES), np.uint64)
    for s in range(n_forces.size):
        if n_forces[s] == 0.0:
            continue
        members = _members(audit, s)
        if members.size == 1:
            numerator += influence.numerator[members[0]]
            denominator += influence.denominator[members[0]]
            continue
        weight = members.size / (members.size - 1.0)
        draws = groups_of(members.size)
        table, rest = group_sums(influence, members, weight, draws)
        for j in range(draws.groups):
            if j % 4 == 0:
                draw_groups(audit.seed, s, j // 4, words)
            terms = table if j < draws.whole else rest
            _add(numerator, denominator, words[j % 4], terms)
    return _spread(numerator, denominator)


@compiled
def _add(
    numerator: np.ndarray, denominator: np.ndarray, words: np.ndarray, terms: np.ndarray
) -> None:
    size = np.uint64(terms.shape[0])
    for b in range(N_RESAMPLES):
        which = (words[b] * size) >> np.uint64(32)
        numerator[b] += terms[which, 0]
        denominator[b] += terms[which, 1]


@compiled
def _spread(numerator: np.ndarray, denominator: np.ndarray) -> tuple[float, int]:
    total, squares = 0.0, 0.0
    for b in range(N_RESAMPLES):
        if denominator[b] == 0.0:
            return math.nan, NOTHING_DUE
        numerator[b] /= denominator[b]
        # Counted from the first, so that equal estimates leave 0 exactly.
        total += numerator[b] - numerator[0]
    mean = numerator[0] + total / N_RESAMPLES
    for b in range(N_RESAMPLES):
        squares += (numerator[b] - mean) ** 2
    return squares / (N_RESAMPLES - 1), OK


@compiled
def _estimated_anew(
    audit: Audit, influence: Influence, point: PointFunction, n_forces: np.ndarray
) -> tuple[float, int]:
    """Any point estimator, called for each resample with the weights of it."""
    scratch = empty_like(influence)
    values, ones = np.empty(N_RESAMPLES), np.ones(N_RESAMPLES)
    multiplicity = np.ones((N_RESAMPLES, audit.force.size))
    words = np.empty((4, N_RESAMPLES), np.uint64)
    for s in range(n_forces.size):
        if n_forces[s] < 2.0:
            continue
        members = _members(audit, s)
        weight = members.size / (members.size - 1.0)
        multiplicity[:, members] = 0.0
        draws = groups_of(members.size)
        for j in range(draws.groups):
            if j % 4 == 0:
                draw_groups(audit.seed, s, j // 4, words)
            _count(multiplicity, members, weight, words[j % 4], draws, j)
    for b in range(N_RESAMPLES):
        values[b], reason = reestimate(audit, influence, point, multiplicity[b], scratch)
        if reason != OK:
            return math.nan, reason
    return _spread(values, ones)


@compiled
def _count(
    multiplicity: np.ndarray,
    members: np.ndarray,
    weight: float,
    words: np.ndarray,
    draws: Draws,
    j: int,
) -> None:
    together = draws.together if j < draws.whole else draws.rest
    for b in range(N_RESAMPLES):
        for force in forces_of_group(words[b], members.size, together):
            multiplicity[b, members[force]] += weight


@compiled
def _members(audit: Audit, s: int) -> np.ndarray:
    return np.nonzero(audit.force_stratum == s)[0]
