"""What is audited: crime reports, decisions about crimes, crime records, as the truth has them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.inspection.strata import Flags, side_by_side
from underrecording.ledger import ROUTES, Ledger, recorded_volume

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Strand(NamedTuple):
    """One kind of record under audit, as the truth has it, in W worlds.

    ``due`` and ``recorded`` are the denominator and numerator of the strand's
    accuracy. Where faults are looked for, all are "due" and those without are "recorded".

    Attributes
    ----------
    reports, due, recorded, over_recorded : int arrays (W, F, H)
    volume : float array (W, F, H) or (1, F, H)
        What is published of ``recorded``; 0 where nothing is.
    """

    reports: Ints
    due: Ints
    recorded: Ints
    over_recorded: Ints
    volume: Floats


def reports_strand(ledger: Ledger, *, volumes: bool = True) -> Strand:
    """The strand of crime reports; volumes are NaN where they are not asked for."""
    if volumes:
        volume = recorded_volume(ledger).astype(np.float64)
    else:
        volume = np.full((1, *ledger.reports.shape[1:]), np.nan)
    return Strand(ledger.reports, ledger.due, ledger.recorded, ledger.over_recorded, volume)


def reports_by_route_strand(ledger: Ledger, by_route: Flags, *, volumes: bool = True) -> Strand:
    """The strand of crime reports, strata by offence group and route (see `Strata`).

    Forces publish volumes by group, not by route: a group's is shared out by reports,
    so that totals of groups and forces are what is published.
    """
    reports = side_by_side(ledger.reports, ledger.bureau_reports, by_route)
    whole = np.repeat(ledger.reports, len(ROUTES), axis=-1)
    published = reports_strand(ledger, volumes=volumes).volume
    volume = np.repeat(published, len(ROUTES), axis=-1)
    if volumes:
        volume = volume * (reports / np.maximum(whole, 1))
    return Strand(
        reports,
        side_by_side(ledger.due, ledger.bureau_due, by_route),
        side_by_side(ledger.recorded, ledger.bureau_recorded, by_route),
        side_by_side(ledger.over_recorded, ledger.bureau_over_recorded, by_route),
        volume,
    )


def no_crimes_strand(ledger: Ledger, groups: tuple[int, ...]) -> Strand:
    """The strand of no-crime decisions of some offence *groups*.

    How many decisions there were is public, how many were right is not: so
    there is no volume for estimators that divide a public numerator by accuracy.
    """
    return _faults(ledger.no_crimed, ledger.wrongly_no_crimed, groups)


def late_strand(ledger: Ledger, groups: tuple[int, ...]) -> Strand:
    """The strand of recorded due crimes of some offence *groups*, read for lateness."""
    return _faults(ledger.recorded, ledger.late, groups)


def misclassified_strand(ledger: Ledger, groups: tuple[int, ...]) -> Strand:
    """The strand of recorded due crimes of some offence *groups*, read for classification."""
    return _faults(ledger.recorded, ledger.misclassified, groups)


def disposals_strand(ledger: Ledger, groups: tuple[int, ...]) -> Strand:
    """The strand of out-of-court disposals of some offence *groups*."""
    return _faults(ledger.disposals, ledger.wrong_disposals, groups)


def other_systems_strand(ledger: Ledger, groups: tuple[int, ...]) -> Strand:
    """The strand of due crimes of some offence *groups* that are held on other systems."""
    return _faults(ledger.other_due, ledger.other_due - ledger.other_recorded, groups)


def _faults(records: Ints, faults: Ints, groups: tuple[int, ...]) -> Strand:
    columns = list(groups)
    read = np.ascontiguousarray(records[:, :, columns])
    sound = read - faults[:, :, columns]
    none = np.zeros_like(read)
    return Strand(read, read, sound, none, none.astype(np.float64))
