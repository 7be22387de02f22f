"""`simulate attribute`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from underrecording.cli import comparing, shared
from underrecording.errors import UserError

if TYPE_CHECKING:
    from underrecording.stream.sensitivity import Range


@click.command("attribute")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--force", "name", required=True, metavar="NAME", help="A force, or all.")
@comparing.worlds("Worlds in which the force is taken apart.")
@click.option(
    "--sobol",
    "points",
    type=click.IntRange(0),
    default=256,
    show_default=True,
    help="Points of the Sobol indices, a power of 2; 0: none.",
)
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="PATH=LOW..HIGH",
    help="Range of an assumption, below world, in place of its own or beside the others.",
)
@comparing.out("attribution")
@shared.jobs
@shared.seed
@shared.settings
@shared.quiet
@shared.as_json
def command(
    scenario: Path,
    name: str,
    worlds: int,
    points: int,
    ranges: tuple[str, ...],
    out: Path | None,
    jobs: int | None,
    seed: str | None,
    settings: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Take the under-recording of a force apart, under the assumptions of SCENARIO.

    How much of it would go if everybody were trained, every refusal reviewed,
    no decision moved by workload or by pressure, the force like the typical one:
    32 counterfactual runs from the same random numbers, Shapley values. And, for
    a scenario that changes something, Sobol indices: on which assumption the
    change of national accuracy rests. A scenario at fidelity: rates is simulated
    as if it said fidelity: events.

    Example: simulate attribute quick --force Gwent --worlds 2
    """
    from underrecording.cli.progress import Progress
    from underrecording.stream.counterfactual import concerned, forces_named

    loaded = comparing.read_as_streams(scenario, seed, settings)
    options, forces = loaded.scenario.world, forces_named([name])
    folder = comparing.prepared(out, loaded, "attribution")
    say = Progress(quiet=quiet).say

    # Imported when there is something to simulate: a mistake is told without the wait.
    from underrecording.stream.attribution import attribute
    from underrecording.stream.sensitivity import check_points, check_ranges, sensitivity

    asked = _with_ranges(ranges)
    notes = []
    if not points:
        notes.append("Sobol indices were not asked for.")
    elif not concerned(options):
        notes.append(
            "No Sobol indices: the scenario changes nothing, and at the baseline accuracy is as "
            "published by construction, whatever the effect sizes."
        )
    if points:
        check_points(points)
        check_ranges(options, asked)
    with comparing.located(loaded):
        comparing.calibrate(options, say)
        counter = Progress(quiet=quiet, what="pairs of force and world")
        counter.start(0, worlds * len(forces))
        found = attribute(
            options, seed=loaded.scenario.seed, worlds=worlds, forces=forces, threads=jobs,
            advance=counter.advance,
        )  # fmt: skip
        counter.close()
        rests_on = None
        if points and not notes:
            counter = Progress(quiet=quiet, what="worlds for the Sobol indices")
            counter.start(0, points * (len(asked) + 2))
            rests_on = sensitivity(
                options, seed=loaded.scenario.seed, points=points, ranges=asked, threads=jobs,
                advance=counter.advance,
            )  # fmt: skip
            counter.close()

    from underrecording.report.figures.style import look
    from underrecording.report.streams.attribution import attribution_drawing
    from underrecording.report.streams.sobol import sobol_drawing
    from underrecording.report.streams.words import (
        assumed,
        attribution_json,
        attribution_text,
        sobol_text,
    )

    title = loaded.scenario.title
    document = attribution_json(
        found, rests_on, head=comparing.head(loaded, folder), options=options, notes=notes
    )
    with look():
        drawings = [attribution_drawing(found, scenario=title, basis=assumed(options))]
        if rests_on is not None:
            drawings.append(sobol_drawing(rests_on, title=title))
        comparing.write_all(folder, {"attribution.json": document}, drawings)
    told = [attribution_text(found, title=title, options=options)]
    told += [sobol_text(rests_on)] if rests_on is not None else notes
    comparing.show(document, told, folder, as_json=as_json)


def _with_ranges(given: Sequence[str]) -> tuple[Range, ...]:
    """The assumed ranges, those that are given in place of theirs or beside them.

    >>> _with_ranges(["effects.workload=0..1"])[1]
    Range(path='effects.workload', low=0.0, high=1.0)
    """
    from underrecording.stream.sensitivity import RANGES, Range

    ranges = {one.path: one for one in RANGES}
    problems = []
    for text in given:
        path, _, ends = text.partition("=")
        low, dots, high = ends.partition("..")
        path = path.removeprefix("world.")
        try:
            if not dots:
                raise ValueError
            ranges[path] = Range(path, float(low), float(high))
        except ValueError:
            problems.append(
                f"--range {text}: expected PATH=LOW..HIGH, such as effects.workload=0..1"
            )
    if problems:
        raise UserError(problems)
    return tuple(ranges.values())
