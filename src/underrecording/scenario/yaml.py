"""YAML 1.2 text to plain data, with the line and column of every key and value."""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from underrecording.errors import UserError

KeyPath = tuple[str | int, ...]
Mark = tuple[int, int]

MAX_BYTES = 2**20
MAX_LINE = 20_000  # The scanner takes quadratic time over one long tag.
MAX_NODES = 20_000
MAX_DEPTH = 20
MAX_DIGITS = 18  # What fits 64 bits; int() itself refuses past 4,300.

_TAG = "tag:yaml.org,2002:"
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_PLAIN_WORDS = {
    "found character '\\t' that cannot start any token": "a tab; indent with spaces",
    "mapping values are not allowed here": "a ':' cannot stand here; is the indentation of this "
    "line or the one above wrong, or does a text that holds ': ' lack its quotes?",
    "could not find expected ':'": "a key without its ':'",
    "expected <block end>": "the indentation does not fit the lines above",
}


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing wrong with a text, at a 1-based line and column."""

    mark: Mark
    path: KeyPath = field(compare=False)
    message: str


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data that remembers where everything stood.

    *marks* and *key_marks* hold 1-based (line, column) of values and of keys.
    A value that cannot be taken (an alias, a foreign tag, a NaN) is ``None`` in
    *data* and listed in *mistakes*, so that it can be reported together with
    what a model finds wrong.
    """

    path: Path
    text: str
    data: dict[str, Any]
    marks: Mapping[KeyPath, Mark]
    key_marks: Mapping[KeyPath, Mark]
    mistakes: tuple[Mistake, ...] = ()


def one_line(where: str, path: KeyPath, message: str) -> str:
    r"""Return ``where: path.to.key: message`` without line breaks or control characters.

    >>> one_line("a.yaml:3:7", ("world", "seed"), "expected\na whole number")
    'a.yaml:3:7: world.seed: expected a whole number'
    """
    parts = (where, ".".join(map(str, path)), " ".join(message.split()))
    line = ": ".join(part for part in parts if part)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def shown(value: object) -> str:
    """Return *value* as a message quotes it: in YAML's words, at most about 60 characters.

    >>> shown("abc"), shown(True), shown([1, 2]), shown(None)
    ("'abc'", 'true', 'a list', 'nothing')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "...")
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return repr(value)


def read_document(path: Path) -> Document:
    """Read the YAML mapping in the file *path*.

    Raises
    ------
    UserError
        If the file cannot be read, is not UTF-8, is not one YAML mapping, or is
        larger or deeper than any scenario needs to be. Lesser mistakes are
        collected in the document, see `Document`.
    """
    text = _decode(path, _read_bytes(path))
    reader = Reader(text)
    try:
        data = reader.read()
        if not isinstance(data, dict):
            raise Unreadable(reader.marks[()], "expected keys and values (key: value)")
    except Unreadable as error:
        problems = [*reader.mistakes, Mistake(error.mark, (), error.message)]
        raise UserError([at(path, problem) for problem in sorted(problems)]) from None
    return Document(
        path, text, data, reader.marks, reader.key_marks, tuple(sorted(reader.mistakes))
    )


def at(path: Path, problem: Mistake) -> str:
    """Return the line that reports *problem* in the file *path*."""
    line, column = problem.mark
    return one_line(f"{path}:{line}:{column}", problem.path, problem.message)


def _read_bytes(path: Path) -> bytes:
    try:
        # Asked before opening: a pipe would wait for its writer, /dev/zero never ends.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(one_line(str(path), (), "not a file; give a YAML file"))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(one_line(str(path), (), f"cannot be read: {error.strerror}")) from None
    except ValueError:  # A NUL in the name.
        raise UserError(one_line(str(path), (), "not a file name")) from None
    if len(raw) > MAX_BYTES:
        raise UserError(one_line(str(path), (), "larger than 1 MiB; a scenario is a small file"))
    return raw


def _decode(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        problem = Mistake(_mark_after(before), (), "not UTF-8; save the file as UTF-8 text")
        raise UserError(at(path, problem)) from None


def _mark_after(text: str) -> Mark:
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


class Unreadable(Exception):
    """A text past whose mistake nothing can be read."""

    def __init__(self, mark: Mark, message: str) -> None:
        self.mark = mark
        self.message = message
        super().__init__(message)


class Reader:
    """Builds plain data out of the events of ruamel's parser.

    Events, not composed nodes: they come one at a time, so depth and number are
    checked before anything recurses and an alias is never expanded.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.marks: dict[KeyPath, Mark] = {}
        self.key_marks: dict[KeyPath, Mark] = {}
        self.mistakes: list[Mistake] = []
        self.n_nodes = 0
        self.mark: Mark = (1, 1)
        self._events = self._parse()

    def read(self) -> Any:
        """Return the only document of the text as plain data, or raise `Unreadable`."""
        if bad := _UNPRINTABLE.search(self.text):
            character = ascii(bad[0])[1:-1]
            raise Unreadable(
                _mark_after(self.text[: bad.start()]), f"control character {character}"
            )
        for number, line in enumerate(self.text.split("\n"), start=1):
            if len(line) > MAX_LINE:
                raise Unreadable((number, 1), f"a line of {len(line)} characters; break it up")
        next(self._events)
        start = next(self._events)
        if not isinstance(start, DocumentStartEvent):
            raise Unreadable(self.mark, "nothing here")
        if start.version not in (None, (1, 2)):
            self._reject((), "a %YAML directive; scenarios are YAML 1.2, remove the line")
        data = self._value(next(self._events), ())
        next(self._events)
        if not isinstance(next(self._events), StreamEndEvent):
            raise Unreadable(self.mark, "a second document; give one document in a file")
        return data

    def _parse(self) -> Iterator[Event]:
        try:
            for event in YAML(typ="safe", pure=True).parse(self.text):
                self.mark = (event.start_mark.line + 1, event.start_mark.column + 1)
                yield event
        except MarkedYAMLError as error:
            where = error.problem_mark or error.context_mark
            mark = (where.line + 1, where.column + 1) if where else self.mark
            problem = str(error.problem or error.context)
            plain = [words for found, words in _PLAIN_WORDS.items() if found in problem]
            raise Unreadable(mark, f"not YAML: {plain[0] if plain else problem}") from None
        except (YAMLError, ValueError, OverflowError) as error:  # Say, "\UFFFFFFFF".
            raise Unreadable(self.mark, f"not YAML near here: {error}") from None

    def _reject(self, path: KeyPath, message: str) -> None:
        self.mistakes.append(Mistake(self.mark, path, message))

    def _value(self, event: Event, path: KeyPath) -> Any:
        self.marks.setdefault(path, self.mark)
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            raise Unreadable(self.mark, f"more than {MAX_NODES} values; a scenario is a small file")
        if len(path) > MAX_DEPTH:
            raise Unreadable(self.mark, f"nested more than {MAX_DEPTH} deep")
        if getattr(event, "anchor", None):
            self._reject(path, "aliases and anchors are not allowed: write the value out")
        match event:
            case AliasEvent():
                return None
            case MappingStartEvent():
                self._check_tag(event, path, "map")
                return self._mapping(path)
            case SequenceStartEvent():
                self._check_tag(event, path, "seq")
                return list(self._items(path))
            case ScalarEvent():
                return self._scalar(event, path)
        raise TypeError(f"an event that opens no value: {event}")

    def _items(self, path: KeyPath) -> Iterator[Any]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            self.n_items = None
            yield self._value(event, path)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        return {}
