"""Scenarios that come with the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped_scenarios() -> dict[str, Path]:
    """Return the shipped scenario files by name.

    They lie in the package where it is installed, beside ``src`` in a clone.

    >>> "interim" in shipped_scenarios()
    True
    """
    installed = _PACKAGE / "scenarios"
    folder = installed if installed.is_dir() else _PACKAGE.parents[1] / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_scenario(given: Path) -> Path:
    """Return *given*, or the shipped scenario of that name where there is no such file."""
    if not given.exists() and given.name == str(given):
        return shipped_scenarios().get(str(given), given)
    return given
