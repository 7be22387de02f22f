"""What is asked of a ranking of forces: is the worst named worst, the order right, a force outside.

Each compares accuracies found with true ones, (n,) each, of the forces that one
inspection read.
"""

from __future__ import annotations

import math
from typing import Any

from underrecording.compiling import compiled

(
    WORST_NAMED, KENDALL_TAU,
    OUTSIDE_95, FALSELY_95, MISSED_95,
    OUTSIDE_998, FALSELY_998, MISSED_998,
) = range(8)  # fmt: skip
RANKING = (
    "worst_named", "kendall_tau",
    "outside_95", "falsely_outside_95", "missed_outside_95",
    "outside_99.8", "falsely_outside_99.8", "missed_outside_99.8",
)  # fmt: skip
"""In the order of ranking.csv."""
LIMITS = (1.959963984540054, 3.090232306167813)
"""Half the width of the funnel, in standard errors: normal quantiles of 97.5 and 99.9 %."""

_SLACK = 1e-12  # As for intervals: where all records agree, nobody lies outside.


@compiled
def rank_forces(found: Any, true: Any, records: Any, values: Any) -> None:
    """Fill *values* (len(RANKING),) for forces of which *records* (n,) were read as due."""
    values[WORST_NAMED] = worst_named(found, true)
    values[KENDALL_TAU] = kendall_tau(found, true)
    for limit, k in ((LIMITS[0], OUTSIDE_95), (LIMITS[1], OUTSIDE_998)):
        outside, falsely, missed = outside_funnel(found, true, records, limit)
        values[k], values[k + 1], values[k + 2] = outside, falsely, missed


@compiled
def worst_named(found: Any, true: Any) -> Any:
    """Chance that the force named worst is the worst of those inspected, ties broken by lot.

    >>> import numpy as np
    >>> worst_named(np.array([0.7, 0.9, 0.8]), np.array([0.75, 0.95, 0.85]))
    1.0
    >>> worst_named(np.array([0.7, 0.9, 0.7]), np.array([0.75, 0.95, 0.85]))
    0.5
    """
    lowest, worst = found.min(), true.min()
    named, rightly = 0, 0
    for i in range(found.size):
        if found[i] == lowest:
            named += 1
            rightly += true[i] == worst
    return rightly / named


@compiled
def kendall_tau(found: Any, true: Any) -> Any:
    """Kendall's tau-b; NaN where either puts all forces on a level.

    Source: Kendall (1945), Biometrika 33:239.

    >>> import numpy as np
    >>> tau = kendall_tau(np.array([0.7, 0.9, 0.8]), np.array([0.75, 0.85, 0.95]))
    >>> f"{tau:.4f}"
    '0.3333'
    """
    score, pairs_found, pairs_true = 0, 0, 0
    for i in range(found.size):
        for j in range(i):
            a = (found[i] > found[j]) - (found[i] < found[j])
            b = (true[i] > true[j]) - (true[i] < true[j])
            score += a * b
            pairs_found += a != 0
            pairs_true += b != 0
    if pairs_found == 0 or pairs_true == 0:
        return math.nan
    return score / math.sqrt(float(pairs_found) * float(pairs_true))


@compiled
def outside_funnel(found: Any, true: Any, records: Any, limit: Any) -> Any:
    """Forces outside the limits of a funnel plot; of them those that belong inside; those missed.

    Limits are ``c +- limit sqrt(c (1 - c) / n_f)``, c the mean accuracy of all records
    read. A force belongs outside where its true accuracy lies outside the limits
    about the mean of the true ones, for as many records.

    Source of the form: Spiegelhalter (2005), Stat. Med. 24:1185.

    >>> import numpy as np
    >>> found, true = np.array([0.7, 0.9, 0.8]), np.array([0.75, 0.85, 0.8])
    >>> outside_funnel(found, true, np.array([120.0, 120.0, 120.0]), 1.96)
    (2, 2, 0)
    """
    centre, true_centre, read = 0.0, 0.0, 0.0
    for i in range(found.size):
        centre += records[i] * found[i]
        true_centre += records[i] * true[i]
        read += records[i]
    centre, true_centre = centre / read, true_centre / read
    outside, falsely, missed = 0, 0, 0
    for i in range(found.size):
        shown = _is_outside(found[i], centre, records[i], limit)
        is_so = _is_outside(true[i], true_centre, records[i], limit)
        outside += shown
        falsely += shown and not is_so
        missed += is_so and not shown
    return outside, falsely, missed


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _is_outside(value: Any, centre: Any, records: Any, limit: Any) -> Any:
    variance = max(0.0, centre * (1.0 - centre)) / records
    return abs(value - centre) > limit * math.sqrt(variance) + _SLACK
