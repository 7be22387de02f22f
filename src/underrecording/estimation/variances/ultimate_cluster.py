"""Forces as if drawn with replacement."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import OK, ONE_FORCE, Audit, Influence
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import PointFunction, variance
from underrecording.estimation.stages import degrees_of_freedom, n_labels


@variance("ultimate_cluster", degrees_of_freedom=degrees_of_freedom)
def ultimate_cluster(
    audit: Audit, accuracy: float, influence: Influence, point: PointFunction
) -> tuple[float, int]:
    """Spread of the forces' contributions, as if forces were drawn with replacement.

    Formula::

        V = sum_s m_s / (m_s - 1) sum_f (c_f - mean_s c)^2

    s runs over strata of forces, f over their m_s inspected forces, c_f the
    contribution of force f, weights included. What records add is in the spread
    already, so nothing need be known of how they were drawn.

    Assumes: forces drawn with replacement; then it is the variance of
    `pps_wr`. Without replacement it is too large, by about m / F of the part
    between forces. A force inspected with certainty is a stratum of one and adds
    nothing.

    Do not use it for many of the forces there are, nor where forces inspected
    with certainty hold much of the crime: their records' error is then left out.

    No answer: where a stratum of forces not certain has one inspected force.

    Source: Hansen, Hurwitz & Madow (1953), Sample Survey Methods and Theory,
    volume I, chapter 6; Sarndal, Swensson & Wretman (1992), section 4.6.
    """
    return between_draws(audit, influence.contribution)


@compiled
def between_draws(audit: Audit, contribution: np.ndarray) -> tuple[float, int]:
    """``sum_s m_s / (m_s - 1) sum_f (c_f - mean_s c)^2``."""
    labels = n_labels(audit)
    n_forces, mean = np.zeros(labels), np.zeros(labels)
    for f in range(audit.force_stratum.size):
        n_forces[audit.force_stratum[f]] += 1.0
        mean[audit.force_stratum[f]] += contribution[f]
    total = 0.0
    for f in range(audit.force_stratum.size):
        s = audit.force_stratum[f]
        if n_forces[s] > 1.0:
            deviation = contribution[f] - mean[s] / n_forces[s]
            total += n_forces[s] / (n_forces[s] - 1.0) * deviation**2
        elif audit.p_inclusion[f] < 1.0:
            return math.nan, ONE_FORCE
    return total, OK
