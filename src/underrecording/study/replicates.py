"""Replicates of one cell in one pass: select, read, estimate, batch by batch.

A batch of audits is drawn and goes through every estimator before the next one
is drawn, so all of it stays in the near caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import BATCH
from underrecording.compiling import compiled
from underrecording.estimation import EstimatorSpec
from underrecording.estimation.loops import Estimator, estimate_audits, room_for
from underrecording.estimation.many import (
    compiled_estimator,
    mark_not_inspected,
    mirror_answers,
    only_force,
    only_strata,
)
from underrecording.inspection.audits import select_address
from underrecording.inspection.batch import read_batch
from underrecording.inspection.forces.design import call_selection
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.reading import Reading
from underrecording.inspection.rooms import room_for_audits, room_to_read, some_of_room

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Domain(NamedTuple):
    """Part of an inspection that a question is about; all of it unless said otherwise.

    Attributes
    ----------
    force : int
        Row of a force, or -1: all of them.
    first, step, strata : int
        Strata of records *first*, *first* + *step*, ..., *strata* of them; 0: all.
    """

    force: int = -1
    first: int = 0
    step: int = 1
    strata: int = 0

    @property
    def columns(self) -> slice:
        """Strata as a slice, where they are not all.

        >>> list(range(12))[Domain(first=1, step=2, strata=6).columns]
        [1, 3, 5, 7, 9, 11]
        """
        return slice(self.first, self.first + self.step * (self.strata - 1) + 1, self.step)


WHOLE = Domain()


def replicate(
    plan: InspectionPlan,
    reading: Reading,
    accuracy: Floats,
    estimators: Sequence[EstimatorSpec],
    domains: Sequence[Domain],
    *,
    level: float,
    seed: int,
    world: int,
    first: int,
    count: int,
) -> tuple[Floats, Ints]:
    """Under-recording rates of replicates *first* to *first* + *count* - 1.

    Parameters
    ----------
    plan : InspectionPlan
    reading : Reading
        Of one strand, in one world or in *count* of them.
    accuracy : float array (W, F)
        True accuracy of each force, for selections that depend on it.
    estimators : sequence of EstimatorSpec
        E of them.
    domains : sequence of Domain
        What Q questions are about.

    Returns
    -------
    answers : float array (Q, E, B, 4)
        Estimate, variance, low, high; NaN where there is no answer.
    reasons : int array (Q, E, B)
    """
    answers = np.empty((len(domains), len(estimators), count, 4))
    reasons = np.empty((len(domains), len(estimators), count), np.int64)
    addresses = np.array([compiled_estimator(spec) for spec in estimators], np.int64)
    addresses = addresses.reshape(-1, len(Estimator._fields))
    _replicate(
        select_address(plan), reading, accuracy, addresses,
        np.array(domains, np.int64).reshape(-1, len(Domain._fields)), level,
        np.uint64(seed), world, first, BATCH, answers, reasons,
    )  # fmt: skip
    return answers, reasons


@compiled
def _replicate(
    select: Any, reading: Any, accuracy: Any, addresses: Any, domains: Any, level: Any,
    seed: Any, world: Any, first: Any, size: Any, answers: Any, reasons: Any,
) -> None:  # fmt: skip
    count, n_estimators = reasons.shape[2], addresses.shape[0]
    m = reading.forces.inspected
    room = room_for_audits(reading, min(size, count), m, n_estimators > 0)
    to_read, whole = room_to_read(reading, min(size, count), m), room_for(size, m)
    known = np.full((domains.shape[0], n_estimators, 2), np.nan)
    for start in range(0, count, size):
        stop = min(start + size, count)
        audits = some_of_room(room, reading.strand.volume, 0, stop - start, start)
        call_selection(
            select,
            (reading.forces, seed, world, first + start, accuracy, start, audits.force),
        )
        read_batch(reading, seed, world, first + start, start, audits, to_read)
        for q in range(domains.shape[0]):
            force, first_stratum, step, strata = domains[q]
            asked, batch = audits, whole
            if force >= 0:
                asked, batch = only_force(audits, force), room_for(size, 1)
            elif strata > 0:
                asked = only_strata(audits, first_stratum, step, strata)
            for e in range(n_estimators):
                estimator = _estimator(addresses[e])
                found, why = answers[q, e, start:stop], reasons[q, e, start:stop]
                estimate_audits(estimator, asked, batch, known[q, e], level, found, why)
                mirror_answers(found, why)
                if force >= 0:
                    mark_not_inspected(audits, force, found, why)


@compiled
def _estimator(address: Any) -> Any:
    return Estimator(
        address[0] != 0, address[1] != 0, address[2], address[3], address[4], address[5],
        address[6],
    )  # fmt: skip
