"""The estimate as forces come in: after 1, 2, ... F of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.estimation.many import repeat
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.forces.design import selection_name
from underrecording.inspection.forces.smallest_keys import smallest_keys
from underrecording.inspection.forces.srs import simple_random_plan
from underrecording.inspection.forces.tilted import Tilted
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.questions import strand_of
from underrecording.ledger import NATIONAL, under_recording_rate

if TYPE_CHECKING:
    from underrecording.study.plan import CellPlan, StudyPlan

Floats = NDArray[np.float64]


class Trajectory(NamedTuple):
    """Estimates of the national under-recording rate along one order of forces.

    Attributes
    ----------
    estimate : float array (E, R, F)
        After 1, ..., F forces, in the first R replicates of the reference cell.
    truth : float array (R,)
    """

    estimate: Floats
    truth: Floats


def trajectories(plan: StudyPlan, count: int, threads: int = 1) -> Trajectory:
    """Follow the first *count* replicates of the reference cell from one force to all.

    Forces come in the order of their random keys, tilted where the design is:
    the samples are nested, so each trajectory is one inspection going on.
    """
    cell, seed = plan.cells[0], plan.scenario.seed
    world, groups = cell.world, cell.world.frame.groups
    if plan.fresh:
        ledger = world.fresh(seed, 0, count, threads=threads)
    else:
        ledger = world.fixed(seed, 0, threads=threads)
    strand = strand_of("reports", ledger, cell.inspection.review("reports"), volumes=True)
    n_forces = len(world.frame.forces)
    estimate = np.empty((len(plan.estimators), count, n_forces))
    for m in range(1, n_forces + 1):
        inspection = _first(cell, m, n_forces)
        chosen = select_forces(inspection, ledger, seed, 0, 0, count)
        audits = read_reports(inspection, strand, chosen, seed, 0, 0)
        for e, spec in enumerate(plan.estimators):
            estimate[e, :, m - 1] = repeat(spec, audits, level=plan.scenario.study.level)[0][:, 0]
    truth = np.broadcast_to(under_recording_rate(ledger, NATIONAL, groups), (count,))
    return Trajectory(estimate, truth)


def _first(cell: CellPlan, count: int, n_forces: int) -> InspectionPlan:
    design = cell.cell.scenario.inspection.forces
    tilt = design.tilt if isinstance(design, Tilted) else 0.0
    return replace(
        cell.inspection,
        forces=simple_random_plan(count, n_forces, tilt=tilt),
        select=selection_name(smallest_keys),
    )
