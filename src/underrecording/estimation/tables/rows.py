"""Lines to rows: the separator, and where each row begins in the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from underrecording.estimation.tables.header import known_column
from underrecording.estimation.tables.mistakes import Mistakes

SEPARATORS = (",", ";", "\t")
MAX_LINE = 100_000
_QUOTATION = "a quotation mark is never closed, or one within quotation marks is not doubled"


class LongLineError(Exception):
    """A line that is too long to be a row."""


def separator_of(file: TextIO) -> str:
    """The separator by which most columns of the first line that is not blank are known.

    >>> import io
    >>> separator_of(io.StringIO("Force; Stratum; Sampled, all; Due; Recorded"))
    ';'
    """
    pieces = iter(lambda: file.readline(MAX_LINE), "")
    header = next((piece for piece in pieces if piece.strip()), "")

    def columns_known(separator: str) -> int:
        cells = next(csv.reader([header], delimiter=separator, skipinitialspace=True))
        return len({known_column(cell) for cell in cells} - {None})

    return max(SEPARATORS, key=columns_known)


def read_rows(file: TextIO, separator: str, mistakes: Mistakes) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line on which it begins, from 1.

    A row that cannot be told from the next ends the table, as a mistake.
    """
    lines = _bounded_lines(file)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except LongLineError as error:
        mistakes.add(reader.line_num + 1, 1, "row", str(error))
    except csv.Error:
        # Nothing else can be wrong in strict mode: no line is longer than a field may be.
        mistakes.add(line, 1, "row", _QUOTATION)


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """Lines of a file, so that one without end does not fill the memory."""
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise LongLineError(f"the line is longer than {MAX_LINE:,} characters")
        yield line
