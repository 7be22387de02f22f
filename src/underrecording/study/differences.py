"""Differences between estimators on the same audits, each with its Monte Carlo standard error.

What both estimators share, the world and the sample, cancels: the Monte Carlo
error of a difference is often far below that of either measure. All are
functions of the pair sums of `Moments`, over the replicates that both answered.
"""

from __future__ import annotations

import math

import numpy as np

from underrecording.study import pairs as p
from underrecording.study.measures import UNDEFINED, Measure
from underrecording.study.moments import Moments

DIFFERENCES = (
    "bias", "empirical_se", "relative_precision", "rmse", "mse", "coverage", "mean_width",
    "winkler",
)  # fmt: skip
"""Measures that are compared, in the order in which they are written."""


class _Pair:
    """Means over the R replicates that both estimators answered."""

    def __init__(self, moments: Moments, *, normal: bool) -> None:
        self.counts = moments.pair_counts
        self.n = int(self.counts[p.BOTH])
        self.mean = mean = moments.pair_sums / self.n
        e, f = mean[p.E1], mean[p.F1]
        self.variances = np.maximum(0.0, mean[[p.E2, p.F2]] - np.array([e, f]) ** 2)
        covariance = mean[p.EF] - e * f
        # Central moments: E(e - e̅)^4, E(f - f̅)^4, E(e - e̅)^2 (f - f̅)^2.
        if normal:
            shape = 1.0 + 2.0 * self.n / (self.n - 1.0)
            self.fourths = shape * self.variances**2
            self.cross = self.variances.prod() + (shape - 1.0) * covariance**2
        else:
            self.fourths = np.array(
                [
                    mean[p.E4] - 4 * e * mean[p.E3] + 6 * e**2 * mean[p.E2] - 3 * e**4,
                    mean[p.F4] - 4 * f * mean[p.F3] + 6 * f**2 * mean[p.F2] - 3 * f**4,
                ]
            )
            self.cross = (
                mean[p.E2F2]
                - 2 * f * mean[p.E2F] - 2 * e * mean[p.EF2]
                + f**2 * mean[p.E2] + e**2 * mean[p.F2]
                + 4 * e * f * mean[p.EF] - 3 * e**2 * f**2
            )  # fmt: skip

    @property
    def same(self) -> bool:
        """Whether both gave the same estimate each time."""
        return bool(self.mean[p.D2] == 0.0)

    @property
    def ses(self) -> tuple[float, float]:
        """Empirical SE of the estimator and of the reference."""
        e, f = np.sqrt(self.variances * self.n / (self.n - 1))
        return float(e), float(f)

    def of_mean(self, first: int, second: int) -> Measure:
        """Mean of a difference from its sum and sum of squares."""
        mean = float(self.mean[first])
        spread = max(0.0, float(self.mean[second]) - mean**2)
        return Measure(mean, math.sqrt(spread / (self.n - 1)))

    def of_spreads(self, first: float, second: float) -> float:
        """Standard error of *first* (e - e̅)^2 - *second* (f - f̅)^2, averaged."""
        var_e, var_f = self.fourths - self.variances**2
        covariance = self.cross - self.variances.prod()
        spread = first**2 * var_e + second**2 * var_f - 2.0 * first * second * covariance
        return math.sqrt(max(0.0, float(spread)) / self.n)


def _empirical_se(pair: _Pair) -> Measure:
    if pair.same:
        return Measure(0.0, 0.0)
    e, f = pair.ses
    if e == 0.0 or f == 0.0:
        return UNDEFINED
    return Measure(e - f, pair.of_spreads(0.5 / e, 0.5 / f))


def _relative_precision(pair: _Pair) -> Measure:
    """100 (Var f / Var e - 1): per cent by which the estimator is more precise."""
    e, f = pair.ses
    if e == 0.0 or f == 0.0:
        return UNDEFINED
    if pair.same:
        return Measure(0.0, 0.0)
    ratio = (f / e) ** 2
    var_e, var_f = (float(variance) for variance in pair.variances)
    return Measure(100.0 * (ratio - 1.0), 100.0 * ratio * pair.of_spreads(1.0 / var_e, 1.0 / var_f))


def _rmse(pair: _Pair) -> Measure:
    if pair.same:
        return Measure(0.0, 0.0)
    e2, f2, e4, f4, e2f2 = (float(x) for x in pair.mean[[p.E2, p.F2, p.E4, p.F4, p.E2F2]])
    if e2 == 0.0 or f2 == 0.0:
        return UNDEFINED
    e, f = math.sqrt(e2), math.sqrt(f2)
    covariance = e2f2 - e2 * f2
    spread = (e4 - e2**2) / e2 + (f4 - f2**2) / f2 - 2.0 * covariance / (e * f)
    return Measure(e - f, 0.5 * math.sqrt(max(0.0, spread) / (pair.n - 1)))


def _coverage(pair: _Pair) -> Measure:
    """Difference of two shares of the same replicates; only those that differ tell (McNemar)."""
    alone, other = int(pair.counts[p.ALONE]), int(pair.counts[p.REFERENCE_ALONE])
    difference = (alone - other) / pair.n
    if alone + other == 0:
        # None has differed yet: the bound of `proportion`.
        return Measure(0.0, 1.0 / (pair.n + 1.0))
    spread = (alone + other) / pair.n - difference**2
    return Measure(difference, math.sqrt(spread / pair.n))


def paired_differences(moments: Moments, *, normal: bool = False) -> dict[str, Measure]:
    """Each of `DIFFERENCES`: the estimator's measure less the reference's.

    Parameters
    ----------
    moments : Moments
        Of one cell, target and estimator, at least two replicates of which the
        reference answered too; with fewer every difference is NaN.
    normal : bool
        As in `measures`.

    Formulas: Morris et al. (2019), table 6, for `relative_precision`, in the form that does
    not rest on normal errors; the delta method for the others.
    """
    if moments.pair_counts[p.BOTH] < 2:
        return dict.fromkeys(DIFFERENCES, UNDEFINED)
    pair = _Pair(moments, normal=normal)
    return {
        "bias": pair.of_mean(p.D1, p.D2),
        "empirical_se": _empirical_se(pair),
        "relative_precision": _relative_precision(pair),
        "rmse": _rmse(pair),
        "mse": pair.of_mean(p.Q1, p.Q2),
        "coverage": _coverage(pair),
        "mean_width": pair.of_mean(p.WIDTH, p.WIDTH2),
        "winkler": pair.of_mean(p.WINKLER, p.WINKLER2),
    }
