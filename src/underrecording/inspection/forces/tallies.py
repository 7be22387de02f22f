"""How many forces are taken when each is taken by itself: what fixed sizes rest on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled

Floats = NDArray[np.float64]


@compiled
def tallies_ahead(p: Any, count: Any) -> Any:
    """Chances of taking so many of the forces from one on to the last.

    Each force f is taken by itself with probability p_f. In the marked tally one
    of the forces taken is marked, and a mark on force f weighs 1 - p_f.

    Parameters
    ----------
    p : float array (F,)
    count : int
        m, largest number that is of interest.

    Returns
    -------
    plain, marked : float arrays (F + 1, m + 1)
        Row f is of forces f, f + 1, ..., column k of taking exactly k of them.

    These are the symmetric functions of the odds p / (1 - p), each times the
    chance of taking nobody: they neither overflow nor cancel.
    Source: Chen, Dempster & Liu (1994), Biometrika 81:457, section 2.

    >>> plain, marked = tallies_ahead(np.array([0.5, 0.5]), 2)
    >>> plain[0].tolist(), marked[0].tolist()
    ([0.25, 0.5, 0.25], [0.0, 0.25, 0.25])
    """
    n_forces = p.size
    plain, marked = np.zeros((n_forces + 1, count + 1)), np.zeros((n_forces + 1, count + 1))
    plain[n_forces, 0] = 1.0
    for f in range(n_forces - 1, -1, -1):
        out = 1.0 - p[f]
        plain[f, 0] = out * plain[f + 1, 0]
        for k in range(1, count + 1):
            plain[f, k] = p[f] * plain[f + 1, k - 1] + out * plain[f + 1, k]
            with_f = out * plain[f + 1, k - 1] + marked[f + 1, k - 1]
            marked[f, k] = p[f] * with_f + out * marked[f + 1, k]
    return plain, marked


def tallies_of_others(p: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the same two tallies of all forces but a pair, for every pair.

    Returns
    -------
    plain, marked : float arrays (F, F, m + 1)
        Without forces f and g; on the diagonal without f alone.

    >>> plain, _ = tallies_of_others(np.array([0.5, 0.25, 0.125]), 2)
    >>> plain[0, 1].tolist(), plain[2, 2].tolist()
    ([0.875, 0.125, 0.0], [0.375, 0.5, 0.125])
    """
    n_forces = len(p)
    plain, marked = np.zeros((2, n_forces, n_forces, count + 1))
    plain[:, :, 0] = 1.0
    for f in range(n_forces):
        taken = np.full((n_forces, n_forces, 1), p[f])
        taken[f], taken[:, f] = 0.0, 0.0
        with_f = taken * ((1.0 - p[f]) * plain[:, :, :-1] + marked[:, :, :-1])
        marked *= 1.0 - taken
        marked[:, :, 1:] += with_f
        with_f = taken * plain[:, :, :-1]
        plain *= 1.0 - taken
        plain[:, :, 1:] += with_f
    return plain, marked
