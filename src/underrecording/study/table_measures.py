"""Performance measures of any tool's table of replicates, by the code that measures a study."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from underrecording.audit import OK
from underrecording.errors import UserError
from underrecording.study.differences import DIFFERENCES, paired_differences
from underrecording.study.measures import MEASURES, Measure, measures, proportion
from underrecording.study.moments import SLACK, Moments, accumulate
from underrecording.study.pairs import BOTH, accumulate_pairs
from underrecording.study.replicate_table import ReplicateTable, Series

Floats = NDArray[np.float64]

REJECT = "reject"
"""Share of replicates whose interval leaves out a null value: a test's power or size."""

_NEED_TRUTH = {
    "bias", "relative_bias", "rmse", "mse", "coverage", "bias_eliminated_coverage", "miss_low",
    "miss_high", "winkler", "mean_truth",
}  # fmt: skip
_NEED_SE = {"model_se", "relative_error_model_se"}
_NEED_INTERVAL = {
    "coverage", "bias_eliminated_coverage", "miss_low", "miss_high", "mean_width", "winkler",
}  # fmt: skip
_OF_SHARES = {"within_one_point"}
"""A percentage point says nothing of estimates on another scale."""


class TableMeasures(NamedTuple):
    """What a table of replicates says of its methods.

    Attributes
    ----------
    table : ReplicateTable
    measures : DataFrame
        The columns of measures.csv: cell, one for each key, estimator, estimand,
        domain, measure, value, mcse, replicates, failures.
    differences : DataFrame
        Likewise those of differences.csv; may be empty.
    failures : DataFrame
        cell, keys, estimator, estimand, domain, reason, count; may be empty.
    notes : tuple of str
    """

    table: ReplicateTable
    measures: pd.DataFrame
    differences: pd.DataFrame
    failures: pd.DataFrame
    notes: tuple[str, ...]


class _Answers(NamedTuple):
    """A series as a study has it: answers (R, 4), reasons (R,), truth (R,)."""

    answers: Floats
    reasons: NDArray[np.int64]
    truth: Floats


def measure_table(
    table: ReplicateTable,
    *,
    level: float = 0.95,
    null: float | None = None,
    reference: str | None = None,
    normal: bool = False,
) -> TableMeasures:
    """Measure the methods of *table*, and each against the reference on the same replicates.

    Parameters
    ----------
    table : ReplicateTable
    level : float
        Nominal coverage of its intervals, or of those made from standard errors
        and, where given, degrees of freedom.
    null : float, optional
        Value whose rejection is counted, as measure `reject`.
    reference : str, optional
        Method that the others are compared with; the first if not given.
    normal : bool
        As in `measures`.

    Raises
    ------
    UserError
        If the reference is not among the methods.
    """
    methods = list(dict.fromkeys(series.method for series in table.series))
    if reference is not None and reference not in methods:
        raise UserError(
            f"{table.path}: '{reference}', given by --reference, is not among the methods; "
            f"give one of: {', '.join(methods)}"
        )
    reference = reference or methods[0]
    cells = list(dict.fromkeys(series.cell for series in table.series))
    as_answers = [_answers(series, level) for series in table.series]
    found = {(s.cell, s.estimand, s.domain, s.method): i for i, s in enumerate(table.series)}
    measured, compared, failed = [], [], []
    unlike = 0  # Methods that were never run on the same replicates.
    for series, own in zip(table.series, as_answers, strict=True):
        labels = {
            "cell": cells.index(series.cell),
            **dict(zip(table.keys, series.cell, strict=True)),
            "estimator": series.method, "estimand": series.estimand, "domain": series.domain,
        }  # fmt: skip
        counts = {"replicates": len(series.replicates), "failures": series.failures.total()}
        for name, (value, mcse) in _measures(series, own, level, null, normal):
            measured.append({**labels, "measure": name, "value": value, "mcse": mcse, **counts})
        for reason, count in series.failures.most_common():
            failed.append({**labels, "reason": reason, "count": count})
        other = found.get((series.cell, series.estimand, series.domain, reference))
        if other is None or series.method == reference or "replicate" not in table.columns:
            continue
        pair = _pair(series, own, table.series[other], as_answers[other], level)
        both = int(pair.pair_counts[BOTH])
        unlike += both < 2
        for name, (value, mcse) in paired_differences(pair, normal=normal).items():
            if name in _supported(series, DIFFERENCES):
                compared.append(
                    {
                        **labels, "reference": reference, "measure": name, "value": value,
                        "mcse": mcse, "replicates": both,
                    }
                )  # fmt: skip
    notes = table.notes
    if unlike:
        notes += ("some methods share no replicates with the reference: no differences there",)
    # A key may itself be called "cell": the column is then the key's.
    of = list(dict.fromkeys(["cell", *table.keys, "estimator", "estimand", "domain"]))
    differences = [*of, "reference", "measure", "value", "mcse", "replicates"]
    return TableMeasures(
        table,
        pd.DataFrame(measured),
        pd.DataFrame(compared, columns=differences),
        pd.DataFrame(failed, columns=[*of, "reason", "count"]),
        notes,
    )


