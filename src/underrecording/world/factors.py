"""Knowledge, workload, supervision and pressure in their steady state."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from underrecording.published import Published
from underrecording.world.options import Staff, Training, Workload

Floats = NDArray[np.float64]

HOURS_PER_YEAR = 8766.0


def steady_knowledge(training: Training) -> float:
    """Share of decision makers with current training, r / (r + d + l).

    The steady state of d know / dt = r (1 - know) - (d + l) know.

    >>> round(steady_knowledge(Training()), 4)
    0.6098
    """
    gain, loss = training.rate_per_year, training.forgetting_per_year + training.leavers_per_year
    if gain == 0:
        return 0.0
    return gain / (gain + loss)


def officers_of(staff: Staff, published: Published) -> Floats:
    """Officers of each force, (F,), full-time equivalents.

    Published by force for 30 September 2014; for another year every force is
    scaled by the published national number.

    >>> from underrecording.published import load_published
    >>> round(officers_of(Staff(officers_year=2010), load_published()).sum())
    141850
    """
    total = {
        year: published.figure(
            "workforce", "police_officers_fte_43_forces", period=f"{year}-09-30"
        ).value
        for year in (staff.officers_year, 2014)
    }
    scale = staff.officers * total[staff.officers_year] / total[2014]
    officers: Floats = published.forces.officers_fte * scale
    return officers


def stationary_load(workload: Workload, crimes: Floats, officers: Floats) -> Floats:
    """Open incidents per officer on duty, (F,), by Little's law.

    Parameters
    ----------
    workload : Workload
    crimes : float array (F,)
        Recorded crimes a year.
    officers : float array (F,)
        Officers, full-time equivalents.

    >>> load = stationary_load(Workload(), np.array([28_400.0]), np.array([1_000.0]))
    >>> round(float(load[0]), 2)
    3.68
    """
    arrivals_per_hour = crimes * workload.incidents_per_crime / HOURS_PER_YEAR
    open_incidents = workload.relative * arrivals_per_hour * workload.open_hours
    load: Floats = open_incidents / (officers * workload.on_duty_share)
    return load


def logit(share: float) -> float:
    """Return log(p / (1 - p)), infinite at 0 and 1.

    >>> logit(0.5), logit(0.0), logit(1.0)
    (0.0, -inf, inf)
    """
    if share <= 0.0:
        return -math.inf
    if share >= 1.0:
        return math.inf
    return math.log(share / (1.0 - share))
