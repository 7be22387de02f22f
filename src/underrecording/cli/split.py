"""`simulate split`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import comparing, shared


@click.command("split")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--worlds",
    type=click.IntRange(2, 1_000_000),
    default=2000,
    show_default=True,
    help="Fresh worlds; in a fixed world, draws of forces.",
)
@comparing.out("split")
@shared.jobs
@shared.seed
@shared.settings
@shared.quiet
@shared.as_json
def command(
    scenario: Path,
    worlds: int,
    out: Path | None,
    jobs: int | None,
    seed: str | None,
    settings: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Split the variance of the error of SCENARIO: which part comes from where.

    In every world forces are drawn twice, records twice in each draw, and these read
    twice, which tells apart what the world, the draw of forces, the draw of records
    and reading error add, for every estimator, in the reference cell. Also says what
    integrating over the draw of records, whose mean and variance given the forces
    are known, would save in replicates. The folder holds the table, a figure and
    its numbers.

    Example: simulate split quick --worlds 200
    """
    from underrecording.cli.progress import Progress
    from underrecording.scenario import find_scenario, load_scenario
    from underrecording.study import plan_study
    from underrecording.study.split import refuse_unsplittable, split_variance

    overrides = [*settings, *([f"seed={seed}"] if seed is not None else [])]
    loaded = load_scenario(find_scenario(scenario), overrides=overrides)
    with comparing.located(loaded):
        refuse_unsplittable(loaded.scenario)
    folder = comparing.prepared(out, loaded, "split")
    progress = Progress(quiet=quiet, what="worlds")
    plan = plan_study(loaded, progress.say)
    progress.start(0, worlds)
    splits = split_variance(plan, units=worlds, threads=jobs or 1, advance=progress.advance)
    progress.close()

    from underrecording.report.figures.style import look
    from underrecording.report.figures.variance_split import variance_split_drawing
    from underrecording.report.provenance import what_it_rests_on
    from underrecording.report.variance_split import split_json, split_table, split_text
    from underrecording.report.write import csv_text

    document = split_json(splits, comparing.head(loaded, folder))
    texts = {"variance_split.json": document, "variance_split.csv": csv_text(split_table(splits))}
    first = [one for one in splits if (one.estimand, one.domain) == plan.targets[0]]
    with look():
        drawing = variance_split_drawing(
            first, title=loaded.scenario.title, basis=what_it_rests_on(plan)
        )
        comparing.write_all(folder, texts, [drawing])
    comparing.show(document, [split_text(splits, plan)], folder, as_json=as_json)
