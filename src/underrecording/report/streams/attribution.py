"""Why crimes go unrecorded, as bars."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.style import BLACK, BLUE, GREY, PALE, sheet
from underrecording.stream.attribution import FACTORS, Attribution

FACTOR_WORDS = {
    "training": "Training: not everybody\nhas current training",
    "supervision": "Supervision: not every\nrefusal is reviewed",
    "workload": "Workload: open incidents\nabove the baseline median",
    "pressure": "Performance pressure",
    "unexplained": "Unexplained: the force\nagainst the typical one",
}
REMAINING = "remaining"


def attribution_table(found: Attribution) -> pd.DataFrame:
    """One row a factor, what remains when all are ideal, and the whole.

    Returns
    -------
    DataFrame
        domain, factor, contribution (Shapley value, mean over worlds), mcse, sd
        (over worlds: the force's own luck), alone (the fall where that factor
        alone is ideal), worlds; shares of due reports.
    """
    parts = {
        **{name: (found.contribution[:, i], found.alone[:, i]) for i, name in enumerate(FACTORS)},
        REMAINING: (found.remaining, None),
        "under_recording_rate": (found.under_recording, None),
    }
    worlds = len(found.under_recording)
    rows = []
    for name, (values, alone) in parts.items():
        sd = float(values.std(ddof=1)) if worlds > 1 else math.nan
        rows.append(
            {
                "domain": found.domain, "factor": name,
                "contribution": float(values.mean()), "mcse": sd / math.sqrt(worlds), "sd": sd,
                "alone": math.nan if alone is None else float(alone.mean()), "worlds": worlds,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def attribution_drawing(found: Attribution, *, scenario: str, basis: str) -> Drawing:
    """What each factor adds to under-recording, and what remains with all of them ideal.

    Bars are means over worlds and sum to the under-recording rate; black
    whiskers are two Monte Carlo standard errors either way, the pale line one
    standard deviation over worlds, which for one force is its own luck. A bar
    to the left of 0 says that the force is better in that factor than the ideal
    it is held against.

    Parameters
    ----------
    found : Attribution
    scenario : str
        Its title.
    basis : str
        What is assumed, for the small print.
    """
    numbers = attribution_table(found)
    rate = 100.0 * float(found.under_recording.mean())
    title = f"{found.domain}: why {rate:.1f} % of due reports go unrecorded"
    bars = numbers[numbers["factor"] != "under_recording_rate"]
    words = [FACTOR_WORDS.get(name, "Remains when all are ideal") for name in bars["factor"]]
    worlds = len(found.under_recording)
    figure, axes = sheet(
        title, height=3.6,
        notes=(
            f"Scenario: {scenario}. Shapley values: the fall that mending a factor brings, "
            "averaged over all orders of mending; bars sum to the rate.",
            f"Black: two Monte Carlo standard errors either way, {worlds} worlds. Pale: one "
            "standard deviation over worlds.",
            basis,
        ),
    )  # fmt: skip
    ax = axes[0, 0]
    place = np.arange(len(bars), dtype=float)
    width = 100.0 * bars["contribution"].to_numpy()
    hues = [BLUE] * len(FACTORS) + [GREY]
    ax.barh(place, width, height=0.62, color=hues, alpha=0.85, zorder=2)
    if worlds > 1:
        sd, mcse = 100.0 * bars["sd"].to_numpy(), 100.0 * bars["mcse"].to_numpy()
        ax.hlines(place, width - sd, width + sd, color=PALE, linewidth=5.0, zorder=3, alpha=0.8)
        ax.errorbar(
            width, place, xerr=2.0 * mcse, fmt="none", ecolor=BLACK, elinewidth=1.6, capsize=4.0,
            zorder=4,
        )  # fmt: skip
    reach = np.maximum(0.0, width + (np.maximum(sd, 2.0 * mcse) if worlds > 1 else 0.0))
    for y, x, value in zip(place, reach, width, strict=True):
        text = f"{value:.1f}".replace("-", "\N{MINUS SIGN}")
        ax.annotate(
            text, (x, y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9.5
        )
    ax.axvline(0.0, color=BLACK, linewidth=1.0)
    ax.set_yticks(place, words)
    ax.set_ylim(len(bars) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.09)
    ax.set_xlabel("Percentage points of the under-recording rate")
    return Drawing("attribution", title, figure, numbers)
