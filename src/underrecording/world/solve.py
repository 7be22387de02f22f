"""Intercepts and tau, solved once at the baseline so that the nation records as published.

Everything is in expectation over what differs between forces: the unexplained
effect u, knowledge, review and pressure. With V the published recorded volumes
and A the published accuracies, the intercept a_k of each group solves

    sum_f V_fk / E[p*_fk] = V_k / A_k,

so that V_fk / E[p*_fk] due reports, of which a share p* is recorded, are
expected to leave V_fk recorded ones, and the nation's expected accuracy is A_k.
(Had the mean of 1 / p* been taken instead, the expected accuracy of a world
whose due reports do not depend on u would exceed A_k, by about 1 part in 100.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from underrecording.errors import UserError
from underrecording.world.quadrature import Condensed, Grid, Spreads, condense

Floats = NDArray[np.float64]

_TOLERANCE = 1e-12
_HIGHEST = 30.0  # Of an intercept, either way: 1 in 10**13.
_MOST_STEPS = 12


@dataclass(frozen=True)
class Calibration:
    """The solved constants of the recording rule, held while anything else moves.

    Attributes
    ----------
    intercept : float array (K,)
        a_k.
    tau : float
        Standard deviation of the unexplained force effect u, logit scale.
    expected_due : float array (F, K)
        Due reports a year on the auditable frame.
    """

    intercept: Floats
    tau: float
    expected_due: Floats


def solve(
    volume: Floats,
    accuracy: Floats,
    *,
    load_offset: Floats,
    psi: Floats,
    spreads: Spreads,
    between_force_sd: float,
) -> Calibration:
    """Solve intercepts and tau at the baseline.

    Parameters
    ----------
    volume : float array (F, K)
        Published recorded crimes a year.
    accuracy : float array (K,)
        Published national recording accuracy, in (0, 1).
    load_offset : float array (F,) or (F, L)
        -omega max(0, load_f - load_0) at the baseline; L values where the load
        moves within the year, equally often met at a decision.
    psi : float array (K,)
        Effect of full pressure on each group.
    spreads : Spreads
    between_force_sd : float
        Expected standard deviation over forces of expected accuracy: the root
        of the expected variance, unexplained effect, drivers and offence mix
        included, the chance of single reports not.

    Raises
    ------
    UserError
        If an accuracy or the spread cannot be reached.
    """
    grid = Grid(spreads)
    floor = grid.found_mean
    if (accuracy <= floor).any():
        raise UserError(
            f"world.accuracy: {accuracy.min():.3f} cannot be met: review alone records "
            f"{floor:.3f}; give a higher accuracy or a lower review share or detection"
        )

    load = condense(load_offset)
    near = np.log(accuracy / (1.0 - accuracy))

    def intercepts(tau: float) -> Floats:
        near[:] = [
            _intercept(grid, volume[:, k], accuracy[k], load, tau, psi[k], near[k])
            for k in range(len(accuracy))
        ]
        return near.copy()

    def excess(tau: float) -> float:
        solved = intercepts(tau)
        due = volume / _expected_p(grid, solved, load, tau, psi)
        return _variance(grid, due, solved, load, tau, psi) - between_force_sd**2

    least = excess(0.0) + between_force_sd**2
    if least > between_force_sd**2:
        raise UserError(
            f"world.accuracy.between_force_sd: {between_force_sd} is less than drivers and "
            f"offence mix alone give; give at least {math.ceil(1e4 * math.sqrt(least)) / 1e4:.4f} "
            "or smaller spreads"
        )
    highest = 4.0
    if excess(highest) < 0:
        raise UserError(
            f"world.accuracy.between_force_sd: {between_force_sd} is more than accuracies "
            "around the published ones can differ; give less"
        )
    tau = float(brentq(excess, 0.0, highest, xtol=_TOLERANCE, rtol=1e-12))
    solved = intercepts(tau)
    return Calibration(solved, tau, volume / _expected_p(grid, solved, load, tau, psi))


def expected_force_sd(
    calibration: Calibration,
    *,
    load_offset: Floats,
    psi: Floats,
    spreads: Spreads,
    fixed_effect: Floats,
) -> float:
    """Root of the expected variance over forces of accuracy, as `solve` defines it.

    At any state of the drivers; the reports due are those of the baseline. For
    *fixed_effect* see `expected_p_recorded`.
    """
    grid = Grid(spreads)
    load, tau = _with_given_effects(calibration.tau, load_offset, fixed_effect)
    due, intercept = calibration.expected_due, calibration.intercept
    return math.sqrt(_variance(grid, due, intercept, load, tau, psi))


def expected_p_recorded(
    calibration: Calibration,
    *,
    load_offset: Floats,
    psi: Floats,
    spreads: Spreads,
    fixed_effect: Floats,
) -> Floats:
    """E[p*] of each force and group, (F, K), at any state of the drivers.

    *fixed_effect* (F,) is the effect of a force in units of tau where it is
    given, NaN where it is drawn.
    """
    grid = Grid(spreads)
    load, tau = _with_given_effects(calibration.tau, load_offset, fixed_effect)
    return _expected_p(grid, calibration.intercept, load, tau, psi)


def _with_given_effects(
    tau: float, load_offset: Floats, fixed_effect: Floats
) -> tuple[Floats | Condensed, float | Floats]:
    """Offset and tau by force: an effect that is given moves the one and empties the other."""
    drawn = np.isnan(fixed_effect)
    if drawn.all():
        return condense(load_offset), tau
    given = tau * np.where(drawn, 0.0, fixed_effect)
    return (load_offset.T + given).T, np.where(drawn, tau, 0.0)


def _intercept(
    grid: Grid, volume: Floats, accuracy: float, load: Condensed, tau: float, psi: float,
    near: float,
) -> float:  # fmt: skip
    """Intercept of one group, sought from *near*."""
    volumes = float(volume.sum())
    total = volumes / accuracy

    def due(a: float) -> tuple[float, float]:
        """Reports due where the intercept is *a*, and how they move with it."""
        p, slope = (load.back @ part for part in grid.mean_and_slope(a + load.offset, tau, psi))
        return float(np.sum(volume / p)), -float(np.sum(volume * slope / p**2))

    def shortfall(a: float) -> float:
        return (due(a)[0] - total) / volumes

    # Newton's method on the logit of accuracy, on which the intercept is nearly a straight line.
    floor, a = grid.found_mean, near
    for _ in range(_MOST_STEPS):
        reports, slope = due(a)
        share = (volumes / reports - floor) / (1.0 - floor)
        if not (abs(a) < _HIGHEST and 0.0 < share < 1.0 and slope < 0.0):
            break
        target = (accuracy - floor) / (1.0 - floor)
        rise = -volumes * slope / reports**2 / (1.0 - floor) / (share * (1.0 - share))
        step = (math.log(share / (1.0 - share)) - math.log(target / (1.0 - target))) / rise
        a -= step
        if abs(step) <= _TOLERANCE * max(1.0, abs(a)):
            return a
    if not shortfall(-_HIGHEST) > 0.0 > shortfall(_HIGHEST):
        raise UserError(
            f"world.accuracy: {accuracy:.6g} cannot be met under the baseline's workload, training "
            "and pressure; give weaker effects, less excess workload or another accuracy"
        )
    return float(brentq(shortfall, -_HIGHEST, _HIGHEST, xtol=_TOLERANCE, rtol=1e-12))


def _expected_p(
    grid: Grid, intercept: Floats, load: Floats | Condensed, tau: float | Floats, psi: Floats
) -> Floats:
    """E[p*], (F, K)."""
    columns = []
    for a, effect in zip(intercept, psi, strict=True):
        if isinstance(load, Condensed):
            p = grid.mean_and_slope(a + load.offset, float(tau), effect)[0]
            columns.append(load.back @ p)
        else:
            columns.append(grid.mean_after_review(a + load, tau, effect))
    return np.stack(columns, axis=1)


def _p(grid: Grid, a: float, load: Floats | Condensed, tau: float | Floats, psi: float) -> Floats:
    """Chance of recording before review, (F, nodes)."""
    if isinstance(load, Condensed):
        p: Floats = load.back @ grid.p(a + load.offset, tau, psi)
        return p
    return grid.p(a + load, tau, psi)


def _variance(
    grid: Grid, due: Floats, intercept: Floats, load: Floats | Condensed, tau: float | Floats,
    psi: Floats,
) -> float:  # fmt: skip
    """E[s^2] over forces: the mean variance of one force plus the variance of the means."""
    share = due / due.sum(axis=1, keepdims=True)
    p = sum(
        share[:, k, None] * _p(grid, intercept[k], load, tau, psi[k]) for k in range(len(intercept))
    )
    mean_p, square_p = p @ grid.weight, p**2 @ grid.weight
    found, square_found = grid.found_mean, grid.found_square
    mean = mean_p + (1.0 - mean_p) * found
    # p* = p (1 - f) + f with p and f independent.
    square = (
        square_p * (1.0 - 2.0 * found + square_found)
        + 2.0 * mean_p * (found - square_found)
        + square_found
    )
    return float(np.mean(square - mean**2) + np.var(mean, ddof=1))
