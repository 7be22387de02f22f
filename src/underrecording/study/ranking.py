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

from underrecording.audit import DUE, RECORDED
from underrecording.compiling import compiled, uncounted
from underrecording.estimation.loops import audit_of
from underrecording.inspection.audits import inspect_replicates
from underrecording.study.measures import UNDEFINED, Measure, proportion
from underrecording.study.rank_measures import RANKING, WORST_NAMED, rank_forces

if TYPE_CHECKING:
    from underrecording.audit import Audits
    from underrecording.inspection.inspect import InspectionPlan
    from underrecording.inspection.reading import Reading
    from underrecording.study.plan import StudyPlan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_AT_ONCE = 256


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
            due, recorded = audit.totals.force[i, DUE], audit.totals.force[i, RECORDED]
            # Of a force drawn more than once, with replacement, the first reading counts.
            if due > 0.0 and (i == 0 or audit.force[i] != audit.force[i - 1]):
                found[n], true[n] = recorded / due, truth[w, audit.force[i]]
                records[n] = 0.0
                for h in range(audit.due.shape[1]):
                    records[n] += audit.due[i, h]
                n += 1
        values[:] = math.nan
        if n > 1:
            rank_forces(found[:n], true[:n], records[:n], values)
        for k in range(values.size):
            if not math.isnan(values[k]):
                sums.answered[k] += 1
                sums.total[k] += values[k]
                sums.squares[k] += values[k] * values[k]


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
