"""YAML 1.2 text to plain data, with the line and column of every key and value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from underrecording.scenario.scalars import CORE_TAG, UNPRINTABLE, read_scalar

KeyPath = tuple[str | int, ...]
Mark = tuple[int, int]

MAX_LINE = 20_000  # The scanner takes quadratic time over one long tag.
MAX_NODES = 20_000
MAX_DEPTH = 20

_PLAIN_WORDS = {
    "found character '\\t'": "a tab; indent with spaces",
    "mapping values are not allowed": "a ':' cannot stand here; is the indentation of this line"
    " or the one above wrong, or does a text that holds ': ' lack its quotes?",
    "could not find expected ':'": "a key without its ':'",
    "expected <block end>": "this line's indentation does not fit the lines above",
    "found unexpected end of stream": "a quote that is never closed",
}


class Mistake(NamedTuple):
    """One thing wrong with a text, at a 1-based line and column."""

    mark: Mark
    path: KeyPath
    message: str


class UnreadableError(Exception):
    """A mistake past which nothing of a text can be read."""

    def __init__(self, mark: Mark, message: str) -> None:
        self.mistake = Mistake(mark, (), message)
        super().__init__(message)


def mark_after(text: str) -> Mark:
    r"""Return the line and column of whatever follows *text*.

    >>> mark_after("a: 1\nb: ")
    (2, 4)
    """
    return text.count("\n") + 1, len(text) - text.rfind("\n")


class Reader:
    """Builds plain data out of the events of ruamel's parser.

    Events and not composed nodes: they come one at a time, so that depth and
    number are checked before anything recurses, and no alias is ever expanded.
    A value that cannot be taken becomes ``None`` and is listed in *mistakes*.

    >>> reader = Reader("norway: no")
    >>> reader.read(), reader.marks[("norway",)]
    ({'norway': 'no'}, (1, 9))
    """

    def __init__(self, text: str) -> None:
        self.marks: dict[KeyPath, Mark] = {}
        self.key_marks: dict[KeyPath, Mark] = {}
        self.mistakes: list[Mistake] = []
        self._text = text
        self._mark: Mark = (1, 1)
        self._events = self._parse()

    def read(self) -> Any:
        """Return the only document of the text as plain data, or raise `UnreadableError`."""
        self._check_text()
        next(self._events)  # The start of the stream.
        start = next(self._events)
        if not isinstance(start, DocumentStartEvent):
            raise UnreadableError(self._mark, "empty; nothing is given")
        if start.version not in (None, (1, 2)):
            self._reject((), "a %YAML line; scenarios are YAML 1.2: remove it")
        data = self._value(next(self._events), ())
        next(self._events)  # The end of the document.
        if not isinstance(next(self._events), StreamEndEvent):
            raise UnreadableError(self._mark, "a second document; one file holds one document")
        return data

    def _check_text(self) -> None:
        if bad := UNPRINTABLE.search(self._text):
            mark = mark_after(self._text[: bad.start()])
            raise UnreadableError(mark, f"the control character {bad[0]!a}; remove it")
        for number, line in enumerate(self._text.split("\n"), start=1):
            if len(line) > MAX_LINE:
                raise UnreadableError((number, 1), f"a line of {len(line)} characters; break it up")

    def _parse(self) -> Iterator[Event]:
        n_nodes = 0
        try:
            for event in YAML(typ="safe", pure=True).parse(self._text):
                self._mark = (event.start_mark.line + 1, event.start_mark.column + 1)
                n_nodes += isinstance(event, NodeEvent)
                if n_nodes > MAX_NODES:
                    raise UnreadableError(self._mark, f"more than {MAX_NODES} keys and values")
                yield event
        except MarkedYAMLError as error:
            where = error.problem_mark or error.context_mark
            mark = (where.line + 1, where.column + 1) if where else self._mark
            problem = str(error.problem or error.context)
            plain = (words for known, words in _PLAIN_WORDS.items() if known in problem)
            raise UnreadableError(mark, f"not YAML: {next(plain, problem)}") from None
        except (YAMLError, ValueError, OverflowError, AssertionError) as error:
            # What ruamel lets through of "\UFFFFFFFF" and "%YAML 1.21".
            raise UnreadableError(self._mark, f"not YAML from here on: {error}") from None

    def _reject(self, path: KeyPath, message: str) -> None:
        self.mistakes.append(Mistake(self._mark, path, message))

    def _value(self, event: Event, path: KeyPath) -> Any:
        if isinstance(event, ScalarEvent) and event.start_mark == event.end_mark:
            # ruamel puts what is not there before the next token, lines further down.
            self._mark = self.key_marks.get(path, self._mark)
        self.marks.setdefault(path, self._mark)
        if len(path) > MAX_DEPTH:
            raise UnreadableError(self._mark, f"nested more than {MAX_DEPTH} deep")
        if isinstance(event, NodeEvent) and event.anchor:  # An alias is an anchor's name too.
            self._reject(path, "aliases and anchors are not allowed: write the value out")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        if not isinstance(event, CollectionStartEvent):
            return None
        kind = "map" if isinstance(event, MappingStartEvent) else "seq"
        if event.tag not in (None, CORE_TAG + kind):
            self._reject(path, f"the tag {event.tag} is not allowed: remove it")
        return self._mapping(path) if kind == "map" else self._sequence(path)

    def _sequence(self, path: KeyPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            mark = self._mark
            key, is_usable = self._key(event, path)
            here = (*path, key)
            if is_usable and key in data:
                line = self.key_marks[here][0]
                self._reject(here, f"duplicate key; it stands in line {line} already")
            self.key_marks.setdefault(here, mark)
            value = self._value(next(self._events), here)
            if is_usable:
                data.setdefault(key, value)
        return data

    def _key(self, event: Event, path: KeyPath) -> tuple[str, bool]:
        """Return the key as text, and whether it may be one."""
        if not isinstance(event, ScalarEvent):
            self._reject(path, "a key must be text, not a list, a mapping or an alias")
            self._value(event, (*path, "?"))
            return "?", False
        here = (*path, event.value)
        n_before = len(self.mistakes)
        if event.anchor:
            self._reject(here, "aliases and anchors are not allowed: write the key out")
        if event.value == "<<" and event.style is None:
            self._reject(here, "merge keys are not allowed: write the keys out")
        key = self._scalar(event, here)
        if not isinstance(key, str) and len(self.mistakes) == n_before:
            self._reject(here, "a key must be text; put it in quotes")
        return event.value, len(self.mistakes) == n_before

    def _scalar(self, event: ScalarEvent, path: KeyPath) -> Any:
        try:
            return read_scalar(event.value, event.tag, is_plain=event.style is None)
        except ValueError as error:
            self._reject(path, str(error))
            return None
