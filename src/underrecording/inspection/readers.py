"""Who reads a strand and how well: what compiled code needs to know of it."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.dispatch import address_of, through
from underrecording.inspection.auditor import READ_ONCE, Rereading, estimation_address
from underrecording.inspection.misreading import misread_once, misread_twice
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.inspection.thinning import (
    MOST,
    NO_THINNING,
    ThinningTables,
    thinning_tables,
)
from underrecording.totals import room_for_totals

_STEP = 32
"""Tables are made for counts up to a multiple of this, so that few of them are."""


class Readers(NamedTuple):
    """All that readers do to the records drawn.

    Attributes
    ----------
    confusion : float array (4,)
        Rates, in the order of `Audit.readers`.
    unreachable : float array (4,)
        Chance that a record is not found, by true category (see `auditor`).
    losses : bool
        Whether any of them is above 0.
    rereading : Rereading
        With a share of 0 where second readings would find nothing.
    estimation : int
        Address of `estimate_readers` where each audit estimates its own readers, else 0.
    tables : ThinningTables
        Of due and not due read as due, recorded and not read as recorded, and of losses,
        where there are any, in the four categories.
    """

    confusion: NDArray[np.float64]
    unreachable: NDArray[np.float64]
    losses: bool
    rereading: Rereading
    estimation: int
    tables: ThinningTables


def readers_of(review: Review, strand: Strand) -> tuple[Readers, int]:
    """Readers of *strand*, and the address of what they do to its records; 0: nothing."""
    most = int(np.minimum(review.records, strand.reports.max(axis=0)).max(initial=0))
    twice, plain = reads_twice(review), reads_plainly(review)
    one_by_one = twice or most > MOST
    losses = bool(review.unreachable.any())
    chances = () if plain or one_by_one else _chances(review, losses)
    readers = Readers(
        confusion=review.confusion,
        unreachable=review.unreachable,
        losses=losses,
        rereading=review.rereading if twice else READ_ONCE,
        estimation=estimation_address() if review.held is None else 0,
        tables=thinning_tables(chances, -(-most // _STEP) * _STEP) if chances else NO_THINNING,
    )
    return readers, 0 if plain else _address(misread_twice if one_by_one else misread_once)


def _chances(review: Review, losses: bool) -> tuple[float, ...]:
    a, b, c, d = review.confusion.tolist()
    # As `read_once` has them, to the last digit.
    chances = (a, 1.0 - b, c, 1.0 - d)
    return (*chances, *review.unreachable.tolist()) if losses else chances


def reads_plainly(review: Review) -> bool:
    """Whether readers find what there is, all of it, so that tables of counts will do."""
    return _are_faultless(review) and not reads_twice(review) and not review.unreachable.any()


def reads_twice(review: Review) -> bool:
    """Whether second readings matter.

    Faultless readers leave nothing to find, unless what is held of them is to be found out.
    """
    found = review.held is None or not _are_faultless(review)
    return found and review.rereading.share > 0.0


def _are_faultless(review: Review) -> bool:
    return bool((review.confusion == 1.0).all())


def _types() -> tuple[Any, ...]:
    """Types of what `misread_once` and `misread_twice` take, from examples of it."""
    row, table, tables = (np.zeros((1,) * n, np.int64) for n in (1, 2, 3))
    four, shares, each = np.zeros(4), np.zeros((1, 1)), np.zeros((1, 1, 1))
    examples = (
        Readers(four, four, False, READ_ONCE, 0, NO_THINNING),
        Strand(tables, tables, tables, tables, each),
        Audits(
            table, tables, tables, tables, tables, shares, table, each, tables, row, shares,
            each, row, room_for_totals(1, 1),
        ),
    )  # fmt: skip
    scalars = (types.uint64, types.int64, types.int64, types.int64, types.int64)
    return (*map(numba.typeof, examples), *scalars)


_TYPES = _types()
misread_at = through(*_TYPES, of_loops=False)
"""`misread_once` or `misread_twice` in compiled code, by its address."""


@cache
def _address(function: Any) -> int:
    """Address of *function*, which is compiled now if need be."""
    signature = types.void(*_TYPES)
    function.compile(signature)
    return address_of(function, signature)
