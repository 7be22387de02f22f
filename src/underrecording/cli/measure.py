"""`simulate measure`."""

from __future__ import annotations

from pathlib import Path

import click

from underrecording.cli import shared
from underrecording.errors import UserError


@click.command("measure")
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--replicate", metavar="COLUMN", help="Which replicate a row is of.")
@click.option("--method", metavar="COLUMN", help="Which method or estimator it is of.")
@click.option("--estimate", metavar="COLUMN", help="The estimate.")
@click.option("--se", metavar="COLUMN", help="Its standard error.")
@click.option("--low", metavar="COLUMN", help="Lower end of its interval.")
@click.option("--high", metavar="COLUMN", help="Upper end of its interval.")
@click.option("--df", metavar="COLUMN", help="Degrees of freedom, for intervals from --se.")
@click.option("--truth", metavar="COLUMN|X", help="The truth: a column, or one number for all.")
@click.option(
    "--by",
    "cells",
    multiple=True,
    metavar="COLUMN",
    help="A column that makes the cells; may be repeated.  [default: all other columns]",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="COLUMN",
    help="A column to leave out; may be repeated.",
)
@click.option("--reference", metavar="METHOD", help="Compared with it.  [default: the first]")
@click.option("--null", type=float, metavar="X", help="Count intervals that leave out X: power.")
@click.option(
    "--level",
    type=click.FloatRange(0.5, 0.9999),
    default=0.95,
    show_default=True,
    help="Nominal coverage of the intervals.",
)
@click.option(
    "--mcse",
    type=click.Choice(["kurtosis", "normal"]),
    default="kurtosis",
    show_default=True,
    help="Errors of spreads: from the estimates' own kurtosis, or as if normal.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the columns of measures.csv.")
@click.option(
    "--table",
    type=click.Choice(["measures", "differences", "failures"]),
    help="What --csv prints: the columns of which file.  [default: measures]",
)
@shared.as_json
def command(
    results: Path,
    truth: str | None,
    cells: tuple[str, ...],
    ignore: tuple[str, ...],
    reference: str | None,
    null: float | None,
    level: float,
    mcse: str,
    as_csv: bool,
    table: str | None,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Measure the methods in RESULTS, a table of replicates from any simulation study.

    One row per replicate and method: replicate, method, estimate; optionally
    se, or low and high, df, and truth. Columns are found by these and other
    usual names, or named by an option; all further ones make the cells.
    Prints bias, spread, coverage and the rest with their Monte Carlo standard
    errors, and each method against the first on the same replicates.

    Example: simulate measure docs/replicates.csv --truth 20
    """
    from underrecording.report.table_measures import measures_json, measures_text
    from underrecording.report.write import csv_text
    from underrecording.study.replicate_table import Roles, read_replicates
    from underrecording.study.table_measures import measure_table

    if as_csv and as_json:
        raise UserError("--csv and --json: both say how to print; give one of them")
    if table is not None and not as_csv:
        raise UserError(f"--table {table}: says which table --csv prints; give --csv too")
    named = {role: name for role, name in columns.items() if name is not None}
    fixed = _number(truth)
    if truth is not None and fixed is None:
        named["truth"] = truth
    replicates = read_replicates(results, Roles(named, fixed, cells, ignore))
    measured = measure_table(
        replicates, level=level, null=null, reference=reference, normal=mcse == "normal"
    )
    if as_json:
        click.echo(measures_json(measured))
    elif as_csv:
        click.echo(csv_text(getattr(measured, table or "measures")), nl=False)
    else:
        click.echo(measures_text(measured))


def _number(text: str | None) -> float | None:
    """The number that *text* is, if it is one; a column may be called anything else."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
