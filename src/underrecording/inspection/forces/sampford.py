"""Sampford's selection: exact inclusion probabilities without solving for anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.inspection.forces.tallies import tallies_ahead, tallies_of_others
from underrecording.rng import SELECT_FORCES, uniforms

Floats = NDArray[np.float64]


@compiled
def sampford(plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any) -> None:
    """Pass the forces once, taking each with its chance given those taken before.

    One uniform a force, at the force's own address. What is to come is summed
    over all ways to complete the sample, with the weight of Sampford's mark
    either on a force taken before (*slack* in all) or on one to come.
    """
    p, left, picked, slack = plan.p_select, plan.inspected, 0, 0.0
    plain, marked = tallies_ahead(p, left)
    for f in range(p.size):
        if left == 0:
            break
        chance, _ = uniforms(seed, world, replicate, SELECT_FORCES, f, 0, 0)
        ways = slack * plain[f, left] + marked[f, left]
        with_f = (slack + 1.0 - p[f]) * plain[f + 1, left - 1] + marked[f + 1, left - 1]
        # Where all are certain nothing can bear the mark, and both sides are 0.
        if p[f] >= 1.0 or chance * ways < p[f] * with_f:
            chosen[picked] = f
            picked += 1
            left -= 1
            slack += 1.0 - p[f]


def sampford_joint(p: Floats, count: int) -> Floats:
    """Joint inclusion probabilities of Sampford's law.

    Parameters
    ----------
    p : float array (F,), in (0, 1), adding up to *count*
        Inclusion probabilities.
    count : int
        m, 1 to F.

    A sample s has probability proportional to (m - sum p_f) times the product of
    p_f / (1 - p_f), sums and products over s. With S(A, k) the chance of taking k
    of the forces A independently, and M(A, k) the same with a mark (`tallies`)::

        pi_fg = p_f p_g ((2 - p_f - p_g) S(others, m - 2) + M(others, m - 2)) / M(all, m)

    All terms are positive, so no digits are lost.

    Returns
    -------
    joint : float array (F, F)
        *p* on the diagonal.

    Source: Sampford (1967), Biometrika 54:499.

    >>> sampford_joint(np.array([0.8, 0.6, 0.6]), 2).round(3).tolist()
    [[0.8, 0.4, 0.4], [0.4, 0.6, 0.2], [0.4, 0.2, 0.6]]
    """
    joint = np.zeros((len(p), len(p)))
    if count > 1:
        plain, marked = tallies_of_others(p, count - 2)
        slack = 2.0 - p[:, None] - p[None, :]
        joint = np.outer(p, p) * (slack * plain[:, :, -1] + marked[:, :, -1])
        joint /= tallies_ahead(p, count)[1][0, count]
    np.fill_diagonal(joint, p)
    return joint
