"""The design-weighted ratio with reading error taken out."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import BLIND_READERS, NOTHING_DUE, OK, Audit, Influence
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import weighted
from underrecording.totals import left_to_chance, record_weight


@point_estimator("confusion_corrected")
def confusion_corrected(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Combined ratio of counts corrected for what is held of the readers.

    Formula::

        A     = Y / X,   X = sum w_h a / pi_f,   Y = sum w_h a b / pi_f     over records read
        a     = c_d / J_d if read as due,      (c_d - 1) / J_d if not,   J_d = s_d + c_d - 1
        b     = c_r / J_r if read as recorded, (c_r - 1) / J_r if not,   J_r = s_r + c_r - 1
        c_f   = sum_h w_h sum e / (pi_f X)               contribution of force f
        slope = w_h / (pi_f X),   residual e = a (b - A)   of a record of stratum h
        readers = sum_theta (dA / dtheta)^2 V(theta)

    with w_h = N_h / n_h and theta the four rates of `Audit.readers`: sensitivity s_d
    and specificity c_d of "due", s_r and c_r of "recorded". a has mean 1 for a
    report truly due and 0 for any other, b likewise for recorded: together they
    are the four observed cell shares times the inverse of the 4 x 4 confusion
    matrix, which is a Kronecker product of two 2 x 2 ones.

    Assumes: what `combined_ratio` assumes, and errors on the two questions
    independent of each other given the truth, the same in every force and
    stratum, at the rates held. Reports read as not due must have been looked up
    too (`Audit.over_recorded`). Variances of the rates are carried to first order,
    their covariances not, nor that rates found from second readings rest on
    records of the same audit: with rates of 0.88 to 0.95, found from a fifth of
    7,000 records read again, the standard error was 8 per cent too small.

    Do not use it where what is held of the readers is a guess: then the guess is
    corrected for. Its variance exceeds that of `combined_ratio`, the more the
    nearer a J is to 0. The answer is clipped to [0, 1], which it can leave where
    few records are read; its influence is that of the answer before clipping.

    No answer: where sensitivity + specificity is 1 or less on either question or
    nothing is held of the readers; where the corrected reports due are 0 or fewer.

    Source: Rogan & Gladen (1978), Am. J. Epidemiology 107:71, for each question;
    the ratio as in `combined_ratio`.
    """
    due, recorded = np.empty(2), np.empty(2)
    if not (_scores(audit, 0, due) and _scores(audit, 2, recorded)):
        return math.nan, BLIND_READERS
    cells = np.zeros(4)
    for f in range(audit.due.shape[0]):
        influence.numerator[f], influence.denominator[f] = 0.0, 0.0
        for h in range(audit.due.shape[1]):
            weight = record_weight(audit.frame[f, h], audit.sampled[f, h]) / audit.p_inclusion[f]
            for r in range(4):
                seen = weight * _count(audit, f, h, r)
                cells[r] += seen
                influence.denominator[f] += seen * due[r // 2]
                influence.numerator[f] += seen * due[r // 2] * recorded[r % 2]
    due_total, recorded_total = influence.denominator.sum(), influence.numerator.sum()
    if not due_total > 0.0:
        return math.nan, NOTHING_DUE
    accuracy = recorded_total / due_total
    for f in range(audit.due.shape[0]):
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        influence.contribution[f] = residual / due_total
        influence.spread[f] = 0.0
        for h in range(audit.due.shape[1]):
            weight = record_weight(audit.frame[f, h], audit.sampled[f, h])
            unweighted = _sum_variance(audit, f, h, due, recorded, accuracy)
            influence.spread[f] += weighted(weight, unweighted)
        influence.spread[f] /= audit.p_inclusion[f] * due_total**2
    influence.readers[0] = _readers_variance(audit, cells / due_total, due, recorded, accuracy)
    return min(1.0, max(0.0, accuracy)), OK


@compiled
def _scores(audit: Audit, question: int, scores: np.ndarray) -> bool:
    """Fill what a yes and a no count for, (2,), the rates in rows *question* and the next."""
    specificity = audit.readers[question + 1, 0]
    beyond_chance = audit.readers[question, 0] + specificity - 1.0
    # Rates that could not be found are NaN and tell nothing apart either.
    if not beyond_chance > 0.0:
        return False
    scores[0] = specificity / beyond_chance
    scores[1] = (specificity - 1.0) / beyond_chance
    return True


@compiled
def _count(audit: Audit, f: int, h: int, r: int) -> int:
    """Records read as r: 0 due and recorded, 1 due, 2 recorded though not due, 3 neither."""
    over = int(audit.over_recorded[f, h]) if audit.over_recorded.size > 0 else 0
    if r == 0:
        return int(audit.recorded[f, h])
    if r == 1:
        return int(audit.due[f, h] - audit.recorded[f, h])
    return over if r == 2 else int(audit.sampled[f, h] - audit.due[f, h]) - over


@compiled
def _sum_variance(
    audit: Audit, f: int, h: int, due: np.ndarray, recorded: np.ndarray, accuracy: float
) -> float:
    """Variance of the sum of a (b - A) over the records read, as `totals.sum_variance`."""
    if audit.sampled[f, h] == 0 or audit.sampled[f, h] == audit.frame[f, h]:
        return 0.0
    if audit.sampled[f, h] == 1:
        return math.nan
    mean = 0.0
    for r in range(4):
        mean += _count(audit, f, h, r) * due[r // 2] * (recorded[r % 2] - accuracy)
    mean /= audit.sampled[f, h]
    squares = 0.0
    for r in range(4):
        residual = due[r // 2] * (recorded[r % 2] - accuracy)
        squares += _count(audit, f, h, r) * (residual - mean) ** 2
    n = float(audit.sampled[f, h])
    left = left_to_chance(audit.frame[f, h], audit.sampled[f, h])
    return float(n * left * squares / (n - 1.0))


@compiled
def _readers_variance(
    audit: Audit, cells: np.ndarray, due: np.ndarray, recorded: np.ndarray, accuracy: float
) -> float:
    """Variance from the rates' own: squared slopes of A times variances, summed.

    *cells* (4,) are weighted records by reading, over the corrected reports due.
    """
    total = 0.0
    for rate in range(4):
        question, sensitivity = rate // 2, rate % 2 == 0
        scores = due if question == 0 else recorded
        beyond_chance = audit.readers[2 * question : 2 * question + 2, 0].sum() - 1.0
        slope = 0.0
        for r in range(4):
            said = r // 2 if question == 0 else r % 2
            # d/ds of c / J and of (c - 1) / J; d/dc of both is 1 / J less that of their J.
            moved = -scores[said] / beyond_chance
            if not sensitivity:
                moved += 1.0 / beyond_chance
            if question == 0:
                slope += cells[r] * moved * (recorded[r % 2] - accuracy)
            else:
                slope += cells[r] * due[r // 2] * moved
        total += slope**2 * float(audit.readers[rate, 1])
    return total
