"""The cells of a study: the scenario as written, and each of its variations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from underrecording.errors import UserError
from underrecording.scenario import LoadedScenario, Scenario

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Cell:
    """One variation of a scenario.

    Attributes
    ----------
    index : int
        0 is the reference cell: the scenario as written.
    values : mapping of str to value
        What each swept key is in this cell; lists and mappings as JSON text.
    change : mapping of str to any
        Swept keys whose value is not the reference one, as the sweep gives them.
    scenario : Scenario
    """

    index: int
    values: Mapping[str, Value]
    change: Mapping[str, Any]
    scenario: Scenario


def cells(loaded: LoadedScenario) -> tuple[Cell, ...]:
    """Return the reference cell and one for each other combination that the sweep asks for.

    Raises
    ------
    UserError
        If a swept value does not fit the scenario, or two cells are the same;
        all such mistakes at once.
    """
    keys = swept_keys(loaded.scenario)
    reference = {key: loaded.value_at(key) for key in keys}
    changes: dict[str, dict[str, Any]] = {_identity(reference): {}}
    for change in loaded.scenario.study.sweep.changes():
        varied = {key: value for key, value in change.items() if value != reference[key]}
        changes.setdefault(_identity(reference | change), varied)
    scenarios = loaded.variations(list(changes.values()))
    made = [
        Cell(i, _labels(reference | change), change, scenario)
        for i, (change, scenario) in enumerate(zip(changes.values(), scenarios, strict=True))
    ]
    _refuse_repeats(loaded, made)
    return tuple(made)


def swept_keys(scenario: Scenario) -> tuple[str, ...]:
    """Dotted paths that the sweep varies, in the order of the file."""
    return tuple(scenario.study.sweep.columns)


def _refuse_repeats(loaded: LoadedScenario, made: Sequence[Cell]) -> None:
    """Refuse cells that are written in different words and mean the same."""
    first: dict[str, Cell] = {}
    problems: list[str] = []
    for cell in made:
        earlier = first.setdefault(
            cell.scenario.model_dump_json(include={"world", "inspection"}), cell
        )
        if earlier is cell:
            continue
        same = "the reference cell" if earlier.index == 0 else f"cell {earlier.index}"
        key = next(iter(cell.change))
        error = UserError(f"{key}: cell {cell.index} means the same as {same}; leave one out")
        problems += loaded.located(error, cell.change)
    if problems:
        raise UserError(problems)


def _identity(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _labels(values: Mapping[str, Any]) -> dict[str, Value]:
    return {key: as_label(value) for key, value in values.items()}


def as_label(value: Any) -> Value:
    """A swept value as it stands in a table: lists and mappings as JSON text."""
    return json.dumps(value) if isinstance(value, dict | list | tuple) else value
