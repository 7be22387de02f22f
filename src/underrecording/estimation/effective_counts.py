"""Records of unequal weight as the equal ones they are worth, force by force."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from underrecording.audit import DUE, RECORDED, Audit, Floats
from underrecording.estimation.compile import compiled
from underrecording.totals import left_to_chance, record_weight


class EffectiveCounts(NamedTuple):
    """What was read in each force, as if of so many records with equal weights.

    Attributes
    ----------
    recorded, unrecorded : float arrays (F,)
        Due records read as recorded, and as not; both 0 in a force not
        inspected, or where nothing was read as due.
    left : float array (F,)
        Share of the sampling variance that reading some of a force's reports
        leaves: 1 of an unlimited number, 0 where all were read.
    """

    recorded: Floats
    unrecorded: Floats
    left: Floats


@compiled
def effective_counts(audit: Audit) -> EffectiveCounts:
    """Due records worth n_eff = X_f^2 / sum_h w_h^2 x_h, a share A_f of them recorded.

    This is the number of equally weighted records whose share has the variance
    that ``Y_f / X_f`` has where all due reports of the force have one chance to
    be recorded; where strata differ, the share varies less than that. It takes no
    variance from the sample, so that few records, or unanimous ones, do no harm.
    ``left = sum_h (1 - n_h / N_h) w_h^2 x_h / sum_h w_h^2 x_h``. A force drawn
    again, with replacement, adds its records.

    Source: Kish (1965), Survey Sampling, section 11.7, for the effect of weights.

    >>> from underrecording.estimation.check import checked
    >>> row = np.array([0])
    >>> audit = checked(Audit(
    ...     force=row, frame=np.array([[40, 60]]), sampled=np.array([[20, 10]]),
    ...     due=np.array([[16, 9]]), recorded=np.array([[12, 6]]), p_inclusion=np.array([0.5]),
    ...     force_stratum=row, recorded_volume=np.ones((2, 2)),
    ... ))
    >>> counts = effective_counts(audit)    # X = 32 + 54, Y = 24 + 36, 86^2 / (64 + 324) = 19.06
    >>> counts.recorded.round(2), counts.unrecorded.round(2), counts.left.round(3)
    (array([13.3,  0. ]), array([5.76, 0.  ]), array([0.778, 1.   ]))
    """
    n_rows = audit.recorded_volume.shape[0]
    recorded, unrecorded = np.zeros(n_rows), np.zeros(n_rows)
    squares, squares_left = np.zeros(n_rows), np.zeros(n_rows)
    for i in range(audit.force.size):
        due_total, recorded_total = audit.totals.force[i, DUE], audit.totals.force[i, RECORDED]
        if due_total == 0.0:
            continue
        total, left = 0.0, 0.0
        for h in range(audit.due.shape[1]):
            frame, sampled = audit.frame[i, h], audit.sampled[i, h]
            square = record_weight(frame, sampled) ** 2 * audit.due[i, h]
            total += square
            left += square * left_to_chance(frame, sampled)
        f = audit.force[i]
        records = due_total**2 / total
        recorded[f] += records * recorded_total / due_total
        unrecorded[f] += records * (due_total - recorded_total) / due_total
        squares[f] += total
        squares_left[f] += left
    left_share = np.ones(n_rows)
    for f in range(n_rows):
        if squares[f] > 0.0:
            left_share[f] = squares_left[f] / squares[f]
    return EffectiveCounts(recorded, unrecorded, left_share)
