"""Variances of an accuracy estimate, from its influence on the records read."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import NOTHING_DUE, OK, ONE_FORCE, ONE_RECORD, Audit, Influence
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import variance
from underrecording.estimation.totals import records_read


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
    seen = np.zeros(_n_labels(audit), np.bool_)
    for f in range(n_forces):
        if not seen[audit.force_stratum[f]]:
            seen[audit.force_stratum[f]] = True
            n_strata += 1
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


@variance("binomial", degrees_of_freedom=no_limit)
def binomial(audit: Audit, accuracy: float, influence: Influence) -> tuple[float, int]:
    """As if the records due were one simple random sample of the country's: the naive control.

    Formula::

        V = A (1 - A) / sum x        over all records read, unweighted

    Assumes: independent records, one stage, no finite population; degrees of
    freedom infinite.

    Do not use it for an audit in which forces were sampled: it is blind to the
    spread between forces, and usually far too small. It also ignores that a
    census leaves nothing to chance. It shows what such an interval is worth.

    No answer: where no record was read as due.

    Source: textbook; docs/model.md, section 5 keeps it as a control.
    """
    due_read, _ = records_read(audit)
    if due_read == 0:
        return math.nan, NOTHING_DUE
    return accuracy * (1.0 - accuracy) / due_read, OK


@variance("linearised", degrees_of_freedom=degrees_of_freedom)
def linearised(audit: Audit, accuracy: float, influence: Influence) -> tuple[float, int]:
    """Taylor variance of both stages, with both finite population corrections.

    Formula::

        V       = between + within
        between = sum_s m_s / (m_s - 1) sum_f (1 - pi_f) (c_f - B_s)^2
        B_s     = sum_f (1 - pi_f) c_f / sum_f (1 - pi_f)
        within  = sum_f pi_f sum_h n_h (1 - n_h / N_h) s_h^2

    s runs over strata of forces, f over their m_s inspected forces with
    pi_f < 1; c_f is the contribution of force f, weights included; s_h^2 the
    sample variance (divisor n_h - 1) of slope (y_i - ratio x_i) over the n_h
    records read in stratum h.

    *Simple random forces.* Take `combined_ratio`, e_f = Y_f - A X_f, pi = m / F:
    c_f = F e_f / (m X) and B = mean(c), so::

        between = m / (m - 1) (1 - m/F) (F / m X)^2 sum (e_f - mean e)^2
                = F^2 (1 - m/F) s^2(e_f) / m / X^2
        within  = sum_f (m/F) sum_h n_h (1 - n_h/N_h) (F N_h / (m X n_h))^2 s_h^2(e)
                = (F/m) sum_f V2_f / X^2,   V2_f = sum_h N_h^2 (1 - n_h/N_h) s_h^2(e) / n_h

    which is docs/model.md, section 5; with strata of forces, the same by stratum. With
    y - A x known instead of estimated it is exactly unbiased.
    *Forces in proportion to size.* between is Hajek's approximation, which
    needs no joint probabilities: close for selections of high entropy (Sampford,
    conditional Poisson, randomised systematic). Over all samples of conditional
    Poisson draws it was off by up to 10 per cent for 3 of 5 forces, to either
    side, and by 1 per cent for 8 of 18.

    Assumes: a design of fixed size within each stratum, records simple random
    without replacement within each stratum of a force. Degrees of freedom:
    inspected forces less strata of forces.

    Do not use it for forces drawn with replacement or by a cube method. It is
    of first order, and with a handful of forces rests on a handful of numbers:
    its own spread is then what an interval must allow for (see `t`).

    No answer: where a stratum of forces not certain has one inspected force, or
    a stratum of several records that matters had one read.

    Source: Hajek (1964), Ann. Math. Statist. 35:1491; the second stage as in
    Sarndal, Swensson & Wretman (1992), section 4.3; contributions as in
    Deville (1999), Survey Methodology 25:193.
    """
    between, reason = between_forces(audit, influence)
    if reason != OK:
        return math.nan, reason
    within, reason = within_forces(audit, influence)
    if reason != OK:
        return math.nan, reason
    return between + within, OK


@compiled
def between_forces(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Stage one of `linearised`: which forces were inspected."""
    n_labels = _n_labels(audit)
    n_forces = np.zeros(n_labels)
    uncertainty, centre = np.zeros(n_labels), np.zeros(n_labels)
    for f in range(audit.force_stratum.size):
        s, uncertain = audit.force_stratum[f], 1.0 - audit.p_inclusion[f]
        if uncertain > 0.0:
            n_forces[s] += 1.0
            uncertainty[s] += uncertain
            centre[s] += uncertain * influence.contribution[f]
    total = 0.0
    for f in range(audit.force_stratum.size):
        s, uncertain = audit.force_stratum[f], 1.0 - audit.p_inclusion[f]
        if uncertain > 0.0:
            if n_forces[s] == 1.0:
                return math.nan, ONE_FORCE
            deviation = influence.contribution[f] - centre[s] / uncertainty[s]
            total += n_forces[s] / (n_forces[s] - 1.0) * uncertain * deviation**2
    return total, OK


@compiled
def within_forces(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Stage two of `linearised`: which records were read."""
    total = 0.0
    for f in range(audit.sampled.shape[0]):
        for h in range(audit.sampled.shape[1]):
            n, slope = audit.sampled[f, h], influence.slope[f, h]
            if slope == 0.0 or n == 0 or n == audit.frame[f, h]:
                continue
            if n == 1:
                return math.nan, ONE_RECORD
            spread = residual_variance(
                n, audit.due[f, h], audit.recorded[f, h], influence.ratio[f, h]
            )
            left_to_chance = n * (1.0 - n / audit.frame[f, h])
            total += audit.p_inclusion[f] * left_to_chance * slope**2 * spread
    return total, OK


@compiled
def residual_variance(sampled: int, due: int, recorded: int, ratio: float) -> float:
    """Sample variance of y - ratio x over the records of a stratum, from its counts.

    >>> f"{residual_variance(4, 3, 2, 0.5):.6f}"     # residuals 0.5, 0.5, -0.5, 0
    '0.229167'
    """
    mean = (recorded - ratio * due) / sampled
    squares = (
        recorded * (1.0 - ratio - mean) ** 2
        + (due - recorded) * (ratio + mean) ** 2
        + (sampled - due) * mean**2
    )
    return squares / (sampled - 1)


@compiled
def _n_labels(audit: Audit) -> int:
    # Labels may have gaps: a stratum without inspected forces is none of ours.
    largest = -1
    for f in range(audit.force_stratum.size):
        largest = max(largest, audit.force_stratum[f])
    return largest + 1
