"""Both stages, with exact joint probabilities of the forces."""

from __future__ import annotations

import math

from underrecording.audit import NEGATIVE, NO_JOINT, OK, ONE_FORCE, Audit, Influence
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import PointFunction, variance
from underrecording.estimation.stages import degrees_of_freedom, within_forces


@variance("sen_yates_grundy", degrees_of_freedom=degrees_of_freedom)
def sen_yates_grundy(
    audit: Audit, accuracy: float, influence: Influence, point: PointFunction
) -> tuple[float, int]:
    """Variance of both stages from the joint inclusion probabilities of pairs of forces.

    Formula::

        V = sum_{f < g} (pi_f pi_g - pi_fg) / pi_fg (c_f - c_g)^2
            + sum_f pi_f sum_h n_h (1 - n_h / N_h) s_h^2

    c_f is the contribution of force f, weights included; s_h^2 the sample
    variance of slope times residual over the n_h records read in stratum h.
    For simple random forces, with or without strata, it equals `linearised`.

    Assumes: a design of fixed size that states its joint probabilities (`srs`,
    `stratified`, `pps` by Sampford or as conditional Poisson).

    Do not use it for randomised systematic selections, whose joint
    probabilities are not computed: use `linearised`, an approximation there.

    No answer: where the audit states no joint probabilities; where it is
    negative, which a design with pi_fg > pi_f pi_g for some pair allows; where
    a stratum of forces has one that was left to chance; where a stratum of
    several records had one read.

    Source: Sen (1953), J. Indian Soc. Agric. Statist. 5:119; Yates & Grundy
    (1953), J. Roy. Statist. Soc. B 15:253; the second stage as in Sarndal,
    Swensson & Wretman (1992), section 4.3.
    """
    between, reason = between_pairs(audit, influence)
    if reason != OK:
        return math.nan, reason
    within, reason = within_forces(influence)
    if reason != OK:
        return math.nan, reason
    if between + within < 0.0:
        return math.nan, NEGATIVE
    return between + within, OK


@compiled
def between_pairs(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Stage one: which forces were inspected, pair by pair."""
    if audit.p_joint.shape[0] == 0:
        return math.nan, NO_JOINT
    total = 0.0
    for i in range(audit.force.size):
        if audit.p_inclusion[i] < 1.0 and _is_alone(audit, i):
            return math.nan, ONE_FORCE
        for j in range(i):
            joint = audit.p_joint[audit.force[i], audit.force[j]]
            if joint == 0.0:
                return math.nan, NO_JOINT
            weight = (audit.p_inclusion[i] * audit.p_inclusion[j] - joint) / joint
            total += weight * (influence.contribution[i] - influence.contribution[j]) ** 2
    return total, OK


@compiled
def _is_alone(audit: Audit, i: int) -> bool:
    """Whether no other force of the stratum of force *i* was left to chance.

    Pairs across strata say nothing: their joint probability is the product.
    """
    for j in range(audit.force.size):
        together = audit.force_stratum[j] == audit.force_stratum[i]
        if j != i and together and audit.p_inclusion[j] < 1.0:
            return False
    return True
