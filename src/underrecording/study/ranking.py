"""How well an inspection ranks the forces it inspects: against what is true of them.

No estimator is asked: a force's accuracy is what was found in its own records,
X_f due and Y_f of them recorded, weighted by stratum, and the table of forces is
made as a newspaper would. Forces of which nothing was read as due stand in none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from underrecording.compiling import compiled, uncounted
from underrecording.estimation.loops import audit_of
from underrecording.estimation.totals import force_totals
from underrecording.inspection.audits import inspect_replicates
from underrecording.study.measures import UNDEFINED, Measure, proportion

if TYPE_CHECKING:
    from underrecording.audit import Audits
    from underrecording.inspection.inspect import InspectionPlan
    from underrecording.inspection.reading import Reading
    from underrecording.study.plan import StudyPlan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

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

_AT_ONCE = 256
_SLACK = 1e-12  # As for intervals: where all records agree, nobody lies outside.


class RankSums(NamedTuple):
    """What is kept of many audits: power sums, with leading axes (C,) or none.

    Attributes
    ----------
    answered : int array (len(RANKING),)
        Audits with an answer.
    total, squares : float arrays (len(RANKING),)
    """

    answered: Ints
    total: Floats
    squares: Floats

    @classmethod
    def empty(cls, *shape: int) -> RankSums:
        """Return zeros with leading axes *shape*."""
        full = (*shape, len(RANKING))
        return cls(np.zeros(full, np.int64), np.zeros(full), np.zeros(full))

    def at(self, *index: int) -> RankSums:
        """Return a view of one of many."""
        return RankSums._make(field[index] for field in self)


def merged(sums: Iterable[RankSums]) -> RankSums:
    """All of *sums* together, added in their order."""
    return reduce(lambda a, b: RankSums._make(x + y for x, y in zip(a, b, strict=True)), sums)


def rank_replicates(
    plan: InspectionPlan,
    reading: Reading,
    accuracy: Floats,
    sums: RankSums,
    *,
    seed: int,
    world: int,
    first: int,
    count: int,
) -> None:
    """Add the rankings of replicates *first* to *first* + *count* - 1 to *sums*, in order.

    Parameters
    ----------
    plan : InspectionPlan
    reading : Reading
        Of crime reports, in one world or in *count* of them.
    accuracy : float array (W, F)
        True accuracy of each force, for selections that depend on it.
    sums : RankSums
        Of one cell; changed in place.
    """
    strand = reading.strand
    recorded, due = strand.recorded.sum(axis=2), strand.due.sum(axis=2)
    # A force without a due report has none read either, and stands in no table.
    truth = np.divide(recorded, due, out=np.ones(due.shape), where=due > 0)
    for start in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - start)
        audits = inspect_replicates(plan, reading, accuracy, seed, world, first, start, size)
        rank_audits(audits, truth, start, sums)


@compiled
def rank_audits(audits: Audits, truth: Any, row: Any, sums: RankSums) -> None:
    """Add what *audits* make of the forces, one after the other.

    Parameters
    ----------
    audits : Audits
    truth : float array (W, F)
        True accuracy of each force; the world of the first audit is in row *row* of W.
    sums : RankSums
    """
    audits = uncounted(audits)
    m = audits.force.shape[1]
    found, true, records = np.empty(m), np.empty(m), np.empty(m)
    values = np.empty(sums.total.size)
    for b in range(audits.force.shape[0]):
        w = row + b if truth.shape[0] > 1 else 0
        audit, n = audit_of(audits, b), 0
        for i in range(m):
            due, recorded = force_totals(audit, i)
            # Of a force drawn more than once, with replacement, the first reading counts.
            if due > 0.0 and (i == 0 or audit.force[i] != audit.force[i - 1]):
                found[n], true[n] = recorded / due, truth[w, audit.force[i]]
                records[n] = 0.0
                for h in range(audit.due.shape[1]):
                    records[n] += audit.due[i, h]
                n += 1
        values[:] = math.nan
        if n > 1:
            _rank(found[:n], true[:n], records[:n], values)
        for k in range(values.size):
            if not math.isnan(values[k]):
                sums.answered[k] += 1
                sums.total[k] += values[k]
                sums.squares[k] += values[k] * values[k]


@compiled
def _rank(found: Any, true: Any, records: Any, values: Any) -> None:
    values[WORST_NAMED] = worst_named(found, true)
    values[KENDALL_TAU] = kendall_tau(found, true)
    for limit, k in ((LIMITS[0], OUTSIDE_95), (LIMITS[1], OUTSIDE_998)):
        outside, falsely, missed = outside_funnel(found, true, records, limit)
        values[k], values[k + 1], values[k + 2] = outside, falsely, missed


@compiled
def worst_named(found: Any, true: Any) -> Any:
    """Chance that the force named worst is the worst of those inspected, ties broken by lot.

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


def ranking_measures(sums: RankSums) -> dict[str, Measure]:
    """Mean of each measure over the audits of one cell, by name, with its Monte Carlo error.

    ``sd / sqrt(R)``; a chance that is 0 or 1 has that of `proportion`.
    """
    found = {}
    for k, name in enumerate(RANKING):
        n = int(sums.answered[k])
        if n < 2:
            found[name] = UNDEFINED
            continue
        mean = float(sums.total[k]) / n
        variance = max(0.0, (float(sums.squares[k]) - n * mean * mean) / (n - 1))
        found[name] = Measure(mean, math.sqrt(variance / n))
        if k == WORST_NAMED and mean in (0.0, 1.0):
            found[name] = proportion(float(sums.total[k]), n)
    return found


def ranking_table(plan: StudyPlan, worlds: Sequence[RankSums]) -> pd.DataFrame:
    """One row per cell and measure, as written to ranking.csv.

    Parameters
    ----------
    plan : StudyPlan
    worlds : sequence of RankSums
        One for each fixed world, a single one for fresh worlds; axes (C,).

    Over several fixed worlds a value is the mean over worlds and its MCSE their
    standard deviation over the root of their number, as in measures.csv.
    """
    rows = []
    for c, cell in enumerate(plan.cells):
        each = [ranking_measures(sums.at(c)) for sums in worlds]
        answered = merged(worlds).answered[c]
        for k, name in enumerate(RANKING):
            one = each[0][name] if len(each) == 1 else _over_worlds([one[name] for one in each])
            rows.append(
                {
                    "cell": c, **cell.cell.values, "measure": name, "value": one.value,
                    "mcse": one.mcse, "replicates": int(answered[k]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _over_worlds(each: Sequence[Measure]) -> Measure:
    values = np.array([one.value for one in each])
    return Measure(float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size)))
