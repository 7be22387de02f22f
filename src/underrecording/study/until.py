"""When a study may stop: once its Monte Carlo errors are as small as was asked (`study.until`).

Blocks are merged in their order, whoever computed them and when, and the errors are
looked at after each: the study ends with the first block at which all are small enough.
So where it ends depends on the scenario and its seed alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from underrecording.study.measures import measures
from underrecording.study.moments import Moments, merge
from underrecording.study.plan import Block, StudyPlan

JUDGED_BY = {"coverage_mcse": "coverage", "bias_mcse": "bias"}
"""Measure whose error each key of `study.until` bounds."""


class Stand(NamedTuple):
    """How small the errors are after some replicates.

    Attributes
    ----------
    replicates, cap : int
        Those merged, and the most that are run.
    errors : mapping
        Measure to the largest error of it (NaN where one is undefined) and what was asked.
    """

    replicates: int
    cap: int
    errors: Mapping[str, tuple[float, float]]

    @property
    def reached(self) -> bool:
        """Whether every error is as small as was asked."""
        return all(mcse <= goal for mcse, goal in self.errors.values())

    @property
    def likely(self) -> int:
        """Replicates at which it will be, if errors fall with their root; at most the cap.

        >>> Stand(1_000, 50_000, {"coverage": (0.004, 0.001)}).likely
        16000
        """
        worst = max((mcse / goal for mcse, goal in self.errors.values()), default=math.inf)
        if math.isnan(worst) or self.replicates * worst**2 > self.cap:
            return self.cap
        return max(self.replicates, math.ceil(self.replicates * worst**2))

    def words(self) -> str:
        """The errors beside what was asked.

        >>> Stand(1_000, 50_000, {"coverage": (0.00413, 0.001)}).words()
        'MCSE of coverage 0.00413 (asked 0.001)'
        """
        each = (f"{name} {mcse:.3g} (asked {goal:g})" for name, (mcse, goal) in self.errors.items())
        return "MCSE of " + ", of ".join(each)


class Merged:
    """Summaries merged in the order of their blocks, in whatever order they come.

    Parameters
    ----------
    plan : StudyPlan

    Attributes
    ----------
    worlds : list of Moments
        One for each world of which a block was merged.
    stand : Stand or None
        Where the study stands, if it may stop before its cap.
    """

    def __init__(self, plan: StudyPlan) -> None:
        self.worlds: list[Moments] = []
        self.stand: Stand | None = None
        self._plan = plan
        self._next, self._blocks = 0, plan.blocks()
        self._early: dict[Block, Moments] = {}

    @property
    def reached(self) -> bool:
        """Whether no more blocks are wanted: the goal is reached, if one was set."""
        return self.stand is not None and self.stand.reached

    def add(self, block: Block, moments: Moments) -> None:
        """Take the summary of *block*; merge it once those before it are."""
        self._early[block] = moments
        while not self.reached and self._next < len(self._blocks):
            block = self._blocks[self._next]
            if block not in self._early:
                return
            self._merge(block, self._early.pop(block))
            self._next += 1

    def _merge(self, block: Block, moments: Moments) -> None:
        if block.start == 0:
            self.worlds.append(moments)
        else:
            self.worlds[-1] = merge(self.worlds[-1], moments)
        self.stand = stand_after(self._plan, self.worlds[-1], block.stop)


def stand_after(plan: StudyPlan, moments: Moments, replicates: int) -> Stand | None:
    """Where *plan* stands after so many replicates; None if it has no goal but its number.

    The largest error over all estimands of the headline estimator and the recommended
    one, in the reference cell.
    """
    until = plan.scenario.study.until
    if until is None:
        return None
    names = [str(spec) for spec in plan.estimators]
    shown = {names.index(name) for name in (plan.scenario.headline, plan.scenario.recommended)}
    found = [measures(moments.at(0, t, e)) for t in range(len(plan.targets)) for e in shown]
    errors = {}
    for key, measure in JUDGED_BY.items():
        goal = getattr(until, key)
        if goal is not None:
            mcses = [each[measure].mcse for each in found]
            errors[measure] = (math.nan if any(map(math.isnan, mcses)) else max(mcses), goal)
    return Stand(replicates, plan.scenario.study.replicates, errors)
