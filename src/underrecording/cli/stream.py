"""`simulate stream`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from underrecording.cli import shared
from underrecording.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from underrecording.scenario import LoadedScenario
    from underrecording.stream import Engine, EventWorld
    from underrecording.stream.summary import Summary

ALL = "all"


@click.command("stream")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--force", "name", required=True, metavar="NAME", help="Name of a force, or all.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="File that ends in .parquet or .csv; with --force all a folder.",
)
@click.option(
    "--engine",
    type=click.Choice(["compiled", "reference"]),
    default="compiled",
    show_default=True,
    help="reference gives the same file, hundreds of times slower, from a model to be read.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    help="Forces at a time, the largest first, each held whole in memory: a year of the "
    "Metropolitan takes about 1 GB. The files do not depend on it; calibration takes all cores.",
)
@click.option(
    "--world",
    "number",
    type=click.IntRange(0, 2**16 - 1),
    metavar="N",
    default=0,
    show_default=True,
    help="Number of the world.",
)
@shared.seed
@shared.settings
@click.option(
    "--figures", metavar="DIR", type=click.Path(path_type=Path), help="Draw figures into DIR."
)
@shared.quiet
def command(
    scenario: Path,
    name: str,
    out: Path,
    engine: Engine,
    jobs: int,
    number: int,
    seed: str | None,
    settings: tuple[str, ...],
    figures: Path | None,
    quiet: bool,
) -> None:
    """Simulate one force's year in the world of SCENARIO, incident by incident.

    Writes one row an incident, crime report or not; prints a summary and the
    path of what it wrote. A scenario at fidelity: rates is streamed as if it
    said fidelity: events. Units and meaning of each column are in the Parquet
    file and in docs/pathway.md.

    Exit status: 0 done; 2 a mistake that can be mended; 130 interrupted, and
    the files that are there are whole.

    Example: simulate stream quick --force Gwent --out outputs/gwent.parquet
    """
    from underrecording.cli.progress import Progress
    from underrecording.scenario import find_scenario, load_scenario

    loaded = load_scenario(find_scenario(scenario), overrides=_overrides(seed, settings))
    paths = _paths(name, out)
    _make_folders([path.parent for path in paths.values()], figures)
    progress = Progress(quiet=quiet)

    # Imported when there is something to simulate: a mistake is told without the wait.
    from underrecording.stream.write import Address, write_streams

    try:
        world = _calibrated(loaded, progress.say)
        written = write_streams(
            world,
            paths,
            Address(loaded.scenario.seed, number),
            measure=_with_tables if figures else _summary_alone,
            engine=engine,
            jobs=jobs,
            about=_about(loaded, settings),
        )
        summaries = []
        for force, (summary, tables) in written:
            progress.say(f"{force.name}: {summary.incidents:,} incidents written")
            summaries.append(summary)
            if figures:
                from underrecording.report.streams import write_figures

                write_figures(figures, force, **tables)
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted. Files that are there are whole; the same command writes {out} anew.",
            err=True,
        )
        raise SystemExit(130) from None
    except UserError as error:
        raise UserError(_located(loaded, error)) from None
    click.echo(_table(summaries))
    click.echo()
    for path in paths.values():
        click.echo(f"Stream: {path}")
    if figures:
        click.echo(f"Figures: {figures}")


def _overrides(seed: str | None, settings: Sequence[str]) -> list[str]:
    """Every value given in place of the scenario's; a stream needs events.

    >>> _overrides("5", ["world.staff.clerks=2"])
    ['seed=5', 'world.staff.clerks=2', 'world.fidelity=events']
    """
    for text in settings:
        if seed is not None and text.partition("=")[0] == "seed":
            raise UserError(f"--seed {seed} and --set {text}: both give seed; give one of them")
    given = [] if seed is None else [f"seed={seed}"]
    return [*given, *settings, "world.fidelity=events"]


def _paths(name: str, out: Path) -> dict[int, Path]:
    """Number of each force that was asked for -> its file.

    Raises
    ------
    UserError
        If there is no such force, or *out* is a file where a folder should be
        or the other way round.
    """
    from underrecording.published import load_published
    from underrecording.stream.parquet import ENDINGS, slug

    known = load_published().forces.name
    if slug(name) == ALL:
        if out.suffix in ENDINGS or out.is_file():
            raise UserError(f"--out {out}: is a file; with --force all give a folder")
        return {number: out / f"{slug(force)}.parquet" for number, force in enumerate(known)}
    numbers = {slug(force): number for number, force in enumerate(known)}
    if slug(name) not in numbers:
        hint = did_you_mean(name, known) or did_you_mean(slug(name), list(numbers))
        raise UserError(f"--force: unknown force '{name}'{hint} (known: all, {', '.join(known)})")
    if out.is_dir():
        raise UserError(
            f"--out {out}: is a folder; give a file that ends in {' or '.join(ENDINGS)}, "
            "or --force all"
        )
    if out.suffix not in ENDINGS:
        raise UserError(f"--out {out}: expected a name that ends in {' or '.join(ENDINGS)}")
    return {numbers[slug(name)]: out}


def _make_folders(folders: Sequence[Path], figures: Path | None) -> None:
    """Make what is to be written into before anything is computed: it may fail."""
    from underrecording.files import writing

    for folder in dict.fromkeys([*folders, *([figures] if figures else [])]):
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)


def _calibrated(loaded: LoadedScenario, say: Callable[[str], None]) -> EventWorld:
    from underrecording.compiling import cache_folder
    from underrecording.stream import make_world

    if not any(cache_folder().glob("**/*.run_compiled-*.nbi")):
        say("Compiling the simulator, once for this version: a minute or two ...")
    options = loaded.scenario.world
    say(f"Calibrating on {options.pathway.days} days of all 43 forces: for a year about 10 s ...")
    return cast("EventWorld", make_world(options))  # Fidelity is events, by the override.


def _located(loaded: LoadedScenario, error: UserError) -> list[str]:
    """The problems of *error*; those of a key with the place where it stands."""
    return [
        located if problem.startswith("world.") else problem
        for problem, located in zip(error.problems, loaded.located(error), strict=True)
    ]


def _about(loaded: LoadedScenario, settings: Sequence[str]) -> dict[str, Any]:
    """What the files say of where they come from."""
    from underrecording.study.program import commit

    scenario = loaded.scenario
    return {
        "scenario": {
            "name": loaded.name,
            "title": scenario.title,
            "digest": scenario.digest(),
            "set": list(settings),
            "text": loaded.text,
        },
        "world_options": scenario.world.model_dump(mode="json"),
        "commit": commit(),
    }


def _summary_alone(*stream: Any) -> tuple[Summary, dict[str, Any]]:
    from underrecording.stream.summary import summarise

    return summarise(*stream), {}


def _with_tables(*stream: Any) -> tuple[Summary, dict[str, Any]]:
    from underrecording.stream.decisions import by_load
    from underrecording.stream.weeks import weekly

    return _summary_alone(*stream)[0], {"weeks": weekly(*stream), "loads": by_load(*stream)}


def _table(summaries: Sequence[Summary]) -> str:
    """One line a force; shares in per cent."""
    stations = list(summaries[0].utilisation)
    heads = [
        "force", "incidents", "crime reports", "due", "accuracy, %", "late, %", "open, mean",
        *(f"{name.replace('_', ' ')}, %" for name in stations),
    ]  # fmt: skip
    rows = [
        [
            one.force, f"{one.incidents:,}", f"{one.crime_reports:,}", f"{one.due:,}",
            _percent(one.recording_accuracy), _percent(one.late_share),
            f"{one.open_incidents:,.0f}",
            *(_percent(one.utilisation[name]) for name in stations),
        ]
        for one in summaries
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in [heads, *rows]
    ]
    lines.append(
        "accuracy: recorded by the end of the follow-up, of due reports; late: of crime records;\n"
        "open: incidents; by station: staff time worked over staff time on duty"
    )
    return "\n".join(lines)


def _percent(share: float) -> str:
    return "-" if share != share else f"{100.0 * share:.1f}"
