"""Conditional Poisson selection: the law of greatest entropy for given probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.inspection.forces.tallies import tallies_ahead, tallies_of_others
from underrecording.rng import SELECT_FORCES, uniforms

Floats = NDArray[np.float64]

_TOLERANCE, _STEPS = 1e-13, 200


@compiled
def conditional_poisson(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Pass the forces once, taking each with its chance given how many are still to take.

    One uniform a force, at the force's own address.
    """
    p, left, picked = plan.p_select, plan.inspected, 0
    ahead, _ = tallies_ahead(p, left)
    for f in range(p.size):
        chance, _ = uniforms(seed, world, replicate, SELECT_FORCES, f, 0, 0)
        if left > 0 and chance * ahead[f, left] < p[f] * ahead[f + 1, left - 1]:
            chosen[picked] = f
            picked += 1
            left -= 1


def conditional_poisson_joint(working: Floats, count: int) -> Floats:
    """Joint inclusion probabilities when independent selections happen to take *count*.

    Parameters
    ----------
    working : float array (F,), in (0, 1)
        Probabilities of the independent selections.
    count : int
        m, 1 to F.

    Formula, S(A, k) the chance of taking k of the forces A::

        pi_fg = w_f w_g S(all but f and g, m - 2) / S(all, m)

    Returns
    -------
    joint : float array (F, F)
        Inclusion probabilities on the diagonal.

    >>> conditional_poisson_joint(np.array([0.5, 0.5, 0.5]), 2).round(3).tolist()[0]
    [0.667, 0.333, 0.333]
    """
    others, _ = tallies_of_others(working, count - 1)
    joint = np.outer(working, working) * (others[:, :, count - 2] if count > 1 else 0.0)
    np.fill_diagonal(joint, working * others.diagonal()[count - 1])
    ahead, _ = tallies_ahead(working, count)
    return joint / float(ahead[0, count])


def working_probabilities(p: Floats, count: int) -> Floats:
    """Probabilities of independent selections that, given their number, have chances *p*.

    Parameters
    ----------
    p : float array (F,), in (0, 1), adding up to *count*
    count : int

    Raises
    ------
    ArithmeticError
        If *p* is not reached, to 13 decimals, in 200 steps.

    The law is an exponential family in the log odds with the selections as its
    statistic: their covariance is the derivative of their means, and Newton's
    steps climb a concave likelihood. A step is shortened to log(1 + r) / r of
    itself, r the most that a sample could change in its direction, which never
    overshoots (Bach 2010, Electron. J. Statist. 4:384) and tends to a whole one.
    Source: Chen, Dempster & Liu (1994), Biometrika 81:457, section 3.

    They are determined up to a common factor of their odds.

    >>> working = working_probabilities(np.array([0.8, 0.7, 0.5]), 2)
    >>> conditional_poisson_joint(working, 2).diagonal().round(12).tolist()
    [0.8, 0.7, 0.5]
    """
    log_odds = np.log(p) - np.log1p(-p)
    for _ in range(_STEPS):
        working: Floats = 1.0 / (1.0 + np.exp(-log_odds))
        joint = conditional_poisson_joint(working, count)
        reached = joint.diagonal()
        missing = p - reached
        if np.abs(missing).max() <= _TOLERANCE:
            return working
        # The size is fixed, so the covariance is singular along equal shifts; adding 1 mends it.
        step = np.linalg.solve(joint - np.outer(reached, reached) + 1.0, missing)
        longest = min(count, len(p) - count) * np.ptp(step)
        log_odds += step * np.log1p(longest) / longest
    raise ArithmeticError(f"no working probabilities after {_STEPS} steps")
