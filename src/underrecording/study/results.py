"""What a finished study says: tidy tables, all functions of what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pandas as pd

from underrecording.audit import REASONS
from underrecording.study.differences import DIFFERENCES, paired_differences
from underrecording.study.measures import MEASURES, Measure, measures, over_worlds
from underrecording.study.moments import (
    COVERED,
    ERROR_BIN,
    ERROR_LIMIT,
    SHARE_BIN,
    Moments,
    merge,
)
from underrecording.study.pairs import BOTH
from underrecording.study.plan import StudyPlan
from underrecording.study.ranking import RankSums, ranking_table

QUANTILES = {"q05": 0.05, "median": 0.5, "q95": 0.95}


@dataclass(frozen=True)
class Results:
    """A study that has run.

    Attributes
    ----------
    plan : StudyPlan
    moments : tuple of Moments
        One for each fixed world, a single one for fresh worlds; axes (C, T, E).
    rows : DataFrame
        First replicates of the reference cell: replicate, estimand, domain,
        estimator, estimate, se, low, high, truth, reason.
    trajectory : DataFrame
        replicate, forces, estimator, estimate, truth; may be empty.
    ranks : tuple of RankSums
        As `moments`, axis (C,); empty where forces were not ranked.
    """

    plan: StudyPlan
    moments: tuple[Moments, ...]
    rows: pd.DataFrame
    trajectory: pd.DataFrame
    ranks: tuple[RankSums, ...] = ()

    @cached_property
    def all_worlds(self) -> Moments:
        """Moments of all replicates together."""
        return reduce(merge, self.moments)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """One row per cell, estimator, estimand and measure, as written to measures.csv.

        Over several fixed worlds a value is the mean of the worlds' values and
        its MCSE their standard deviation over the root of their number: replicates
        of one world are not independent of each other; see `over_worlds`.
        """
        rows = []
        for index, labels in self._entries():
            found = self._measures(index)
            reasons = self.all_worlds.reasons[index]
            for name in MEASURES:
                rows.append(
                    {
                        **labels, "measure": name, "value": found[name].value,
                        "mcse": found[name].mcse, "replicates": int(reasons.sum()),
                        "failures": int(reasons[1:].sum()),
                    }
                )  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Each estimator less the reference, as written to differences.csv; may be empty.

        On the same audits, over the replicates that both answered; over several
        fixed worlds as in `measures`.
        """
        reference = str(self.plan.estimators[self.plan.reference])
        rows = []
        for index, labels in self._entries():
            if labels["estimator"] == reference:
                continue
            each = [paired_differences(moments.at(*index)) for moments in self.moments]
            both = int(self.all_worlds.pair_counts[index][BOTH])
            for name in DIFFERENCES:
                found = [one[name] for one in each]
                value, mcse = _over_worlds(f"difference in {name}", found)
                rows.append(
                    {
                        **labels, "reference": reference, "measure": name, "value": value,
                        "mcse": mcse, "replicates": both,
                    }
                )  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """How well forces were ranked, as written to ranking.csv; see `ranking_table`."""
        return ranking_table(self.plan, self.ranks) if self.ranks else pd.DataFrame()

    @cached_property
    def worlds(self) -> pd.DataFrame:
        """Measures of every fixed world: the columns of measures and ``world``."""
        rows = [
            {**labels, "world": world, "measure": name, "value": measure.value,
             "mcse": measure.mcse}
            for index, labels in self._entries()
            for world, moments in enumerate(self.moments)
            for name, measure in measures(moments.at(*index)).items()
        ]  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def world_quantiles(self) -> pd.DataFrame:
        """5 %, median and 95 % over the fixed worlds of each measure."""
        keys = [name for name in self.worlds.columns if name not in ("world", "value", "mcse")]
        grouped = self.worlds.groupby(keys, sort=False, dropna=False)["value"]
        table = pd.DataFrame({name: grouped.quantile(q) for name, q in QUANTILES.items()})
        return table.assign(worlds=len(self.moments)).reset_index()

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Denominators: replicates, answered ones, failures by reason, coverage both ways."""
        rows = []
        for index, labels in self._entries():
            reasons, covered = (
                self.all_worlds.reasons[index],
                self.all_worlds.counts[index][COVERED],
            )
            total, answered = int(reasons.sum()), int(reasons[0])
            rows.append(
                {
                    **labels,
                    "replicates": total,
                    "answered": answered,
                    **{text: int(reasons[code]) for code, text in REASONS.items() if code},
                    "coverage_of_answered": covered / answered if answered else np.nan,
                    "coverage_failures_as_misses": covered / total,
                }
            )
        return pd.DataFrame(rows)

    def histogram(self, field: str, cell: int, target: int, estimator: int) -> pd.DataFrame:
        """Bins of errors, lows, highs, estimates or truths: low, high, count.

        The first and the last bin reach to minus and plus infinity.
        """
        counts = getattr(self.all_worlds, field)[cell, target, estimator]
        on_errors = field in ("errors", "lows", "highs")
        first, width = (-ERROR_LIMIT, ERROR_BIN) if on_errors else (0.0, SHARE_BIN)
        edges = first + width * np.arange(len(counts) - 1)
        return pd.DataFrame(
            {"low": np.r_[-np.inf, edges], "high": np.r_[edges, np.inf], "count": counts}
        )

    def select(self, measure: str, *, cell: int | None = None, target: int = 0) -> pd.DataFrame:
        """Rows of `measures` for one measure of one target, of one cell or of all."""
        wanted = self.plan.targets[target]
        table = self.measures
        keep = (
            (table["measure"] == measure)
            & (table["estimand"] == wanted.estimand)
            & (table["domain"] == wanted.domain)
        )
        if cell is not None:
            keep &= table["cell"] == cell
        return table[keep]

    def _entries(self) -> Iterator[tuple[tuple[int, int, int], dict[str, Any]]]:
        """Index and labels of each cell, estimator and target, in the order of the file."""
        for c, cell in enumerate(self.plan.cells):
            for e, spec in enumerate(self.plan.estimators):
                for t, target in enumerate(self.plan.targets):
                    yield (
                        (c, t, e),
                        {
                            "cell": c, **cell.cell.values, "estimator": str(spec),
                            "estimand": target.estimand, "domain": target.domain,
                        },
                    )  # fmt: skip

    def _measures(self, index: tuple[int, int, int]) -> dict[str, Measure]:
        each = [measures(moments.at(*index)) for moments in self.moments]
        return {name: _over_worlds(name, [found[name] for found in each]) for name in MEASURES}


def _over_worlds(name: str, each: list[Measure]) -> Measure:
    """A measure of the only world, or over several."""
    return each[0] if len(each) == 1 else over_worlds(name, [one.value for one in each])
