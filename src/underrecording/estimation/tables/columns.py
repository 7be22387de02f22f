"""Rows to columns: each known cell read once, its mistakes noted."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.estimation.tables.cells import CellError, Numerals, TooManyError
from underrecording.estimation.tables.header import Header
from underrecording.estimation.tables.mistakes import Mistakes
from underrecording.estimation.tables.names import Names
from underrecording.estimation.tables.table import MAX_FORCES, MAX_ROWS, MAX_STRATA

UNREADABLE = -1
"""Stands where a cell could not be read; no cell may hold it."""


class Columns:
    """The known columns of a table, each an array of one value a row.

    Attributes
    ----------
    header : Header
    forces, strata, force_strata : Names
        What the whole numbers in the columns of these names stand for.
    """

    def __init__(self, header: Header, separator: str) -> None:
        self.header = header
        self.forces = Names("forces", MAX_FORCES)
        self.strata = Names("strata", MAX_STRATA)
        self.force_strata = Names("strata of forces", MAX_FORCES)
        numerals = Numerals(separator)
        special: dict[str, tuple[str, Callable[[str], float]]] = {
            "force": ("q", self.forces.index),
            "stratum": ("q", self.strata.index),
            "force_stratum": ("q", self.force_strata.index),
            "p_inclusion": ("d", numerals.probability),
            "recorded_volume": ("d", numerals.amount),
        }
        self._lines = array("q")
        self._values: dict[str, array[Any]] = {}
        self._readers: list[tuple[str, int, Callable[[str], float], array[Any]]] = []
        for name, position in header.position.items():
            kind, read = special.get(name, ("q", numerals.count))
            self._values[name] = array(kind)
            self._readers.append((name, position, read, self._values[name]))

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column; `UNREADABLE` where its cell could not be read."""
        values = self._values[name]
        return np.frombuffer(values, dtype=np.int64 if values.typecode == "q" else np.float64)

    def line(self, row: int) -> int:
        """The line of the file on which a row, from 0, begins."""
        return self._lines[row]

    def place(self, row: int, name: str) -> tuple[int, int, str]:
        """Line and column of a cell as a mistake names them, from 1, and the column's name."""
        return self._lines[row], self.header.position[name] + 1, name

    def read(self, rows: Iterable[tuple[int, list[str]]], mistakes: Mistakes) -> None:
        """Take in all rows, each with its line.

        Raises
        ------
        UserError
            With the mistakes so far, if the table is too large or too wrong to read on.
        """
        width = self.header.width
        for line, cells in rows:
            if len(self) == MAX_ROWS:
                mistakes.add(line, 1, "row", f"expected at most {MAX_ROWS:,} rows; add up strata")
                raise mistakes.error()
            if len(cells) < width:
                cells += [""] * (width - len(cells))
            elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
                problem = f"has {len(cells)} cells, the header {width}"
                mistakes.add(line, width + 1, "row", problem)
            self._lines.append(line)
            self._read_row(line, cells, mistakes)
            if mistakes.enough:
                raise mistakes.error()

    def _read_row(self, line: int, cells: list[str], mistakes: Mistakes) -> None:
        for name, position, read, values in self._readers:
            try:
                values.append(read(cells[position]))
            except CellError as error:
                values.append(UNREADABLE)
                mistakes.add(line, position + 1, name, str(error))
                if isinstance(error, TooManyError):
                    raise mistakes.error() from None
