"""`simulate check`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("check")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="In place of any value."
)
def command(scenario: Path, settings: tuple[str, ...]) -> None:
    """Say what SCENARIO asks for and about how long it takes, or list every mistake in it.

    Example: simulate check scenarios/quick.yaml
    """
    from underrecording.scenario import find_scenario, load_scenario
    from underrecording.study import plan_study
    from underrecording.study.outlook import outlook, refuse_idle_settings
    from underrecording.study.run import compile_first

    loaded = load_scenario(find_scenario(scenario), overrides=settings)

    def say(text: str) -> None:
        click.echo(text, err=True)

    plan = plan_study(loaded, say)
    refuse_idle_settings(loaded, plan)
    compile_first(plan, say)
    click.echo(outlook(plan))
