"""A sweep cut along one key: the cells that differ in it while the others are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from underrecording.report.words import key_words, value_words
from underrecording.study.sweep import Value, as_label

if TYPE_CHECKING:
    from underrecording.study.plan import StudyPlan


MOST_LINES = 7
"""Values of the second setting of a grid that have a line; heat maps show all."""


class Slice(NamedTuple):
    """Cells along one swept key.

    Attributes
    ----------
    second_key, second_value : str, value
        In a grid, the other numeric key and what it is here; else None.
    values : tuple
        Of the key; ascending where numeric, else in the order of the file.
    cells : tuple of int
    held : mapping of str to value
        The other swept keys, and what they are in these cells.
    """

    second_key: str | None
    second_value: Value
    values: tuple[Value, ...]
    cells: tuple[int, ...]
    held: Mapping[str, Value]


def is_numeric(plan: StudyPlan, key: str) -> bool:
    """Whether every value of *key* is a number."""
    return all(
        isinstance(value, int | float) and not isinstance(value, bool)
        for value in (cell.cell.values[key] for cell in plan.cells)
    )


def numeric_keys(plan: StudyPlan) -> list[str]:
    """Swept keys that can be an axis, in the order of the file."""
    return [key for key in plan.keys if is_numeric(plan, key)]


def slices(plan: StudyPlan, key: str) -> list[Slice]:
    """Cut the sweep along *key*; only cuts of two cells or more.

    One at a time: a single cut, all other keys as in the reference cell. Zip: a
    single cut along the first numeric key, the others in step with it. Grid:
    a cut for each value of the next numeric key, any further keys held at their
    reference value, or at their first where the grid leaves that out.
    """
    if plan.scenario.study.sweep.kind == "zip":
        return _in_step(plan, key)
    others = [other for other in plan.keys if other != key]
    second = _second_key(plan, others)
    held = {other: _held(plan, other) for other in others if other != second}
    groups: dict[Value, list[int]] = {}
    for index, cell in enumerate(plan.cells):
        values = cell.cell.values
        if all(values[other] == value for other, value in held.items()):
            groups.setdefault(values[second] if second else None, []).append(index)
    cut = [
        _slice(plan, key, second, value, cells, held)
        for value, cells in groups.items()
        if len({plan.cells[cell].cell.values[key] for cell in cells}) > 1
    ]
    return sorted(cut, key=lambda found: found.second_value) if second else cut  # type: ignore[arg-type,return-value]


def asked_cells(plan: StudyPlan) -> list[int]:
    """Cells that the sweep names; the reference cell may be one of them."""
    reference = plan.cells[0].cell.values
    named = any(
        all(as_label(value) == reference[key] for key, value in change.items())
        for change in plan.scenario.study.sweep.changes()
    )
    return list(range(0 if named else 1, len(plan.cells)))


def _in_step(plan: StudyPlan, key: str) -> list[Slice]:
    cells = asked_cells(plan)
    if key != (numeric_keys(plan) or list(plan.keys))[0] or len(cells) < 2:
        return []
    return [_slice(plan, key, None, None, cells, {})]


def along(plan: StudyPlan, key: str) -> Slice | None:
    """Cells along *key* alone, every other key held as in `slices`; None where there is one."""
    if plan.scenario.study.sweep.kind == "zip":
        return next(iter(_in_step(plan, key)), None)
    held = {other: _held(plan, other) for other in plan.keys if other != key}
    cells = [
        index
        for index, cell in enumerate(plan.cells)
        if all(cell.cell.values[other] == value for other, value in held.items())
    ]
    return _slice(plan, key, None, None, cells, held) if len(cells) > 1 else None


def thinned(cuts: Sequence[Slice]) -> list[Slice]:
    """The first and the last of *cuts* and some between, `MOST_LINES` at most."""
    n = min(len(cuts), MOST_LINES)
    # Whole numbers, evenly spread.
    return [cuts[round(i * (len(cuts) - 1) / max(1, n - 1))] for i in range(n)]


def held_words(cut: Slice) -> str:
    """The other swept keys of *cut*, and what they are held at.

    >>> held_words(Slice(None, None, (5, 13), (1, 0), {"inspection.records.per_force": 60}))
    'Records read per force (mean) 60'
    """
    return "; ".join(
        f"{key_words(key).axis} {value_words(value)}" for key, value in cut.held.items()
    )


def _slice(
    plan: StudyPlan,
    key: str,
    second: str | None,
    value: Value,
    cells: list[int],
    held: Mapping[str, Value],
) -> Slice:
    if is_numeric(plan, key):
        cells = sorted(cells, key=lambda cell: plan.cells[cell].cell.values[key])  # type: ignore[arg-type,return-value]
    values = tuple(plan.cells[cell].cell.values[key] for cell in cells)
    return Slice(second, value, values, tuple(cells), held)


def _second_key(plan: StudyPlan, others: list[str]) -> str | None:
    if not plan.scenario.study.sweep.grid:
        return None
    return next((other for other in others if is_numeric(plan, other)), None)


def _held(plan: StudyPlan, other: str) -> Value:
    reference: Value = plan.cells[0].cell.values[other]
    in_grid = [cell.cell.values[other] for cell in plan.cells[1:]]
    return reference if reference in in_grid or not in_grid else in_grid[0]
