"""A total shared out in whole numbers: in proportion to sizes, or for the least variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def share_in_proportion(total: float, size: Floats, least: Ints, most: Ints) -> Ints:
    """*total* shared out in proportion to *size*, between *least* and *most*, in whole numbers.

    Parameters
    ----------
    total : float
        At least the sum of *least*.
    size : float array, not negative
    least, most : int arrays of the shape of *size*

    Returns
    -------
    int array of that shape
        Rounded by largest remainders; adds up to *total*, or to the sum of
        *most* where that is less.

    >>> least, most = np.array([2, 2, 2]), np.array([100, 5, 100])
    >>> share_in_proportion(20.0, np.array([1.0, 6.0, 3.0]), least, most)
    array([ 4,  5, 11])
    """
    if total >= most.sum():
        return most.copy()
    low, high = 0.0, _scale_of_all(size, most)
    # The scale at which the bounded shares add up is found by bisection: they rise with it.
    for _ in range(200):
        middle = 0.5 * (low + high)
        if np.clip(middle * size, least, most).sum() < total:
            low = middle
        else:
            high = middle
    share = np.clip(high * size, least, most)
    whole = np.floor(share).astype(np.int64)
    missing = min(round(total), int(most.sum())) - int(whole.sum())
    largest = np.argsort(-(share - whole), axis=None, kind="stable")[: max(0, missing)]
    # Not reshape(-1): of a table in Fortran order that is a copy.
    whole.flat[largest] += 1
    return np.minimum(whole, most)


def share_for_least_variance(
    budget: float, size: Floats, price: Floats, least: Ints, most: Ints
) -> Ints:
    """Whole numbers n of least sum(size**2 / n) among all whose price, sum(price * n), is no more.

    Without bounds and rounding n is in proportion to size / sqrt(price). In
    whole numbers, one more after n lowers the sum by size**2 / (n (n + 1)), and
    n is best where all that is read gains more for its price than all that is not.

    Parameters
    ----------
    budget : float
        At least the price of *least*.
    size : float array, not negative
        Of a stratum: reports times standard deviation.
    price : float array, positive
        Of one record.
    least, most : int arrays of the shape of *size*
        *least* is 1 or more wherever *most* is.

    Returns
    -------
    int array of that shape
        What is left of *budget* does not pay for the record next in line.

    Source: Neyman (1934), J. R. Statist. Soc. 97:558, for equal prices; Cochran
    (1977), Sampling Techniques, sec. 5.5, for others; Wright (2012), Am. Stat.
    66:217, for whole numbers: the method of equal proportions.

    >>> size, one = np.array([100.0, 200.0, 400.0]), np.ones(3)
    >>> least, most = np.array([2, 2, 2]), np.array([900, 900, 30])
    >>> share_for_least_variance(60.0, size, one, least, most)
    array([10, 20, 30])
    >>> share_for_least_variance(45.0, size, np.array([1.0, 4.0, 1.0]), least, most)
    array([ 5,  5, 20])
    """
    most_that_counts = budget * (1 + 1e-12)  # Prices such as 0.1 do not add up exactly.
    if (price * most).sum() <= most_that_counts:
        return most.copy()
    rank = size / np.sqrt(price)
    low, high = 0.0, _scale_of_all(rank, most)
    for _ in range(200):
        middle = 0.5 * (low + high)
        if (price * _equal_proportions(middle * rank, least, most)).sum() <= most_that_counts:
            low = middle
        else:
            high = middle
    records = _equal_proportions(low * rank, least, most)
    # Strata alike meet the threshold together, and the budget may pay for some of them only.
    while True:
        gain = np.divide(
            rank**2, records * (records + 1.0), out=np.zeros_like(rank), where=records < most
        )
        best = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[best] <= 0 or (price * records).sum() + price[best] > most_that_counts:
            return records
        records[best] += 1


def _scale_of_all(size: Floats, most: Ints) -> float:
    """A scale at which every share in proportion to *size* is above *most*."""
    return float(most.max() / size[size > 0].min()) + 1.0


def _equal_proportions(share: Floats, least: Ints, most: Ints) -> Ints:
    """*share* rounded up above sqrt(n (n + 1)) and down below it, within bounds."""
    # The largest n with n (n - 1) <= share**2; never 0, which would leave a variance infinite.
    whole = np.floor(0.5 + np.sqrt(0.25 + np.minimum(share, most + 1.0) ** 2))
    records: Ints = np.clip(whole, least, most).astype(np.int64)
    return records
