"""What the room knows by name: point estimators, variances and intervals."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from underrecording.audit import Audit, Influence
from underrecording.estimation.precision import Precision
from underrecording.registry import Registry

PointFunction = Callable[[Audit, Influence], tuple[float, int]]
"""Fills the influence in place; returns the accuracy and a code of `REASONS`."""

VarianceFunction = Callable[[Audit, float, Influence, PointFunction], tuple[float, int]]
"""From the audit, the accuracy, its influence and the point estimator that made them: the
variance and a code of `REASONS`. Only what estimates anew calls the point estimator."""

DfFunction = Callable[[Audit], float]
"""Degrees of freedom of a variance, for Student's t."""

IntervalFunction = Callable[[Precision], tuple[float, float]]
"""From an estimate's precision: (low, high); NaN where undefined."""

ModelFunction = Callable[[Audit, float], tuple[float, float, float, float, int]]
"""From the audit and the nominal level: value, variance, low, high and a code of `REASONS`."""

Volumes = Literal["of none", "of inspected", "of all"]
"""Forces whose recorded volumes an estimator uses; those of others may be NaN."""

Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True)
class PlugIn(Generic[Function]):
    """A function with the name it has in a scenario; its docstring is its documentation.

    ``volumes``: of which forces it uses what they publish.

    >>> POINTS["combined_ratio"].summary
    'Weighted reports recorded over weighted reports due: a ratio of two national totals.'
    """

    name: str
    function: Function
    volumes: Volumes = field(default="of none", kw_only=True)

    @property
    def description(self) -> str:
        """Formula, assumptions, source, and when not to use it."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """First line of the description."""
        return self.description.partition("\n")[0]


@dataclass(frozen=True)
class VariancePlugIn(PlugIn[VarianceFunction]):
    """A variance, the degrees of freedom it is worth, and whether it calls the point anew."""

    degrees_of_freedom: DfFunction
    reestimates: bool = False


@dataclass(frozen=True)
class IntervalPlugIn(PlugIn[IntervalFunction]):
    """An interval, and the distribution its quantile comes from."""

    quantile: Literal["normal", "t"]


@dataclass(frozen=True)
class ModelPlugIn(PlugIn[ModelFunction]):
    """An estimator that comes whole: a point with a variance and an interval of its own."""

    variance: str
    interval: str


POINTS: Registry[PlugIn[PointFunction]] = Registry("point estimator")
VARIANCES: Registry[VariancePlugIn] = Registry("variance")
INTERVALS: Registry[IntervalPlugIn] = Registry("interval")
MODELS: Registry[ModelPlugIn] = Registry("model estimator")
"""By their full name, ``point/variance/interval``."""


def point_estimator(
    name: str, *, volumes: Volumes = "of none"
) -> Callable[[PointFunction], PointFunction]:
    """Return a decorator that files a point estimator under *name*."""

    def file_under(function: PointFunction) -> PointFunction:
        POINTS.register(name)(PlugIn(name, function, volumes=volumes))
        return function

    return file_under


def variance(
    name: str, *, degrees_of_freedom: DfFunction, reestimates: bool = False
) -> Callable[[VarianceFunction], VarianceFunction]:
    """Return a decorator that files a variance under *name*.

    *reestimates*: whether it calls the point estimator it is given; any other is given one
    that has no answer, so that nothing is compiled for it.
    """

    def file_under(function: VarianceFunction) -> VarianceFunction:
        VARIANCES.register(name)(VariancePlugIn(name, function, degrees_of_freedom, reestimates))
        return function

    return file_under


def interval(
    name: str, *, quantile: Literal["normal", "t"]
) -> Callable[[IntervalFunction], IntervalFunction]:
    """Return a decorator that files an interval under *name*."""

    def file_under(function: IntervalFunction) -> IntervalFunction:
        INTERVALS.register(name)(IntervalPlugIn(name, function, quantile))
        return function

    return file_under


def model_estimator(
    point: str, *, variance: str, interval: str, volumes: Volumes = "of all"
) -> Callable[[ModelFunction], ModelFunction]:
    """Return a decorator that files an estimator that comes whole."""
    name = f"{point}/{variance}/{interval}"

    def file_under(function: ModelFunction) -> ModelFunction:
        plug_in = ModelPlugIn(name, function, variance, interval, volumes=volumes)
        MODELS.register(name)(plug_in)
        return function

    return file_under
