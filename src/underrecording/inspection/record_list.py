"""A force's own list of records, each with an identifier of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from underrecording.errors import UserError, did_you_mean
from underrecording.inspection.csv_table import Table, capped, read_table


class RecordList(NamedTuple):
    """The list a sample is drawn from.

    Attributes
    ----------
    table : Table
    id_column : str
    by_column : str or None
        Column of the strata.
    strata : dict of str to str, length R, in the order of the rows
        Identifier of each record -> its stratum; ``""`` where there are none.
    """

    table: Table
    id_column: str
    by_column: str | None
    strata: dict[str, str]


def read_record_list(path: Path, *, id_column: str | None, by_column: str | None) -> RecordList:
    """Read a list whose records have identifiers, each its own.

    Parameters
    ----------
    path : Path
        CSV with a header; see `read_table`.
    id_column, by_column : str or None
        Columns of the identifiers (None: the first) and of the strata (None: no strata).

    Raises
    ------
    UserError
        With the line of each cell that is empty, holds a character that cannot
        be seen, or is an identifier for the second time; for a column that is
        not there or there twice; for what `read_table` refuses.
    """
    table = read_table(path)
    if id_column is None:
        id_column = table.header[0]
    wanted = [("--id", id_column), *([("--by", by_column)] if by_column is not None else [])]
    if problems := [f"{table.name}:{told}" for told in _column_problems(table, wanted)]:
        raise UserError(problems)
    identifiers = _column(table, id_column)
    strata = [""] * len(identifiers) if by_column is None else _column(table, by_column)
    problems = [
        *_cell_problems(table, id_column, identifiers),
        *_repeated(table, id_column, identifiers),
        *([] if by_column is None else _cell_problems(table, by_column, strata)),
    ]
    if not identifiers:
        problems = [f"{table.name}: holds a header and no record"]
    if problems:
        raise UserError(capped(problems))
    return RecordList(table, id_column, by_column, dict(zip(identifiers, strata, strict=True)))


def _column_problems(table: Table, wanted: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Columns that are not there or not there once."""
    for option, column in wanted:
        match table.header.count(column):
            case 0:
                hint = did_you_mean(column, table.header)
                known = ", ".join(table.header)
                yield f"1: {option}: there is no column '{column}'{hint} (columns: {known})"
            case 1:
                pass
            case more:
                yield f"1: {option}: {more} columns are named '{column}'; rename all but one"


def _column(table: Table, name: str) -> list[str]:
    """Cells of a column, without blanks around them."""
    place = table.header.index(name)
    return [cells[place].strip() for cells in table.rows]


def _cell_problems(table: Table, column: str, cells: Sequence[str]) -> list[str]:
    """Cells by which no record can be told."""
    problems = []
    for line, cell in zip(table.lines, cells, strict=True):
        if not cell:
            problems.append(f"{table.name}:{line}: {column}: is empty; every record needs one")
        elif not cell.isprintable():
            hidden = next(letter for letter in cell if not letter.isprintable())
            problems.append(
                f"{table.name}:{line}: {column}: {cell!r} holds a character that cannot be seen "
                f"(U+{ord(hidden):04X}); take it out"
            )
    return problems


def _repeated(table: Table, column: str, identifiers: Sequence[str]) -> list[str]:
    """Identifiers that an earlier record has."""
    repeated = {cell for cell, times in Counter(identifiers).items() if cell and times > 1}
    first: dict[str, int] = {}
    problems = []
    for line, cell in zip(table.lines, identifiers, strict=True):
        if cell in repeated and first.setdefault(cell, line) != line:
            problems.append(
                f"{table.name}:{line}: {column}: '{cell}' is the identifier of line "
                f"{first[cell]} too; every record needs its own"
            )
    return problems
