"""Knowledge, workload, supervision and pressure in their steady state."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from underrecording.world.options import Training, Workload

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
