"""What an inspector holds: an `Audit`, and the `Estimate` she draws from it.

Nothing here knows the truth. An `Audit` is a named tuple of arrays so that the
same object goes through compiled and plain code, simulated or real.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Audit(NamedTuple):
    """One inspection of m forces, each in H strata of records.

    A crime report read is *due* (a crime that should be recorded) or not, and
    if due, recorded or not: ``recorded <= due <= sampled <= frame``.

    Attributes
    ----------
    force : int array (m,)
        Rows of the inspected forces in the frame of all F forces, ascending.
    frame, sampled, due, recorded : int arrays (m, H)
        Reports on the frame, read, read as due, and read as due and recorded.
    p_inclusion : float array (m,)
        Declared probability that the force is inspected, in (0, 1].
    force_stratum : int array (m,)
        Stratum of forces, 0, 1, ...; a force inspected with certainty by
        design is a stratum of its own.
    recorded_volume : float array (F, H)
        Recorded crimes a year of every force of the frame, inspected or not:
        public knowledge. All 0 where none is public.
    """

    force: Ints
    frame: Ints
    sampled: Ints
    due: Ints
    recorded: Ints
    p_inclusion: Floats
    force_stratum: Ints
    recorded_volume: Floats


class ForceFrame(NamedTuple):
    """What is publicly known of the F forces before anyone is inspected.

    Attributes
    ----------
    forces, regions, force_types : tuples of str, length F
    interim : tuple of str, length F
        Whether a force was in the 2014 interim sample: yes, probable, no, unknown.
    groups : tuple of str, length K
        Offence groups.
    recorded_volume : float array (F, K)
        Published recorded crimes a year.
    """

    forces: tuple[str, ...]
    regions: tuple[str, ...]
    force_types: tuple[str, ...]
    interim: tuple[str, ...]
    groups: tuple[str, ...]
    recorded_volume: Floats


class Influence(NamedTuple):
    """How an accuracy estimate responds to each record read, to first order.

    Attributes
    ----------
    contribution : float array (m,)
        What each force adds to the linearised estimate, weights included;
        their sum is 0 at the estimate itself.
    slope, ratio : float arrays (m, H)
        To first order, the estimate responds to a record of the stratum by
        ``slope * (recorded - ratio * due)``.
    """

    contribution: Floats
    slope: Floats
    ratio: Floats


class Estimate(NamedTuple):
    """A recording accuracy (or another share) with its variance and interval.

    Attributes
    ----------
    value, variance, low, high : float
        NaN where there is no answer.
    level : float
        Nominal coverage of (low, high), in (0, 1).
    df : float
        Degrees of freedom; inf for a normal quantile.
    reason : str
        "ok", or why there is no answer (see `REASONS`).
    """

    value: float
    variance: float
    low: float
    high: float
    level: float
    df: float
    reason: str


OK, NOTHING_DUE, NOTHING_RECORDED, ONE_FORCE, ONE_RECORD, AT_BOUNDARY, NO_VOLUME = range(7)

REASONS: dict[int, str] = {
    OK: "ok",
    NOTHING_DUE: "nothing due",
    NOTHING_RECORDED: "nothing recorded where divided by",
    ONE_FORCE: "one force inspected in a stratum of several",
    ONE_RECORD: "one record read in a stratum of several",
    AT_BOUNDARY: "estimate of 0 or 1, where the interval is undefined",
    NO_VOLUME: "no public volume to weight by",
}
"""Why an estimator may have no answer, by the code its compiled form returns."""
