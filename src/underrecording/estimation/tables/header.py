"""The columns of an audit table, and which of them a header names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from underrecording.errors import did_you_mean
from underrecording.estimation.tables.cells import shown
from underrecording.estimation.tables.mistakes import Mistakes

REQUIRED = ("force", "stratum", "sampled", "due", "recorded")
OPTIONAL = ("frame", "p_inclusion", "recorded_volume", "force_stratum", "over_recorded")
COLUMNS = (*REQUIRED, *OPTIONAL)
MAX_COLUMNS = 1_000


@dataclass(frozen=True)
class Header:
    """Where each known column of a table stands, from 0, and what to say of the others."""

    position: Mapping[str, int]
    width: int
    notes: tuple[str, ...]


def known_column(given: str) -> str | None:
    """The column that a cell of a header names, whatever its case, blanks and hyphens.

    >>> known_column(" Recorded Volume"), known_column("P-Inclusion"), known_column("remarks")
    ('recorded_volume', 'p_inclusion', None)
    """
    return _FOLDED.get(_fold(given))


def read_header(cells: Sequence[str], line: int, mistakes: Mistakes) -> Header:
    """Read the first row of a table.

    Raises
    ------
    UserError
        If a column that must be there is not, or a known one is there twice:
        what stands below could not be understood.
    """
    width = max(i for i, cell in enumerate(cells, start=1) if cell.strip())
    if width > MAX_COLUMNS:
        mistakes.add(line, MAX_COLUMNS + 1, "header", f"expected at most {MAX_COLUMNS:,} columns")
        raise mistakes.error()
    position: dict[str, int] = {}
    unused: dict[int, str] = {}
    for i, cell in enumerate(cells[:width]):
        name = known_column(cell)
        if name is None:
            unused[i] = cell
        elif name in position:
            first = position[name] + 1
            mistakes.add(line, i + 1, name, f"is column {first} already; give each column once")
        else:
            position[name] = i
    _check_complete(position, unused, line, mistakes)
    if "force_stratum" in position and "p_inclusion" not in position:
        place = position["force_stratum"] + 1
        mistakes.add(line, place, "force_stratum", "needs p_inclusion beside it; give both")
    mistakes.raise_any()
    return Header(position, width, tuple(_notes(position, unused)))


def _check_complete(
    position: Mapping[str, int], unused: Mapping[int, str], line: int, mistakes: Mistakes
) -> None:
    """Add a mistake for each column that must be there, beside what may be meant by it."""
    if not position:
        given = f"no known column is named; give {', '.join(REQUIRED)}"
        mistakes.add(line, 1, "header", given)
        return
    for name in REQUIRED:
        if name not in position:
            near = [i for i, cell in unused.items() if did_you_mean(_fold(cell), [_fold(name)])]
            place = near[0] + 1 if near else 1
            hint = f"; is it {shown(unused[near[0]])}?" if near else ""
            mistakes.add(line, place, name, f"there is no such column, and it is needed{hint}")


def _notes(position: Mapping[str, int], unused: Mapping[int, str]) -> list[str]:
    absent = [name for name in COLUMNS if name not in position]
    return [
        f"column {shown(cell.strip())} is not used{did_you_mean(cell.strip().lower(), absent)}"
        if cell.strip()
        else f"column {i + 1} has no name and is not used"
        for i, cell in unused.items()
    ]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


_FOLDED = {_fold(name): name for name in COLUMNS}
