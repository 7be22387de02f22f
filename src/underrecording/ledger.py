"""The counts that only the simulation knows, and the truths read off them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NATIONAL, ALL_ROUTES = "national", "all_routes"


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

    @classmethod
    def empty(cls, worlds: int, forces: int, groups: int) -> Ledger:
        """Return a ledger of zeros, shape (worlds, forces, groups), to be filled."""
        return cls(*(np.zeros((worlds, forces, groups), np.int64) for _ in cls._fields))


def recorded_volume(ledger: Ledger) -> Ints:
    """Recorded crimes net of no-crimes, (W, F, K): what each force publishes."""
    return ledger.recorded + ledger.over_recorded - ledger.no_crimed


def force_accuracy(ledger: Ledger) -> Floats:
    """Recording accuracy of each force over all groups, (W, F)."""
    accuracy: Floats = ledger.recorded.sum(axis=2) / ledger.due.sum(axis=2)
    return accuracy


def under_recording_rate(ledger: Ledger, domain: str, groups: tuple[str, ...]) -> Floats:
    """True share of due crimes that went unrecorded, (W,).

    Parameters
    ----------
    ledger : Ledger
    domain : str
        ``national``: the auditable frame. ``all_routes``: with the other
        systems and the frame gap. Or one of *groups*: that offence group
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
    elif domain != NATIONAL:
        only = groups.index(domain)
        due, recorded = due[:, :, only : only + 1], recorded[:, :, only : only + 1]
    # Counts are whole, so their sums are exact in any order.
    unrecorded: Floats = (due - recorded).sum(axis=(1, 2)) / due.sum(axis=(1, 2))
    return unrecorded


def wrong_no_crime_share(ledger: Ledger, reviewed: tuple[int, ...]) -> Floats:
    """True share of wrong no-crime decisions among the *reviewed* groups, (W,)."""
    columns = list(reviewed)
    wrong = ledger.wrongly_no_crimed[:, :, columns].sum(axis=(1, 2))
    share: Floats = wrong / ledger.no_crimed[:, :, columns].sum(axis=(1, 2))
    return share
