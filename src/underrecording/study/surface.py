"""A response surface over forces and records: what sampling theory says, fitted to a grid.

For m forces and n records in each, the square of an RMSE or of a half-width is

    q(m)^2 (a B(m) + b R(m) / n + c R(m) / n^2 + d)

B(m) and R(m) being what forces of unequal size leave open (`effective_forces`). a is
the variance between forces, b that of a record within them, c what records add at
second order (few records shared out over strata), d what no larger sample mends,
as bias. q(m) is 1 for an RMSE; for a half-width the quantile that the interval
takes, times the mean of an estimated standard error over the true one (normal theory,
m - 1 degrees of freedom), where the variance is estimated from the forces.

Source: two-stage variance, Cochran (1977), Sampling Techniques, 10.3, with forces
weighted by volume; records and forces by simple random draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import gammaln, ndtri, stdtrit

from underrecording.study.effective_forces import Shape, shapes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TERMS = ("between forces", "records", "records, second order", "left over")
LEAST_VALUES = 3
"""Values of forces, and of records, that a grid needs for a surface."""


class Points(NamedTuple):
    """What was simulated: C cells of one estimator.

    Attributes
    ----------
    forces : int array (C,)
        m.
    records : float array (C,)
        n, in each force.
    value, mcse : float arrays (C,)
        RMSE or half-width, with its Monte Carlo error.
    """

    forces: Ints
    records: Floats
    value: Floats
    mcse: Floats

    def at(self, which: Ints) -> Points:
        """Some of the cells."""
        return Points(self.forces[which], self.records[which], self.value[which], self.mcse[which])


class Scale(NamedTuple):
    """From the root of a variance to what is fitted.

    Attributes
    ----------
    level : float or None
        Nominal coverage of the interval whose half-width it is; None: an RMSE.
    t : bool
        Whether the quantile is Student's, of m - 1 degrees of freedom.
    estimated : bool
        Whether the variance is estimated from the forces.
    """

    level: float | None = None
    t: bool = False
    estimated: bool = False

    def factor(self, forces: Ints) -> Floats:
        """q(m)."""
        df = np.maximum(1.0, forces - 1.0)
        found = np.ones(np.shape(forces))
        if self.level is not None:
            tail = 0.5 + self.level / 2.0
            found = found * (stdtrit(df, tail) if self.t else ndtri(tail))
        if self.estimated:
            shrunk = np.exp(gammaln((df + 1.0) / 2.0) - gammaln(df / 2.0))
            found = found * np.sqrt(2.0 / df) * shrunk
        return found


class Surface(NamedTuple):
    """A fitted surface.

    Attributes
    ----------
    points : Points
        To which it was fitted.
    shape : Shape
    scale : Scale
    coefficients : float array (4,)
        Of `TERMS`, none below 0.
    covariance : float array (4, 4)
        Widened by what Monte Carlo error does not explain.
    lack_of_fit : float
        Mean square of residuals over their Monte Carlo errors: about 1 where these are all.
    left_out : float array (C,)
        Each cell's value over what a surface of all other cells says, less 1.
    """

    points: Points
    shape: Shape
    scale: Scale
    coefficients: Floats
    covariance: Floats
    lack_of_fit: float
    left_out: Floats

    @property
    def error(self) -> float:
        """Relative error of a prediction: root mean square over cells left out in turn."""
        return float(np.sqrt((self.left_out**2).mean()))

    def predict(self, forces: Ints | int, records: Floats | float) -> tuple[Floats, Floats]:
        """Value and its standard error: that of the fit, and `error` for its form."""
        m = np.asarray(forces, np.int64)
        terms = _terms(m, np.asarray(records, float), self.shape, self.scale)
        square = np.maximum(terms @ self.coefficients, 1e-300)
        variance = np.einsum("...i,ij,...j->...", terms, self.covariance, terms)
        value = self.scale.factor(m) * np.sqrt(square)
        return value, value * np.sqrt(variance / (4.0 * square**2) + self.error**2)


def fit_surface(points: Points, scale: Scale, weights: Sequence[Shape] | None = None) -> Surface:
    """Fit a surface to *points* by non-negative least squares, weighted by Monte Carlo error.

    Parameters
    ----------
    points : Points
        Of `LEAST_VALUES` numbers of forces and of records or more.
    scale : Scale
    weights : sequence of Shape, optional
        Ways in which forces may count, of which the one that fits best is taken;
        by volume and by number if none is given.

    >>> from underrecording.study.effective_forces import shape_by_number
    >>> m, n = np.repeat([5, 10, 20], 3), np.tile([30.0, 60.0, 120.0], 3)
    >>> true = np.sqrt(0.0064 * (1 / m - 1 / 43) + 0.2 / (m * n))
    >>> found = fit_surface(Points(m, n, true, true / 100), Scale(), [shape_by_number(43)])
    >>> found.coefficients.round(6).tolist()
    [0.0064, 0.2, 0.0, 0.0]
    """
    fits = [(_fit(points, shape, scale), shape) for shape in weights or shapes()]
    (coefficients, covariance, lack_of_fit), shape = min(fits, key=lambda fit: fit[0][2])
    left_out = np.empty(points.value.size)
    for i in range(left_out.size):
        others = np.delete(np.arange(left_out.size), i)
        without, _, _ = _fit(points.at(others), shape, scale)
        terms = _terms(points.forces[i], points.records[i], shape, scale)
        said = scale.factor(points.forces[i]) * np.sqrt(terms @ without)
        left_out[i] = points.value[i] / said - 1.0 if said > 0.0 else np.inf
    return Surface(points, shape, scale, coefficients, covariance, lack_of_fit, left_out)


def _fit(points: Points, shape: Shape, scale: Scale) -> tuple[Floats, Floats, float]:
    """Coefficients, their covariance, lack of fit."""
    q = scale.factor(points.forces)
    error = 2.0 * points.value * points.mcse / q**2
    weighed = _terms(points.forces, points.records, shape, scale) / error[:, None]
    goal = (points.value / q) ** 2 / error
    # Columns of one size: the solver's tolerance is absolute.
    size = np.maximum(np.sqrt((weighed**2).sum(axis=0)), 1e-300)
    coefficients = nnls(weighed / size, goal)[0] / size
    used = coefficients > 0.0
    spare = max(1, goal.size - int(used.sum()))
    lack_of_fit = float(((goal - weighed @ coefficients) ** 2).sum() / spare)
    covariance = np.zeros((len(TERMS), len(TERMS)))
    inverse = np.linalg.pinv((weighed / size)[:, used])
    spread = inverse @ inverse.T / np.outer(size[used], size[used])
    covariance[np.ix_(used, used)] = spread * max(1.0, lack_of_fit)
    return coefficients, covariance, lack_of_fit


def _terms(forces: Ints, records: Floats, shape: Shape, scale: Scale) -> Floats:
    """The four terms, (..., 4)."""
    between = shape.estimated if scale.estimated else shape.between
    kish = shape.records[forces - 1]
    return np.stack(
        [between[forces - 1], kish / records, kish / records**2, np.ones(np.shape(forces))],
        axis=-1,
    )
