"""A scenario file as plain data that remembers where everything stood."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from underrecording.errors import UserError
from underrecording.scenario.parse import (
    KeyPath,
    Mark,
    Mistake,
    Reader,
    UnreadableError,
    mark_after,
)

MAX_BYTES = 2**20


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data, with 1-based (line, column) of values and keys.

    A value that cannot be taken (an alias, a foreign tag, a NaN) is ``None`` in
    *data* and listed in *mistakes*, to be reported together with what a model
    finds wrong: data are only to be trusted after `validate`.
    """

    path: Path
    text: str
    data: dict[str, Any]
    marks: Mapping[KeyPath, Mark]
    key_marks: Mapping[KeyPath, Mark]
    mistakes: tuple[Mistake, ...] = ()


def read_document(path: Path) -> Document:
    """Read the one YAML mapping in the file *path*.

    Raises
    ------
    UserError
        If the file cannot be read, is not UTF-8, is not one YAML mapping, or is
        larger or deeper than a scenario needs to be.
    """
    text = _decode(path, _read_bytes(path))
    reader = Reader(text)
    try:
        data = reader.read()
        if not isinstance(data, dict):
            raise UnreadableError(reader.marks[()], f"expected keys with values, got {shown(data)}")
    except UnreadableError as error:
        mistakes = sorted([*reader.mistakes, error.mistake], key=lambda mistake: mistake.mark)
        raise UserError([report(path, mistake) for mistake in mistakes]) from None
    return Document(path, text, data, reader.marks, reader.key_marks, tuple(reader.mistakes))


def report(path: Path, mistake: Mistake) -> str:
    """Return the line that reports *mistake* in the file *path*."""
    line, column = mistake.mark
    return one_line(f"{path}:{line}:{column}", mistake.path, mistake.message)


def one_line(where: object, path: KeyPath, message: str) -> str:
    r"""Return ``where: path.to.key: message``, free of line breaks and control characters.

    >>> one_line("a.yaml:3:7", ("world", "seed"), "expected\na whole number")
    'a.yaml:3:7: world.seed: expected a whole number'
    """
    keys = ".".join(shorten(str(key)) for key in path)
    line = ": ".join(part for part in (str(where), keys, " ".join(message.split())) if part)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def shown(value: object) -> str:
    """Return *value* as a message quotes it: short, and in the words of YAML.

    >>> shown("abc"), shown(True), shown([1, 2]), shown(None)
    ("'abc'", 'true', 'a list', 'nothing')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return shorten(repr(value[:100]))  # Escapes count too.
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return shorten(repr(value))


def shorten(text: str) -> str:
    """Return *text*, cut to 60 characters."""
    return text if len(text) <= 60 else text[:57] + "..."


def _read_bytes(path: Path) -> bytes:
    try:
        # Asked before opening: a pipe waits for its writer, and /dev/zero never ends.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(one_line(path, (), "not a file; give the path of a YAML file"))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(one_line(path, (), f"cannot be read: {error.strerror}")) from None
    except ValueError:  # A NUL in the name.
        raise UserError(one_line(path, (), "not the name of a file")) from None
    if len(raw) > MAX_BYTES:
        raise UserError(one_line(path, (), "larger than 1 MiB; a scenario is a small file"))
    return raw


def _decode(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # error.object lacks the BOM that error.start does not count.
        mark = mark_after(error.object[: error.start].decode("utf-8"))
        mistake = Mistake(mark, (), "not UTF-8; save the file as UTF-8 text")
        raise UserError(report(path, mistake)) from None
