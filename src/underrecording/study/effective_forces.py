"""How much a sample of m forces leaves open when forces differ in size.

A ratio of national totals weighs a force by its volume V_f, so m forces count as
fewer: of 43 forces of England and Wales drawn at random 13 count as seven, since a
few hold much of the volume. With p_f the share of force f in the sample's volume and
P_f in the nation's, and force effects independent with one variance, the
variance of the weighted mean about the national one is that variance times

    E[sum_S (p_f - P_f)^2 + sum_not-S P_f^2]

and record noise goes with E[sum_S p_f^2], one over the effective number (Kish 1965,
Survey Sampling, 11.7). The expectations are over simple random sets of forces.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.published import load_published
from underrecording.rng import orders

Floats = NDArray[np.float64]

_ORDERS = 20_000
"""Random orders of the forces: the expectations are good to about a quarter of a per cent."""


class Shape(NamedTuple):
    """What m forces leave open, for m = 1 to M, in units of a variance between forces.

    Attributes
    ----------
    weights : str
        ``volume`` or ``number``: by what forces count.
    between : float array (M,)
        Variance that forces leave.
    estimated : float array (M,)
        The same as a variance estimated from the sample finds it, squared mean root;
        NaN for one force.
    records : float array (M,)
        One over the effective number of forces.
    """

    weights: str
    between: Floats
    estimated: Floats
    records: Floats


def shape_by_number(n_forces: int) -> Shape:
    """Every force counts the same: 1/m - 1/M, and m forces count as m.

    >>> shape_by_number(43).between[[12, 42]].round(4).tolist()
    [0.0537, 0.0]
    """
    m = np.arange(1, n_forces + 1)
    between = 1.0 / m - 1.0 / n_forces
    return Shape("number", between, np.where(m > 1, between, np.nan), 1.0 / m)


def shape_by_volume(volume: Floats) -> Shape:
    """Forces count by their *volume*, (M,).

    Equal volumes are the shape by number:

    >>> found = shape_by_volume(np.ones(5))
    >>> found.between.round(4).tolist(), found.records.round(4).tolist()
    ([0.8, 0.3, 0.1333, 0.05, 0.0], [1.0, 0.5, 0.3333, 0.25, 0.2])
    """
    n_forces = volume.size
    shuffled = orders(_ORDERS, n_forces, 0)
    drawn = volume[shuffled]
    # Of the first m forces of each order: one pass serves every m.
    total, squares, cubes = (np.cumsum(drawn**power, axis=1) for power in (1, 2, 3))
    kish = squares / total**2
    nation = float((volume**2).sum() / volume.sum() ** 2)
    between = kish - 2.0 * squares / (total * volume.sum()) + nation
    m = np.arange(1, n_forces + 1)
    spread = np.maximum(0.0, kish - 2.0 * cubes / total**3 + kish**2)
    root = np.sqrt(spread).mean(axis=0)
    estimated = np.full(n_forces, np.nan)
    estimated[1:] = ((1.0 - m / n_forces) * m)[1:] / (m - 1)[1:] * root[1:] ** 2
    return Shape("volume", np.maximum(0.0, between.mean(axis=0)), estimated, kish.mean(axis=0))


@cache
def shapes() -> tuple[Shape, Shape]:
    """Both shapes of the forces of England and Wales, by their published volumes."""
    volume = load_published().forces.recorded.sum(axis=1).astype(float)
    return shape_by_volume(volume), shape_by_number(volume.size)
