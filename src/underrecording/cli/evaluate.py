"""`simulate evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import shared


@click.command("evaluate")
@click.argument("audit", type=click.Path(path_type=Path))
@click.option(
    "--forces",
    type=click.IntRange(1, 1000),
    default=43,
    show_default=True,
    help="Forces that the inspected ones stand for.",
)
@click.option(
    "--level",
    type=click.FloatRange(0.5, 0.9999),
    default=0.95,
    show_default=True,
    help="Nominal coverage of the intervals.",
)
@click.option(
    "--due-reading",
    nargs=2,
    type=click.FloatRange(0, 1),
    metavar="SENSITIVITY SPECIFICITY",
    help="How well auditors tell due reports from others, for confusion_corrected.",
)
@click.option(
    "--recorded-reading",
    nargs=2,
    type=click.FloatRange(0, 1),
    metavar="SENSITIVITY SPECIFICITY",
    help="How well they tell recorded from unrecorded ones.",
)
@shared.quiet
@shared.as_json
def command(
    audit: Path,
    forces: int,
    level: float,
    due_reading: tuple[float, float] | None,
    recorded_reading: tuple[float, float] | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Estimate from AUDIT, the table of a real audit, by all that it supports.

    One row per force and stratum: force, stratum, frame, sampled, due,
    recorded; optionally p_inclusion, force_stratum, recorded_volume and
    over_recorded. Without frame every record counts the same. Forces of which
    nothing was sampled may be listed for their volumes. AUDIT may be the name
    of an example: hmic_2014, interim_2014 or hmicfrs_2016_2020.

    Example: simulate evaluate hmic_2014
    """
    import numpy as np

    from underrecording.cli.progress import Progress
    from underrecording.compiling import cache_folder
    from underrecording.estimation.evaluation import evaluate
    from underrecording.estimation.tables import read_audit_table, unknown_forces
    from underrecording.published import find_example, load_published
    from underrecording.report.evaluation import evaluation_json, evaluation_text

    say = Progress(quiet=quiet).say
    table = read_audit_table(find_example(audit))
    for note in unknown_forces(table, load_published().forces.name):
        say(note)
    if not any(cache_folder().glob("**/*.korn_graubard-*.nbi")):
        say("Compiling the estimators, once for this version: about half a minute ...")
    rates = (*(due_reading or (1.0, 1.0)), *(recorded_reading or (1.0, 1.0)))
    readers = np.array([(rate, 0.0) for rate in rates])
    evaluation = evaluate(table, n_forces=forces, level=level, readers=readers)
    click.echo(evaluation_json(evaluation) if as_json else evaluation_text(evaluation))
