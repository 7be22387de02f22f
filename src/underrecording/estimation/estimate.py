"""One audit, one estimator, one `Estimate`: the compiled path of a study, for one audit."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import REASONS, Audit, Estimate, Influence
from underrecording.estimation.check import alone, checked
from underrecording.estimation.compile import compiled_df
from underrecording.estimation.many import accuracies
from underrecording.estimation.registries import INTERVALS
from underrecording.estimation.spec import EstimatorSpec
from underrecording.special import t_quantile


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
    answers, reasons = accuracies(spec, alone(audit), level=level)
    value, variance, low, high = (float(number) for number in answers[0])
    df = degrees_of_freedom(audit, spec)
    return Estimate(value, variance, low, high, level, df, REASONS[reasons[0]])


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


def empty_influence(n_forces: int) -> Influence:
    """Room for the influence of one estimate of m forces."""
    of_forces = [np.zeros(n_forces) for _ in Influence._fields[:-1]]
    return Influence(*of_forces, readers=np.zeros(1))  # type: ignore[misc]
