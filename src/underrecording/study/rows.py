"""Estimates as they came, replicate by replicate: kept in arrays, told as a table.

Every study keeps the first replicates of the reference cell; with ``study.keep: rows``
it keeps every replicate of every cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underrecording.audit import REASONS

if TYPE_CHECKING:
    from underrecording.study.plan import Block, StudyPlan
    from underrecording.study.sweep import Value

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FIRST_ROWS = 1_000
"""Replicates of the reference cell whose estimates every study keeps."""


class Rows(NamedTuple):
    """Estimates of n replicates that follow each other, in C cells of one world.

    Attributes
    ----------
    world, first : int
        World 0 where worlds are fresh; number of the first replicate.
    truth : float array (C, T, n)
    estimate, se, low, high : float arrays (C, T, E, n)
        NaN where there is no answer; se is the root of the estimated variance.
    reason : int8 array (C, T, E, n)
        Codes of `REASONS`.
    """

    world: int
    first: int
    truth: Floats
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    reason: NDArray[np.int8]

    @classmethod
    def room(cls, shape: tuple[int, int, int], count: int, *, world: int, first: int) -> Rows:
        """Room for *count* replicates of so many cells, targets and estimators."""
        of_all = (*shape, count)
        return cls(
            world=world,
            first=first,
            truth=np.empty((*shape[:2], count)),
            estimate=np.empty(of_all),
            se=np.empty(of_all),
            low=np.empty(of_all),
            high=np.empty(of_all),
            reason=np.empty(of_all, np.int8),
        )

    @classmethod
    def asked(cls, plan: StudyPlan, block: Block) -> Rows | None:
        """Room for what is kept of *block*; None where that is nothing."""
        if plan.keeps_rows:
            count = block.stop - block.start
            return cls.room(plan.shape, count, world=block.world, first=block.start)
        if block.is_first:
            return cls.room((1, *plan.shape[1:]), min(FIRST_ROWS, block.stop), world=0, first=0)
        return None

    def keep(
        self, c: int, t: int, e: int, first: int, answers: Floats, reasons: Ints, truth: Floats
    ) -> None:
        """Keep what there is room for of the replicates from *first* on.

        Parameters
        ----------
        c, t, e : int
            Cell, target and estimator.
        first : int
            Number of the first replicate.
        answers : float array (B, 4)
            Estimate, variance, low, high.
        reasons : int array (B,)
        truth : float array (W,)
            W is B, or 1 where all replicates share one world.
        """
        n_cells, _, room = self.truth.shape
        start = first - self.first
        stop = min(start + len(answers), room)
        if c >= n_cells or start >= stop:
            return
        of, at = slice(stop - start), (c, t, e, slice(start, stop))
        self.estimate[at], self.low[at], self.high[at] = answers[of, [0, 2, 3]].T
        np.sqrt(answers[of, 1], out=self.se[at])
        self.reason[at] = reasons[of]
        self.truth[c, t, start:stop] = np.broadcast_to(truth, reasons.shape)[of]

    def of_reference_cell(self, count: int = FIRST_ROWS) -> Rows:
        """The first *count* replicates of the first cell: a view."""
        return self._replace(
            truth=self.truth[:1, :, :count],
            estimate=self.estimate[:1, ..., :count],
            se=self.se[:1, ..., :count],
            low=self.low[:1, ..., :count],
            high=self.high[:1, ..., :count],
            reason=self.reason[:1, ..., :count],
        )


def rows_table(plan: StudyPlan, rows: Rows) -> pa.Table:
    """One row per cell, target, estimator and replicate, in this order.

    Columns: cell, one for each swept key, world, replicate, estimand, domain,
    estimator, estimate, se, low, high, truth, reason. Words are dictionaries, the
    same ones in every part of a run.
    """
    shape = n_cells, _, n_estimators, n = rows.estimate.shape

    def along(axis: int, values: NDArray[Any]) -> NDArray[Any]:
        others = tuple(other for other in range(4) if other != axis)
        return np.broadcast_to(np.expand_dims(values, others), shape).reshape(-1)

    def words(axis: int, names: Sequence[str]) -> pa.DictionaryArray:
        distinct = list(dict.fromkeys(names))
        codes = np.array([distinct.index(name) for name in names], np.int16)
        return pa.DictionaryArray.from_arrays(along(axis, codes), distinct)

    columns: dict[str, Any] = {"cell": along(0, np.arange(n_cells, dtype=np.int16))}
    for key in plan.keys:
        values = [cell.cell.values[key] for cell in plan.cells[:n_cells]]
        numbers = _numbers(values)
        # As in measures.csv: the word for no value is none.
        texts = ["" if value is None else str(value) for value in values]
        columns[key] = words(0, texts) if numbers is None else along(0, numbers)
    columns["world"] = along(0, np.full(n_cells, rows.world, np.int32))
    columns["replicate"] = along(3, np.arange(rows.first, rows.first + n))
    columns["estimand"] = words(1, [target.estimand for target in plan.targets])
    columns["domain"] = words(1, [target.domain for target in plan.targets])
    columns["estimator"] = words(2, [str(spec) for spec in plan.estimators])
    for name in ("estimate", "se", "low", "high"):
        columns[name] = getattr(rows, name).reshape(-1)
    columns["truth"] = np.repeat(rows.truth[:, :, np.newaxis], n_estimators, axis=2).reshape(-1)
    reasons = pa.array(rows.reason.reshape(-1))
    columns["reason"] = pa.DictionaryArray.from_arrays(reasons, list(REASONS.values()))
    # Fast path: where nothing can be missing (no answer is NaN), no column says what is.
    arrays = {name: pa.array(values) for name, values in columns.items()}
    fields = [pa.field(name, values.type, nullable=False) for name, values in arrays.items()]
    return pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(fields))


def first_rows_table(plan: StudyPlan, rows: Rows) -> pa.Table:
    """The first replicates of the reference cell: the same columns but those that say which."""
    table = rows_table(plan, rows.of_reference_cell())
    return table.drop_columns(["cell", *plan.keys, "world"])


def _numbers(values: Sequence[Value]) -> NDArray[Any] | None:
    """Swept values as an array, if all are numbers.

    >>> _numbers([5, 9.5]), _numbers([5, 9]).dtype, _numbers([True, False]), _numbers(["a", 5])
    (array([5. , 9.5]), dtype('int64'), None, None)
    """
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return None
    return np.array(values)
