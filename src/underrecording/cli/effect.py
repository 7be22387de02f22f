"""`simulate effect`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import comparing, shared


@click.command("effect")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--force",
    "forces",
    multiple=True,
    metavar="NAME",
    help="A force, again for more, or all.  [default: all that are concerned]",
)
@comparing.worlds("Worlds in which both sides are simulated.")
@comparing.out("effect")
@shared.jobs
@shared.seed
@shared.settings
@shared.quiet
@shared.as_json
def command(
    scenario: Path,
    forces: tuple[str, ...],
    worlds: int,
    out: Path | None,
    jobs: int | None,
    seed: str | None,
    settings: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Simulate SCENARIO with what it changes and without, from the same random numbers.

    What it changes are its interventions, and drivers that differ from the
    baseline's. Prints accuracy, backlog, load, lateness and utilisation on both
    sides, before and after the first change, with the Monte Carlo error of the
    difference; the folder holds the table, a figure by week and its numbers. A
    scenario at fidelity: rates is simulated as if it said fidelity: events.

    Example: simulate effect training --force Gwent --worlds 2
    """
    from underrecording.cli.progress import Progress
    from underrecording.stream.counterfactual import concerned, forces_named

    loaded = comparing.read_as_streams(scenario, seed, settings)
    options = loaded.scenario.world
    chosen = forces_named(forces)
    folder = comparing.prepared(out, loaded, "effect")
    progress = Progress(quiet=quiet, what="pairs of force and world")

    # Imported when there is something to simulate: a mistake is told without the wait.
    from underrecording.stream.effect import refuse_no_change, simulate_effect

    with comparing.located(loaded):
        refuse_no_change(options, chosen)
        comparing.calibrate(options, progress.say)
        progress.start(0, worlds * len(chosen or concerned(options)))
        effect = simulate_effect(
            options, seed=loaded.scenario.seed, worlds=worlds, forces=chosen,
            threads=jobs, advance=progress.advance,
        )  # fmt: skip
    progress.close()

    from underrecording.report.figures.style import look
    from underrecording.report.streams.effect import effect_drawing
    from underrecording.report.streams.words import (
        assumed,
        effect_json,
        effect_table,
        effect_text,
    )
    from underrecording.report.write import csv_text

    title = loaded.scenario.title
    document = effect_json(effect, head=comparing.head(loaded, folder), options=options)
    texts = {"effect.csv": csv_text(effect_table(effect)), "effect.json": document}
    with look():
        drawing = effect_drawing(effect, title=title, basis=assumed(options))
        comparing.write_all(folder, texts, [drawing])
    told = effect_text(effect, title=title, options=options)
    comparing.show(document, [told], folder, as_json=as_json)
