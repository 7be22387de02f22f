"""The counts that only the simulation knows, and the truths read off them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NATIONAL, ALL_ROUTES, OTHER_SYSTEMS = "national", "all_routes", "other_systems"
ROUTES = CONTROL_ROOM, CRIME_BUREAU = "control_room", "crime_bureau"
"""How a report on the auditable frame came in: with an incident log, or directly to the bureau."""


class Ledger(NamedTuple):
    """What became of a year's crime reports, in W worlds.

    Attributes
    ----------
    reports, due, recorded, over_recorded : int arrays (W, F, K)
        The auditable frame: reports opened under a crime code; of those, due
        (should be recorded); due and recorded; not due and recorded all the same.
    no_crimed, wrongly_no_crimed : int arrays (W, F, K)
        Recorded crimes that were cancelled; of those, wrongly.
    other_due, other_recorded : int arrays (W, F, K)
        Due crimes reported on systems outside the frame (public protection,
        partner agencies); of those, recorded.
    gap_due : int array (W, F, K)
        Due crimes logged under codes that nobody audits; none is recorded.
    late, misclassified : int arrays (W, F, K)
        Due and recorded crimes recorded after the time limit; under another
        offence group. K is the group of the crime, not that of its record.
    disposals, wrong_disposals : int arrays (W, F, K)
        Recorded crimes, not cancelled, that ended in an out-of-court disposal;
        of those, wrongly.
    bureau_reports, bureau_due, bureau_recorded, bureau_over_recorded : int arrays (W, F, K)
        Of the first four, those made directly to the crime bureau.
    """

    reports: Ints
    due: Ints
    recorded: Ints
    over_recorded: Ints
    no_crimed: Ints
    wrongly_no_crimed: Ints
    other_due: Ints
    other_recorded: Ints
    gap_due: Ints
    late: Ints
    misclassified: Ints
    disposals: Ints
    wrong_disposals: Ints
    bureau_reports: Ints
    bureau_due: Ints
    bureau_recorded: Ints
    bureau_over_recorded: Ints

    @classmethod
    def empty(cls, worlds: int, forces: int, groups: int) -> Ledger:
        """Return a ledger of zeros, shape (worlds, forces, groups), to be filled."""
        # In one piece: parts that are never filled then take next to no time.
        return cls(*np.zeros((len(cls._fields), worlds, forces, groups), np.int64))


def recorded_volume(ledger: Ledger) -> Ints:
    """Recorded crimes net of no-crimes, (W, F, K): what each force publishes."""
    return ledger.recorded + ledger.over_recorded - ledger.no_crimed


def force_accuracy(ledger: Ledger) -> Floats:
    """Recording accuracy of each force over all groups, (W, F)."""
    # For sums over a short last axis `einsum` takes a third of the time of `sum`.
    recorded, due = (np.einsum("wfk->wf", counts) for counts in (ledger.recorded, ledger.due))
    accuracy: Floats = recorded / due
    return accuracy


def under_recording_rate(ledger: Ledger, domain: str, groups: tuple[str, ...]) -> Floats:
    """True share of due crimes that went unrecorded, (W,).

    Parameters
    ----------
    ledger : Ledger
    domain : str
        ``national``: the auditable frame. ``all_routes``: with the other
        systems and the frame gap. ``other_systems``: those alone. One of `ROUTES`:
        that part of the auditable frame. Or one of *groups*: that offence group
        nationally, in the auditable frame.
    groups : tuple of str, length K

    >>> ledger = Ledger.empty(1, 2, 1)
    >>> ledger.due[:] = 10
    >>> ledger.recorded[0, :, 0] = 9, 7
    >>> float(under_recording_rate(ledger, "national", ("violence",))[0])
    0.2
    """
    due, recorded = ledger.due, ledger.recorded
    if domain == ALL_ROUTES:
        due = due + ledger.other_due + ledger.gap_due
        recorded = recorded + ledger.other_recorded
    elif domain == OTHER_SYSTEMS:
        due, recorded = ledger.other_due, ledger.other_recorded
    elif domain == CRIME_BUREAU:
        due, recorded = ledger.bureau_due, ledger.bureau_recorded
    elif domain == CONTROL_ROOM:
        due, recorded = due - ledger.bureau_due, recorded - ledger.bureau_recorded
    elif domain != NATIONAL:
        only = groups.index(domain)
        due, recorded = due[:, :, only : only + 1], recorded[:, :, only : only + 1]
    # Counts are whole, so their sums are exact in any order.
    unrecorded: Floats = (due - recorded).sum(axis=(1, 2)) / due.sum(axis=(1, 2))
    return unrecorded


def force_under_recording_rate(ledger: Ledger, force: int) -> Floats:
    """True share of due crimes that went unrecorded in the force of row *force*, (W,).

    >>> ledger = Ledger.empty(1, 2, 1)
    >>> ledger.due[:] = 10
    >>> ledger.recorded[0, :, 0] = 9, 7
    >>> force_under_recording_rate(ledger, 1).round(2)
    array([0.3])
    """
    due, recorded = ledger.due[:, force], ledger.recorded[:, force]
    unrecorded: Floats = (due - recorded).sum(axis=1) / due.sum(axis=1)
    return unrecorded


def net_under_recording_rate(ledger: Ledger) -> Floats:
    """True share of due crimes that count nowhere: unrecorded, or wrongly cancelled, (W,).

    Who cancels a crime wrongly cancels a crime, so every wrong no-crime is taken
    off the recorded due crimes.

    >>> ledger = Ledger.empty(1, 2, 1)
    >>> ledger.due[:] = 10
    >>> ledger.recorded[0, :, 0] = 9, 7
    >>> ledger.wrongly_no_crimed[0, :, 0] = 1, 0
    >>> float(net_under_recording_rate(ledger)[0])
    0.25
    """
    uncounted = ledger.due - ledger.recorded + ledger.wrongly_no_crimed
    rate: Floats = uncounted.sum(axis=(1, 2)) / ledger.due.sum(axis=(1, 2))
    return rate


def unrecorded_per_recorded(ledger: Ledger) -> Floats:
    """True number of due crimes unrecorded for each recorded crime that is published, (W,).

    >>> ledger = Ledger.empty(1, 2, 1)
    >>> ledger.due[:] = 10
    >>> ledger.recorded[:] = 8
    >>> float(unrecorded_per_recorded(ledger)[0])
    0.25
    """
    unrecorded = (ledger.due - ledger.recorded).sum(axis=(1, 2))
    ratio: Floats = unrecorded / recorded_volume(ledger).sum(axis=(1, 2))
    return ratio


def wrong_no_crime_share(ledger: Ledger, groups: tuple[int, ...]) -> Floats:
    """True share of wrong no-crime decisions, in some offence *groups*, (W,)."""
    return _share(ledger.wrongly_no_crimed, ledger.no_crimed, groups)


def late_share(ledger: Ledger, groups: tuple[int, ...]) -> Floats:
    """True share of recorded due crimes recorded after the time limit, in some *groups*, (W,).

    >>> ledger = Ledger.empty(1, 2, 2)
    >>> ledger.recorded[:] = 10
    >>> ledger.late[0] = [[3, 9], [1, 9]]
    >>> float(late_share(ledger, (0,))[0])
    0.2
    """
    return _share(ledger.late, ledger.recorded, groups)


def misclassified_share(ledger: Ledger, groups: tuple[int, ...]) -> Floats:
    """True share of recorded due crimes recorded under another group, in some *groups*, (W,)."""
    return _share(ledger.misclassified, ledger.recorded, groups)


def wrong_disposal_share(ledger: Ledger, groups: tuple[int, ...]) -> Floats:
    """True share of wrong out-of-court disposals, in some offence *groups*, (W,)."""
    return _share(ledger.wrong_disposals, ledger.disposals, groups)


def _share(part: Ints, whole: Ints, groups: tuple[int, ...]) -> Floats:
    columns = list(groups)
    share: Floats = part[:, :, columns].sum(axis=(1, 2)) / whole[:, :, columns].sum(axis=(1, 2))
    return share
