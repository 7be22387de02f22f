"""A YAML file to a `Scenario` that remembers where each value stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from underrecording.errors import UserError
from underrecording.scenario.mistakes import validate
from underrecording.scenario.overrides import apply_override, parse_override
from underrecording.scenario.schema import Scenario
from underrecording.scenario.yaml import Document, read_document


@dataclass(frozen=True)
class LoadedScenario:
    """A valid scenario and the document it came from.

    Attributes
    ----------
    scenario : Scenario
    document : Document
        Its data with what was set from outside.
    origins : mapping of str to str
        Dotted path of each value set from outside -> how it was given.
    """

    scenario: Scenario
    document: Document
    origins: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the file without its ending, fit for a folder."""
        stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in self.document.path.stem)
        return stem[:80] or "scenario"

    @property
    def text(self) -> str:
        """The scenario as its author wrote it."""
        return self.document.text

    def value_at(self, dotted_path: str) -> Any:
        """Return the value of a key: as written, or else its default; None where there is none."""
        for values in (self.document.data, self.scenario.model_dump(mode="json")):
            found: Any = values
            for key in dotted_path.split("."):
                found = found.get(key) if isinstance(found, dict) else None
            if found is not None:
                return found
        return None

    def variations(self, changes: Sequence[Mapping[str, Any]]) -> list[Scenario]:
        """Return the scenario with each set of changes, dotted path -> value, made to it.

        Raises
        ------
        UserError
            With the mistakes of all variations, at their place in the sweep.
        """
        problems: list[str] = []
        made = []
        for change in changes:
            try:
                made.append(self._varied(change) if change else self.scenario)
            except UserError as error:
                problems += error.problems
        if problems:
            raise UserError(_once(problems))
        return made

    def _varied(self, change: Mapping[str, Any]) -> Scenario:
        data = self.document.data
        origins = dict(self.origins)
        for path, value in change.items():
            origins[path] = self._place_in_sweep(path, value)
            try:
                data = apply_override(data, path, value)
            except UserError as error:
                raise UserError(
                    [f"{origins[path]}: {problem}" for problem in error.problems]
                ) from None
        return validate(Scenario, replace(self.document, data=data), overrides=origins)

    def _place_in_sweep(self, path: str, value: Any) -> str:
        """Where the sweep gives this value: file:line:column, or how it was set."""
        kind = self.scenario.study.sweep.kind
        given = self.document.data.get("study", {}).get("sweep", {}).get(kind, {})
        key: tuple[str | int, ...] = ("study", "sweep", kind)
        if kind == "list":
            cells = (i for i, cell in enumerate(given) if path in cell and cell[path] == value)
            key = (*key, next(cells, -1), path)
        elif value in given.get(path, ()):
            key = (*key, path, given[path].index(value))
        if key in self.document.marks:
            line, column = self.document.marks[key]
            return f"{self.document.path}:{line}:{column}: {kind}"
        return f"{self.document.path}: study.sweep"

    def located(self, error: UserError, varied: Mapping[str, Any] | None = None) -> list[str]:
        """Return the problems of *error*, which begin with a dotted path, with their place.

        *varied* are the values of the cell at fault, which stand in the sweep.
        """
        return [self._locate(problem, varied or {}) for problem in error.problems]

    def _locate(self, problem: str, varied: Mapping[str, Any]) -> str:
        path = problem.partition(":")[0]
        for swept, value in varied.items():
            if f"{path}.".startswith(f"{swept}."):
                return f"{self._place_in_sweep(swept, value)}: {problem}"
        for given, origin in self.origins.items():
            if f"{path}.".startswith(f"{given}."):
                return f"{origin}: {problem}"
        keys: tuple[str, ...] = tuple(path.split("."))
        while keys and keys not in self.document.marks:
            keys = keys[:-1]
        line, column = self.document.marks.get(keys, (1, 1))
        return f"{self.document.path}:{line}:{column}: {problem}"


def _once(problems: Sequence[str]) -> list[str]:
    """Each mistake at the first of its places: an unknown key is one, whatever it is set to.

    >>> _once(["a.yaml:3:9: grid: b: unknown key", "a.yaml:3:12: grid: b: unknown key"])
    ['a.yaml:3:9: grid: b: unknown key']
    """
    first: dict[str, str] = {}
    for problem in problems:
        place, _, text = problem.partition(": ")
        first.setdefault(text if place.count(":") >= 2 else problem, problem)
    return list(first.values())


def load_scenario(path: Path, *, overrides: Iterable[str] = ()) -> LoadedScenario:
    """Read and check the scenario in the file *path*.

    Parameters
    ----------
    path : Path
    overrides : iterable of str
        ``dotted.path=VALUE``, each set in place of what the file says.

    Raises
    ------
    UserError
        With every mistake, as ``file:line:column: path: what was given; what is allowed``.
    """
    document = read_document(path)
    origins: dict[str, str] = {}
    problems: list[str] = []
    for text in overrides:
        try:
            key, value = parse_override(text)
            document = replace(document, data=apply_override(document.data, key, value))
            origins[key] = f"--set {text}"
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return LoadedScenario(validate(Scenario, document, overrides=origins), document, origins)
