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

_NO_LABELS = np.zeros(0, np.int64)
_NO_COUNTS = np.zeros((0, 0), np.int64)
_NO_TABLE = np.zeros((0, 0))
FAULTLESS = np.array([[1.0, 0.0]] * 4)
"""Readers who never err, and are known not to; see `Audit.readers`."""

BATCH = 384
"""Audits that are read and estimated together: enough that a force is inspected in many of
them, which go through vector instructions together, and few enough for the nearer caches."""


DUE, RECORDED, VAR_DUE, VAR_RECORDED, COVARIANCE = range(5)


class Totals(NamedTuple):
    """What the records read add up to, each weighted by N_h / n_h.

    Made from an audit (`underrecording.totals`), not told to it. Those of B audits have
    a leading axis (B,).

    Attributes
    ----------
    force : float array (m, 5)
        Of each inspected force, in the columns DUE, RECORDED, ...: estimated reports
        due, X_f, and due and recorded, Y_f; their variances and covariance, had others
        of the force's records been read, ``sum_h N_h^2 (1 - n_h / N_h) s_h^2 / n_h``.
        NaN where one record was read of a stratum of several.
    nation : float array (2,)
        sum_f X_f / pi_f and sum_f Y_f / pi_f.
    """

    force: Floats
    nation: Floats


_NO_TOTALS = Totals(np.zeros((0, 5)), np.zeros(2))


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
        A frame of 0 in a stratum that was read means: its size is unknown; every
        record read then counts the same, as if drawn with replacement.
    p_inclusion : float array (m,)
        Declared probability that the force is inspected, in (0, 1]; for forces
        drawn with replacement the expected number of draws, which may pass 1.
    force_stratum : int array (m,)
        Stratum of forces, 0, 1, ...; a force inspected with certainty by
        design is a stratum of its own.
    recorded_volume : float array (F, H)
        Recorded crimes a year of every force of the frame, inspected or not:
        public knowledge. All 0 where none is public.
    over_recorded : int array (m, H)
        Read as not due, and as recorded all the same; 0 where nobody looked.
    post_stratum : int array (F,)
        Kind of every force of the frame (metropolitan, county), 0, 1, ...
    p_joint : float array (F, F), or (0, 0) where none are stated
        Declared probabilities that two forces are inspected together;
        `p_inclusion` on the diagonal.
    readers : float array (4, 2)
        What is held of the readers: sensitivity and specificity of "due", then
        of "recorded"; beside each the variance with which it is known.
    seed : int
        From which an estimator that resamples takes its random numbers.
    totals : Totals
        Filled in where an audit is checked; what stood there before is not looked at.
    """

    force: Ints
    frame: Ints
    sampled: Ints
    due: Ints
    recorded: Ints
    p_inclusion: Floats
    force_stratum: Ints
    recorded_volume: Floats
    over_recorded: Ints = _NO_COUNTS
    post_stratum: Ints = _NO_LABELS
    p_joint: Floats = _NO_TABLE
    readers: Floats = FAULTLESS
    seed: int = 0
    totals: Totals = _NO_TOTALS


class Audits(NamedTuple):
    """B audits of m forces in H strata: `Audit` with a leading axis.

    Attributes
    ----------
    force : int array (B, m)
    frame, sampled, due, recorded : int arrays (B, m, H)
    p_inclusion : float array (B, m)
    force_stratum : int array (B, m)
    recorded_volume : float array (W, F, H)
        W is B, or 1 where all audits are of one world.
    over_recorded : int array (B, m, H)
    post_stratum : int array (F,)
    p_joint : float array (F, F) or (0, 0)
    readers : float array (R, 4, 2)
        R is B, or 1 where the same is held of the readers in all audits.
    seed : int array (B,)
    totals : Totals
        (B, m, 5) and (B, 2).
    """

    force: Ints
    frame: Ints
    sampled: Ints
    due: Ints
    recorded: Ints
    p_inclusion: Floats
    force_stratum: Ints
    recorded_volume: Floats
    over_recorded: Ints
    post_stratum: Ints
    p_joint: Floats
    readers: Floats
    seed: Ints
    totals: Totals


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
    spread : float array (m,)
        What each force adds to the variance because not all of its records were
        read: pi_f times the variance of its contribution, had others of them been
        read. NaN where one record was read of a stratum of several that matters.
    numerator, denominator : float arrays (m,)
        Where the estimate is a ratio of sums over forces: the force's terms;
        else NaN.
    readers : float array (1,)
        Variance that comes with what is held of the readers, where that is used.
    """

    contribution: Floats
    spread: Floats
    numerator: Floats
    denominator: Floats
    readers: Floats


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


(
    OK, NOTHING_DUE, NOTHING_RECORDED, ONE_FORCE, ONE_RECORD, AT_BOUNDARY, NO_VOLUME,
    NO_JOINT, WITH_REPLACEMENT, SINGULAR, BLIND_READERS, NEGATIVE, NOT_INSPECTED,
) = range(13)  # fmt: skip

REASONS: dict[int, str] = {
    OK: "ok",
    NOTHING_DUE: "nothing due",
    NOTHING_RECORDED: "nothing recorded where divided by",
    ONE_FORCE: "one force inspected in a stratum of several",
    ONE_RECORD: "one record read in a stratum of several",
    AT_BOUNDARY: "estimate of 0 or 1, where the interval is undefined",
    NO_VOLUME: "no public volume to weight by",
    NO_JOINT: "no joint inclusion probabilities stated",
    WITH_REPLACEMENT: "forces drawn with replacement",
    SINGULAR: "calibration without a solution",
    BLIND_READERS: "readers who tell nothing apart",
    NEGATIVE: "a negative variance",
    NOT_INSPECTED: "the force was not inspected",
}
"""Why an estimator may have no answer, by the code its compiled form returns."""
