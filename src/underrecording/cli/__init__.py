"""`simulate`: one file a command; parse, call one library function, print. No statistics."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from underrecording import __version__
from underrecording.errors import UserError

COMMANDS = {
    "run": "Run a study, or carry on where an earlier run stopped.",
    "check": "Say what a scenario asks for, or list every mistake in it.",
    "stream": "Write one force's year, incident by incident.",
    "effect": "Show what interventions change: accuracy, backlog, lateness, with and without.",
    "attribute": "Take under-recording apart: training, supervision, workload, pressure.",
    "recommend": "Say which sample is large enough, from the run of a grid.",
    "split": "Split an error's variance: world, forces, records, readings.",
    "verify": "Check a run: its parts, its tables, some blocks computed again.",
    "replay": "Show one replicate of a run step by step.",
    "evaluate": "Estimate from a real audit, by every estimator its table supports.",
    "measure": "Measure the methods in any simulation study's table of replicates.",
    "draw": "Draw a sample of records that anyone can recompute.",
    "list": "List designs, estimators, figures, scenarios, sources, ...",
    "describe": "Explain one of them: formula, options, source.",
}
"""Commands and what they do, known without importing them."""

MOST_WARNINGS = 10
"""Warnings shown; a study of many overloaded forces would drown in them."""


class Commands(click.Group):
    """Commands that are imported when they are called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"underrecording.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a mistake the user can mend ends with status 2 and no traceback."""
        try:
            with _plain_warnings():
                return super().invoke(ctx)
        except UserError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(130)
        except RuntimeError as error:
            # The compiler answers an interruption with an error of its own.
            if not isinstance(error.__context__, KeyboardInterrupt):
                raise
            click.echo("Interrupted.", err=True)
            ctx.exit(130)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show each warning of ours as one line on stderr: each text once, the first few texts."""
    shown: set[str] = set()
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            text = str(message)
            # By its module's name: to import the warnings themselves would slow down the help.
            if not category.__module__.startswith("underrecording."):
                usual(message, category, *where, **more)
            elif text not in shown:
                shown.add(text)
                if len(shown) <= MOST_WARNINGS:
                    click.echo(f"warning: {text}", err=True)

        warnings.showwarning = show
        try:
            yield
        finally:
            if len(shown) > MOST_WARNINGS:
                click.echo(f"warning: and {len(shown) - MOST_WARNINGS:,} more like these", err=True)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: simulate run scenarios/interim.yaml",
)
@click.version_option(__version__, prog_name="simulate")
def main() -> None:
    """How far can an interim inspection of crime recording be trusted?"""
