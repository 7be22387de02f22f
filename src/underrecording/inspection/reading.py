"""One strand with all that its readers do: what compiled code needs to read it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import FAULTLESS
from underrecording.inspection.auditor import (
    READ_ONCE,
    Rereading,
    are_faultless,
    estimation_address,
)
from underrecording.inspection.count_tables import NO_TABLES, CountTables
from underrecording.inspection.forces.design import ForcePlan
from underrecording.inspection.inspect import InspectionPlan
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
    order : int array (H,)
        Strata, those of most records first: as they are fastest drawn.
    confusion : float array (4,)
    unreachable : float array (4,)
        Chance that a record is not found, by true category (see `auditor`).
    rereading : Rereading
        With a share of 0 where second readings would find nothing.
    plain : bool
        Whether readers find all there is (`reads_plainly`).
    estimation : int
        Address of `estimate_readers` where each audit estimates its own readers, else 0.
    held : float array (1, 4, 2)
        `Audit.readers` where it does not.
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
    order: Ints
    confusion: Floats
    unreachable: Floats
    rereading: Rereading
    plain: bool
    estimation: int
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
    return Reading(
        strand=Strand._make(map(np.ascontiguousarray, strand)),
        forces=plan.forces,
        force_type=plan.force_type,
        records=np.ascontiguousarray(review.records),
        order=np.argsort(-review.records.sum(axis=0), kind="stable"),
        confusion=review.confusion,
        unreachable=review.unreachable,
        rereading=review.rereading if _twice(review) else READ_ONCE,
        plain=reads_plainly(review),
        estimation=estimation_address() if review.held is None else 0,
        held=FAULTLESS[None] if review.held is None else review.held,
        purpose=review.purpose,
        tables=tables,
        known=known,
    )


def reads_plainly(review: Review) -> bool:
    """Whether readers find what there is, all of it, so that tables of counts will do."""
    faultless = bool(are_faultless(review.confusion))
    return faultless and not _twice(review) and not review.unreachable.any()


def _twice(review: Review) -> bool:
    """Whether second readings matter.

    Faultless readers leave nothing to find, unless what is held of them is to be found out.
    """
    found = review.held is None or not are_faultless(review.confusion)
    return found and review.rereading.share > 0.0
