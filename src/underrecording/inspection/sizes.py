"""How many forces, and how many records in each: the best two-stage sample for its cost."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from underrecording.errors import UserError

Floats = NDArray[np.float64]

MAX_FORCES = 1_000_000
"""Forces tried, at most; of concern only where there is no end of them."""


class TwoStage(NamedTuple):
    """F forces of N records each, what they vary by, and what it costs to look.

    For an accuracy, take the residuals y - A x over the due share q: *between*
    is then the variance over forces of accuracy, and *within* the variance of a
    residual in a force over q**2.

    Attributes
    ----------
    between : float
        Variance over forces of their means, divisor F - 1.
    within : float
        Variance over records of a force, divisor N - 1, mean over forces.
    forces, records : float
        F and N; inf for no end of them.
    cost_force, cost_record : float
        Of one more force, and of one more record, in any one unit.
    """

    between: float
    within: float
    forces: float
    records: float
    cost_force: float
    cost_record: float


class Sizes(NamedTuple):
    """A two-stage sample.

    Attributes
    ----------
    forces, records : int
        Inspected, and read in each of them.
    variance : float
        Of the mean.
    cost : float
    """

    forces: int
    records: int
    variance: float
    cost: float


def two_stage_variance(design: TwoStage, forces: ArrayLike, records: ArrayLike) -> Floats:
    """Variance of the mean of *records* in each of *forces*, simple random at both stages.

    (1/m - 1/F) between + (1/n - 1/N) within / m, for any m and n of shapes that broadcast.
    Source: Cochran (1977), Sampling Techniques, sec. 10.3. Assumes forces of one size.

    >>> design = TwoStage(0.08**2, 0.2, 43, 10_000, 100.0, 1.0)
    >>> (two_stage_variance(design, [5, 13, 43], 160) ** 0.5).round(4)
    array([0.0371, 0.0209, 0.0053])
    """
    m, n = np.asarray(forces, np.float64), np.asarray(records, np.float64)
    between = (1 / m - 1 / design.forces) * design.between
    within = (1 / n - 1 / design.records) * design.within / m
    total: Floats = between + within
    return total


def best_records_per_force(design: TwoStage) -> float:
    """Records per force of least variance, whatever is spent in all; not a whole number.

    sqrt(within / (between - within / N) * cost_force / cost_record), between 1
    and N: the dearer a visit, the more; the more forces differ, the fewer.
    Source: Cochran (1977), Sampling Techniques, sec. 10.6.

    >>> f"{best_records_per_force(TwoStage(0.08**2, 0.2, 43, 10_000, 100.0, 1.0)):.1f}"
    '56.0'
    """
    clear = design.between - design.within / design.records
    if clear <= 0:
        # Forces are as alike as random heaps of records: more of one is as good, and saves visits.
        return design.records
    best = math.sqrt(design.within / clear * design.cost_force / design.cost_record)
    return min(max(1.0, best), design.records)


def optimal_sizes(design: TwoStage, budget: float, *, least: int) -> Sizes:
    """The sample of least variance that costs no more than *budget*, in whole numbers.

    Every number of forces is tried with as many records as are left to pay for;
    of samples of equal variance the one of fewest forces is taken.

    Parameters
    ----------
    design : TwoStage
    budget : float
        In the unit of the costs.
    least : int
        Records to read in a force at least, 1 or more; a variance needs 2.

    Raises
    ------
    UserError
        If *budget* does not pay for *least* records in one force.
    ValueError
        If *design* or *least* is out of range.

    >>> design = TwoStage(0.08**2, 0.2, 43, 10_000, 100.0, 1.0)
    >>> optimal_sizes(design, 2_000.0, least=2)[:2]
    (13, 53)
    """
    _check(design, least)
    cheapest = design.cost_force + design.cost_record * least
    if budget < cheapest:
        raise UserError(
            f"a budget of {budget:g} does not pay for one force and {least} records in it; "
            f"give at least {math.ceil(cheapest)}"
        )
    forces = _up_to(min(design.forces, budget / cheapest * (1 + 1e-12)))
    payable = (budget / forces - design.cost_force) / design.cost_record * (1 + 1e-12)
    records = np.clip(np.floor(payable), least, design.records)
    best = int(np.argmin(two_stage_variance(design, forces, records)))
    return _sizes(design, forces[best], records[best])


def cheapest_sizes(design: TwoStage, variance: float, *, least: int) -> Sizes:
    """The cheapest sample whose variance is no more than *variance*, in whole numbers.

    Every number of forces is tried with as few records as will do; of samples of
    equal cost the one of fewest forces is taken.

    Parameters
    ----------
    design : TwoStage
    variance : float
        More than 0.
    least : int
        As for `optimal_sizes`.

    Raises
    ------
    ValueError
        If *design*, *variance* or *least* is out of range.

    >>> design = TwoStage(0.08**2, 0.2, 43, 10_000, 100.0, 1.0)
    >>> cheapest_sizes(design, 0.025**2, least=2)[:2]
    (13, 55)
    """
    _check(design, least)
    if not variance > 0:
        raise ValueError(f"variance is {variance:g}, not more than 0")
    # The variance is (clear + within / n) / m, less what the count of forces takes off it.
    clear = design.between - design.within / design.records
    allowed = (variance + design.between / design.forces) * (1 + 1e-12)
    enough = math.ceil((clear + design.within / least) / allowed)
    forces = _up_to(min(design.forces, max(1, enough)))
    room = allowed * forces - clear
    will_do = (room >= design.within / design.records) & ((room > 0) | (design.within == 0))
    forces, room = forces[will_do], room[will_do]
    needed = np.divide(design.within, room, out=np.zeros_like(room), where=room > 0)
    records = np.clip(np.ceil(needed), least, design.records)
    best = int(np.argmin(forces * (design.cost_force + design.cost_record * records)))
    return _sizes(design, forces[best], records[best])


def _sizes(design: TwoStage, forces: float, records: float) -> Sizes:
    variance = float(two_stage_variance(design, forces, records))
    cost = forces * (design.cost_force + design.cost_record * records)
    return Sizes(int(forces), int(records), variance, float(cost))


def _up_to(limit: float) -> Floats:
    """1, 2, ... up to *limit*."""
    if limit > MAX_FORCES:
        raise UserError(f"{limit:.3g} forces to be tried; say how many there are, or pay for fewer")
    return np.arange(1.0, math.floor(limit) + 1.0)


def _check(design: TwoStage, least: int) -> None:
    """Refuse what makes no sense, by name."""
    wrong = [name for name in ("between", "within") if not 0 <= getattr(design, name) < math.inf]
    wrong += [
        name for name in ("cost_force", "cost_record") if not 0 < getattr(design, name) < math.inf
    ]
    wrong += [name for name in ("forces", "records") if not getattr(design, name) >= 1]
    if not 1 <= least <= design.records:
        wrong.append("least")
    if wrong:
        raise ValueError(f"out of range: {', '.join(wrong)}")
