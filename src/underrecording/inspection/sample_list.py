"""A drawn sample as a list: written with the rows it was drawn from, read again to be checked."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from underrecording.errors import UserError
from underrecording.inspection.csv_table import read_table
from underrecording.inspection.public_draw import COLUMNS, Drawn
from underrecording.inspection.record_list import RecordList


class GivenSample(NamedTuple):
    """A sample list that somebody else holds.

    Attributes
    ----------
    rows : list of (str, dict of str to str)
        Place of each row and its cells: of all `COLUMNS`, or of ``id`` alone.
    notes : tuple of str
        What a reader had to assume.
    """

    rows: list[tuple[str, dict[str, str]]]
    notes: tuple[str, ...]


def sample_csv(listed: RecordList, drawn: Sequence[Drawn]) -> str:
    """CSV of all drawn: `COLUMNS`, then the columns of the list as they were.

    A column of the list that has the name of one of ours is ``original_`` that name.
    """
    rows = dict(zip(listed.strata, listed.table.rows, strict=True))
    lines = [
        [*COLUMNS, *_own_names(listed.table.header, COLUMNS, "original_")],
        *([*one.cells().values(), *rows[one.id]] for one in drawn),
    ]
    text = io.StringIO(newline="")
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for cells in lines:
        # The writer by itself leaves a lone carriage return bare, and a reader ends the row there.
        (quoted if "\r" in "".join(cells) else plain).writerow(cells)
    return text.getvalue()


def sample_records(listed: RecordList, drawn: Sequence[Drawn]) -> list[dict[str, Any]]:
    """Return the same for JSON: the columns of the list are under ``record``."""
    rows = dict(zip(listed.strata, listed.table.rows, strict=True))
    names = _own_names(listed.table.header)
    return [
        {
            **one.cells(),
            "order": one.order,
            "record": dict(zip(names, rows[one.id], strict=True)),
        }
        for one in drawn
    ]


def read_sample(path: Path, *, id_column: str) -> GivenSample:
    """Read a sample list as `sample_csv` writes it, or any CSV that names the records.

    Parameters
    ----------
    path : Path
    id_column : str
        Column of the identifiers if the file neither begins with `COLUMNS` nor
        has a column ``id``.

    Raises
    ------
    UserError
        If it has neither; for what `read_table` refuses.
    """
    table = read_table(path)
    names: tuple[str, ...] = COLUMNS
    notes = table.notes
    if (columns := tuple(table.header[: len(COLUMNS)])) != COLUMNS:
        found = [name for name in ("id", id_column) if table.header.count(name) == 1]
        if not found:
            raise UserError(
                f"{path}:1: there is not one column 'id' or '{id_column}'; name the identifiers so"
            )
        names, columns = ("id",), (found[0],)
        began = ", ".join(COLUMNS)
        notes += (f"{path}: does not begin with {began}; identifiers alone are compared",)
    places = [table.header.index(column) for column in columns]
    rows = [
        (
            f"{path}:{line}",
            {name: row[place].strip() for name, place in zip(names, places, strict=True)},
        )
        for line, row in zip(table.lines, table.rows, strict=True)
    ]
    return GivenSample(rows, notes)


def _own_names(header: Sequence[str], taken: Sequence[str] = (), prefix: str = "") -> list[str]:
    """Names of columns, each its own and none of *taken*: a table with two alike loses one.

    >>> _own_names(["id", "note", "note"], taken=["id"], prefix="original_")
    ['original_id', 'note', 'note (2)']
    """
    names: list[str] = []
    for name in header:
        wanted = own = f"{prefix}{name}" if name in taken else name
        times = 1
        while own in names or own in taken:
            times += 1
            own = f"{wanted} ({times})"
        names.append(own)
    return names
