"""`simulate replay`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import shared


@click.command("replay")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--replicate", type=click.IntRange(0), required=True, metavar="I", help="Which one, from 0."
)
@click.option(
    "--cell", type=click.IntRange(0), default=0, metavar="K", help="Cell of a sweep.  [default: 0]"
)
@click.option(
    "--world",
    type=click.IntRange(0),
    default=0,
    metavar="W",
    help="Which of several fixed worlds.  [default: 0]",
)
@shared.quiet
@shared.as_json
def command(run: Path, replicate: int, cell: int, world: int, quiet: bool, as_json: bool) -> None:
    """Show one replicate of RUN, a run folder, step by step.

    Which forces were inspected, with their inclusion probabilities; what was read
    and found in each, by stratum; every estimate with its interval, the truth, and
    whether it is covered. The replicate is computed alone, with the numbers that it
    has in the run.

    Example: simulate replay outputs/quick/my_run --replicate 7
    """
    from underrecording.cli.progress import Progress
    from underrecording.report.replayed import replay_json, replay_text
    from underrecording.study.recall import recall
    from underrecording.study.replay import replay

    progress = Progress(quiet=quiet)
    plan, _, faults = recall(run, progress.say)
    for fault in faults:
        click.echo(f"warning: {fault}; see simulate verify", err=True)
    found = replay(plan, replicate, world=world, cell=cell)
    progress.close()
    click.echo(replay_json(plan, found) if as_json else replay_text(plan, found))
