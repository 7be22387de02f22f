"""Effects and attributions as text of fixed width, CSV-ready tables and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from underrecording.report.rounding import MISSING, rounded, with_error
from underrecording.report.streams.attribution import attribution_table
from underrecording.report.streams.sobol import sobol_table
from underrecording.report.tables import Table, fixed_width
from underrecording.stream.attribution import Attribution
from underrecording.stream.effect import AFTER, BEFORE, PERIOD, SHARE, Effect, effect_rows
from underrecording.stream.sensitivity import Sensitivity
from underrecording.world.options import WorldOptions

BUSY = 0.99
"""Utilisation from which a station is said to have no time left."""

_PARTS = {
    BEFORE: "before the first change",
    AFTER: "from the first change on",
    PERIOD: "the whole period",
}


def assumed(options: WorldOptions) -> str:
    """What every effect rests on: one sentence for footnotes and notes.

    >>> assumed(WorldOptions())[:58]
    'Effect sizes are assumptions, not findings: knowledge 1.5,'
    """
    effects = options.effects
    return (
        f"Effect sizes are assumptions, not findings: knowledge {effects.knowledge:g}, workload "
        f"{effects.workload:g}, pressure {effects.pressure:g} (logits), review finds "
        f"{effects.review_detection:g}. So are service times, routes and rosters."
    )


def effect_table(effect: Effect) -> pd.DataFrame:
    """`Row`s as a table; shares as shares. The changed side is called ``with``."""
    table = pd.DataFrame(effect_rows(effect)).rename(columns={"changed": "with"})
    return table.assign(worlds=effect.worlds)


def effect_text(effect: Effect, *, title: str, options: WorldOptions) -> str:
    """The comparison as plain text: what changes, measure by measure."""
    table = effect_table(effect)
    blocks = [
        f"{title}\n{_pairs(effect)} Shares in per cent, their differences in points; MCSE of the "
        "paired difference in brackets."
    ]
    for domain in effect.pairs:
        for part in effect.parts():
            rows = table[(table["domain"] == domain) & (table["part"] == part)]
            blocks.append(f"{domain}, {_PARTS[part]}\n{fixed_width(_words(rows))}")
    blocks += [*busy_notes(table), assumed(options)]
    return "\n\n".join(blocks)


def effect_json(effect: Effect, *, head: Mapping[str, Any], options: WorldOptions) -> str:
    """The comparison as one JSON document; null where undefined."""
    table = effect_table(effect)
    document = {
        **head,
        "worlds": effect.worlds,
        "dates": [{"date": mark.day.isoformat(), "name": mark.name} for mark in effect.marks],
        "effect": _records(table),
        "notes": [*busy_notes(table), assumed(options)],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def busy_notes(table: pd.DataFrame) -> list[str]:
    """One sentence for each station that has no time left once everything has changed."""
    last = table[table["part"].isin([AFTER if AFTER in set(table["part"]) else PERIOD])]
    rows = last[last["measure"].str.startswith("utilisation_") & (last["with"] >= BUSY)]
    return [
        f"{row['domain']}: {row['measure'].removeprefix('utilisation_').replace('_', ' ')} are at "
        f"work {100.0 * row['with']:.0f} % of their time on duty, so their queue grows: what "
        "lasts longer than the period ends otherwise than shown."
        for row in rows.to_dict("records")
    ]


def attribution_text(found: Attribution, *, title: str, options: WorldOptions) -> str:
    """The attribution as plain text."""
    rows: list[tuple[str, ...]] = []
    for row in attribution_table(found).to_dict("records"):
        value, mcse = 100.0 * row["contribution"], 100.0 * row["mcse"]
        rows.append(
            (
                row["factor"].replace("_", " "), with_error(value, mcse),
                rounded(100.0 * row["sd"], mcse), rounded(100.0 * row["alone"], mcse),
            )
        )  # fmt: skip
    header = ("factor", "points", "SD over worlds", "if that alone were ideal")
    return "\n\n".join(
        [
            f"{title}\n{found.domain}: under-recording taken apart by factor (Shapley values, "
            f"percentage points), {len(found.under_recording)} worlds; MCSE in brackets.",
            fixed_width(Table(header, rows)),
            assumed(options),
        ]
    )


def sobol_text(found: Sensitivity) -> str:
    """The Sobol indices as plain text."""
    table = sobol_table(found).sort_values("total", ascending=False)
    rows: list[tuple[str, ...]] = [
        (
            row["path"], f"{row['low']:g} to {row['high']:g}",
            _index(row, "first_order"), _index(row, "total"),
        )
        for row in table.to_dict("records")
    ]  # fmt: skip
    change = 100.0 * found.change
    return "\n\n".join(
        [
            "Sobol indices of the change in national recording accuracy "
            f"({change.mean():+.2f} points on average, SD {change.std(ddof=1):.2f}), "
            f"N = {found.points}; 95 % bootstrap intervals.",
            fixed_width(Table(("assumption", "range", "first order", "total"), rows)),
            "Ranges are assumptions. At the baseline accuracy is as published by construction, "
            "so only the change can be taken apart.",
        ]
    )


def attribution_json(
    found: Attribution, sensitivity: Sensitivity | None, *, head: Mapping[str, Any],
    options: WorldOptions, notes: list[str],
) -> str:  # fmt: skip
    """Attribution and Sobol indices as one JSON document; null where undefined."""
    document = {
        **head,
        "attribution": _records(attribution_table(found)),
        "sobol": None if sensitivity is None else _records(sobol_table(sensitivity)),
        "notes": [assumed(options), *notes],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _pairs(effect: Effect) -> str:
    worlds = f"{effect.worlds} world{'s' * (effect.worlds != 1)}"
    return f"{worlds}, each with the change and without, from the same random numbers."


def _words(rows: pd.DataFrame) -> Table:
    words: list[tuple[str, ...]] = []
    for row in rows.to_dict("records"):
        scale = 100.0 if row["unit"] == SHARE else 1.0
        name = row["measure"].replace("_", " ") + f", {row['group']}" * (row["group"] != "all")
        mcse = scale * row["mcse"]
        words.append(
            (
                name, _plain(scale * row["without"]), _plain(scale * row["with"]),
                with_error(scale * row["difference"], mcse),
            )
        )  # fmt: skip
    return Table(("measure", "without", "with", "difference"), words)


def _plain(value: float) -> str:
    if math.isnan(value):
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.2f}"


def _index(row: Mapping[Any, Any], kind: str) -> str:
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    return f"{row[kind] + 0.0:.2f} ({low + 0.0:.2f} to {high + 0.0:.2f})"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(name): None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]
