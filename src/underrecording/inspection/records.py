"""How many records are read in each stratum of each force."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import ForceFrame
from underrecording.errors import UserError
from underrecording.inspection.anticipated import anticipated_sd
from underrecording.inspection.options import Records
from underrecording.inspection.sharing import share_for_least_variance, share_in_proportion
from underrecording.published import (
    fitted_sample_power,
    force_audits_2014,
    load_published,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST = 2
"""No-crime decisions read in a stratum, at least: one says nothing of the variance."""


def allocate(reports: Ints, frame: ForceFrame, options: Records) -> Ints:
    """Records to read in every stratum of every force, were it inspected, (F, H).

    Parameters
    ----------
    reports : int array (F, H)
        Reports on the frame.
    frame : ForceFrame
    options : Records
        ``per_force`` is the mean over all F forces, so their total is
        ``per_force`` times F, to rounding; groups read whole are on top. Under
        ``optimal`` it is the mean hours of reading: what is left of their total
        does not pay for the record next in line.

    Returns
    -------
    int array (F, H)
        At least ``minimum`` in each stratum, the whole of strata smaller than that.

    Raises
    ------
    UserError
        If *per_force* is too small for ``minimum`` records in each stratum.

    Notes
    -----
    ``neyman`` and ``optimal`` take every stratum of every force for a stratum of
    the audit and give the least sum of N**2 S**2 (1/n - 1/N), S the anticipated
    standard deviation of y - A x (`anticipated_sd`). Where forces are sampled,
    that is the second-stage term of the variance of `combined_ratio` if all have
    the same inclusion probability; else each would count 1/pi in it and pi in
    the expected hours, and the optimum be in proportion to N S / (pi sqrt(hours)).

    Strata four times as large are read four times as much, and violence more than
    burglary, whose residuals vary less:

    >>> frame = ForceFrame(("Kent", "Essex"), ("r",) * 2, ("county",) * 2, ("no",) * 2,
    ...                    ("violence", "burglary"), np.ones((2, 2)))
    >>> reports = np.array([[1000, 1000], [4000, 4000]])
    >>> allocate(reports, frame, Records(allocation="neyman", per_force=100))
    array([[24, 16],
           [96, 64]])
    """
    if options.allocation == "census":
        return reports.copy()
    sampled = ~_read_whole(frame, options)
    records = reports.copy()
    records[:, sampled] = _allocate_sampled(reports, sampled, frame, options)
    return records


def short_strata(reports: Ints, frame: ForceFrame, options: Records) -> int:
    """Strata, over all F forces, that hold fewer reports than are to be read there at least.

    They are read whole. Empty strata, and what is read whole by design, do not count.

    >>> frame = ForceFrame(("Kent", "Essex"), ("r",) * 2, ("county",) * 2, ("no",) * 2,
    ...                    ("violence", "burglary"), np.ones((2, 2)))
    >>> reports = np.array([[400, 19], [300, 0]])
    >>> short_strata(reports, frame, Records(allocation="equal", minimum=20))
    1
    """
    if options.allocation == "census":
        return 0
    sampled = reports[:, ~_read_whole(frame, options)]
    return int(((sampled > 0) & (sampled < options.minimum)).sum())


def allocate_evenly(reports: Ints, per_force: float) -> Ints:
    """The same number of records in every force, shared out by frame size within, (F, H).

    *reports* are expected numbers: `LEAST` are asked for even where fewer are
    expected, and what is there is read. Forces with fewer records than
    *per_force* are read whole and the others read more.

    >>> allocate_evenly(np.array([[90, 10], [900, 100], [4, 0]]), 20)
    array([[24,  3],
           [24,  3],
           [ 4,  2]])
    """
    held = np.maximum(1, reports.sum(axis=1, keepdims=True))
    least, most = np.full_like(reports, LEAST), np.maximum(reports, LEAST)
    total = max(per_force * len(reports), float(least.sum()))
    return share_in_proportion(total, reports / held, least, most)


def _read_whole(frame: ForceFrame, options: Records) -> Flags:
    """Whether an offence group is read whole, (H,)."""
    return np.array([name in options.census_groups for name in frame.groups], bool)


def _allocate_sampled(reports: Ints, sampled: Flags, frame: ForceFrame, options: Records) -> Ints:
    """Records in the groups that are not read whole, (F, number of *sampled*)."""
    held = np.ascontiguousarray(reports[:, sampled])
    least = np.minimum(held, options.minimum)
    hours = _hours(frame, options)[sampled] * np.ones(held.shape)
    total = options.per_force * len(held)
    # Hours such as 0.1 do not add up exactly.
    if total * (1 + 1e-12) < (hours * least).sum():
        raise UserError(_too_few(hours * least, options))
    if options.allocation not in ("neyman", "optimal"):
        return share_in_proportion(total, _sizes(held, frame, options), least, held)
    size = held * anticipated_sd(reports, frame.groups, options)[sampled]
    budget = total if options.allocation == "optimal" else round(total)
    return share_for_least_variance(budget, size, hours, least, held)


def _hours(frame: ForceFrame, options: Records) -> Floats:
    """What a record takes of ``per_force``, (H,): hours under ``optimal``, else 1."""
    hours: Mapping[Any, float] = options.hours if options.allocation == "optimal" else {}
    return np.array([hours.get(name, 1.0) for name in frame.groups])


def _too_few(least: Floats, options: Records) -> str:
    """Say that *least*, records or hours by stratum, (F, H), is more than there is."""
    wanted = (
        f"{options.minimum} record{'s' * (options.minimum > 1)} in each of {least.shape[1]} strata"
    )
    given, enough = f"{options.per_force:g}", math.ceil(least.sum() / len(least))
    what = (
        f"{given} hours do not pay for {wanted}"
        if options.allocation == "optimal"
        else f"{given} is fewer than {wanted}"
    )
    return f"inspection.records.per_force: {what}; give at least {enough}"


def _sizes(reports: Ints, frame: ForceFrame, options: Records) -> Floats:
    """Sizes that records are to be in proportion to: of forces times shares within, (F, H)."""
    held = reports.sum(axis=1).astype(np.float64)
    match options.allocation:
        case "equal":
            of_force = np.ones_like(held)
        case "power":
            of_force = held**options.exponent
        case "hmic_2014":
            of_force = _due_2014(frame)
        case _:
            of_force = held
    match options.within:
        case "equal":
            within = (reports > 0).astype(np.float64)
        case "power":
            within = np.where(reports > 0, reports.astype(np.float64) ** options.exponent, 0.0)
        case _:
            within = reports.astype(np.float64)
    size: Floats = (
        of_force[:, None] * within / np.maximum(within.sum(axis=1, keepdims=True), 1e-300)
    )
    return size


def _due_2014(frame: ForceFrame) -> Floats:
    """Due crimes audited in 2014: the published counts, elsewhere the law fitted to them."""
    published = load_published()
    known: Mapping[str, int | None] = {row.force: row.due for row in force_audits_2014(published)}
    coefficient, exponent = fitted_sample_power(published)
    fitted = coefficient * frame.recorded_volume.sum(axis=1) ** exponent
    return np.array(
        [known.get(name) or fit for name, fit in zip(frame.forces, fitted, strict=True)], float
    )
