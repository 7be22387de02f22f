"""Resamples of m - 1 of m forces, several forces to one random word.

One word of 32 bits picks a whole group of forces: g of them, in order, out of
the m^g there are. So the sums of a group are read off a table, and thirteen
forces take four look-ups instead of twelve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from underrecording.audit import Influence
from underrecording.estimation.compile import compiled
from underrecording.rng import philox

_LARGEST_TABLE = 4096
_LOW_32, _SHIFT_32 = np.uint64(0xFFFFFFFF), np.uint64(32)


class Draws(NamedTuple):
    """How m - 1 draws are grouped.

    Attributes
    ----------
    together : int
        Forces of a whole group, g, with m^g at most 4,096 (or g = 1).
    whole : int
        Groups of g forces.
    rest : int
        Forces of the last group; 0 if there is none but whole ones.
    groups : int
        All groups, the last one included.
    """

    together: int
    whole: int
    rest: int
    groups: int


@compiled
def groups_of(n_forces: int) -> Draws:
    """Group the *n_forces* - 1 draws from *n_forces* (2 or more).

    >>> groups_of(13)
    Draws(together=3, whole=4, rest=0, groups=4)
    >>> groups_of(43)
    Draws(together=2, whole=21, rest=0, groups=21)
    """
    draws = n_forces - 1
    together, size = 1, n_forces
    while together < draws and size * n_forces <= _LARGEST_TABLE:
        together += 1
        size *= n_forces
    whole = draws // together
    rest = draws - whole * together
    return Draws(together, whole, rest, whole + (1 if rest > 0 else 0))


@compiled
def draw_groups(seed: int, stratum: int, block: int, words: np.ndarray) -> None:
    """Fill *words* (4, B) with 32 random bits each: four groups of each of B resamples."""
    key = np.uint64(seed)
    low, high = key & _LOW_32, key >> _SHIFT_32
    c1, c2 = np.uint64(block), np.uint64(stratum)
    zero = np.uint64(0)
    for b in range(words.shape[1]):
        words[0, b], words[1, b], words[2, b], words[3, b] = philox(
            np.uint64(b), c1, c2, zero, low, high
        )


@compiled
def forces_of_group(word: int, n_forces: int, together: int) -> np.ndarray:
    """Positions of the forces that a random word picks, (together,).

    Each of the n_forces^together groups has the same chance to 1 part in a million.

    >>> forces_of_group(np.uint64(2**31), 3, 2)
    array([1, 1])
    """
    size = 1
    for _ in range(together):
        size *= n_forces
    left = np.int64((word * np.uint64(size)) >> _SHIFT_32)
    picked = np.empty(together, np.int64)
    for i in range(together):
        picked[together - 1 - i] = left % n_forces
        left //= n_forces
    return picked


@compiled
def group_sums(
    influence: Influence, members: np.ndarray, weight: float, draws: Draws
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums of numerator and denominator of every whole group, and of every last one.

    Returns
    -------
    two float arrays (m^together, 2) and (m^rest, 2)
    """
    m = members.size
    single = np.empty((m, 2))
    for i in range(m):
        single[i, 0] = weight * influence.numerator[members[i]]
        single[i, 1] = weight * influence.denominator[members[i]]
    return _powers(single, draws.together), _powers(single, draws.rest)


@compiled
def _powers(single: np.ndarray, together: int) -> np.ndarray:
    sums = np.zeros((1, 2))
    m = single.shape[0]
    for _ in range(together):
        longer = np.empty((sums.shape[0] * m, 2))
        for i in range(sums.shape[0]):
            for j in range(m):
                longer[i * m + j, 0] = sums[i, 0] + single[j, 0]
                longer[i * m + j, 1] = sums[i, 1] + single[j, 1]
        sums = longer
    return sums
