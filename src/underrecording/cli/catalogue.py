"""What `simulate list` and `simulate describe` know about: kinds, names, texts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import NamedTuple

from underrecording.errors import UserError, did_you_mean


class Entry(NamedTuple):
    """One thing that can be listed and described."""

    name: str
    summary: str
    text: str


def entries(kind: str) -> list[Entry]:
    """Return what there is of *kind* (singular or plural).

    Raises
    ------
    UserError
        If there is no such kind.
    """
    singular = kind.removesuffix("s")
    if singular not in _KINDS:
        raise UserError(
            f"unknown kind '{kind}'{did_you_mean(kind, PLURALS)} (known: {', '.join(PLURALS)})"
        )
    return _KINDS[singular]()


def entry(kind: str, name: str) -> Entry:
    """Return the thing called *name*.

    Raises
    ------
    UserError
        If there is none; with the nearest name.
    """
    known = {found.name: found for found in entries(kind)}
    if name not in known:
        raise UserError(
            f"unknown {kind} '{name}'{did_you_mean(name, list(known))} (known: {', '.join(known)})"
        )
    return known[name]


def _of(name: str, text: str) -> Entry:
    return Entry(name, text.partition("\n")[0], text)


def _designs() -> list[Entry]:
    from underrecording.inspection.forces import DESIGNS

    return [
        _of(name, f"{inspect.getdoc(design)}\n\nOptions\n-------\n{_options(design)}")
        for name, design in DESIGNS.items()
    ]


def _options(model: type) -> str:
    from pydantic_core import PydanticUndefined

    lines = []
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        if name == "design":
            continue
        required = field.default is PydanticUndefined
        default = "required" if required else f"default {field.default!r}"
        lines.append(f"{name} ({default})\n    {field.description or ''}")
    return "\n".join(lines)


def _rules() -> list[Entry]:
    from underrecording.registry import load_plugins
    from underrecording.world import rules

    load_plugins(rules)
    return [_of(name, inspect.getdoc(rule) or "") for name, rule in rules.RULES.items()]


def _estimators() -> list[Entry]:
    from underrecording.estimation import MODELS, POINTS

    # What comes whole is known by its full name.
    points = [_of(name, plugin.description) for name, plugin in POINTS.items()]
    return points + [_of(name, plugin.description) for name, plugin in MODELS.items()]


def _variances() -> list[Entry]:
    from underrecording.estimation import VARIANCES

    return [_of(name, plugin.description) for name, plugin in VARIANCES.items()]


def _intervals() -> list[Entry]:
    from underrecording.estimation import INTERVALS

    return [_of(name, plugin.description) for name, plugin in INTERVALS.items()]


def _figures() -> list[Entry]:
    from underrecording.report.figures import FIGURES

    return [_of(name, inspect.getdoc(figure) or "") for name, figure in FIGURES.items()]


def _scenarios() -> list[Entry]:
    from underrecording.scenario import load_scenario, shipped_scenarios

    found = []
    for name, path in shipped_scenarios().items():
        loaded = load_scenario(path)
        scenario = loaded.scenario
        found.append(
            Entry(name, scenario.title, f"{scenario.title}\n{scenario.aim}\n\n{loaded.text}")
        )
    return found


def _sources() -> list[Entry]:
    from underrecording.published import load_published, sources_table

    return [
        Entry(
            row.key,
            f"{row.title} ({row.publisher}, {row.date}) [{row.basis}]",
            f"{row.title}\n{row.publisher}, {row.date}\nBasis: {row.basis}\n\n{row.note}",
        )
        for row in sources_table(load_published())
    ]


_KINDS: dict[str, Callable[[], list[Entry]]] = {
    "design": _designs,
    "rule": _rules,
    "estimator": _estimators,
    "variance": _variances,
    "interval": _intervals,
    "figure": _figures,
    "scenario": _scenarios,
    "source": _sources,
}
PLURALS = tuple(f"{kind}s" for kind in _KINDS)
