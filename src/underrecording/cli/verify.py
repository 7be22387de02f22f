"""`simulate verify`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import shared


@click.command("verify")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--blocks",
    type=click.IntRange(0, 100_000),
    default=3,
    show_default=True,
    help="Blocks to compute again, or all if there are fewer.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Of the choice of blocks.",
)
@shared.quiet
@shared.as_json
def command(run: Path, blocks: int, seed: int, quiet: bool, as_json: bool) -> None:
    """Check RUN, a run folder, against itself and against a computation of its own.

    The manifest against the scenario in it, every part against its hash, the tables
    byte for byte against the parts, and some blocks, taken at random, against the
    same blocks computed again, bit by bit. Nothing is written. Ends with status 0
    if there is no difference, 1 if there is one, 2 if RUN is no finished run.

    Example: simulate verify outputs/quick/my_run --blocks 1
    """
    from underrecording.cli.progress import Progress
    from underrecording.report.verification import verification_json, verification_text, verify

    progress = Progress(quiet=quiet)
    found = verify(run, blocks=blocks, seed=seed, progress=progress)
    progress.close()
    click.echo(verification_json(found) if as_json else verification_text(found))
    if found.faults:
        raise SystemExit(1)
