"""How estimators differ on the same audits, for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from underrecording.report.glossary import MEASURES
from underrecording.report.rounding import with_error
from underrecording.report.tables import Table

if TYPE_CHECKING:
    from underrecording.study.results import Results

_SHOWN = ("bias", "empirical_se", "relative_precision", "rmse", "coverage", "mean_width")
_GAIN = "gain in precision, %"


def differences_words(results: Results) -> Table | None:
    """Each estimator less the reference in the reference cell; None where there is one alone."""
    table = results.differences
    if table.empty:
        return None
    target = results.plan.targets[0]
    table = table[
        (table["cell"] == 0)
        & (table["estimand"] == target.estimand)
        & (table["domain"] == target.domain)
    ]
    rows = []
    for estimator, own in table.groupby("estimator", sort=False):
        found = own.set_index("measure")[["value", "mcse"]]
        numbers = (np.array(found.loc[name]) * _factor(name) for name in _SHOWN)
        rows.append((str(estimator), *(with_error(*pair) for pair in numbers)))
    return Table(("less the reference", *(_heading(name) for name in _SHOWN)), rows)


def _factor(name: str) -> float:
    return MEASURES[name].factor if name in MEASURES else 1.0


def _heading(name: str) -> str:
    return f"{MEASURES[name].name}, {MEASURES[name].unit}" if name in MEASURES else _GAIN
