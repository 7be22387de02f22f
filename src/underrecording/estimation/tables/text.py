"""Whether a file is text at all, and in which encoding."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from underrecording.errors import UserError
from underrecording.estimation.tables.table import MAX_BYTES

FALLBACK = "cp1252"
_CHUNK = 1 << 20
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def encoding_of(path: Path) -> str:
    """Encoding of a text file: UTF-8, UTF-16 where it is marked, else Windows-1252.

    Raises
    ------
    UserError
        If there is no such file, or it cannot be read, is no text, or is too large.
    OSError
        If the operating system refuses to read it.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file; give an audit table in CSV")
    if not path.is_file():
        raise UserError(f"{path}: is a folder or device; give an audit table in CSV")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise UserError(
            f"{path}: holds {size:,} bytes; at most {MAX_BYTES:,} are read; "
            "add up strata or leave out columns"
        )
    for encoding in _candidates(path):
        try:
            _check_text(path, encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise _no_text(path)


def _candidates(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        head = file.read(2)
    if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return ("utf-16",)
    # As UTF-8 first: other text is hardly ever UTF-8 by accident, but always Windows-1252.
    return ("utf-8-sig", FALLBACK)


def _check_text(path: Path, encoding: str) -> None:
    """Read the file through, so that neither bytes nor characters surprise later."""
    with path.open(encoding=encoding, newline="") as file:
        while chunk := file.read(_CHUNK):
            if _CONTROL.search(chunk):
                raise _no_text(path)


def _no_text(path: Path) -> UserError:
    return UserError(f"{path}: is damaged or no text; save the table as CSV, in UTF-8")
