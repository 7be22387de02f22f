"""What a study is about to do, in words, and about how long it takes."""

from __future__ import annotations

import time

from underrecording.study.block import run_block
from underrecording.study.plan import Block, StudyPlan

_TRIAL = 64


def outlook(plan: StudyPlan) -> str:
    """Describe *plan*, compiled by now; the time is extrapolated from a few replicates."""
    scenario = plan.scenario
    world = plan.cells[0].world
    n_cells, n_targets, n_estimators = plan.shape
    total = scenario.study.replicates * plan.worlds
    worlds = "a fresh world each" if plan.fresh else f"in each of {plan.worlds} fixed world(s)"
    rate = 1.0 - world.expected_unrecorded() / world.expected_due.sum()
    lines = [
        f"{scenario.title}",
        f"  aim         {scenario.aim}",
        f"  world       {len(world.frame.forces)} forces, {world.law.reports.sum():,} reports a "
        f"year on the auditable frame, expected recording accuracy {rate:.1%}",
        f"  inspection  {scenario.inspection.forces.design}, "
        f"{plan.cells[0].inspection.forces.inspected} forces; "
        f"{scenario.inspection.records.allocation} allocation, "
        f"{plan.cells[0].inspection.records.sum() / len(world.frame.forces):.1f} records a force",
        f"  estimators  {n_estimators}; estimands {n_targets}; cells {n_cells}",
        f"  replicates  {scenario.study.replicates:,} a cell, {worlds}; "
        f"blocks of {scenario.study.block_size:,}",
        f"  run folder  outputs/{plan.name}/{scenario.digest()}",
        f"  time        about {_duration(_seconds_per_replicate(plan) * total)} on one core, "
        "compilation aside",
    ]
    return "\n".join(lines)


def _seconds_per_replicate(plan: StudyPlan) -> float:
    started = time.perf_counter()
    run_block(plan, Block(world=0, start=1, stop=1 + _TRIAL))
    return (time.perf_counter() - started) / _TRIAL


def _duration(seconds: float) -> str:
    """Return a rough duration in words.

    >>> _duration(7.0), _duration(200.0), _duration(9000.0)
    ('7 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
