"""RMSE and coverage along what is swept, as tables for readers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from underrecording.report.rounding import MISSING, with_error
from underrecording.report.shown import Shown, pair
from underrecording.report.slices import Slice, along, held_words, numeric_keys, slices
from underrecording.report.tables import Table, measures_at
from underrecording.report.words import key_words, value_words

if TYPE_CHECKING:
    from underrecording.study.plan import StudyPlan
    from underrecording.study.results import Results

_ALL_ELSE = "All else as in the reference cell"
MOST_ROWS = 30
"""Cells of a grid from which on they are crossed rather than listed."""
MOST_ACROSS = 12
PLACES = {"rmse": 2, "coverage": 1}
ORDINALS = {2: "second", 3: "third"}


class SweepTable(NamedTuple):
    """A table along a swept key, and what holds in all of its cells."""

    caption: str
    table: Table


def sweep_words(results: Results, key: str, cuts: Sequence[Slice]) -> Table:
    """RMSE and coverage of the headline and the recommended estimator in *cuts* along *key*.

    Where the world is swept the truth moves, and stands before them.
    """
    leading = pair(results)
    moving = _moving(results) if key.startswith("world.") else None
    header = (
        key_words(key).axis,
        *(moving.header if moving else ()),
        *(f"{measure}, {_mark(shown)}" for shown in leading for measure in ("RMSE", "coverage %")),
    )
    rows = []
    for cut in cuts:
        second = ""
        if cut.second_key is not None:
            second = f"; {key_words(cut.second_key).axis} {value_words(cut.second_value)}"
        for value, cell in zip(cut.values, cut.cells, strict=True):
            numbers = list(moving.rows[cell]) if moving else []
            for shown in leading:
                found = measures_at(results, cell=cell, target=0, estimator=shown.spec)
                numbers += [_hundred(*found["rmse"]), _hundred(*found["coverage"])]
            rows.append((value_words(value) + second, *numbers))
    return Table(header, rows)


def sweep_tables(results: Results) -> list[SweepTable]:
    """`sweep_words` of every swept key.

    A grid that one table can show whole, along its first numeric key and the
    next one, has that table. Any other has one along each key in turn, whose
    caption says what is held and that there are more cells.
    """
    plan, kind = results.plan, results.plan.scenario.study.sweep.kind
    if kind in ("zip", "list"):
        return [SweepTable("Cells as listed" if kind == "list" else "In step", cell_words(results))]
    if kind != "grid":
        cuts = [(key, slices(plan, key)) for key in plan.keys]
        return [SweepTable(_ALL_ELSE, sweep_words(results, key, cut)) for key, cut in cuts if cut]
    first = (numeric_keys(plan) or list(plan.keys))[0]
    whole = slices(plan, first)
    if whole and _shows_all(plan, whole) and len(plan.cells) > MOST_ROWS:
        return [
            SweepTable(f"{_caption(plan, whole)}; {measure}, {_mark(shown)}", table)
            for measure, shown, table in crossed_words(results, first, whole)
        ]
    if whole and _shows_all(plan, whole):
        return [SweepTable(_caption(plan, whole), sweep_words(results, first, whole))]
    lines = [(key, along(plan, key)) for key in plan.keys]
    return [
        SweepTable(_caption(plan, [line]), sweep_words(results, key, [line]))
        for key, line in lines
        if line
    ]


def cell_words(results: Results) -> Table:
    """RMSE and coverage of the headline and the recommended estimator, one row a cell.

    Cells are called by what they set; the reference cell stands first.
    """
    plan, leading = results.plan, pair(results)
    header = (
        " | ".join(key_words(key).axis for key in plan.keys),
        *(f"{measure}, {_mark(shown)}" for shown in leading for measure in ("RMSE", "coverage %")),
    )
    rows = []
    for index, cell in enumerate(plan.cells):
        words = " | ".join(value_words(cell.cell.values[key]) for key in plan.keys)
        numbers = []
        for shown in leading:
            found = measures_at(results, cell=index, target=0, estimator=shown.spec)
            numbers += [_hundred(*found["rmse"]), _hundred(*found["coverage"])]
        rows.append((f"{words} (reference)" if index == 0 else words, *numbers))
    return Table(header, rows)


def crossed_words(
    results: Results, key: str, cuts: Sequence[Slice]
) -> list[tuple[str, Shown, Table]]:
    """RMSE and coverage of a large grid, *key* down and the second key across.

    One table for each measure of the headline and the recommended estimator, without
    errors, of at most `MOST_ACROSS` values across: the rest is in measures.csv.
    """
    second = cuts[0].second_key or ""
    step = -(-len(cuts) // MOST_ACROSS)
    kept = cuts[::step]
    some = f", every {ORDINALS.get(step, f'{step}th')} value" if step > 1 else ""
    header = (
        f"{key_words(key).axis} \N{RIGHTWARDS ARROW} {key_words(second).axis}{some}",
        *(value_words(cut.second_value) for cut in kept),
    )
    tables = []
    for shown in pair(results):
        for name, measure in (("rmse", "RMSE, points"), ("coverage", "coverage %")):
            found = results.select(name)
            value = found[found["estimator"] == shown.spec].set_index("cell")["value"]
            down = sorted({value for cut in cuts for value in cut.values})  # type: ignore[type-var]
            rows = [
                (
                    value_words(level),
                    *(
                        f"{100.0 * value[cut.cells[cut.values.index(level)]]:.{PLACES[name]}f}"
                        if level in cut.values
                        else MISSING
                        for cut in kept
                    ),
                )
                for level in down
            ]
            tables.append((measure, shown, Table(header, rows)))
    return tables


def _moving(results: Results) -> Table:
    """Truth and the recommended estimate of every cell, in per cent.

    Over several fixed worlds also how much they differ from the reference
    cell's, in points: the worlds are the same, so the differences are paired
    and much surer than the levels.
    """
    shown = pair(results)[-1]
    several = results.plan.worlds > 1
    change = ("change, points",) if several else ()
    header = ("truth %", *change, f"mean est. %, {_mark(shown)}", *change)
    rows = []
    for cell in range(len(results.plan.cells)):
        numbers = []
        for measure in ("mean_truth", "mean_estimate"):
            found = measures_at(results, cell=cell, target=0, estimator=shown.spec)[measure]
            numbers.append(_hundred(*found))
            if several:
                numbers.append(_change(results, measure, cell, shown.spec))
        rows.append(tuple(numbers))
    return Table(header, rows)


def _change(results: Results, measure: str, cell: int, estimator: str) -> str:
    """Mean over worlds of a measure's difference from the reference cell, with its error."""
    if cell == 0:
        return "-"
    wanted, table = results.plan.targets[0], results.worlds
    rows = table[
        (table["measure"] == measure)
        & (table["estimator"] == estimator)
        & (table["estimand"] == wanted.estimand)
        & (table["domain"] == wanted.domain)
    ]
    values = rows.pivot_table(index="world", columns="cell", values="value")
    differences = (values[cell] - values[0]).dropna()
    return _hundred(differences.mean(), differences.std() / math.sqrt(len(differences)))


def _shows_all(plan: StudyPlan, cuts: Sequence[Slice]) -> bool:
    """Whether *cuts* hold every cell; the reference cell has a table of its own."""
    return len({0}.union(*(cut.cells for cut in cuts))) == len(plan.cells)


def _caption(plan: StudyPlan, cuts: Sequence[Slice]) -> str:
    reference, held = plan.cells[0].cell.values, cuts[0].held
    as_reference = all(value == reference[key] for key, value in held.items())
    words = _ALL_ELSE if as_reference else f"Held: {held_words(cuts[0])}"
    if _shows_all(plan, cuts):
        return words
    n_cells = sum(len(cut.cells) for cut in cuts)
    return f"{words} ({n_cells} of {len(plan.cells):,} cells; measures.csv has all)"


def _hundred(value: float, mcse: float) -> str:
    return with_error(100.0 * value, 100.0 * mcse)


def _mark(shown: Shown) -> str:
    return shown.role or shown.spec
