"""Which of several forces is how high up: intervals of ranks, and the law of ranks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Floats, Ints
from underrecording.estimation.compile import compiled
from underrecording.estimation.effective_counts import EffectiveCounts
from underrecording.estimation.posterior import Posterior, node
from underrecording.special import beta_share

_CUTS = np.linspace(-4.2, 4.2, 22)
_NEGLIGIBLE = 0.005  # Weight, relative to the largest, of a node left out.


def joint_ranks(low: Floats, high: Floats) -> tuple[Ints, Ints]:
    """Best and worst rank of each force that intervals leave open, (m,) each; 1 is the highest.

    Parameters
    ----------
    low, high : float arrays (m,)
        Intervals that hold all m values with some confidence; the ranks then do.

    Source: Klein, Wright & Wieczorek (2020), J. R. Statist. Soc. A 183:837.

    >>> best, worst = joint_ranks(np.array([0.8, 0.7, 0.5]), np.array([0.9, 0.85, 0.6]))
    >>> best.tolist(), worst.tolist()
    ([1, 1, 3], [2, 2, 3])
    """
    surely_above = low[:, None] > high[None, :]
    return 1 + surely_above.sum(axis=0), low.size - surely_above.sum(axis=1)


def score_test(recorded: Floats, unrecorded: Floats) -> Floats:
    """P-value for each pair of forces that their chances are the same, (m, m); 1 on the diagonal.

    Two-sided; the normal test of two shares with a pooled variance, on
    effective counts.

    >>> p = score_test(np.array([110.0, 908.0]), np.array([10.0, 218.0]))
    >>> f"{p[0, 1]:.4f}"
    '0.0030'
    """
    from scipy.special import ndtr

    n = recorded + unrecorded
    share = recorded / n
    pooled = (recorded[:, None] + recorded) / (n[:, None] + n)
    variance = pooled * (1.0 - pooled) * (1.0 / n[:, None] + 1.0 / n)
    gap = np.abs(share[:, None] - share)
    # Where all records of both agree there is no variance and no gap.
    z = np.divide(gap, np.sqrt(variance), out=np.zeros_like(gap), where=variance > 0.0)
    p: Floats = 2.0 * ndtr(-z)
    return p


def holm(p: Floats) -> Floats:
    """P-values adjusted for their number, so that one false alarm among all is as rare as said.

    Parameters
    ----------
    p : float array (T,)

    Source: Holm (1979), Scand. J. Statist. 6:65.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


@compiled
def rank_law(
    posterior: Posterior, counts: EffectiveCounts, forces: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Posterior law of ranks, and of who is above whom; no random number is needed.

    Given mean and spread forces are independent, and the rank of a force at
    accuracy t is 1 + how many of the others lie above t: a sum of independent
    yes or no. That is averaged over t, cell by cell of a grid that follows every
    force: good to about 0.003.

    Parameters
    ----------
    posterior : Posterior
    counts : EffectiveCounts
    forces : int array (m,)
        Rows of the forces compared.

    Returns
    -------
    rank : float array (m, m)
        Probability that force i has rank j + 1; 1 is the highest accuracy.
    above : float array (m, m)
        Probability that force i is above force j; 0.5 on the diagonal.
    """
    m = forces.size
    rank, above = np.zeros((m, m)), np.zeros((m, m))
    others = np.zeros(m)
    total = 0.0
    edges = _edges(posterior, counts, forces)
    share = np.empty((m, edges.size))
    least = _NEGLIGIBLE * posterior.weight.max()
    for k in range(posterior.weight.size):
        a, b, weight = node(posterior, k)
        if weight < least:
            continue
        total += weight
        for f in range(m):
            for t in range(edges.size):
                share[f, t] = accuracy_share(edges[t], a, b, counts, forces[f])
        for t in range(edges.size - 1):
            higher = 1.0 - 0.5 * (share[:, t] + share[:, t + 1])
            for f in range(m):
                inside = weight * (share[f, t + 1] - share[f, t])
                if inside < 1e-9:
                    continue
                for g in range(m):
                    above[f, g] += inside * (1.0 - higher[g])
                _count_law(higher, f, others)
                for above_f in range(m):
                    rank[f, above_f] += inside * others[above_f]
    return _normalised(rank), above / total


@compiled
def accuracy_share(t: float, a: float, b: float, counts: EffectiveCounts, f: int) -> float:
    """P(A_f <= t) given A_f ~ Beta(a, b) before the force was read."""
    if t >= 1.0:
        return 1.0
    if counts.left[f] == 0.0:
        records = counts.recorded[f] + counts.unrecorded[f]
        return 1.0 if t >= counts.recorded[f] / records else 0.0
    more = 1.0 / counts.left[f]
    recorded, unrecorded = counts.recorded[f] * more, counts.unrecorded[f] * more
    return beta_share(t, a + recorded, b + unrecorded)  # type: ignore[no-any-return]


@compiled
def _edges(posterior: Posterior, counts: EffectiveCounts, forces: np.ndarray) -> np.ndarray:
    """Cells of accuracy: ends, and cuts through the law of each force, ascending."""
    mean = (posterior.weight * posterior.mean).sum()
    concentration = 1.0 / (posterior.weight / posterior.concentration).sum()
    cuts = [0.0, 1.0]
    for f in forces:
        n = counts.recorded[f] + counts.unrecorded[f]
        if counts.left[f] == 0.0:
            cuts.append(counts.recorded[f] / n)
            continue
        more = n / counts.left[f]
        share = (more * counts.recorded[f] / n + concentration * mean) / (more + concentration)
        sd = math.sqrt(share * (1.0 - share) / (more + concentration + 1.0))
        for cut in _CUTS:
            if 0.0 < share + cut * sd < 1.0:
                cuts.append(share + cut * sd)
    return np.unique(np.array(cuts))


@compiled
def _count_law(chance: np.ndarray, but: int, law: np.ndarray) -> None:
    """Fill *law* (m,) with the law of how many of independent events happen, one left out."""
    law[:] = 0.0
    law[0] = 1.0
    n = 0
    for g in range(chance.size):
        if g == but:
            continue
        n += 1
        for k in range(n, 0, -1):
            law[k] = law[k] * (1.0 - chance[g]) + law[k - 1] * chance[g]
        law[0] *= 1.0 - chance[g]


@compiled
def _normalised(law: np.ndarray) -> np.ndarray:
    """Rows that sum to 1, small cells left out."""
    normal = np.empty_like(law)
    for f in range(law.shape[0]):
        normal[f] = law[f] / law[f].sum()
    return normal
