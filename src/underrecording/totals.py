"""Force totals: what the records read in each inspected force stand for, and how surely.

Estimators of a ratio need no more of an audit than this, so it is added up once for
all of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.audit import COVARIANCE, DUE, RECORDED, VAR_DUE, VAR_RECORDED, Totals
from underrecording.compiling import compiled, uncounted


@compiled
def room_for_totals(count: Any, m: Any) -> Any:
    """Room for the totals of *count* audits of *m* forces."""
    return Totals(np.empty((count, m, 5)), np.empty((count, 2)))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def record_weight(frame: Any, sampled: Any) -> Any:
    """Reports that one record read stands for, N_h / n_h; 0 in a stratum nobody read.

    Where the frame's size is unknown, 0, every record stands for one report.

    >>> record_weight(400, 50), record_weight(400, 0), record_weight(0, 50)
    (8.0, 0.0, 1.0)
    """
    if sampled == 0:
        return 0.0
    return 1.0 if frame == 0 else frame / sampled


@compiled(inline=True)  # type: ignore[untyped-decorator]
def left_to_chance(frame: Any, sampled: Any) -> Any:
    """Share of a stratum's reports that nobody read, 1 - n_h / N_h; 1 of an unknown frame."""
    return 1.0 if frame == 0 else 1.0 - sampled / frame


@compiled(inline=True)  # type: ignore[untyped-decorator]
def deviation_weight(frame: Any, sampled: Any) -> Any:
    """What turns ``n sum y^2 - (sum y)^2`` of a stratum into the variance of its total.

    ``w_h^2 (1 - n_h / N_h) / (n_h - 1)``; 0 where all or none were read, NaN where one
    of several was.

    >>> deviation_weight(8, 4)     # 2^2 (1 - 4/8) / 3
    0.6666666666666666
    """
    if sampled == 0 or sampled == frame:
        return 0.0
    if sampled == 1:
        return math.nan
    weight = record_weight(frame, sampled)
    return weight * weight * left_to_chance(frame, sampled) / (sampled - 1.0)


@compiled
def add_up(audits: Any) -> None:
    """Fill the totals of *audits*, see `Totals`, from the counts of their strata.

    In the order of strata within a force, and of forces within an audit.
    """
    audits = uncounted(audits)
    totals, nation = audits.totals.force, audits.totals.nation
    nation[:] = 0.0
    for b in range(audits.force.shape[0]):
        for i in range(audits.force.shape[1]):
            due, recorded, var_due, var_recorded, covariance = 0.0, 0.0, 0.0, 0.0, 0.0
            for h in range(audits.due.shape[2]):
                frame, n = audits.frame[b, i, h], audits.sampled[b, i, h]
                weight, deviation = record_weight(frame, n), deviation_weight(frame, n)
                x, y = float(audits.due[b, i, h]), float(audits.recorded[b, i, h])
                due += weight * x
                recorded += weight * y
                # Whole numbers, so that what agrees leaves nothing, whatever the ratio.
                var_due += deviation * (x * (n - x))
                var_recorded += deviation * (y * (n - y))
                covariance += deviation * (y * (n - x))
            totals[b, i, DUE], totals[b, i, RECORDED] = due, recorded
            totals[b, i, VAR_DUE], totals[b, i, VAR_RECORDED] = var_due, var_recorded
            totals[b, i, COVARIANCE] = covariance
            expansion = 1.0 / audits.p_inclusion[b, i]
            nation[b, DUE] += due * expansion
            nation[b, RECORDED] += recorded * expansion
