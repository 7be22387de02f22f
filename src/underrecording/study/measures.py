"""Performance measures, each with its Monte Carlo standard error.

Formulas: Morris, White & Crowther (2019), Stat. Med. 38:2074, table 6, with the
kurtosis form for spreads. All are functions of stored power sums. The error of
an estimate is e = estimate - truth; the truth may differ by replicate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.study import moments as m
from underrecording.study.moments import Moments

Floats = NDArray[np.float64]


class Measure(NamedTuple):
    """A performance measure and its Monte Carlo standard error; NaN where undefined."""

    value: float
    mcse: float


UNDEFINED = Measure(math.nan, math.nan)

_ROUNDING = 1e-13
"""What a variance may come to by the rounding of sums alone, of the mean square."""


class _Summary:
    """Means of what was summed, over the R replicates that answered."""

    def __init__(self, moments: Moments, *, normal: bool) -> None:
        self.normal = normal
        self.n = int(moments.reasons[0])
        mean = moments.sums / self.n
        self.mean = mean
        self.e = float(mean[m.E1])
        e1, e2, e3, e4 = mean[[m.E1, m.E2, m.E3, m.E4]]
        # Central moments of e; rounding may leave a variance of 0 just below it.
        self.variance = max(0.0, float(e2 - e1**2))
        self.fourth = max(0.0, float(e4 - 4 * e1 * e3 + 6 * e1**2 * e2 - 3 * e1**4))
        if normal:
            # Of normal errors, with the divisor R - 1 of the usual formula.
            self.fourth = self.variance**2 * (1.0 + 2.0 * self.n / (self.n - 1))

    @property
    def sample_variance(self) -> float:
        return self.variance * self.n / (self.n - 1)

    def sd(self, first: int, second: int) -> float:
        """Sample standard deviation of a quantity from its sum and sum of squares."""
        spread = float(self.mean[second] - self.mean[first] ** 2)
        if spread < _ROUNDING * self.mean[second]:
            return 0.0
        return math.sqrt(spread * self.n / (self.n - 1))


def bias(s: _Summary) -> Measure:
    """Mean of e."""
    return Measure(s.e, math.sqrt(s.sample_variance / s.n))


def relative_bias(s: _Summary) -> Measure:
    """Bias over the mean truth; MCSE by the delta method."""
    truth = float(s.mean[m.TRUTH])
    if truth == 0.0:
        return UNDEFINED
    ratio = s.e / truth
    var_truth = float(s.mean[m.TRUTH2] - truth**2)
    covariance = float(s.mean[m.E_TRUTH] - s.e * truth)
    spread = max(0.0, s.variance - 2.0 * ratio * covariance + ratio**2 * var_truth)
    return Measure(ratio, math.sqrt(spread / (s.n - 1)) / abs(truth))


def empirical_se(s: _Summary) -> Measure:
    """Standard deviation of e; in a fixed world, of the estimates."""
    se = math.sqrt(s.sample_variance)
    if s.variance == 0.0:
        return Measure(0.0, 0.0)
    kurtosis = s.fourth / s.variance**2
    return Measure(se, se * math.sqrt(max(0.0, kurtosis - 1.0) / (4.0 * s.n)))


def rmse(s: _Summary) -> Measure:
    """Root of the mean of e^2."""
    square = float(s.mean[m.E2])
    if square == 0.0:
        return Measure(0.0, 0.0)
    value = math.sqrt(square)
    return Measure(value, s.sd(m.E2, m.E4) / (2.0 * value * math.sqrt(s.n)))


def mse(s: _Summary) -> Measure:
    """Mean of e^2."""
    return Measure(float(s.mean[m.E2]), s.sd(m.E2, m.E4) / math.sqrt(s.n))


def model_se(s: _Summary) -> Measure:
    """Root of the mean estimated variance."""
    mean = float(s.mean[m.VARIANCE])
    if mean <= 0.0:
        return Measure(0.0, 0.0)
    value = math.sqrt(mean)
    return Measure(value, s.sd(m.VARIANCE, m.VARIANCE2) / (2.0 * value * math.sqrt(s.n)))


def relative_error_model_se(s: _Summary) -> Measure:
    """100 (model SE / empirical SE - 1), per cent; delta method, covariance included."""
    model, empirical = float(s.mean[m.VARIANCE]), s.variance
    if model <= 0.0 or empirical == 0.0:
        return UNDEFINED
    var_model = float(s.mean[m.VARIANCE2]) - model**2
    var_empirical = s.fourth - empirical**2
    e = s.e
    # Of the estimated variance with (e - mean e)^2.
    covariance = (
        float(s.mean[m.VARIANCE_E2]) - 2.0 * e * float(s.mean[m.VARIANCE_E])
        + e**2 * model - model * empirical
    )  # fmt: skip
    if s.normal:
        covariance = 0.0
    spread = (
        var_model / model**2 + var_empirical / empirical**2 - 2.0 * covariance / (model * empirical)
    )
    ratio = math.sqrt(model / s.sample_variance)
    return Measure(100.0 * (ratio - 1.0), 50.0 * ratio * math.sqrt(max(0.0, spread) / s.n))


def mean_estimate(s: _Summary) -> Measure:
    """Mean of the estimates."""
    # estimate = truth + e, whose variances and covariance are summed.
    truth = float(s.mean[m.TRUTH])
    spread = (
        s.variance
        + float(s.mean[m.TRUTH2] - truth**2)
        + 2.0 * float(s.mean[m.E_TRUTH] - s.e * truth)
    )
    return Measure(float(s.mean[m.ESTIMATE]), math.sqrt(max(0.0, spread) / (s.n - 1)))


def mean_truth(s: _Summary) -> Measure:
    """Mean of the truths over replicates; without error where the world is fixed."""
    return Measure(float(s.mean[m.TRUTH]), s.sd(m.TRUTH, m.TRUTH2) / math.sqrt(s.n))


def mean_width(s: _Summary) -> Measure:
    """Mean width of the interval."""
    return Measure(float(s.mean[m.WIDTH]), s.sd(m.WIDTH, m.WIDTH2) / math.sqrt(s.n))


def winkler(s: _Summary) -> Measure:
    """Mean interval score (Winkler 1972): width plus 2 / alpha times any miss; less is better."""
    return Measure(float(s.mean[m.WINKLER]), s.sd(m.WINKLER, m.WINKLER2) / math.sqrt(s.n))


def proportion(count: float, n: int) -> Measure:
    """A share with its binomial standard error; at 0 or 1 that of the Wilson bound.

    At 0 or 1 the usual formula says 0. The width of the one-standard-deviation
    Wilson interval there, 1 / (n + 1), is given instead.

    >>> share, mcse = proportion(9500, 10_000)
    >>> f"{share:.2f} {mcse:.4f}"
    '0.95 0.0022'
    >>> proportion(100, 100).mcse > 0
    True
    """
    share = count / n
    if 0.0 < share < 1.0:
        return Measure(share, math.sqrt(share * (1.0 - share) / n))
    return Measure(share, 1.0 / (n + 1.0))


_OF_SUMMARY: dict[str, Callable[[_Summary], Measure]] = {
    "bias": bias,
    "relative_bias": relative_bias,
    "empirical_se": empirical_se,
    "rmse": rmse,
    "mse": mse,
    "model_se": model_se,
    "relative_error_model_se": relative_error_model_se,
    "mean_width": mean_width,
    "winkler": winkler,
    "mean_estimate": mean_estimate,
    "mean_truth": mean_truth,
}
_OF_COUNTS = {
    "coverage": m.COVERED,
    "miss_low": m.MISS_LOW,
    "miss_high": m.MISS_HIGH,
    "within_one_point": m.WITHIN,
}
SHARES = (*_OF_COUNTS, "bias_eliminated_coverage")
"""Measures that are shares of replicates."""
MEASURES: tuple[str, ...] = (
    "bias", "relative_bias", "empirical_se", "rmse", "mse", "model_se", "relative_error_model_se",
    "coverage", "bias_eliminated_coverage", "miss_low", "miss_high", "within_one_point",
    "mean_width", "winkler", "mean_estimate", "mean_truth",
)  # fmt: skip
"""Measures in the order in which they are written."""


def measures(moments: Moments, *, normal: bool = False) -> dict[str, Measure]:
    """All performance measures of one cell, target and estimator.

    Parameters
    ----------
    moments : Moments
        Of at least two answered replicates; with fewer every measure is NaN.
    normal : bool
        Whether the MCSEs of spreads take the errors as normal and as independent of the
        estimated variances, as the formulas in print do: SE / sqrt(2 (R - 1)).
    """
    if moments.reasons[0] < 2:
        return dict.fromkeys(MEASURES, UNDEFINED)
    summary = _Summary(moments, normal=normal)
    found = {name: of(summary) for name, of in _OF_SUMMARY.items()}
    found |= {name: proportion(int(moments.counts[i]), summary.n) for name, i in _OF_COUNTS.items()}
    found["bias_eliminated_coverage"] = _bias_eliminated_coverage(moments, summary)
    return {name: found[name] for name in MEASURES}


def over_worlds(name: str, values: Sequence[float]) -> Measure:
    """Mean of the measure *name* over fixed worlds, with the standard error of that mean.

    Worlds are independent, replicates of one world are not, so the spread over
    worlds is what counts. A share that is 0 in every world, or 1, has no
    spread; there the bound of `proportion` for as many worlds is given. A world
    in which the measure is undefined leaves the mean undefined too.

    >>> over_worlds("coverage", [0.5, 0.9]).mcse
    0.2
    >>> over_worlds("coverage", [1.0, 1.0, 1.0])
    Measure(value=1.0, mcse=0.25)
    """
    each = np.array(values)
    if name in SHARES and (np.all(each == 0.0) or np.all(each == 1.0)):
        return proportion(float(each.sum()), len(each))
    return Measure(float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))))


def _bias_eliminated_coverage(moments: Moments, s: _Summary) -> Measure:
    """Share with low <= truth + bias <= high, from the histograms of low and high minus truth.

    Exact to the replicates of the one bin that holds the bias, which are shared
    out evenly within it. Undefined where errors or intervals are narrower than
    a bin, as at a census, and where the bias lies outside the bins.
    """
    if min(math.sqrt(s.variance), float(s.mean[m.WIDTH])) < m.ERROR_BIN:
        return UNDEFINED
    if abs(s.e) >= m.ERROR_LIMIT:
        return UNDEFINED
    missed = (s.n - _at_most(moments.lows, s.e)) + _at_most(moments.highs, s.e)
    return proportion(min(float(s.n), max(0.0, s.n - missed)), s.n)


def _at_most(histogram: NDArray[np.int64], value: float) -> float:
    """Replicates at most *value*, by linear interpolation within its bin."""
    position = min(max((value + m.ERROR_LIMIT) / m.ERROR_BIN, 0.0), float(len(histogram) - 2))
    whole = int(position)
    if whole == len(histogram) - 2:
        return float(histogram[:-1].sum())
    return float(histogram[: whole + 1].sum() + (position - whole) * histogram[whole + 1])
