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
from underrecording.errors import UserError, one_of
from underrecording.estimation.check import checked
from underrecording.estimation.compile import (
    ANSWER,
    AUDIT_TYPE,
    INFLUENCE_TYPE,
    INTERVAL_FT,
    POINT_FT,
    VARIANCE_FT,
    compile_as,
    compiled_df,
    compiled_interval,
    compiled_model,
    compiled_point,
    compiled_variance,
)
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import (
    INTERVALS,
    MODELS,
    POINTS,
    VARIANCES,
    IntervalFunction,
    PointFunction,
    VarianceFunction,
)
from underrecording.estimation.totals import effective_sample_size, records_read
from underrecording.special import t_quantile


@dataclass(frozen=True, slots=True)
class EstimatorSpec:
    """The names of a point estimator, a variance and an interval.

    Raises
    ------
    UserError
        If a name is unknown; all unknown names at once.

    >>> str(EstimatorSpec.parse("combined_ratio/linearised/t"))
    'combined_ratio/linearised/t'
    >>> EstimatorSpec("pooled", "binomal", "wilson")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    underrecording.errors.UserError: unknown variance 'binomal'; did you mean 'binomial'? (known:
    binomial, ...)
    """

    point: str
    variance: str
    interval: str

    def __post_init__(self) -> None:
        if str(self) in MODELS:
            return
        whole = [name for name in MODELS if name.startswith(f"{self.point}/")]
        if whole:
            raise UserError(f"estimator '{self}': {self.point} comes whole; give {one_of(whole)}")
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

    @property
    def is_model(self) -> bool:
        """Whether it comes whole, its variance and interval its own."""
        return str(self) in MODELS

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
    if spec.is_model:
        value, variance, low, high, reason = compiled_model(str(spec))(audit, level)
    else:
        value, variance, low, high, reason = compiled_answer()(
            compiled_point(spec.point),
            compiled_variance(spec.variance),
            compiled_interval(spec.interval),
            audit,
            empty_influence(*audit.due.shape),
            level,
            df,
            quantile(spec, level=level, df=df),
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
    """Degrees of freedom of the variance; inf for a model, whose law is its own."""
    return math.inf if spec.is_model else compiled_df(spec.variance)(audit)


def quantile(spec: EstimatorSpec, *, level: float, df: float) -> float:
    """Two-sided quantile that the interval takes: Student's t on *df*, or the normal one.

    >>> spec = EstimatorSpec.parse("combined_ratio/linearised/t")
    >>> f"{quantile(spec, level=0.95, df=12):.6f}"
    '2.178813'
    """
    normal = INTERVALS[spec.interval].quantile == "normal"
    return float(t_quantile(0.5 + level / 2.0, math.inf if normal else df))


def empty_influence(n_forces: int, n_strata: int) -> Influence:
    """Room for the influence of one estimate, m by H."""
    by_force, by_stratum = (n_forces,), (n_forces, n_strata)
    shapes = (by_force, by_stratum, by_stratum, by_force, by_force, (1,))
    return Influence(*(np.zeros(shape) for shape in shapes))


def answer(
    point: PointFunction,
    variance: VarianceFunction,
    interval: IntervalFunction,
    audit: Audit,
    influence: Influence,
    level: float,
    df: float,
    quantile: float,
) -> tuple[float, float, float, float, int]:
    """Value, variance, low, high and reason code; NaN from where the reason bites."""
    nan = math.nan
    value, reason = point(audit, influence)
    if reason != OK:
        return nan, nan, nan, nan, reason
    spread, reason = variance(audit, value, influence, point)
    if reason != OK:
        return value, nan, nan, nan, reason
    spread += influence.readers[0]
    n_eff = effective_sample_size(audit, value, spread)
    n_due = float(records_read(audit)[0])
    low, high = interval(Precision(value, spread, level, df, quantile, n_eff, n_due))
    if math.isnan(low) or math.isnan(high):
        return value, spread, nan, nan, AT_BOUNDARY
    return value, spread, low, high, OK


@cache
def compiled_answer() -> Any:
    """`answer` in compiled form, one for all plug-ins; compiled loops may call it too."""
    number = types.float64
    signature = ANSWER(
        POINT_FT, VARIANCE_FT, INTERVAL_FT, AUDIT_TYPE, INFLUENCE_TYPE, number, number, number
    )
    return cast(Any, compile_as(signature, answer))
