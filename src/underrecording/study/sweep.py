"""The cells of a study: the scenario as written, and each of its variations."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
        If a swept value does not fit the scenario; all such mistakes at once.
    """
    keys = swept_keys(loaded.scenario)
    reference = {key: loaded.value_at(key) for key in keys}
    changes: dict[str, dict[str, Any]] = {_identity(reference): {}}
    for change in _changes(loaded.scenario):
        varied = {key: value for key, value in change.items() if value != reference[key]}
        changes.setdefault(_identity(reference | change), varied)
    scenarios = loaded.variations(list(changes.values()))
    return tuple(
        Cell(i, _labels(reference | change), change, scenario)
        for i, (change, scenario) in enumerate(zip(changes.values(), scenarios, strict=True))
    )


def swept_keys(scenario: Scenario) -> tuple[str, ...]:
    """Dotted paths that the sweep varies, in the order of the file."""
    sweep = scenario.study.sweep
    return tuple(sweep.one_at_a_time or sweep.grid or ())


def _changes(scenario: Scenario) -> Iterator[dict[str, Any]]:
    sweep = scenario.study.sweep
    if sweep.one_at_a_time:
        for key, values in sweep.one_at_a_time.items():
            for value in values:
                yield {key: value}
    elif sweep.grid:
        for combination in itertools.product(*sweep.grid.values()):
            yield dict(zip(sweep.grid, combination, strict=True))


def _identity(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _labels(values: Mapping[str, Any]) -> dict[str, Value]:
    return {
        key: json.dumps(value) if isinstance(value, dict | list | tuple) else value
        for key, value in values.items()
    }
