"""Worlds as drawn: their ledgers, and all it takes to read them, each made once.

A fixed world is kept while its blocks are at work, whatever thread they run in:
its ledger may take seconds, and its tables of counts as long as thousands of
audits. What is kept saves time and changes no number.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from underrecording.inspection.audits import Reading, make_reading, reads_plainly
from underrecording.inspection.count_tables import (
    NO_TABLES,
    WORTHWHILE,
    CountTables,
    count_tables,
    size_of,
)
from underrecording.inspection.questions import STRANDS
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy
from underrecording.study.needs import needs_volumes, question_of
from underrecording.study.plan import StudyPlan
from underrecording.study.replicates import WHOLE
from underrecording.world.build import World

Floats = NDArray[np.float64]
T = TypeVar("T")

KEPT_WORLDS = 4
"""Fixed worlds that are kept at a time."""
MAX_TABLE_BYTES = 2**26
"""Of all tables of one world: cells beyond that have their counts drawn one by one."""


class Drawn:
    """One fixed world, or the fresh worlds of some replicates, as drawn for every cell.

    Parameters
    ----------
    plan : StudyPlan
    draw : callable
        World to its ledger, or as much of it as is needed (`fields_needed`). Cells
        that differ in inspection only share it.
    replicates : int
        That will read it: tables of counts are made if they are many.
    """

    def __init__(self, plan: StudyPlan, draw: Callable[[World], Ledger], replicates: int) -> None:
        self._plan, self._draw, self._replicates = plan, draw, replicates
        distinct = list({id(cell.world): None for cell in plan.cells})
        self._world_of = [distinct.index(id(cell.world)) for cell in plan.cells]
        self._made: dict[tuple[object, ...], object] = {}
        self._lock = threading.RLock()
        self._table_bytes = 0

    @classmethod
    def fresh(
        cls, plan: StudyPlan, fields: Collection[str], first: int, count: int, threads: int = 1
    ) -> Drawn:
        """The fresh worlds of replicates *first* to *first* + *count* - 1."""
        seed = plan.scenario.seed
        return cls(
            plan,
            lambda world: world.fresh(seed, first, count, threads=threads, fields=fields),
            replicates=1,
        )

    @classmethod
    def fixed(
        cls, plan: StudyPlan, fields: Collection[str], number: int, threads: int = 1
    ) -> Drawn:
        """Fixed world *number*, which other blocks may have made already."""
        seed = plan.scenario.seed
        key = (plan.scenario.digest(), plan.scenario.study.replicates, number)
        with _keeping:
            drawn = _kept.pop(key, None) or cls(
                plan,
                lambda world: world.fixed(seed, number, threads=threads, fields=fields),
                replicates=plan.scenario.study.replicates,
            )
            _kept[key] = drawn
            while len(_kept) > KEPT_WORLDS:
                _kept.popitem(last=False)
        return drawn

    def ledger(self, c: int) -> Ledger:
        """Ledger of cell *c*."""
        world = self._plan.cells[c].world
        return self._once(("ledger", self._world_of[c]), lambda: self._draw(world))

    def accuracy(self, c: int) -> Floats:
        """True accuracy of each force in cell *c*, (W, F)."""
        key = ("accuracy", self._world_of[c])
        return self._once(key, lambda: force_accuracy(self.ledger(c)))

    def truth(self, c: int, t: int) -> Floats:
        """True value of target *t* in cell *c*, (W,)."""
        question, groups = question_of(self._plan.targets[t]), self.groups(c, t)
        key = ("truth", self._world_of[c], t, groups)
        return self._once(key, lambda: question.truth(self.ledger(c), groups))

    def stratum(self, c: int, t: int) -> int:
        """Stratum of records that target *t* is about in cell *c*, or `WHOLE`."""
        question = question_of(self._plan.targets[t])
        if question.group is None:
            return WHOLE
        review = self._plan.cells[c].inspection.review(question.strand)
        return review.groups.index(self.groups(c, t)[0])

    def groups(self, c: int, t: int) -> tuple[int, ...]:
        """Columns of the offence groups that target *t* is about in cell *c*."""
        cell, question = self._plan.cells[c], question_of(self._plan.targets[t])
        if question.group is None:
            return cell.inspection.review(question.strand).groups
        return (cell.world.frame.groups.index(question.group),)

    def reading(self, c: int, strand: str) -> Reading:
        """All it takes to read *strand* in cell *c*."""
        return self._once(("reading", c, strand), lambda: self._reading(c, strand))

    def _reading(self, c: int, name: str) -> Reading:
        inspection = self._plan.cells[c].inspection
        review = inspection.review(name)
        strand = self._once(
            ("strand", self._world_of[c], name, review.groups),
            lambda: STRANDS[name](
                self.ledger(c), review.groups, needs_volumes(self._plan.estimators)
            ),
        )
        sampled = np.minimum(review.records, strand.reports[0])
        tables = NO_TABLES
        if self._replicates >= WORTHWHILE and reads_plainly(review):
            key = ("tables", self._world_of[c], name, review.groups, sampled.tobytes())
            tables = self._once(key, lambda: self._tables(strand, sampled))
        return make_reading(inspection, review, strand, tables)

    def _tables(self, strand: Strand, sampled: NDArray[np.int64]) -> CountTables:
        size = size_of(sampled, strand.due[0])
        if self._table_bytes + size > MAX_TABLE_BYTES:
            return NO_TABLES
        self._table_bytes += size
        return count_tables(strand.reports[0], strand.due[0], strand.recorded[0], sampled)

    def _once(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            found: T = self._made[key]  # type: ignore[assignment]
        return found


_kept: OrderedDict[tuple[str, int, int], Drawn] = OrderedDict()
_keeping = threading.Lock()
