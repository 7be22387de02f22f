"""Forces with probability proportional to size, without replacement."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from underrecording.audit import ForceFrame
from underrecording.compiling import compiled
from underrecording.inspection.forces.conditional_poisson import (
    conditional_poisson,
    conditional_poisson_joint,
    working_probabilities,
)
from underrecording.inspection.forces.design import (
    DESIGNS,
    NO_TABLE,
    Floats,
    ForceDesign,
    ForcePlan,
    Ints,
    Select,
)
from underrecording.inspection.forces.sampford import sampford, sampford_joint
from underrecording.inspection.forces.srs import ForceCount, check_count
from underrecording.inspection.forces.systematic import randomised_systematic

_SYSTEMATIC, _SAMPFORD, _CONDITIONAL_POISSON = range(3)
_METHOD = {
    "systematic": _SYSTEMATIC,
    "sampford": _SAMPFORD,
    "conditional_poisson": _CONDITIONAL_POISSON,
}


@compiled
def in_proportion(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Select by the method of the plan."""
    if plan.method == _SAMPFORD:
        sampford(plan, seed, world, replicate, accuracy, chosen)
    elif plan.method == _CONDITIONAL_POISSON:
        conditional_poisson(plan, seed, world, replicate, accuracy, chosen)
    else:
        randomised_systematic(plan, seed, world, replicate, accuracy, chosen)


def inclusion_probabilities(size: Floats, count: int) -> Floats:
    """Probabilities proportional to *size* that add up to *count*, none above 1.

    Forces that would pass 1 are taken with certainty and the rest shared out
    again, until none passes.

    >>> inclusion_probabilities(np.array([10.0, 2.0, 2.0, 2.0]), 2)
    array([1.        , 0.33333333, 0.33333333, 0.33333333])
    """
    p = np.zeros(len(size))
    certain = np.zeros(len(size), dtype=bool)
    while True:
        rest = ~certain
        p[certain] = 1.0
        p[rest] = (count - certain.sum()) * size[rest] / size[rest].sum() if rest.any() else 0.0
        beyond = rest & (p >= 1.0)
        if not beyond.any():
            return p
        certain |= beyond


def certain_apart(p: Floats) -> Ints:
    """Strata of forces: 0 for those left to chance, one of its own for each certain one.

    >>> certain_apart(np.array([1.0, 0.5, 1.0, 0.5])).tolist()
    [1, 0, 2, 0]
    """
    certain = p >= 1.0
    stratum = np.zeros(len(p), np.int64)
    stratum[certain] = int((~certain).any()) + np.arange(certain.sum())
    return stratum


@DESIGNS.register("pps")
class ProportionalToSize(ForceDesign):
    """Probability proportional to recorded volume, without replacement.

    Forces whose probability would reach 1 are certain (at m = 13 that is the
    Metropolitan), iterated. First-order probabilities are exact under each method:

    - *systematic*: forces in random order, one random start, steps of one. Fast and
      the usual choice; joint probabilities are not computed, and
      `linearised` uses Hajek's approximation to the variance.
    - *sampford*: P(s) proportional to (m - sum p) prod p / (1 - p) over the sample.
      Exact joint probabilities, smaller than p_f p_g.
    - *conditional_poisson*: independent selections given their number, the law
      of greatest entropy; its working probabilities are solved for. Exact joint
      probabilities.

    The last two are drawn in one pass over the forces, one uniform each, so that
    designs with similar probabilities take similar samples. Sampford's own way
    (draw with replacement until all are distinct) has the same law, but at
    20 of the 43 forces would accept about one attempt in 5,000.
    Use pps where forces differ in size and totals count; with the last two where
    the variance is to be exact (`sen_yates_grundy`). Do not use it for a mean in
    which every force counts the same: small forces come seldom and weigh much.
    Source: Sarndal, Swensson & Wretman (1992), Model Assisted Survey Sampling,
    section 3.6; Hartley & Rao (1962), Ann. Math. Statist. 33:350; Sampford
    (1967), Biometrika 54:499; Hajek (1964), Ann. Math. Statist. 35:1491; Chen,
    Dempster & Liu (1994), Biometrika 81:457; in one pass: Traat, Bondesson & Meister
    (2004), J. Statist. Plann. Inference 123:395.
    """

    design: Literal["pps"]
    count: ForceCount
    """Forces to inspect, certain ones included."""
    method: Literal["systematic", "sampford", "conditional_poisson"] = "systematic"
    """How the forces that are not certain are drawn; all have the same inclusion probabilities."""
    select: ClassVar[Select] = in_proportion

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        check_count(self.count, len(frame.forces))
        p = inclusion_probabilities(frame.recorded_volume.sum(axis=1), self.count)
        p_select, p_joint = _by_method(self.method, p)
        return ForcePlan(
            inspected=self.count,
            p_select=p_select,
            p_declared=p,
            stratum_declared=certain_apart(p),
            method=_METHOD[self.method],
            p_joint=p_joint,
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """Proportional to recorded volume, certain ones at 1."""
        return self.plan(frame).p_declared

    def p_joint(self, frame: ForceFrame) -> Floats | None:
        """Exact under sampford and conditional_poisson; None under systematic."""
        return None if self.method == "systematic" else self.plan(frame).p_joint


def _by_method(method: str, p: Floats) -> tuple[Floats, Floats]:
    """What the selection uses for *p*, and the joint probabilities where they are computed."""
    if method == "systematic":
        return p, NO_TABLE
    rest = (p > 0.0) & (p < 1.0)
    count = round(p[rest].sum())
    p_select, p_joint = p.copy(), np.outer(p, p)
    np.fill_diagonal(p_joint, p)
    if rest.any():
        if method == "conditional_poisson":
            p_select[rest] = working_probabilities(p[rest], count)
            law = conditional_poisson_joint(p_select[rest], count)
            np.fill_diagonal(law, p[rest])
        else:
            law = sampford_joint(p[rest], count)
        p_joint[np.ix_(rest, rest)] = law
    return p_select, p_joint
