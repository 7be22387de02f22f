"""What `simulate effect` and `simulate attribute` have in common: reading, writing, mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underrecording.errors import UserError

if TYPE_CHECKING:
    from underrecording.report.figures.drawing import Drawing
    from underrecording.scenario import LoadedScenario


def read_as_streams(scenario: Path, seed: str | None, settings: Sequence[str]) -> LoadedScenario:
    """Read a scenario as one of ``fidelity: events``.

    Raises
    ------
    UserError
        With every mistake; if ``--seed`` and ``--set`` give the same value.
    """
    from underrecording.scenario import find_scenario, load_scenario

    keys = [text.partition("=")[0] for text in settings]
    if seed is not None and "seed" in keys:
        raise UserError("--seed and --set seed: both give seed; give one of them")
    if "world.fidelity" in keys:
        raise UserError(
            "--set world.fidelity: streams are compared at fidelity events; leave it out"
        )
    overrides = [*settings, *([f"seed={seed}"] if seed is not None else [])]
    return load_scenario(find_scenario(scenario), overrides=[*overrides, "world.fidelity=events"])


@contextmanager
def located(loaded: LoadedScenario) -> Iterator[None]:
    """Give mistakes that name a key of the scenario their place in the file."""
    try:
        yield
    except UserError as error:
        raise UserError(
            [
                loaded.located(UserError(problem))[0] if problem.startswith("world") else problem
                for problem in error.problems
            ]
        ) from None


def head(loaded: LoadedScenario, folder: Path) -> dict[str, Any]:
    """What a JSON document begins with."""
    from underrecording import __version__

    scenario = loaded.scenario
    return {
        "title": scenario.title,
        "name": loaded.document.path.stem,
        "digest": scenario.digest(),
        "seed": scenario.seed,
        "version": __version__,
        "folder": str(folder),
    }


def prepared(folder: Path) -> Path:
    """Make *folder*, so that one that cannot be written is told before the wait."""
    from underrecording.files import writing

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_all(folder: Path, texts: dict[str, str], drawings: Sequence[Drawing]) -> None:
    """Write texts by name, and drawings as PNG, SVG and CSV, each whole or not at all."""
    from underrecording.files import write_atomically, writing
    from underrecording.report.streams.write import write_drawing

    with writing(folder):
        for name, text in texts.items():
            write_atomically(folder / name, partial(_write_text, text=text))
    for drawing in drawings:
        write_drawing(folder, drawing)


def _write_text(path: Path, *, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
