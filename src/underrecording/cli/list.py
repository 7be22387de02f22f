"""`simulate list`."""

from __future__ import annotations

import click


@click.command("list")
@click.argument("kind", required=False)
def command(kind: str | None) -> None:
    """List what there is of KIND; every kind if none is given.

    KIND is designs, rules, estimators, variances, intervals, figures,
    scenarios or sources.

    Example: simulate list estimators
    """
    from underrecording.cli.catalogue import PLURALS, entries

    for plural in (kind,) if kind else PLURALS:
        found = entries(plural)
        if kind is None:
            click.echo(f"\n{plural}")
        width = max(len(item.name) for item in found)
        for item in found:
            click.echo(f"  {item.name:<{width}}  {item.summary}")
