"""What `simulate effect`, `attribute` and `split` have in common: options, reading, writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from underrecording.errors import UserError

if TYPE_CHECKING:
    from underrecording.report.figures.drawing import Drawing
    from underrecording.scenario import LoadedScenario
    from underrecording.world.options import WorldOptions

Command = Callable[..., None]


def worlds(text: str) -> Callable[[Command], Command]:
    """The option ``--worlds`` with the help *text*."""
    return click.option(
        "--worlds", type=click.IntRange(1, 65536), default=8, show_default=True, help=text
    )


def out(what: str) -> Callable[[Command], Command]:
    """The option ``--out``, whose default is the folder *what* of the scenario."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        help=f"Folder.  [default: outputs/NAME/{what}]",
    )


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
                loaded.located(UserError(problem))[0]
                if problem.startswith(("world", "study"))
                else problem
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


def calibrate(options: WorldOptions, say: Callable[[str], None]) -> None:
    """Solve the world of *options*, which takes a while; what follows finds it solved."""
    from underrecording.stream.world import make_world

    say("Calibrating queues and recording at the baseline: about 10 s ...")
    make_world(options)


def prepared(given: Path | None, loaded: LoadedScenario, what: str) -> Path:
    """Make the folder *given*, or else that of `out`.

    One that cannot be written is then told before the wait.
    """
    from underrecording.files import writing

    folder = given or Path("outputs") / loaded.name / what
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


def show(document: str, texts: Sequence[str], folder: Path, *, as_json: bool) -> None:
    """Print the JSON *document*, or *texts* and where all is."""
    click.echo(document if as_json else "\n\n".join([*texts, f"Folder: {folder}"]))


def _write_text(path: Path, *, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
