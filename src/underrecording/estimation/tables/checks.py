"""What the rows of an audit table must satisfy together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from underrecording.estimation.tables.columns import Columns
from underrecording.estimation.tables.mistakes import Mistakes
from underrecording.estimation.tables.table import MAX_ROWS

_ORDER = "give recorded <= due <= sampled <= frame"


def check_columns(columns: Columns, mistakes: Mistakes) -> None:
    """Add a mistake for each cell that contradicts another; one that is unreadable never does."""
    if not mistakes.count:
        # Of a row that could not be read nobody knows whether it was 0.
        _check_inspected(columns, mistakes)
    for part, whole in (("recorded", "due"), ("due", "sampled"), ("sampled", "frame")):
        if whole in columns:
            _check_part(columns, part, whole, mistakes)
    if "over_recorded" in columns:
        _check_over_recorded(columns, mistakes)
    _check_unique(columns, mistakes)
    if "force_stratum" in columns:
        _check_same(columns, "force_stratum", mistakes)
    if "p_inclusion" in columns:
        _check_same(columns, "p_inclusion", mistakes)
        _check_probability_given(columns, mistakes)
    n_cells = len(columns.forces.names) * len(columns.strata.names)
    if n_cells > MAX_ROWS:
        sizes = f"{len(columns.forces.names):,} forces times {len(columns.strata.names):,} strata"
        problem = f"{sizes} make {n_cells:,} cells, more than {MAX_ROWS:,}; add up strata"
        mistakes.add(*columns.place(0, "stratum"), problem)


def _inspected_forces(columns: Columns) -> NDArray[np.bool_]:
    """Whether any row of each force has a record sampled, bool (R,)."""
    inspected = np.zeros(len(columns.forces.names), dtype=bool)
    force = columns["force"]
    inspected[force[(columns["sampled"] > 0) & (force >= 0)]] = True
    return inspected


def _check_part(columns: Columns, part: str, whole: str, mistakes: Mistakes) -> None:
    parts, wholes = columns[part], columns[whole]
    mistakes.add_where(
        (parts > wholes) & (wholes >= 0),
        lambda row: columns.place(row, part),
        lambda row: f"{parts[row]} is more than {whole}, {wholes[row]}; {_ORDER}",
    )


def _check_over_recorded(columns: Columns, mistakes: Mistakes) -> None:
    over, due, sampled = columns["over_recorded"], columns["due"], columns["sampled"]
    not_due = sampled - due
    mistakes.add_where(
        (over > not_due) & (not_due >= 0) & (due >= 0),
        lambda row: columns.place(row, "over_recorded"),
        lambda row: f"{over[row]} is more than sampled - due, {not_due[row]}; give a part of it",
    )


def _check_unique(columns: Columns, mistakes: Mistakes) -> None:
    """Check that no force and stratum have two rows."""
    force, stratum = columns["force"], columns["stratum"]
    readable = np.flatnonzero((force >= 0) & (stratum >= 0))
    key = force[readable] * len(columns.strata.names) + stratum[readable]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    first_row = np.arange(len(columns))
    first_row[readable] = readable[first[group]]

    def problem(row: int) -> str:
        cell = f"{columns.forces.names[force[row]]}, {columns.strata.names[stratum[row]]}"
        before = columns.line(first_row[row])
        return f"{cell} is in row {before} already; give each force and stratum once"

    repeated = first_row != np.arange(len(columns))
    mistakes.add_where(repeated, lambda row: columns.place(row, "stratum"), problem)


def _check_inspected(columns: Columns, mistakes: Mistakes) -> None:
    if not columns["sampled"].any():
        problem = "is 0 in every row; give at least one force of which records were read"
        mistakes.add(*columns.place(0, "sampled"), problem)


def _check_same(columns: Columns, name: str, mistakes: Mistakes) -> None:
    """Check that all rows of a force say the same; NaN says nothing."""
    force, values = columns["force"], columns[name]
    telling = np.flatnonzero((force >= 0) & (values >= 0))
    first_row = np.zeros(len(columns.forces.names), dtype=np.int64)
    forces, first = np.unique(force[telling], return_index=True)
    first_row[forces] = telling[first]
    differs = np.zeros(len(columns), dtype=bool)
    differs[telling] = values[telling] != values[first_row[force[telling]]]

    def said(row: int) -> str:
        labels = columns.force_strata.names
        return labels[values[row]] if name == "force_stratum" else f"{values[row]}"

    def problem(row: int) -> str:
        before = first_row[force[row]]
        where = f"as in row {columns.line(before)}"
        return f"{said(row)} is not {said(before)}, {where}; give the same in all rows of a force"

    mistakes.add_where(differs, lambda row: columns.place(row, name), problem)


def _check_probability_given(columns: Columns, mistakes: Mistakes) -> None:
    """Check that only forces not inspected leave their probability empty."""
    force, p_inclusion = columns["force"], columns["p_inclusion"]
    empty = np.flatnonzero(np.isnan(p_inclusion) & (force >= 0))
    wrong = np.zeros(len(columns), dtype=bool)
    wrong[empty] = _inspected_forces(columns)[force[empty]]
    mistakes.add_where(
        wrong,
        lambda row: columns.place(row, "p_inclusion"),
        lambda row: "is empty; give the probability with which this inspected force was chosen",
    )
