"""What a real audit's table holds, and how large it may be."""

from __future__ import annotations

from dataclasses import dataclass

from underrecording.audit import Floats, Ints

# Addresses of random numbers have room for 1,023 forces; see `rng`.
MAX_FORCES, MAX_STRATA = 1_000, 10_000
# Of rows, and of the cells (forces x strata) that every array of an audit has.
MAX_ROWS = 2_000_000
MAX_BYTES = 500_000_000
# Sums over all cells stay far inside 64 bits.
MAX_COUNT = 10**12


@dataclass(frozen=True, eq=False)
class AuditTable:
    """A real audit as read from a file: R forces, inspected or not, in H strata of records.

    A force of which nothing was sampled was not inspected; only its frame and
    volume are told. Where the table has no row for a force and stratum, all is 0.

    Attributes
    ----------
    path : str
        The file.
    forces : tuple of str, length R
        In order of first appearance, as first written.
    strata : tuple of str, length H
        Likewise.
    frame, sampled, due, recorded, over_recorded : int arrays (R, H)
        As in `Audit`; ``frame`` and ``over_recorded`` are 0 where there is no
        such column, and for a frame that means: its size is unknown.
    volume : float array (R, H)
        Recorded crimes a year; 0 where there is no such column.
    p_inclusion : float array (R,), or None where there is no such column
        Declared probability that the force is inspected, in (0, 1]; NaN where
        it is left empty, which only a force not inspected may do.
    force_stratum : tuple of str, length R, or None where there is no such column
        Label of each force's stratum of forces.
    has_frame, has_volume, has_over_recorded : bool
        Whether the table has the column.
    rows : int
        Rows of data read.
    notes : tuple of str
        What the reader of the table should know, such as columns not used.
    """

    path: str
    forces: tuple[str, ...]
    strata: tuple[str, ...]
    frame: Ints
    sampled: Ints
    due: Ints
    recorded: Ints
    over_recorded: Ints
    volume: Floats
    p_inclusion: Floats | None
    force_stratum: tuple[str, ...] | None
    has_frame: bool
    has_volume: bool
    has_over_recorded: bool
    rows: int
    notes: tuple[str, ...] = ()
