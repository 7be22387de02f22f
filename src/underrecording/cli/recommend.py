"""`simulate recommend`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import shared
from underrecording.errors import UserError


@click.command("recommend")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--half-width",
    "goal",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.02,
    show_default=True,
    help="Half-width to keep below, as a share: 0.02 is 2 points.",
)
@click.option(
    "--estimator", metavar="P/V/I", help="Estimator of the run.  [default: the last in it]"
)
@shared.as_json
def command(run: Path, goal: float, estimator: str | None, as_json: bool) -> None:
    """Say which sample is large enough, from the RUN of a grid over forces and records.

    RUN is a run folder, or a scenario whose default run folder is there. A surface
    is fitted to the grid, and two questions are put to it: what keeps the mean
    half-width of the interval below the goal, and what keeps the estimate's own errors
    below it, whatever the interval says of itself. Each answer has its range, and
    what the surface is off by. Nothing is simulated.

    Example: simulate recommend sample_size --half-width 0.02
    """
    import pandas as pd

    from underrecording.report.sample_size import answer, answer_json, answer_text
    from underrecording.study.sample_size import estimators_of

    folder, level = _run_of(run)
    measures = pd.read_csv(folder / "measures.csv")
    try:
        chosen = estimator or estimators_of(measures)[-1]
        found = answer(measures, chosen, goal=goal, level=level)
    except UserError as error:
        raise UserError([f"{folder}: {problem}" for problem in error.problems]) from None
    click.echo(answer_json(found, folder) if as_json else answer_text(found))


def _run_of(run: Path) -> tuple[Path, float]:
    """Folder of a finished run, and the nominal level of its intervals.

    Raises
    ------
    UserError
        If there is no finished run.
    """
    import json

    folder, advice = run, "give the folder of a finished run, or a scenario"
    if not run.is_dir():
        from underrecording.scenario import find_scenario, load_scenario

        loaded = load_scenario(find_scenario(run))
        folder = Path("outputs") / loaded.name / loaded.scenario.digest()
        advice = f"run it first: simulate run {run}"
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        level = float(manifest["settings"]["study"]["level"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{folder}: holds no run that can be read; {advice}") from None
    if not (folder / "measures.csv").exists():
        raise UserError(f"{folder}: the run has not finished; carry on with simulate run")
    return folder, level
