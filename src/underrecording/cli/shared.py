"""Options that several commands have, said once."""

from __future__ import annotations

import click

jobs = click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="Threads; the results do not depend on it.  [default: all cores]",
)
seed = click.option("--seed", metavar="N", help="In place of the scenario's seed.")
settings = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="In place of any other value."
)
quiet = click.option("--quiet", is_flag=True, help="No progress on stderr.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
