"""Measures looked up for drawing: a value with its Monte Carlo error, shares to points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from underrecording.report.provenance import how_run, what_it_rests_on
from underrecording.report.slices import Slice, held_words
from underrecording.report.words import key_words, value_words
from underrecording.study.measures import Measure

if TYPE_CHECKING:
    from underrecording.study.results import Results

MCSES = 2.0
"""Half-width of a Monte Carlo band in standard errors: about 95 %."""
BAND_NOTE = "Bands and whiskers: ± 2 Monte Carlo standard errors (about 95 %)."


class Panel(NamedTuple):
    """A measure as a panel shows it: its name, its unit, the factor from shares to that unit."""

    measure: str
    title: str
    unit: str
    factor: float


BIAS = Panel("bias", "Bias", "percentage points", 100.0)
VARIANCE = Panel("variance", "Variance", "points²", 100.0**2)
RMSE = Panel("rmse", "RMSE", "percentage points", 100.0)
COVERAGE = Panel("coverage", "Coverage", "per cent", 100.0)


def look_up(results: Results, target: int = 0) -> Callable[[str, int, str], Measure]:
    """Return a function of measure, cell and estimator; knows ``variance`` too."""
    wanted = results.plan.targets[target]
    table = results.measures
    table = table[(table["estimand"] == wanted.estimand) & (table["domain"] == wanted.domain)]
    keyed = table.set_index(["measure", "cell", "estimator"])[["value", "mcse"]]
    found = {key: Measure(*row) for key, row in zip(keyed.index, keyed.to_numpy(), strict=True)}

    @cache
    def measure(name: str, cell: int, estimator: str) -> Measure:
        if name != "variance":
            return found[name, cell, estimator]
        se, mcse = found["empirical_se", cell, estimator]
        return Measure(se**2, 2.0 * se * mcse)

    return measure


def row(panel: Panel, measure: Measure, **labels: object) -> dict[str, object]:
    """One row of the numbers behind a figure: as in measures.csv, and as drawn."""
    return {
        **labels,
        "measure": panel.measure,
        "value": measure.value,
        "mcse": measure.mcse,
        "drawn": panel.factor * measure.value,
        "drawn_low": panel.factor * (measure.value - MCSES * measure.mcse),
        "drawn_high": panel.factor * (measure.value + MCSES * measure.mcse),
        "unit": panel.unit,
    }


def small_print(results: Results, *more: str, bands: bool = True) -> tuple[str, ...]:
    """What stands below a figure of measures: replicates, bands, failures, what it rests on."""
    target = results.plan.targets[0]
    failures = results.failures
    of_target = (failures["estimand"] == target.estimand) & (failures["domain"] == target.domain)
    failed = (failures["answered"] < failures["replicates"])[of_target].any()
    lost = ("Replicates without an answer are left out and counted in failures.csv.",)
    return (
        " ".join((how_run(results.plan), *more, *((BAND_NOTE,) if bands else ()))),
        *(lost if failed else ()),
        what_it_rests_on(results.plan),
    )


def held_note(results: Results, cut: Slice) -> tuple[str, ...]:
    """What the other keys are in *cut*: of a grid, where held; of a zip, step by step."""
    plan = results.plan
    if plan.scenario.study.sweep.kind == "zip":
        values = [plan.cells[cell].cell.values for cell in cut.cells]
        others = [key for key in plan.keys if any(v[key] not in cut.values for v in values)]
        words = (
            f"{key_words(key).axis} {', '.join(value_words(v[key]) for v in values)}"
            for key in others
        )
        return (f"In step: {'; '.join(words)}.",)
    in_grid = results.plan.scenario.study.sweep.grid and cut.held
    return (f"Held: {held_words(cut)}.",) if in_grid else ()


def lines_note(drawn: Sequence[Slice], every: Sequence[Slice]) -> tuple[str, ...]:
    """How many lines of a grid are drawn, where not all are."""
    return (f"{len(drawn)} of {len(every)} lines are drawn.",) if len(drawn) < len(every) else ()


def band(axes: Axes, x: Iterable[float], rows: pd.DataFrame, **style: Any) -> None:
    """A line through measures with its Monte Carlo band."""
    places = list(x)
    axes.plot(places, rows["drawn"], **style)
    if rows["drawn"].count() == 1:
        # One point alone has no band to be seen.
        spare = rows["drawn"] - rows["drawn_low"]
        axes.errorbar(places, rows["drawn"], yerr=spare, fmt="none", ecolor=style["color"])
    axes.fill_between(
        places, rows["drawn_low"], rows["drawn_high"],
        color=style["color"], alpha=0.22, linewidth=0, zorder=2,
    )  # fmt: skip


def roomy(axes: Axes, values: pd.Series, *, least: float) -> None:
    """Limits of the y axis no closer than *least*, so that noise is not blown up to a trend."""
    finite = values[np.isfinite(values)]
    if finite.empty:
        axes.set_yticks([])
        return
    low, high = float(finite.min()), float(finite.max())
    middle, half = (low + high) / 2.0, max(high - low, least) / 2.0
    axes.set_ylim(middle - 1.12 * half, middle + 1.12 * half)
