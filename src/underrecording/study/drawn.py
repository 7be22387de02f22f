"""Worlds as drawn: their ledgers, and all it takes to read them, each made once.

A fixed world is kept while its blocks are at work, whatever thread they run in:
its ledger may take seconds, and its tables of counts as long as thousands of
audits. What is kept saves time and changes no number.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from underrecording.inspection.audits import read_review
from underrecording.inspection.count_tables import (
    NO_TABLES,
    WORTHWHILE,
    CountTables,
    count_tables,
    size_of,
)
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.questions import strand_of
from underrecording.inspection.readers import reads_twice
from underrecording.inspection.reading import (
    NOTHING_KNOWN,
    Known,
    Reading,
    make_reading,
)
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.ledger import ROUTES, Ledger, force_accuracy
from underrecording.study.needs import Needs, question_of
from underrecording.study.plan import StudyPlan
from underrecording.study.replicates import Domain
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
        World to its ledger, or as much of it as is needed. Cells that differ in
        inspection only share it.
    needs : Needs
    fixed_for : int
        Replicates of a fixed world: tables of counts are made if they are many.
    fresh : int, int
        The first replicate and how many, of fresh worlds.
    """

    def __init__(
        self,
        plan: StudyPlan,
        needs: Needs,
        draw: Callable[[World], Ledger],
        *,
        fixed_for: int = 0,
        fresh: tuple[int, int] = (0, 0),
    ) -> None:
        self._plan, self._needs, self._draw = plan, needs, draw
        self._fixed_for, self._fresh = fixed_for, fresh
        distinct = list({id(cell.world): None for cell in plan.cells})
        self._world_of = [distinct.index(id(cell.world)) for cell in plan.cells]
        self._made: dict[tuple[object, ...], object] = {}
        self._lock = threading.RLock()
        self._table_bytes = 0

    @classmethod
    def fresh(
        cls, plan: StudyPlan, needs: Needs, first: int, count: int, threads: int = 1
    ) -> Drawn:
        """The fresh worlds of replicates *first* to *first* + *count* - 1."""
        seed, fields = plan.scenario.seed, needs.fields

        def draw(world: World) -> Ledger:
            return world.fresh(seed, first, count, threads=threads, fields=fields)

        return cls(plan, needs, draw, fresh=(first, count))

    @classmethod
    def fixed(cls, plan: StudyPlan, needs: Needs, number: int, threads: int = 1) -> Drawn:
        """Fixed world *number*, which other blocks may have made already."""
        seed, replicates = plan.scenario.seed, plan.scenario.study.replicates

        def draw(world: World) -> Ledger:
            return world.fixed(seed, number, threads=threads, fields=needs.fields)

        key = (plan.scenario.digest(), replicates, number)
        with _keeping:
            drawn = _kept.pop(key, None) or cls(plan, needs, draw, fixed_for=replicates)
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

    def domain(self, c: int, t: int) -> Domain:
        """Force and strata of records that target *t* is about in cell *c*."""
        cell, question = self._plan.cells[c], question_of(self._plan.targets[t])
        review = cell.inspection.review(question.strand)
        routes = 1 if review.by_route is None else len(ROUTES)
        if question.force is not None:
            return Domain(force=cell.world.frame.forces.index(question.force))
        if question.route is not None:
            first = ROUTES.index(question.route)
            return Domain(first=first, step=routes, strata=len(review.groups))
        if question.group is not None:
            group = review.groups.index(self.groups(c, t)[0])
            return Domain(first=group * routes, step=1, strata=routes)
        return Domain()

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
        kind = (self._world_of[c], name, review.strata)
        strand = self._once(
            ("strand", *kind),
            lambda: strand_of(name, self.ledger(c), review, volumes=self._needs.volumes),
        )
        sampled = np.minimum(review.records, strand.reports[0])
        tables, known = NO_TABLES, NOTHING_KNOWN
        if self._fixed_for >= WORTHWHILE and not reads_twice(review):
            key = ("tables", *kind, sampled.tobytes())
            tables = self._once(key, lambda: self._tables(strand, sampled))
        if self._fresh[1] and (c, name) in self._needs.shared:
            key = ("known", *kind, review.records.tobytes())
            known = self._once(key, lambda: self._known(inspection, review, strand))
        return make_reading(inspection, review, strand, tables, known)

    def _known(self, inspection: InspectionPlan, review: Review, strand: Strand) -> Known:
        """Counts of every force in every replicate."""
        first, count = self._fresh
        every = np.tile(np.arange(strand.reports.shape[1]), (count, 1))
        seed = self._plan.scenario.seed
        audits = read_review(inspection, review, strand, every, seed, 0, first)
        return Known(audits.due, audits.recorded)

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
