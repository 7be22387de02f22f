"""What the estimate would be without each force."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import OK, ONE_FORCE, Audit, Influence
from underrecording.estimation.registries import PointFunction, variance
from underrecording.estimation.replication import empty_like, reestimate
from underrecording.estimation.stages import count_by_stratum, degrees_of_freedom


@variance("jackknife", degrees_of_freedom=degrees_of_freedom, reestimates=True)
def jackknife(
    audit: Audit, accuracy: float, influence: Influence, point: PointFunction
) -> tuple[float, int]:
    """Delete one force at a time, weigh up the others of its stratum, and see what moves.

    Formula::

        V = sum_s (m_s - 1) / m_s sum_f (A_(f) - A)^2

    s runs over strata of forces, f over their m_s inspected forces; A_(f) is
    the estimate without force f, the other forces of its stratum weighted up by
    m_s / (m_s - 1). In R's ``survey`` it is the type JKn (JK1 with one stratum),
    without correction, ``mse = TRUE``.

    Assumes: forces drawn with replacement, or few of those there are: there is
    no finite population correction. A force inspected with certainty is a
    stratum of one and adds nothing.

    Do not use it for many of the forces there are, nor where forces inspected
    with certainty hold much of the crime.

    No answer: where a stratum of forces not certain has one inspected force, or
    where there is no estimate without some force.

    Source: Jones (1974), J. Amer. Statist. Assoc. 69:583; Wolter (2007),
    Introduction to Variance Estimation, chapter 4.
    """
    n_forces = count_by_stratum(audit)
    multiplicity = np.ones(audit.force.size)
    scratch = empty_like(influence)
    total = 0.0
    for f in range(audit.force.size):
        s = audit.force_stratum[f]
        if n_forces[s] == 1.0:
            if audit.p_inclusion[f] < 1.0:
                return math.nan, ONE_FORCE
            continue
        for g in range(audit.force.size):
            if audit.force_stratum[g] == s:
                multiplicity[g] = n_forces[s] / (n_forces[s] - 1.0)
        multiplicity[f] = 0.0
        without, reason = reestimate(audit, influence, point, multiplicity, scratch)
        if reason != OK:
            return math.nan, reason
        total += (n_forces[s] - 1.0) / n_forces[s] * (without - accuracy) ** 2
        for g in range(audit.force.size):
            multiplicity[g] = 1.0
    return total, OK
