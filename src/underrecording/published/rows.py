"""Rows of our own CSV files: every cell is read through a check that can name it."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

BASES = ("verbatim", "derived", "recalled", "verbatim (one cell derived, see note)")


@dataclass(frozen=True)
class Row:
    """One line of a table, with the place that a complaint should name.

    A ``ValueError`` from here is a fault in a shipped file, so a bug, not a
    mistake of the user.

    >>> row = Row("forces.csv", 2, {"robbery": "767", "rate": "91.02"})
    >>> row.count("robbery"), row.percentage("rate")
    (767, 0.9102)
    >>> row.count("rate")
    Traceback (most recent call last):
    ValueError: forces.csv: row 2, column rate: '91.02' is not a whole number
    """

    file: str
    line: int
    cells: Mapping[str, str]

    def fault(self, column: str, problem: str) -> ValueError:
        """Return the error that names file, row and column."""
        return ValueError(f"{self.file}: row {self.line}, column {column}: {problem}")

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not self.cells[column].strip():
            raise self.fault(column, "is empty")
        return self.cells[column]

    def one_of(self, column: str, known: Sequence[str]) -> str:
        """Return a cell that must be one of the *known* words."""
        cell = self.cells[column]
        if cell not in known:
            raise self.fault(column, f"{cell!r} is not one of: {', '.join(known)}")
        return cell

    def basis(self, column: str = "basis") -> str:
        """Return how sure the row is; a row without a basis may not be shipped."""
        return self.one_of(column, BASES)

    def count(self, column: str) -> int:
        """Return a whole number, 0 or more."""
        cell = self.cells[column]
        if not (cell.isascii() and cell.isdigit()):
            raise self.fault(column, f"{cell!r} is not a whole number")
        return int(cell)

    def number(self, column: str) -> float:
        """Return a finite number, 0 or more."""
        cell = self.cells[column]
        try:
            value = float(cell)
        except ValueError:
            raise self.fault(column, f"{cell!r} is not a number") from None
        if not math.isfinite(value) or value < 0:
            raise self.fault(column, f"{cell!r} is not a finite number of 0 or more")
        return value

    def percentage(self, column: str) -> float:
        """Return a printed percentage as a share in [0, 1]."""
        value = self.number(column)
        if value > 100:
            raise self.fault(column, f"{value:g} is more than 100 per cent")
        # 91.02 / 100 is not the float nearest to 0.9102; nothing is printed past 4 decimals.
        return round(value / 100, 6)

    def count_or_none(self, column: str) -> int | None:
        """Return a count, or None where nothing was published."""
        return self.count(column) if self.cells[column] else None

    def percentage_or_none(self, column: str) -> float | None:
        """Return a share, or None where nothing was published."""
        return self.percentage(column) if self.cells[column] else None

    def date_or_none(self, column: str) -> date | None:
        """Return an ISO date, or None where nothing was published."""
        cell = self.cells[column]
        try:
            return date.fromisoformat(cell) if cell else None
        except ValueError:
            raise self.fault(column, f"{cell!r} is not a date like 2014-11-18") from None

    def check_part(self, part: str, whole: str) -> None:
        """Check that *part* is no more than *whole*, where both are published."""
        k, n = self.count_or_none(part), self.count_or_none(whole)
        if k is not None and n is not None and k > n:
            raise self.fault(part, f"{k} is more than {whole}, {n}")

    def check_sum(self, whole: str, parts: Sequence[str]) -> None:
        """Check that the *parts* add up to the *whole*."""
        total, added = self.count(whole), sum(self.count(part) for part in parts)
        if total != added:
            raise self.fault(whole, f"{total} is not the sum of its parts, {added}")


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read a CSV file whose header must be exactly *columns*.

    Raises
    ------
    ValueError
        If the header differs, a line has too few or too many cells, or there is no line.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        header = next(reader, [])
        if differing := sorted(set(header) ^ set(columns)):
            raise ValueError(f"{path.name}: row 1, column {differing[0]}: missing or not expected")
        if header != list(columns):
            raise ValueError(f"{path.name}: row 1: columns are not in their printed order")
        rows = []
        for cells in reader:
            if len(cells) != len(header):
                place = header[min(len(cells), len(header)) - 1]
                problem = f"{len(cells)} cells, expected {len(header)}"
                raise ValueError(f"{path.name}: row {reader.line_num}, column {place}: {problem}")
            rows.append(Row(path.name, reader.line_num, dict(zip(header, cells, strict=True))))
        if not rows:
            raise ValueError(f"{path.name}: row 2, column {header[0]}: the table is empty")
        return rows
