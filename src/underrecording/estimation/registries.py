"""What the room knows by name: point estimators, variances and intervals."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from underrecording.audit import Audit, Influence
from underrecording.registry import Registry

PointFunction = Callable[[Audit, Influence], tuple[float, int]]
"""Fills the influence in place; returns the accuracy and a code of `REASONS`."""

VarianceFunction = Callable[[Audit, float, Influence], tuple[float, int]]
"""From the audit, the accuracy and its influence: the variance and a code of `REASONS`."""

DfFunction = Callable[[Audit], float]
"""Degrees of freedom of a variance, for Student's t."""

IntervalFunction = Callable[[float, float, float, float], tuple[float, float]]
"""From value, variance, quantile and effective sample size: (low, high)."""

Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True)
class PlugIn(Generic[Function]):
    """A function with the name it has in a scenario; its docstring is its documentation.

    >>> POINTS["combined_ratio"].summary
    'Weighted reports recorded over weighted reports due: a ratio of two national totals.'
    """

    name: str
    function: Function

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
    """A variance, and the degrees of freedom it is worth."""

    degrees_of_freedom: DfFunction


@dataclass(frozen=True)
class IntervalPlugIn(PlugIn[IntervalFunction]):
    """An interval, and the distribution its quantile comes from."""

    quantile: Literal["normal", "t"]


POINTS: Registry[PlugIn[PointFunction]] = Registry("point estimator")
VARIANCES: Registry[VariancePlugIn] = Registry("variance")
INTERVALS: Registry[IntervalPlugIn] = Registry("interval")


def point_estimator(name: str) -> Callable[[PointFunction], PointFunction]:
    """Return a decorator that files a point estimator under *name*."""

    def file_under(function: PointFunction) -> PointFunction:
        POINTS.register(name)(PlugIn(name, function))
        return function

    return file_under


def variance(
    name: str, *, degrees_of_freedom: DfFunction
) -> Callable[[VarianceFunction], VarianceFunction]:
    """Return a decorator that files a variance under *name*."""

    def file_under(function: VarianceFunction) -> VarianceFunction:
        VARIANCES.register(name)(VariancePlugIn(name, function, degrees_of_freedom))
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