def _answers(series: Series, level: float) -> _Answers:
    """A series with an interval: its own, or one made from its standard errors."""
    numbers, n = series.numbers, len(series.replicates)
    estimate, se = numbers["estimate"], numbers.get("se", np.full(n, math.nan))
    if "low" in numbers:
        low, high = numbers["low"], numbers["high"]
    else:
        upper = 0.5 + level / 2.0
        df = numbers.get("df", np.full(n, math.inf))
        t = np.where(np.isinf(df), special.ndtri(upper), special.stdtrit(df, upper))
        low, high = estimate - t * se, estimate + t * se
    answers = np.column_stack([estimate, se**2, low, high])
    reasons = np.where(series.answered, OK, OK + 1)
    return _Answers(answers, reasons, numbers.get("truth", np.zeros(n)))


def _measures(
    series: Series, own: _Answers, level: float, null: float | None, normal: bool
) -> Iterator[tuple[str, Measure]]:
    moments = Moments.empty()
    accumulate(moments, own.answers, own.reasons, own.truth, 1.0 - level)
    found = measures(moments, normal=normal)
    rows = own.answers[series.answered]
    if len(rows) > 1:
        # Here the replicates are at hand, where a study has its bins.
        aim = own.truth[series.answered] + found["bias"].value
        held = (rows[:, 2] <= aim + SLACK) & (rows[:, 3] >= aim - SLACK)
        found["bias_eliminated_coverage"] = proportion(int(held.sum()), len(rows))
    for name in _supported(series, MEASURES):
        yield name, found[name]
    if null is not None and _has_interval(series) and len(rows):
        out = (rows[:, 2] > null) | (rows[:, 3] < null)
        yield REJECT, proportion(int(out.sum()), len(rows))


def _has_interval(series: Series) -> bool:
    return "low" in series.numbers or "se" in series.numbers


def _supported(series: Series, names: tuple[str, ...]) -> list[str]:
    """Those of *names* that the columns of a table allow."""
    without = set(_OF_SHARES)
    if "truth" not in series.numbers:
        without |= _NEED_TRUTH
    if "se" not in series.numbers:
        without |= _NEED_SE
    if not _has_interval(series):
        without |= _NEED_INTERVAL
    return [name for name in names if name not in without]


def _pair(
    series: Series, own: _Answers, reference: Series, others: _Answers, level: float
) -> Moments:
    """Pair sums over the replicates that both series have, in the order of the first."""
    place = {replicate: i for i, replicate in enumerate(reference.replicates)}
    common = [(i, place[r]) for i, r in enumerate(series.replicates) if r in place]
    mine, theirs = np.array(common, np.int64).reshape(-1, 2).T
    moments = Moments.empty()
    accumulate_pairs(
        moments,
        own.answers[mine], own.reasons[mine],
        others.answers[theirs], others.reasons[theirs],
        own.truth[mine], 1.0 - level,
    )  # fmt: skip
    return moments
