"""One audit, one estimator, one `Estimate`: the compiled path of a study, called once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
from numba import types

from underrecording.audit import AT_BOUNDARY, OK, REASONS, Audit, Estimate, Influence
from underrecording.errors import UserError
from underrecording.estimation.check import checked
from underrecording.estimation.compile import (
    AUDIT_TYPE,
    INFLUENCE_TYPE,
    INTERVAL_FT,
    POINT_FT,
    VARIANCE_FT,
    compile_as,
    compiled_df,
    compiled_interval,
    compiled_point,
    compiled_variance,
)
from underrecording.estimation.registries import (
    INTERVALS,
    POINTS,
    VARIANCES,
    IntervalFunction,
    PointFunction,
    VarianceFunction,
)
from underrecording.estimation.totals import effective_sample_size


@dataclass(frozen=True, slots=True)
class EstimatorSpec:
    """The names of a point estimator, a variance and an interval.

    Raises
    ------
    UserError
        If a name is unknown; all unknown names at once.

    >>> str(EstimatorSpec.parse("combined_ratio/linearised/t"))
    'combined_ratio/linearised/t'
    >>> EstimatorSpec("pooled", "binomal", "wilson")
    Traceback (most recent call last):
    underrecording.errors.UserError: unknown variance 'binomal'; did you mean 'binomial'? (known:
    binomial, linearised)
    """

    point: str
    variance: str
    interval: str

    def __post_init__(self) -> None:
        problems: list[str] = []
        registries: tuple[tuple[Mapping[str, object], str], ...] = (
            (POINTS, self.point),
            (VARIANCES, self.variance),
            (INTERVALS, self.interval),
        )
        for registry, name in registries:
            try:
                registry[name]
            except UserError as error:
                problems.extend(error.problems)
        if problems:
            raise UserError(problems)

    @classmethod
    def parse(cls, text: str) -> EstimatorSpec:
        """Read ``point/variance/interval``.

        >>> EstimatorSpec.parse("combined_ratio")
        Traceback (most recent call last):
        underrecording.errors.UserError: estimator 'combined_ratio': expected
        point/variance/interval, such as combined_ratio/linearised/t
        """
        names = text.split("/")
        if len(names) != 3:
            raise UserError(
                f"estimator '{text}': expected point/variance/interval, "
                "such as combined_ratio/linearised/t"
            )
        return cls(*names)

    def __str__(self) -> str:
        return f"{self.point}/{self.variance}/{self.interval}"


def estimate(audit: Audit, spec: EstimatorSpec, *, level: float = 0.95) -> Estimate:
    """Recording accuracy of the country from one audit.

    Parameters
    ----------
    audit : Audit
        Of m forces with H strata of records; recorded_volume (F, H) may be all
        0 where `spec.point` does not use it.
    spec : EstimatorSpec
        Which point estimator, variance and interval.
    level : float
        Nominal coverage, in (0, 1).

    Returns
    -------
    Estimate
        In terms of accuracy; `mirror` turns it into an under-recording rate.
        NaN, with the reason, where there is no answer.

    Raises
    ------
    ValueError
        If the level or a number of the audit is impossible.

    Two forces of three, 40 of 400 and 50 of 100 reports read:

    >>> audit = Audit(
    ...     force=[0, 2], frame=[[400], [100]], sampled=[[40], [50]], due=[[40], [50]],
    ...     recorded=[[32], [45]], p_inclusion=[2 / 3, 2 / 3], force_stratum=[0, 0],
    ...     recorded_volume=[[320], [200], [90]],
    ... )
    >>> answer = estimate(audit, EstimatorSpec.parse("combined_ratio/linearised/t"))
    >>> f"{answer.value:.4f} {answer.variance**0.5:.4f} {answer.df:.0f} {answer.reason}"
    '0.8200 0.0441 1 ok'
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level: {level} is not between 0 and 1")
    audit = checked(audit)
    df = degrees_of_freedom(audit, spec)
    value, variance, low, high, reason = compiled_answer()(
        compiled_point(spec.point),
        compiled_variance(spec.variance),
        compiled_interval(spec.interval),
        audit,
        empty_influence(*audit.due.shape),
        quantile(level=level, df=df),
    )
    return Estimate(value, variance, low, high, level, df, REASONS[reason])


def mirror(estimate: Estimate) -> Estimate:
    """The same estimate of the complement: accuracy to under-recording rate, and back.

    >>> rate = mirror(Estimate(0.8, 0.0004, 0.75, 0.84, 0.95, 12.0, "ok"))
    >>> f"{rate.value:.2f} {rate.low:.2f} {rate.high:.2f}"
    '0.20 0.16 0.25'
    """
    return estimate._replace(
        value=1.0 - estimate.value, low=1.0 - estimate.high, high=1.0 - estimate.low
    )


def degrees_of_freedom(audit: Audit, spec: EstimatorSpec) -> float:
    """Degrees of freedom of the interval: the variance's own, inf for a normal quantile."""
    if INTERVALS[spec.interval].quantile == "normal":
        return math.inf
    return compiled_df(spec.variance)(audit)


@cache
def quantile(*, level: float, df: float) -> float:
    """Two-sided quantile of Student's t; the normal one where *df* is infinite.

    >>> f"{quantile(level=0.95, df=math.inf):.6f} {quantile(level=0.95, df=12):.6f}"
    '1.959964 2.178813'
    """
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + level / 2.0
    return float(ndtri(upper) if math.isinf(df) else stdtrit(df, upper))


def empty_influence(n_forces: int, n_strata: int) -> Influence:
    """Room for the influence of one estimate, m by H."""
    shape = (n_forces, n_strata)
    return Influence(np.zeros(n_forces), np.zeros(shape), np.zeros(shape))


def answer(
    point: PointFunction,
    variance: VarianceFunction,
    interval: IntervalFunction,
    audit: Audit,
    influence: Influence,
    quantile: float,
) -> tuple[float, float, float, float, int]:
    """Value, variance, low, high and reason code; NaN from where the reason bites."""
    nan = math.nan
    value, reason = point(audit, influence)
    if reason != OK:
        return nan, nan, nan, nan, reason
    spread, reason = variance(audit, value, influence)
    if reason != OK:
        return value, nan, nan, nan, reason
    low, high = interval(value, spread, quantile, effective_sample_size(audit, value, spread))
    if math.isnan(low) or math.isnan(high):
        return value, spread, nan, nan, AT_BOUNDARY
    return value, spread, low, high, OK


@cache
def compiled_answer() -> Any:
    """`answer` in compiled form, one for all plug-ins; compiled loops may call it too."""
    number = types.float64
    signature = types.Tuple((number, number, number, number, types.int64))(
        POINT_FT, VARIANCE_FT, INTERVAL_FT, AUDIT_TYPE, INFLUENCE_TYPE, number
    )
    return cast(Any, compile_as(signature, answer))
