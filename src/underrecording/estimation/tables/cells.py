"""What one cell says: a count, an amount, a probability, or why it cannot be read."""

from __future__ import annotations

import math
import re

from underrecording.estimation.tables.table import MAX_COUNT

_GAPS = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
_GIVE_COUNT = "give a whole number of 0 or more"
_GIVE_AMOUNT = "give a number of 0 or more"
_GIVE_PROBABILITY = "give a probability above 0, up to 1"


class CellError(ValueError):
    """What is wrong with a cell, and what is allowed."""


class TooManyError(CellError):
    """A cell that makes the table too large to read on."""


class Numerals:
    """How numbers are written in a table whose columns are separated by *separator*.

    The decimal mark is the point; where columns are separated by semicolons or
    tabs also the comma. Thousands may be set off by blanks, or by the mark that
    is not the decimal one. ``1.126`` may thus be a thousand or about one: it is
    refused, and so is ``1,126`` unless columns are separated by commas.

    >>> english, continental = Numerals(","), Numerals(";")
    >>> english.count("1,126"), continental.count("1 126"), continental.count("12,0")
    (1126, 1126, 12)
    >>> continental.probability("0,302")
    0.302
    >>> continental.count("1.126")
    Traceback (most recent call last):
    underrecording.estimation.tables.cells.CellError:
    '1.126' may be 1126 or 1.126; write 1126 or 1.1260
    """

    def __init__(self, separator: str) -> None:
        self.commas_separate = separator == ","
        marks = "." if self.commas_separate else ".,"
        self._forms = [_form(mark, "." if mark == "," else ",") for mark in marks]
        self._ambiguous = re.compile(rf"[1-9]\d{{0,2}}[{marks}]\d{{3}}", re.ASCII)
        self._share = re.compile(rf"\d*[{marks}]?\d+", re.ASCII)

    def count(self, cell: str) -> int:
        """A whole number from 0 to 10**12; 12.0 is one.

        Raises
        ------
        CellError
            As every reading of a cell: says what was given and what is allowed.
        """
        if _is_plain(cell):
            return int(cell)
        whole, decimals = self._digits(cell, _GIVE_COUNT)
        if decimals.strip("0"):
            raise CellError(f"{shown(cell)} is not whole; {_GIVE_COUNT}")
        return int(_within_range(cell, whole))

    def amount(self, cell: str) -> float:
        """A number from 0 to 10**12, such as crimes a year."""
        if _is_plain(cell):
            return float(cell)
        whole, decimals = self._digits(cell, _GIVE_AMOUNT)
        return float(f"{_within_range(cell, whole)}.{decimals}")

    def probability(self, cell: str) -> float:
        """A number in (0, 1], or NaN where none is given.

        Nothing near a thousand is allowed here, so that ``0,302`` and ``1.000``
        are clear.
        """
        text = cell.strip()
        if not text:
            return math.nan
        if not self._share.fullmatch(text):
            raise CellError(self._why(cell, _GIVE_PROBABILITY))
        value = float(text.replace(",", "."))
        if not 0.0 < value <= 1.0:
            raise CellError(f"{shown(cell)} is not a probability; {_GIVE_PROBABILITY}")
        return value

    def _digits(self, cell: str, allowed: str) -> tuple[str, str]:
        """The digits before and after the decimal mark."""
        text = cell.translate(_GAPS).strip()
        if self._ambiguous.fullmatch(text):
            digits, point = re.sub("[.,]", "", text), text.replace(",", ".")
            raise CellError(f"{shown(cell)} may be {digits} or {point}; write {digits} or {point}0")
        for form in self._forms:
            if match := form.fullmatch(text):
                return re.sub(r"\D", "", match["whole"]), match["decimals"] or "0"
        raise CellError(self._why(cell, allowed))

    def _why(self, cell: str, allowed: str) -> str:
        text = cell.strip()
        if not text:
            return f"is empty; {allowed}"
        if re.fullmatch(r"[-\u2212]\s*[\d.,]+", text):
            return f"{shown(cell)} is less than 0; {allowed}"
        if self.commas_separate and re.fullmatch(r"\d*,\d+", text):
            return (
                f"{shown(cell)} has a decimal comma, which is read only where columns are "
                f"separated by semicolons or tabs; {allowed}"
            )
        return f"{shown(cell)} is not a plain number; {allowed}"


def shown(cell: str) -> str:
    """A cell as a message shows it, cut where it is long."""
    return repr(cell if len(cell) <= 40 else f"{cell[:37]}...")


def _form(decimal: str, thousands: str) -> re.Pattern[str]:
    """Numbers with one decimal mark, and thousands set off by one other mark or blanks."""
    grouped = rf"[1-9]\d{{0,2}}([{thousands} ])\d{{3}}(?:\2\d{{3}})*"
    return re.compile(rf"(?P<whole>{grouped}|\d+)(?:[{decimal}](?P<decimals>\d+))?", re.ASCII)


def _is_plain(cell: str) -> bool:
    # Fast path: nearly every number of a large table; without it reading takes three times as long.
    return len(cell) <= 12 and cell.isdigit() and cell.isascii()


def _within_range(cell: str, whole: str) -> str:
    digits = whole.lstrip("0") or "0"
    if len(digits) > len(str(MAX_COUNT)) or int(digits) > MAX_COUNT:
        raise CellError(f"{shown(cell)} is too large; give at most {MAX_COUNT:,}")
    return digits
