"""What is audited: crime reports, and no-crime decisions, as the truth has them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.ledger import Ledger, recorded_volume

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Strand(NamedTuple):
    """One kind of record under audit, as the truth has it, in W worlds.

    ``due`` and ``recorded`` are the denominator and numerator of the strand's
    accuracy. For no-crime decisions all are "due" and the right ones "recorded".

    Attributes
    ----------
    reports, due, recorded, over_recorded : int arrays (W, F, H)
    volume : float array (W, F, H)
        What is published of ``recorded``; 0 where nothing is.
    """

    reports: Ints
    due: Ints
    recorded: Ints
    over_recorded: Ints
    volume: Floats


def reports_strand(ledger: Ledger) -> Strand:
    """The strand of crime reports."""
    volume = recorded_volume(ledger).astype(np.float64)
    return Strand(ledger.reports, ledger.due, ledger.recorded, ledger.over_recorded, volume)


def no_crimes_strand(ledger: Ledger, groups: tuple[int, ...]) -> Strand:
    """The strand of no-crime decisions of some offence *groups*.

    How many decisions there were is public, how many were right is not: so
    there is no volume for estimators that divide a public numerator by accuracy.
    """
    columns = list(groups)
    decisions = np.ascontiguousarray(ledger.no_crimed[:, :, columns])
    wrong = ledger.wrongly_no_crimed[:, :, columns]
    none = np.zeros_like(decisions)
    return Strand(decisions, decisions, decisions - wrong, none, none.astype(np.float64))
