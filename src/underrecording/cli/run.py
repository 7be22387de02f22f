"""`simulate run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from underrecording.cli import shared
from underrecording.errors import UserError

_SHORT_FOR = {"--replicates": "study.replicates", "--seed": "seed"}


@click.command("run")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Run folder.  [default: outputs/NAME/HASH]",
)
@shared.jobs
@click.option(
    "--cluster",
    "address",
    metavar="tcp://HOST:PORT",
    help="Compute on the Dask cluster whose scheduler listens there, not here.",
)
@click.option("--replicates", metavar="N", help="In place of study.replicates.")
@shared.seed
@shared.settings
@shared.quiet
@shared.as_json
def command(
    scenario: Path,
    out: Path | None,
    jobs: int | None,
    address: str | None,
    replicates: str | None,
    seed: str | None,
    settings: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Run SCENARIO, or carry on where an earlier run of the same study stopped.

    Prints the headline table and the run folder, in which measures.csv,
    figures and report.html are found.

    Example: simulate run scenarios/quick.yaml --replicates 500
    """
    from contextlib import ExitStack
    from importlib import import_module
    from threading import Thread

    from underrecording.cli.progress import Progress
    from underrecording.scenario import find_scenario, load_scenario
    from underrecording.study import open_store, plan_study, run_in_threads, run_study
    from underrecording.study.cluster import check_address, cluster
    from underrecording.study.outlook import refuse_idle_settings

    if address is not None and jobs is not None:
        raise UserError("--jobs and --cluster: threads here or workers there; give one of them")
    if address is not None:
        check_address(address)
    overrides = _overrides({"--replicates": replicates, "--seed": seed}, settings)
    loaded = load_scenario(find_scenario(scenario), overrides=overrides)
    progress = Progress(quiet=quiet)
    plan = plan_study(loaded, progress.say)
    refuse_idle_settings(loaded, plan)
    with ExitStack() as stack:
        workers = None
        if address is not None:
            # Before there is a run folder: who cannot be reached leaves none behind.
            workers = stack.enter_context(cluster(loaded, address, progress.say))
        store = stack.enter_context(open_store(plan, out))
        # While compiled loops run, which leave the interpreter alone, what draws is imported.
        early = Thread(target=import_module, args=("underrecording.report.page",))
        early.start()
        try:
            if workers is None:
                results = run_in_threads(plan, store, jobs=jobs, progress=progress)
            else:
                results = run_study(plan, store, workers, progress)
        except KeyboardInterrupt:
            progress.close()
            click.echo(
                f"Interrupted. Finished blocks are in {store.folder}; "
                "the same command carries on from there.",
                err=True,
            )
            raise SystemExit(130) from None
        early.join()
        # Imported late, as a mistake is told without the wait.
        from underrecording.report import headline_json, headline_text, write_report

        progress.say("Drawing figures and writing the report ...")
        write_report(results, store)
    progress.close()
    if as_json:
        click.echo(headline_json(results, store.folder))
    else:
        click.echo(headline_text(results))
        click.echo(f"\nRun folder: {store.folder}")


def _overrides(options: Mapping[str, str | None], settings: Sequence[str]) -> list[str]:
    """Every value given in place of the scenario's, as PATH=VALUE.

    Raises
    ------
    UserError
        If an option and ``--set`` give the same value.

    >>> _overrides({"--seed": "5", "--replicates": None}, ["world.draw=fixed"])
    ['seed=5', 'world.draw=fixed']
    """
    given = {name: value for name, value in options.items() if value is not None}
    clashes = [
        f"{name} {value} and --set {text}: both give {_SHORT_FOR[name]}; give one of them"
        for name, value in given.items()
        for text in settings
        if f"{_SHORT_FOR[name]}.".startswith(f"{text.partition('=')[0]}.")
    ]
    if clashes:
        raise UserError(clashes)
    return [*(f"{_SHORT_FOR[name]}={value}" for name, value in given.items()), *settings]
