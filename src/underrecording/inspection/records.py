"""How many records are read in each stratum of each force."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import ForceFrame
from underrecording.errors import UserError
from underrecording.inspection.options import Records
from underrecording.published import (
    fitted_sample_power,
    force_audits_2014,
    load_published,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST = 2
"""Records read in a stratum, at least: one says nothing of the variance."""


def allocate(reports: Ints, frame: ForceFrame, options: Records) -> Ints:
    """Records to read in every stratum of every force, were it inspected, (F, H).

    Parameters
    ----------
    reports : int array (F, H)
        Reports on the frame.
    frame : ForceFrame
    options : Records
        ``per_force`` is the mean over all F forces, so their total is
        ``per_force`` times F, to rounding.

    Returns
    -------
    int array (F, H)
        At least `LEAST` in each stratum, the whole of strata smaller than that.

    Raises
    ------
    UserError
        If *per_force* is too small for `LEAST` records in each stratum.
    """
    if options.allocation == "census":
        return reports.copy()
    total = options.per_force * len(reports)
    least = np.minimum(reports, LEAST)
    if total < least.sum():
        enough = math.ceil(least.sum() / len(reports))
        raise UserError(
            f"inspection.records.per_force: {options.per_force:g} is fewer than {LEAST} records in "
            f"each of {reports.shape[1]} strata; give at least {enough}"
        )
    return _share_out(total, _sizes(reports, frame, options), least, reports)


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
    return _share_out(total, reports / held, least, most)


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


def _share_out(total: float, size: Floats, least: Ints, most: Ints) -> Ints:
    """Share *total* out in proportion to *size*, between *least* and *most*, in whole numbers."""
    if total >= most.sum():
        return most.copy()
    low, high = 0.0, float(most.max() / size[size > 0].min()) + 1.0
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
