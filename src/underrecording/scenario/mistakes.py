"""All that is wrong with a document, each as ``file:line:column: path.to.key: message``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from underrecording.errors import UserError
from underrecording.scenario.parse import KeyPath
from underrecording.scenario.places import Locator
from underrecording.scenario.words import Finding, describe, merge
from underrecording.scenario.yaml import Document, one_line, report

M = TypeVar("M", bound=BaseModel)
Order = tuple[int, int, int]


def validate(
    model: type[M], document: Document, *, overrides: Mapping[str, str] | None = None
) -> M:
    """Return *document* as a *model*.

    Parameters
    ----------
    model : subclass of BaseModel
        What the data should be; see `Section` for how to write one.
    document : Document
        Its data, with any overrides already applied; its marks are the file's.
    overrides : mapping of str to str, optional
        Dotted path of each value that was set from outside -> where it came
        from, such as ``--set inspection.forces.count=50``, which then stands in
        place of file, line and column.

    Raises
    ------
    UserError
        With every mistake of the text and of the data, in the order of the file.
    """
    findings: list[Finding] = []
    try:
        # As JSON, strict models take lists for tuples and words for enumerations,
        # and still no 5.0, '5' or true for a whole number.
        valid = model.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        findings = _understand(model, error.errors(include_url=False))
    else:
        if not document.mistakes:
            return valid
    refused = {mistake.path for mistake in document.mistakes}
    lines = [((0, *mistake.mark), report(document.path, mistake)) for mistake in document.mistakes]
    for finding in findings:
        # The reader left nothing in place of a value it refused, and said why.
        if finding.given is not None or finding.place.path not in refused:
            order, where = _position(document, overrides or {}, finding)
            lines.append((order, one_line(where, finding.place.path, finding.text)))
    lines.sort(key=lambda line: line[0])
    raise UserError(list(dict.fromkeys(text for _, text in lines)))


def _understand(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> list[Finding]:
    locator = Locator(model)
    return _settle(
        [
            describe(error, locator.locate(error["loc"]), locator.locate(error["loc"][:-1]))
            for error in errors
            if not _is_echo(error)
        ]
    )


def _is_echo(error: ErrorDetails) -> bool:
    """Whether pydantic calls a list too short only because it refused its items."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _settle(findings: Sequence[Finding], level: int = 0) -> list[Finding]:
    """Keep, of each plain union, the member that the user came nearest to.

    That is the one whose mistakes lie deepest; among members with none below
    the union itself, one that fits in kind; if none does, all kinds are named.
    """
    settled = [finding for finding in findings if len(finding.place.branches) <= level]
    unions: dict[KeyPath, dict[str, list[Finding]]] = {}
    for finding in findings:
        if len(finding.place.branches) > level:
            union, label = finding.place.branches[level]
            unions.setdefault(union, {}).setdefault(label, []).append(finding)
    for union, members in unions.items():
        nearest = min(members.values(), key=_distance)
        if all(finding.expected and finding.place.path == union for finding in nearest):
            settled.append(merge(finding for member in members.values() for finding in member))
        else:
            settled += _settle(nearest, level + 1)
    return settled


def _distance(member: Sequence[Finding]) -> tuple[int, bool, int]:
    depth = max(len(finding.place.path) for finding in member)
    return -depth, any(finding.expected for finding in member), len(member)


def _position(
    document: Document, overrides: Mapping[str, str], finding: Finding
) -> tuple[Order, str]:
    """Return the place to show for *finding*, and its rank: the file first, then overrides."""
    path = finding.place.path
    marks = document.key_marks if finding.place.is_key else document.marks
    origins = [name for name in overrides if f"{_dotted(path)}.".startswith(f"{name}.")]
    while not origins and path not in marks:
        # A missing key is reported at the mapping it is missing from, which an
        # override of another key may have made.
        origins = [name for name in overrides if name.startswith(f"{_dotted(path)}.")]
        path, marks = path[:-1], document.marks
    if origins:
        name = max(origins, key=len)
        return (1, list(overrides).index(name), 0), overrides[name]
    line, column = marks[path]
    return (0, line, column), f"{document.path}:{line}:{column}"


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))
