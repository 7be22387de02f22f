"""`simulate describe`."""

from __future__ import annotations

import click


@click.command("describe")
@click.argument("kind")
@click.argument("name")
def command(kind: str, name: str) -> None:
    """Explain NAME, which is of KIND: formula, options, source, example.

    KIND is design, rule, estimator, variance, interval, figure, scenario or
    source.

    Example: simulate describe estimator combined_ratio
    """
    from underrecording.cli.catalogue import entry

    found = entry(kind, name)
    click.echo(f"{kind.removesuffix('s')} {found.name}\n\n{found.text}")
