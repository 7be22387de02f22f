"""Values set from outside a scenario file: ``--set PATH=VALUE`` and the cells of a sweep."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from underrecording.errors import UserError
from underrecording.scenario.parse import MAX_DEPTH, Reader, UnreadableError
from underrecording.scenario.yaml import one_line, shorten, shown


def parse_override(text: str) -> tuple[str, Any]:
    """Return the dotted path and the value of ``PATH=VALUE``, VALUE being YAML 1.2.

    Raises
    ------
    UserError
        If *text* has another form, or its value would be refused in a file.

    >>> parse_override("inspection.forces={design: srs, count: 5}")
    ('inspection.forces', {'design': 'srs', 'count': 5})
    """
    path, equals, value = text.partition("=")
    where = f"--set {shorten(text)}"
    if not equals or not all(path.split(".")):
        raise UserError(
            one_line(where, (), "expected PATH=VALUE, such as inspection.forces.count=13")
        )
    reader = Reader(value)
    try:
        data = reader.read()
    except UnreadableError as error:
        reader.mistakes.append(error.mistake)
    else:
        if isinstance(data, dict | list) and value.lstrip()[0] not in "{[":
            raise UserError(one_line(where, (), "write lists as [1, 2] and mappings as {a: 1}"))
    if reader.mistakes:
        raise UserError([one_line(where, m.path, m.message) for m in reader.mistakes])
    return path, data


def apply_override(data: dict[str, Any], dotted_path: str, value: Any) -> dict[str, Any]:
    """Return a deep copy of *data* in which *dotted_path* is *value*.

    Mappings that are missing on the way are made; list positions count from 0
    and have to exist.

    Raises
    ------
    UserError
        If the path leads through a value that has no keys, or past a list's end.

    >>> apply_override({"world": {"draw": "fresh"}}, "world.draw", "fixed")
    {'world': {'draw': 'fixed'}}
    >>> apply_override({"seed": 1}, "seed.first", 2)
    Traceback (most recent call last):
    underrecording.errors.UserError: seed.first: seed is 1, which has no keys
    """
    *parents, last = keys = dotted_path.split(".")
    if len(keys) > MAX_DEPTH or not all(keys):
        raise UserError(f"{shown(dotted_path)}: not a path; write keys with dots between them")
    changed = deepcopy(data)
    inner: Any = changed
    for depth, key in enumerate(parents, start=1):
        if isinstance(inner, dict):
            if inner.get(key) is None:
                inner[key] = {}
            inner = inner[key]
        else:
            inner = inner[_position(inner, keys[:depth], dotted_path)]
    if isinstance(inner, dict):
        inner[last] = deepcopy(value)
    else:
        inner[_position(inner, keys, dotted_path)] = deepcopy(value)
    return changed


def _position(items: Any, keys: list[str], dotted_path: str) -> int:
    """Return the last of *keys* as a position in *items*, which should be a list."""
    *before, key = keys
    name = ".".join(before)
    if not isinstance(items, list):
        raise UserError(one_line(dotted_path, (), f"{name} is {shown(items)}, which has no keys"))
    if not (key.isdecimal() and key.isascii() and len(key) < 6 and int(key) < len(items)):
        allowed = f"give 0 to {len(items) - 1}" if items else "it is empty"
        raise UserError(
            one_line(
                dotted_path, (), f"{name} is a list and {shown(key)} no place in it; {allowed}"
            )
        )
    return int(key)
