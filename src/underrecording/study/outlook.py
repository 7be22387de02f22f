"""What a study is about to do, in words, about how long it takes, and what it is told in vain."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

from underrecording.errors import UserError
from underrecording.inspection.options import given, idle
from underrecording.scenario import LoadedScenario
from underrecording.study.block import run_block
from underrecording.study.plan import Block, StudyPlan

ROW_BYTES_ON_DISK = 32
"""Of a kept row, about: as measured by ``benchmarks/rows.py``."""
_TRIAL = 64


def outlook(plan: StudyPlan) -> str:
    """Describe *plan*, compiled by now; the time is extrapolated from a few replicates."""
    scenario = plan.scenario
    world = plan.cells[0].world
    n_cells, n_targets, n_estimators = plan.shape
    worlds = "a fresh world each" if plan.fresh else f"in each of {plan.worlds} fixed world(s)"
    rate = 1.0 - world.expected_unrecorded() / world.expected_due.sum()
    lines = [
        f"{scenario.title}",
        f"  aim         {scenario.aim}",
        f"  world       {len(world.frame.forces)} forces, {world.law.reports.sum():,} reports on "
        f"the auditable frame, expected recording accuracy {rate:.1%}",
        f"  inspection  {scenario.inspection.forces.design}, "
        f"{plan.cells[0].inspection.forces.inspected} forces; "
        f"{scenario.inspection.records.allocation} allocation, "
        f"{plan.cells[0].inspection.records.sum() / len(world.frame.forces):.1f} records a force",
        f"  strata      {plan.cells[0].strata()}",
        f"  estimators  {n_estimators}; estimands {n_targets}; cells {n_cells}",
        *_sweep_lines(plan),
        f"  replicates  {scenario.study.replicates:,} a cell, {worlds}; "
        f"blocks of {scenario.study.block_size:,}",
        *_until_lines(plan),
        *_rows_lines(plan),
        *(["  ranking     forces as inspected against the truth"] * scenario.study.ranking),
        f"  run folder  outputs/{plan.name}/{scenario.digest()}",
        f"  time        about {_duration(_seconds(plan))} on one core, compilation aside",
    ]
    return "\n".join(lines)


def _sweep_lines(plan: StudyPlan) -> list[str]:
    """How the cells come about: the kind of sweep, each key with its values, worlds shared."""
    sweep = plan.scenario.study.sweep
    if not sweep.kind:
        return []
    n_worlds = len({id(cell.world) for cell in plan.cells})
    shared = "one world shared by all cells" if n_worlds == 1 else f"{n_worlds} worlds by setting"
    width = max(len(key) for key in sweep.columns)
    return [
        f"  sweep       {sweep.kind.replace('_', ' ')}; {shared}",
        *(f"              {key:<{width}}  {_range(v)}" for key, v in sweep.columns.items()),
    ]


def _until_lines(plan: StudyPlan) -> list[str]:
    """What errors may stop the study before that, and how many replicates they take at worst."""
    until = plan.scenario.study.until
    if until is None:
        return []
    asked, enough = [], 0.0
    if until.coverage_mcse is not None:
        # A share of a half has the largest error.
        asked.append(f"coverage {until.coverage_mcse:g}")
        enough = 0.25 / until.coverage_mcse**2
    if until.bias_mcse is not None:
        asked.append(f"bias {until.bias_mcse:g}")
    line = f"  until       MCSE of {', of '.join(asked)}, in the reference cell"
    if until.bias_mcse is None:
        line += f"; {math.ceil(enough):,} replicates are always enough"
    return [line]


def _rows_lines(plan: StudyPlan) -> list[str]:
    """How many rows are kept, if any, and what room they take."""
    if not plan.keeps_rows:
        return []
    rows = math.prod(plan.shape) * plan.scenario.study.replicates * plan.worlds
    return [f"  rows        {rows:,} kept, about {_size(rows * ROW_BYTES_ON_DISK)} on disk"]


def _size(size: float) -> str:
    """Return a rough number of bytes in words.

    >>> _size(7_200), _size(36e6), _size(3.6e10)
    ('7.2 kB', '36 MB', '36 GB')
    """
    for unit in ("kB", "MB", "GB"):
        size /= 1000.0
        if size < 1000.0 or unit == "GB":
            break
    return f"{size:.2g} {unit}" if size < 10.0 else f"{size:,.0f} {unit}"


def _range(values: Sequence[Any]) -> str:
    """Swept values in few words.

    >>> _range([5, 9, 13]), _range([4, 6, 8, 10, 13, 17, 21, 26]), _range([{"design": "srs"}, 4])
    ('5, 9, 13', '8 values, 4 to 26', '2 settings')
    """
    if not all(isinstance(value, int | float | str) for value in values):
        return f"{len(values)} settings"
    if len(values) <= 6 or not all(isinstance(value, int | float) for value in values):
        return ", ".join(map(str, values))
    return f"{len(values)} values, {min(values)} to {max(values)}"


def refuse_idle_settings(loaded: LoadedScenario, plan: StudyPlan) -> None:
    """Refuse options of the inspection that are given and that nothing reads.

    An option that one cell of a sweep reads may be idle in others, unless the
    sweep gives it together with what leaves it unread. What ``--set`` leaves
    unread went with what it replaced, and is let pass.

    Raises
    ------
    UserError
        With the place of each.
    """
    options = [cell.cell.scenario.inspection for cell in plan.cells]
    unread = [{item.path: item for item in idle(one)} for one in options]
    problems: list[str] = []
    for cell, one, items in zip(plan.cells, options, unread, strict=True):
        change = cell.cell.change
        for path, item in items.items():
            in_vain = all(path in others for others in unread) and (
                _below(path, loaded.origins) or not _below(item.because, loaded.origins)
            )
            together = any(_below(path, [key]) and _below(item.because, [key]) for key in change)
            if given(one, path) and (in_vain or together):
                error = UserError(f"{path}: nothing reads it: {item.why}; leave it out")
                problems += loaded.located(error, change)
    if problems:
        raise UserError(list(dict.fromkeys(problems)))


def _below(path: str, keys: Iterable[str]) -> bool:
    """Whether one of *keys* is *path* or above it.

    >>> _below("inspection.forces.by", ["inspection.forces"])
    True
    """
    return any(f"{path}.".startswith(f"{key}.") for key in keys)


def _seconds(plan: StudyPlan) -> float:
    """Seconds that the study takes, from a short trial of it."""
    scenario = plan.scenario
    streams = scenario.world.fidelity == "events"
    # Worlds 0 and replicates 1 and 2 are known from compiling.
    trial = 1 if streams and plan.fresh else _TRIAL
    started = time.perf_counter()
    run_block(plan, Block(world=0, start=3, stop=3 + trial))
    seconds = (time.perf_counter() - started) / trial * scenario.study.replicates * plan.worlds
    if streams and not plan.fresh:
        started = time.perf_counter()
        for world in {id(cell.world): cell.world for cell in plan.cells}.values():
            world.fixed(scenario.seed, plan.worlds)
        seconds += (time.perf_counter() - started) * plan.worlds
    return seconds


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
