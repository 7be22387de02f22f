"""Where in a model an error of pydantic belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaValidator, core_schema

from underrecording.scenario.parse import KeyPath

Schema = Mapping[str, Any]
UNKNOWN: Schema = {"type": "any"}


@dataclass(frozen=True)
class Place:
    """A location of pydantic, told apart into keys of the data and branches of unions.

    Attributes
    ----------
    path
        The keys and list positions, as in the data.
    schema
        The core schema that holds there, without its wrappers.
    branches
        For each plain union on the way, outermost first: its path and the
        label of the member that was tried.
    is_key
        Whether the error is about the last key itself, not its value.
    """

    path: KeyPath
    schema: Schema
    branches: tuple[tuple[KeyPath, str], ...] = ()
    is_key: bool = False

    @property
    def keys(self) -> list[str]:
        """The keys that a model at this place knows."""
        fields: Schema = self.schema.get("fields", {})
        return sorted(str(field.get("validation_alias", name)) for name, field in fields.items())


class Locator:
    """Finds the place of a location by walking the core schema of *model* along it.

    Pydantic puts labels of union members and tags between the keys; only the
    schema tells which is which, since a tag may be spelt like a key.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self._shared: dict[str, Schema] = {}
        self._root = self._open(TypeAdapter(model).core_schema)

    def locate(self, loc: tuple[str | int, ...]) -> Place:
        """Return the place that *loc*, of one error of pydantic, stands for."""
        schema = self._root
        path: KeyPath = ()
        branches: tuple[tuple[KeyPath, str], ...] = ()
        for step in loc:
            if step == "[key]" and schema["type"] != "dict":
                return Place(path, schema, branches, is_key=True)
            if schema["type"] == "union":
                branches = (*branches, (path, str(step)))
                schema = self._member(schema, str(step))
            elif schema["type"] == "tagged-union":
                tags = {str(tag): choice for tag, choice in schema["choices"].items()}
                schema = self._open(tags.get(str(step), UNKNOWN))
            else:
                path = (*path, step)
                schema = self._open(_child(schema, step))
        return Place(path, schema, branches)

    def _open(self, schema: Schema) -> Schema:
        """Take off the wrappers: models, defaults, validators, references."""
        while True:
            match schema["type"]:
                case "definitions":
                    self._shared |= {shared["ref"]: shared for shared in schema["definitions"]}
                    schema = schema["schema"]
                case "definition-ref":
                    schema = self._shared[schema["schema_ref"]]
                case "json-or-python":
                    schema = schema["json_schema"]
                case "lax-or-strict":
                    schema = schema["strict_schema"]
                case "chain":
                    schema = schema["steps"][0]
                case _ if "schema" in schema:
                    schema = schema["schema"]
                case _:
                    return schema

    def _member(self, union: Schema, label: str) -> Schema:
        for choice in union["choices"]:
            member, own = choice if isinstance(choice, tuple) else (choice, None)
            if label == (own or self._title(member)):
                return self._open(member)
        return UNKNOWN

    def _title(self, schema: Any) -> str:
        """Return pydantic's own name of a union member, which only its validator knows."""
        shared: Any = list(self._shared.values())
        return SchemaValidator(core_schema.definitions_schema(schema, shared)).title


def _child(schema: Schema, step: str | int) -> Schema:
    """Return what holds one key or list position further down."""
    match schema["type"]:
        case "model-fields" | "typed-dict":
            fields: Schema = schema["fields"]
            for name, field in fields.items():
                if step in (name, field.get("validation_alias")):
                    return dict(field["schema"])
        case "dict":
            return dict(schema.get("values_schema", UNKNOWN))
        case "tuple":
            items = schema["items_schema"]
            if schema.get("variadic_item_index") is not None:
                return dict(items[schema["variadic_item_index"]])
            return dict(items[step]) if int(step) < len(items) else UNKNOWN
        case "list" | "set" | "frozenset":
            return dict(schema.get("items_schema", UNKNOWN))
    return UNKNOWN
