"""Strata of records: offence groups, or each of them by the route of its reports."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.inspection.options import Records
from underrecording.ledger import ROUTES

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST = 2
"""Reports that a route must be expected to hold: one says nothing of the variance."""


class Strata(NamedTuple):
    """Strata of crime reports in every force.

    Attributes
    ----------
    groups : tuple of str, length H
        Offence group of each stratum. By route, the strata of a group lie side by
        side in the order of `ROUTES`.
    reports : int array (F, H)
        Reports on the frame; by route as many as are expected.
    by_route : bool array (F, K), or None
        Whether the routes of a group are apart in a force. Where not, all its
        reports are in the stratum of the first route. None: strata are groups.
    """

    groups: tuple[str, ...]
    reports: Ints
    by_route: Flags | None = None

    @property
    def collapsed(self) -> int:
        """Groups, over all forces, whose routes were left together as too small."""
        return 0 if self.by_route is None else int((~self.by_route).sum())


def lay_out_strata(
    reports: Ints, groups: tuple[str, ...], bureau_share: float, options: Records
) -> Strata:
    """Lay out the strata that *options* ask for.

    Parameters
    ----------
    reports : int array (F, K)
        Reports on the frame.
    groups : tuple of str, length K
    bureau_share : float
        Share of reports expected to have been made to the crime bureau.
    options : Records
        A route that is expected to hold fewer than ``minimum`` reports, or fewer
        than `LEAST`, is collapsed into its group.

    >>> records = Records(allocation="equal", strata="group_route")
    >>> strata = lay_out_strata(np.array([[100, 4]]), ("theft", "fraud"), 0.4, records)
    >>> strata.groups, strata.reports.tolist(), strata.collapsed
    (('theft', 'theft', 'fraud', 'fraud'), [[60, 40, 2, 2]], 0)
    >>> lay_out_strata(np.array([[100, 3]]), ("theft", "fraud"), 0.4, records).reports.tolist()
    [[60, 40, 3, 0]]
    """
    if options.strata == "group":
        return Strata(groups, reports)
    bureau = np.rint(reports * bureau_share).astype(np.int64)
    least = max(LEAST, options.minimum)
    apart: Flags = np.minimum(bureau, reports - bureau) >= least
    return Strata(
        groups=tuple(name for name in groups for _ in ROUTES),
        reports=side_by_side(reports, bureau, apart),
        by_route=apart,
    )


def side_by_side(both: Ints, bureau: Ints, apart: Flags) -> Ints:
    """Counts of both routes and of the crime bureau, (..., F, K), to those of strata, (..., F, H).

    >>> side_by_side(np.array([[9, 8]]), np.array([[4, 3]]), np.array([[True, False]])).tolist()
    [[5, 4, 8, 0]]
    """
    there = np.where(apart, bureau, 0)
    return np.stack([both - there, there], axis=-1).reshape(*both.shape[:-1], -1)
