"""Which assumption an effect rests on, as a tornado."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.style import BLACK, BLUE, PALE, sheet, top_legend
from underrecording.stream.sensitivity import Sensitivity

PATH_WORDS = {
    "effects.knowledge": "Effect of knowledge (kappa)",
    "effects.workload": "Effect of workload (omega)",
    "effects.pressure": "Effect of pressure (psi)",
    "effects.review_detection": "Chance that a review finds (e)",
    "accuracy.between_force_sd": "Spread between forces (SD)",
    "training.forgetting_per_year": "Forgetting, share a year",
    "training.spread": "Spread of knowledge (SD, logit)",
}


def sobol_table(found: Sensitivity) -> pd.DataFrame:
    """One row an assumption: range, first-order and total index with 95 % intervals."""
    return pd.DataFrame(
        {
            "path": [f"world.{one.path}" for one in found.ranges],
            "low": [one.low for one in found.ranges],
            "high": [one.high for one in found.ranges],
            "first_order": found.first_order,
            "first_order_low": found.first_order_interval[:, 0],
            "first_order_high": found.first_order_interval[:, 1],
            "total": found.total,
            "total_low": found.total_interval[:, 0],
            "total_high": found.total_interval[:, 1],
            "points": found.points,
        }
    )


def sobol_drawing(found: Sensitivity, *, title: str) -> Drawing:
    """Sobol indices of the change in national accuracy, the weightiest assumption first.

    The total index is the share of the variance of the change that would remain
    were all other assumptions known; the first-order index the share that knowing
    this one would take away. Where they differ, it acts together with others.
    Whiskers are 95 per cent bootstrap intervals.

    Parameters
    ----------
    found : Sensitivity
    title : str
        Of the scenario.
    """
    numbers = sobol_table(found).sort_values("total", ascending=False, ignore_index=True)
    heading = f"{title}: which assumption its effect rests on"
    middle, sd = 100.0 * found.change.mean(), 100.0 * found.change.std(ddof=1)
    figure, axes = sheet(
        heading, height=0.9 + 0.5 * len(numbers),
        notes=(
            f"Change of national recording accuracy over the ranges: mean {middle:+.1f} points, "
            f"standard deviation {sd:.1f}. Ranges and effect sizes are assumptions. "
            f"N = {found.points}; whiskers: 95 % bootstrap intervals.",
            "At the baseline accuracy is as published by construction, so only the change can be "
            "taken apart. Expected by the rule: steady-state knowledge, the scenario's workload.",
        ),
    )  # fmt: skip
    ax = axes[0, 0]
    place = np.arange(len(numbers), dtype=float)
    for kind, by, hue, label in (
        ("total", -0.19, BLUE, "total index"),
        ("first_order", 0.19, PALE, "first-order index"),
    ):
        value = numbers[kind].to_numpy()
        low, high = numbers[f"{kind}_low"].to_numpy(), numbers[f"{kind}_high"].to_numpy()
        ax.barh(place + by, value, height=0.36, color=hue, label=label, zorder=2)
        ax.hlines(place + by, low, high, color=BLACK, linewidth=1.4, zorder=3)
    ax.axvline(0.0, color=BLACK, linewidth=1.0)
    ax.set_yticks(place, [_words(row) for row in numbers.to_dict("records")])
    ax.set_ylim(len(numbers) - 0.4, -0.6)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("Share of the variance of the change (Sobol index)")
    top_legend(figure, *ax.get_legend_handles_labels())
    return Drawing("sobol", heading, figure, numbers)


def _words(row: Mapping[Any, Any]) -> str:
    name = PATH_WORDS.get(row["path"].removeprefix("world."), row["path"])
    return f"{name}\n{row['low']:g} to {row['high']:g}"
