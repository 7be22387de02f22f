"""Force totals: what the records read in each inspected force stand for, and how surely.

Estimators of a ratio need no more of an audit than this, so it is added up once for
all of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.audit import COVARIANCE, DUE, RECORDED, VAR_DUE, VAR_RECORDED, Totals
from underrecording.compiling import compiled, flat, uncounted


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
    weight = frame / sampled
    weight = 1.0 if frame == 0 else weight
    return 0.0 if sampled == 0 else weight


@compiled(inline=True)  # type: ignore[untyped-decorator]
def left_to_chance(frame: Any, sampled: Any) -> Any:
    """Share of a stratum's reports that nobody read, 1 - n_h / N_h; 1 of an unknown frame."""
    left = 1.0 - sampled / frame
    return 1.0 if frame == 0 else left


@compiled(inline=True)  # type: ignore[untyped-decorator]
def deviation_weight(frame: Any, sampled: Any) -> Any:
    """What turns ``n sum y^2 - (sum y)^2`` of a stratum into the variance of its total.

    ``w_h^2 (1 - n_h / N_h) / (n_h - 1)``; 0 where all or none were read, NaN where one
    of several was.

    >>> deviation_weight(8, 4)     # 2^2 (1 - 4/8) / 3
    0.6666666666666666
    """
    weight = record_weight(frame, sampled)
    # Without branches, which a loop over strata turns into vector instructions.
    value = weight * weight * left_to_chance(frame, sampled) / (sampled - 1.0)
    value = math.nan if sampled == 1 else value
    return 0.0 if sampled == 0 or sampled == frame else value


@compiled
def add_up(audits: Any) -> None:
    """Fill the totals of *audits*, see `Totals`, from the counts of their strata.

    In the order of strata within a force, and of forces within an audit.
    """
    audits = uncounted(audits)
    totals, nation = audits.totals.force, audits.totals.nation
    n_forces, n_strata = audits.due.shape[1:]
    terms = np.empty((5, n_forces * n_strata))
    nation[:] = 0.0
    for b in range(audits.force.shape[0]):
        _weigh_strata(audits, b, terms)
        of_force = flat(totals[b])
        for k in range(5):
            of_stratum, at = terms[k], np.uint64(0)
            for i in range(n_forces):
                total = 0.0
                for _ in range(n_strata):
                    total += of_stratum[at]
                    at += np.uint64(1)
                of_force[np.uint64(5 * i + k)] = total
        for i in range(n_forces):
            expansion = 1.0 / audits.p_inclusion[b, i]
            nation[b, DUE] += totals[b, i, DUE] * expansion
            nation[b, RECORDED] += totals[b, i, RECORDED] * expansion


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _weigh_strata(audits: Any, b: Any, terms: Any) -> None:
    """What each stratum of an audit adds to the totals of its force, (5, m H)."""
    frame, sampled = flat(audits.frame[b]), flat(audits.sampled[b])
    due, recorded = flat(audits.due[b]), flat(audits.recorded[b])
    of_due, of_recorded, var_due = terms[DUE], terms[RECORDED], terms[VAR_DUE]
    var_recorded, covariance = terms[VAR_RECORDED], terms[COVARIANCE]
    for j in range(due.size):
        weight = record_weight(frame[j], sampled[j])
        deviation = deviation_weight(frame[j], sampled[j])
        n, x, y = float(sampled[j]), float(due[j]), float(recorded[j])
        of_due[j] = weight * x
        of_recorded[j] = weight * y
        # Whole numbers, so that what agrees leaves nothing, whatever the ratio.
        var_due[j] = deviation * (x * (n - x))
        var_recorded[j] = deviation * (y * (n - y))
        covariance[j] = deviation * (y * (n - x))
