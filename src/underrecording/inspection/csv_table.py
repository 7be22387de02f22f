"""A CSV file as a table of text, whatever program wrote it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from underrecording.errors import UserError

SEPARATORS = ",;\t|"
"""What may stand between cells; the one that divides the header most is taken."""

MOST_PROBLEMS = 20
"""Mistakes shown of one list: a wrong column would make one of every row."""


class Table(NamedTuple):
    """Cells of a CSV file as text, with where they stand.

    Attributes
    ----------
    name : str
        The file, as complaints name it.
    header : list of str
        Names of the C columns, without blanks around them.
    rows : list of lists of str, R by C
        Rows without any cell filled are left out.
    lines : list of int, length R
        Line of the file on which a row begins, the first being 1.
    notes : tuple of str
        What a reader had to assume.
    separator : str
        What stands between cells.
    """

    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    notes: tuple[str, ...]
    separator: str


def read_table(path: Path) -> Table:
    """Read a CSV file with a header, whatever program wrote it.

    Takes commas, semicolons, tabs or bars; any ends of lines; UTF-8 with or
    without a byte order mark, UTF-16, else Windows-1252, which is noted.

    Raises
    ------
    UserError
        If there is no such file or no text in it, if quotes are not closed, or
        with the line of each row that has not as many cells as the header.
    """
    text, notes = _decoded(path)
    separator = _separator(text)
    rows, lines = _split(str(path), text, separator)
    if not rows:
        raise UserError(f"{path}: is empty; give a CSV file whose first line names the columns")
    header = [name.strip() for name in rows.pop(0)]
    lines.pop(0)
    problems = [
        f"{path}:{line}: {len(cells)} cells, the header has {len(header)}; a cell that holds "
        "the separator needs quotes around it"
        for line, cells in zip(lines, rows, strict=True)
        if len(cells) != len(header)
    ]
    if problems:
        raise UserError(capped(problems))
    return Table(str(path), header, rows, lines, notes, separator)


def capped(problems: Sequence[str], most: int = MOST_PROBLEMS) -> list[str]:
    """Return the first *most* problems and how many there are more.

    >>> capped(["a", "b", "c", "d"], most=2)
    ['a', 'b', 'and 2 more like these']
    """
    more = len(problems) - most
    return [*problems[:most], *([f"and {more:,} more like these"] if more > 0 else [])]


def _decoded(path: Path) -> tuple[str, tuple[str, ...]]:
    """Text of a file, and a note where its encoding had to be guessed."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UserError(f"{path}: is a workbook or an archive; save the sheet as CSV and give that")
    notes: tuple[str, ...] = ()
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UserError(
                f"{path}:{line}: neither UTF-8 nor UTF-16 nor Windows-1252; save it as UTF-8"
            ) from None
        notes = (f"{path}: is not UTF-8 and was read as Windows-1252",)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}:{line}: holds a null character, so it is no text; give a CSV file")
    return text, notes


def _encoding(data: bytes) -> str:
    """Encoding that the first bytes show.

    >>> [_encoding("é,b".encode(name)) for name in ("utf-8", "utf-16", "utf-8-sig")]
    ['utf-8-sig', 'utf-16', 'utf-8-sig']
    >>> [_encoding("a,b".encode(name)) for name in ("utf-16-le", "utf-16-be")]
    ['utf-16-le', 'utf-16-be']
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Without a mark: half of each character of a plain header is a zero byte.
    if data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if data[:1] == b"\0" else "utf-8-sig"


def _separator(text: str) -> str:
    """Return the separator that divides the header into most cells, the comma first."""

    def n_cells(separator: str) -> int:
        start = io.StringIO(text[:100_000], newline="")
        return len(next(filter(None, csv.reader(start, delimiter=separator)), []))

    return max(SEPARATORS, key=n_cells)


def _split(name: str, text: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Rows that hold anything, and the lines on which they begin."""
    rows, lines = [], []
    start = 1
    try:
        # Strict, or a quote left open would swallow the rest of the list into one cell.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        for cells in reader:
            if "".join(cells).strip():
                rows.append(cells)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{name}:{start}: the row that begins here: {error}") from None
    return rows, lines
