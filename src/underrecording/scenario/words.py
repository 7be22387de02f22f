"""Errors of pydantic in plain words: what was given; what is allowed; what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from underrecording.errors import did_you_mean
from underrecording.scenario.places import Place, Schema
from underrecording.scenario.yaml import shown

_EXPECTED = {
    "a whole number": ("int_type", "int_parsing", "int_from_float", "int_parsing_size"),
    "a number": ("float_type", "float_parsing"),
    "a finite number": ("finite_number",),
    "true or false": ("bool_type", "bool_parsing"),
    "text": ("string_type",),
    "nothing": ("none_required",),
    "a list": ("list_type", "tuple_type", "set_type", "frozen_set_type"),
    "keys with values": ("dict_type", "model_type", "model_attributes_type", "mapping_type"),
}
_BY_ERROR = {error: words for words, errors in _EXPECTED.items() for error in errors}
_BOUNDS = {
    "greater_than": ("gt", "not more than"),
    "greater_than_equal": ("ge", "less than the allowed"),
    "less_than": ("lt", "not less than"),
    "less_than_equal": ("le", "more than the allowed"),
    "multiple_of": ("multiple_of", "not a multiple of"),
}
_SIDES = {
    "ge": "{} or more",
    "gt": "more than {}",
    "le": "{} or less",
    "lt": "less than {}",
    "multiple_of": "a multiple of {}",
}
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


@dataclass(frozen=True)
class Finding:
    """One error, understood: the place, the value given, and the message.

    *expected* is the kind of value asked for, where that is what is wrong: so the
    members of a union can be named together. A *message* goes before it.
    """

    place: Place
    given: Any
    message: str = ""
    expected: str = ""

    @property
    def text(self) -> str:
        """What the user reads."""
        if self.message:
            return self.message
        return f"expected {self.expected}, got {shown(self.given)}{_advice(self)}"


def describe(error: ErrorDetails, place: Place, parent: Place) -> Finding:
    """Say *error* in plain words; *parent* is the place of the mapping it is in."""
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind in _BY_ERROR:
        return Finding(place, given, expected=_BY_ERROR[kind])
    if kind in _BOUNDS:
        bound, relation = _BOUNDS[kind]
        limits = {**place.schema, bound: context[bound]}
        message = f"{shown(given)} is {relation} {_bound(context[bound])}; give {_range(limits)}"
        return Finding(place, given, message)
    match kind:
        case "missing" if isinstance(place.path[-1], int):
            return Finding(place, given, "required item is missing")
        case "missing":
            message = f"required key is missing{_known(_choices(place.schema))}"
            return Finding(place, given, message)
        case "extra_forbidden":
            message = f"unknown key{_hint(place.path[-1], parent.keys)}"
            return Finding(replace(place, is_key=True), given, message)
        case "literal_error" | "enum":
            known = _choices(place.schema)
            message = f"unknown value {shown(given)}{_hint(given, known)}"
            return Finding(place, given, message, expected=" or ".join(map(shown, known)))
        case "union_tag_not_found" | "union_tag_invalid":
            return _tag_finding(kind, given, context, place)
        case "too_long" | "too_short" | "string_too_long" | "string_too_short":
            return Finding(place, given, _length(kind, given, context))
        case "string_pattern_mismatch":
            return Finding(place, given, f"{shown(given)} does not match {context['pattern']}")
        case "value_error" | "assertion_error":
            return Finding(place, given, str(context["error"]))
    if kind in get_args(ErrorType):
        expected = error["msg"].removeprefix("Input should be ")
        return Finding(place, given, f"expected {expected}, got {shown(given)}")
    below = tuple(context.get("path", ()))
    return Finding(replace(place, path=(*place.path, *below)), given, error["msg"])


def merge(findings: Iterable[Finding]) -> Finding:
    """Return one finding that names the kinds of value that any of *findings* expects."""
    first, *others = findings
    *kinds, last = dict.fromkeys(finding.expected for finding in (first, *others))
    expected = f"{', '.join(kinds)} or {last}" if kinds else last
    return replace(first, expected=expected, message="" if kinds else first.message)


def _tag_finding(kind: str, given: Any, context: dict[str, Any], place: Place) -> Finding:
    """Say which kind of section was asked for, at the key that asks for it."""
    key = place.schema.get("discriminator")
    tags = sorted(map(str, place.schema.get("choices", ())))
    if isinstance(key, str):
        place = replace(place, path=(*place.path, key))
        given = given.get(key)
    else:  # A function finds the tag; its name is no word of the user's.
        key, given = "kind", context.get("tag")
    if kind == "union_tag_not_found":
        return Finding(place, given, f"required key is missing{_known(tags)}")
    return Finding(place, given, f"unknown {key} {shown(given)}{_hint(given, tags)}")


def _choices(schema: Schema) -> list[str]:
    """Return the words that a literal, an enumeration or a tag can be."""
    values = schema.get("expected") or [member.value for member in schema.get("members", ())]
    return [str(value) for value in values]


def _hint(given: object, known: list[str]) -> str:
    return did_you_mean(str(given)[:60], known) + _known(known)


def _known(known: list[str]) -> str:
    return f" (known: {', '.join(known)})" if known else ""


def _range(limits: Schema) -> str:
    sides = {name: _bound(limits[name]) for name in _SIDES if name in limits}
    if sides.keys() == {"ge", "le"}:
        return f"{sides['ge']} to {sides['le']}"
    return " and ".join(_SIDES[name].format(side) for name, side in sides.items())


def _bound(limit: object) -> str:
    return str(limit).removesuffix(".0")


def _length(kind: str, given: Any, context: dict[str, Any]) -> str:
    unit = "character" if kind.startswith("string") else "item"
    name, word = ("max_length", "most") if kind.endswith("long") else ("min_length", "least")
    plural = "" if len(given) == 1 else "s"
    return f"{len(given)} {unit}{plural}; give at {word} {context[name]}"


def _advice(finding: Finding) -> str:
    """Return what to write instead, where that is plain."""
    given, expected = finding.given, finding.expected
    if "text" in expected and isinstance(given, int | float):
        return "; put it in quotes"
    if "number" in expected and isinstance(given, str):
        number = given.replace("_", "")
        is_whole = number.lstrip("+-").isdigit()
        if _NUMBER.fullmatch(number) and (is_whole or "whole" not in expected):
            return f"; write {number}"
    if "true or false" in expected and str(given).lower() in _WORDS:
        return f"; write {_WORDS[str(given).lower()]}"
    if "whole number" in expected and isinstance(given, float) and given.is_integer():
        return f"; write {given:.0f}"
    return ""
