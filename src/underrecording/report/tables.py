"""Results as tables: numbers for programs, rounded words for readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from underrecording.report.failures import failed_rows
from underrecording.report.glossary import MEASURES
from underrecording.report.rounding import MISSING, rounded, with_error
from underrecording.report.shown import Shown, every, is_control, pair

if TYPE_CHECKING:
    from underrecording.study.results import Results

HEADLINE_MEASURES = (
    "mean_estimate", "mean_truth", "bias", "empirical_se", "model_se", "rmse", "coverage",
    "mean_width",
)  # fmt: skip
_COLUMNS = {
    "mean_estimate": "mean est. %",
    "bias": "bias, points",
    "empirical_se": "emp. SE",
    "model_se": "model SE",
    "rmse": "RMSE",
    "coverage": "coverage %",
    "mean_width": "width",
}
_SHORT = ("mean_estimate", "bias", "rmse", "coverage")
_WITH_ERROR = ("bias", "coverage")
MARKS = (
    "h headline, r recommended, c control (variance as if one simple random sample); "
    "SE, RMSE, width in points"
)


class Table(NamedTuple):
    """Words in rows and columns; the first column is text, the others are numbers."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


def headline_table(results: Results, *, target: int = 0) -> pd.DataFrame:
    """What matters most of the reference cell, one row an estimator.

    Returns
    -------
    DataFrame
        estimator, role (headline, recommended or empty), control, and each of
        `HEADLINE_MEASURES` with its MCSE as ``<measure>_mcse``; shares as shares.
        Last replicates, and failures: those without an answer, in no measure.
    """
    failed = {row.estimator: row.failures for row in failed_rows(results, cell=0, target=target)}
    rows = []
    for shown in every(results):
        row: dict[str, object] = {
            "estimator": shown.spec, "role": shown.role, "control": is_control(shown.spec),
        }  # fmt: skip
        found = measures_at(results, cell=0, target=target, estimator=shown.spec)
        for name in HEADLINE_MEASURES:
            row[name], row[f"{name}_mcse"] = found[name]
        row["replicates"] = results.plan.scenario.study.replicates * results.plan.worlds
        row["failures"] = failed.get(shown.spec, 0)
        rows.append(row)
    return pd.DataFrame(rows)


def headline_words(results: Results, *, target: int = 0, short: bool = False) -> Table:
    """`headline_table` as words; *short*: headline and recommended estimator, four numbers."""
    table = headline_table(results, target=target)
    columns = _COLUMNS
    if short:
        table = table[table["role"] != ""]
        columns = {name: _COLUMNS[name] for name in _SHORT}
    rows = [
        (
            str(row["estimator"]),
            str(row["role"])[:1] + "c" * bool(row["control"]),
            *(_shown(row, name) for name in columns),
        )
        for row in table.to_dict("records")
    ]
    return Table(("estimator", "", *columns.values()), rows)


def measures_words(results: Results, *, target: int = 0) -> Table:
    """Every measure of the reference cell with its MCSE: measures down, estimators across."""
    shown = every(results)
    found = [measures_at(results, cell=0, target=target, estimator=one.spec) for one in shown]
    rows = []
    for name, meaning in MEASURES.items():
        numbers = (
            with_error(meaning.factor * value, meaning.factor * mcse)
            for value, mcse in (measures[name] for measures in found)
        )
        rows.append((f"{meaning.name} ({meaning.unit})", *numbers))
    return Table(("measure (unit)", *(one.spec for one in shown)), rows)


def worlds_words(results: Results) -> Table:
    """Bias and coverage over fixed worlds: 5 %, median and 95 %."""
    target = results.plan.targets[0]
    table = results.world_quantiles
    table = table[
        (table["cell"] == 0)
        & (table["estimand"] == target.estimand)
        & (table["domain"] == target.domain)
    ]
    rows = []
    for name in ("bias", "coverage"):
        for shown in pair(results):
            row = table[(table["measure"] == name) & (table["estimator"] == shown.spec)]
            quantiles = row[["q05", "median", "q95"]].to_numpy(float)[0]
            words = (MISSING if np.isnan(q) else f"{100.0 * q:.2f}" for q in quantiles)
            rows.append((f"{MEASURES[name].name} ({MEASURES[name].unit}), {shown.label}", *words))
    return Table(("over the worlds", "5 %", "median", "95 %"), rows)


def variance_split(results: Results, shown: Shown) -> tuple[float, float]:
    """Variance of the error within fixed worlds, and of its mean between them.

    Var(e) = E Var(e | world) + Var E(e | world); what the replicates of a world
    leave open of its mean is taken off the second. Both NaN unless every world
    has two replicates that answered.
    """
    target, table = results.plan.targets[0], results.worlds
    table = table[
        (table["cell"] == 0)
        & (table["estimator"] == shown.spec)
        & (table["estimand"] == target.estimand)
        & (table["domain"] == target.domain)
    ]
    se = table.loc[table["measure"] == "empirical_se", "value"]
    bias = table[table["measure"] == "bias"]
    if se.isna().any():
        return np.nan, np.nan
    between = float(bias["value"].var(ddof=1) - (bias["mcse"] ** 2).mean())
    return float((se**2).mean()), max(0.0, between)


def split_words(results: Results) -> list[tuple[str, str, str, str]]:
    """`variance_split` in points² as words: label, within, between, and why there is none."""
    rows = []
    for shown in pair(results):
        split = variance_split(results, shown)
        within, between = (MISSING if np.isnan(v) else f"{1e4 * v:.2f}" for v in split)
        reason = "" if within != MISSING else "needs two answers in each world"
        rows.append((shown.label, within, between, reason))
    return rows


def fixed_width(table: Table) -> str:
    """The table as plain text: first column and marks to the left, numbers to the right."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    return "\n".join(
        "  ".join(
            word.ljust(width) if i == 0 else word.rjust(width)
            for i, (word, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def measures_at(
    results: Results, *, cell: int, target: int, estimator: str
) -> dict[str, tuple[float, float]]:
    """Value and MCSE of each measure of one cell, target and estimator."""
    wanted, table = results.plan.targets[target], results.measures
    rows = table[
        (table["cell"] == cell)
        & (table["estimator"] == estimator)
        & (table["estimand"] == wanted.estimand)
        & (table["domain"] == wanted.domain)
    ]
    return {
        str(name): (float(value), float(mcse))
        for name, value, mcse in zip(rows["measure"], rows["value"], rows["mcse"], strict=True)
    }


def _shown(row: Mapping[Any, Any], name: str) -> str:
    value, mcse = 100.0 * row[name], 100.0 * row[f"{name}_mcse"]
    return with_error(value, mcse) if name in _WITH_ERROR else rounded(value, mcse, most=2)
