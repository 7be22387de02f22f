"""An audit estimated anew with other weights of its forces: what replication repeats."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import DUE, NOTHING_DUE, OK, RECORDED, Audit, Influence, Totals
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import PointFunction


@compiled
def reestimate(
    audit: Audit,
    influence: Influence,
    point: PointFunction,
    multiplicity: np.ndarray,
    scratch: Influence,
) -> tuple[float, int]:
    """Estimate, each force counting as *multiplicity* (m,) of it.

    A ratio of sums over forces is taken from its terms in *influence*. Any
    other point estimator is called with the weights 1 / p_inclusion multiplied;
    a force of multiplicity 0 then has an inclusion probability of infinity, and
    *scratch* takes the influence that nobody asked for.
    """
    if not math.isnan(influence.denominator[0]):
        numerator, denominator = 0.0, 0.0
        for f in range(multiplicity.size):
            numerator += multiplicity[f] * influence.numerator[f]
            denominator += multiplicity[f] * influence.denominator[f]
        if denominator == 0.0:
            return math.nan, NOTHING_DUE
        return numerator / denominator, OK
    return point(_reweighted(audit, audit.p_inclusion / multiplicity), scratch)


@compiled
def empty_like(influence: Influence) -> Influence:
    """Room for another influence of the same shape."""
    return Influence(
        np.zeros_like(influence.contribution),
        np.zeros_like(influence.spread),
        np.zeros_like(influence.numerator),
        np.zeros_like(influence.denominator),
        np.zeros_like(influence.readers),
    )


@compiled
def _reweighted(audit: Audit, p_inclusion: np.ndarray) -> Audit:
    totals, nation = audit.totals.force, np.zeros(2)
    for f in range(p_inclusion.size):
        nation[DUE] += totals[f, DUE] / p_inclusion[f]
        nation[RECORDED] += totals[f, RECORDED] / p_inclusion[f]
    return Audit(
        audit.force,
        audit.frame,
        audit.sampled,
        audit.due,
        audit.recorded,
        p_inclusion,
        audit.force_stratum,
        audit.recorded_volume,
        audit.over_recorded,
        audit.post_stratum,
        audit.p_joint,
        audit.readers,
        audit.seed,
        Totals(totals, nation),
    )
