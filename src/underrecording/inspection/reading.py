"""One strand with all that its readers do: what compiled code needs to read it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import FAULTLESS
from underrecording.inspection.count_tables import NO_TABLES, CountTables
from underrecording.inspection.forces.design import ForcePlan
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.readers import Readers, readers_of
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Known(NamedTuple):
    """Counts of every force, were it inspected, in B replicates: (B, F, H) each."""

    due: Ints
    recorded: Ints


NOTHING_KNOWN = Known(np.zeros((0, 0, 0), np.int64), np.zeros((0, 0, 0), np.int64))


class Reading(NamedTuple):
    """One strand in W worlds with all that its readers do: what compiled code needs.

    Attributes
    ----------
    strand : Strand
    forces : ForcePlan
    force_type : int array (F,)
    records : int array (F, H)
        Records to read in each force, were it inspected.
    readers : Readers
    misread : int
        Address of what readers make of the records drawn (see `misreading`); 0 where they
        find all there is.
    held : float array (1, 4, 2)
        `Audit.readers` where no audit estimates its own.
    purpose : int
        Of the random numbers.
    tables : CountTables
        Of a fixed world; empty where counts are drawn.
    known : Known
        Counts found already, of every force in every replicate; empty where none are.
    """

    strand: Strand
    forces: ForcePlan
    force_type: Ints
    records: Ints
    readers: Readers
    misread: int
    held: Floats
    purpose: int
    tables: CountTables
    known: Known


def make_reading(
    plan: InspectionPlan,
    review: Review,
    strand: Strand,
    tables: CountTables = NO_TABLES,
    known: Known = NOTHING_KNOWN,
) -> Reading:
    """What it takes to read *strand* as *review* says.

    *tables* of the strand's world and records, or counts *known* of them, if they are
    read plainly (`reads_plainly`); without either the same numbers take longer.
    """
    readers, misread = readers_of(review, strand)
    return Reading(
        strand=Strand._make(map(np.ascontiguousarray, strand)),
        forces=plan.forces,
        force_type=plan.force_type,
        records=np.ascontiguousarray(review.records),
        readers=readers,
        misread=misread,
        held=FAULTLESS[None] if review.held is None else review.held,
        purpose=review.purpose,
        tables=tables,
        known=known,
    )
