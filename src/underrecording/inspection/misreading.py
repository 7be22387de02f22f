"""What readers make of the records drawn, where they do not find all there is.

`read_batch` finds out what there is in them; what is read once is then thinned off
tables, many strata at a time (`misread_once`), what is read again goes stratum by
stratum (`misread_twice`). Both give what `read_stratum` gives, count by count. They
are called by address: a study whose readers are faultless compiles neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.compiling import compiled, flat, uncounted
from underrecording.inspection.auditor import DRAWS_OF_A_STRATUM, estimate_readers_at
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.thinning import thin
from underrecording.rng import (
    cells_of,
    in_eights,
    uniforms_of_strata,
    words_of_forces,
    words_of_groups,
)
from underrecording.variates import hypergeometric_quantiles, room_for_hypergeometrics

_PAIRS, _PAIRS_OF_LOSSES = 7, 2
"""Pairs of uniforms that a stratum read once takes after its first, and losses after them."""


@compiled
def misread_once(
    readers: Any, strand: Any, audits: Any, seed: Any, world: Any, first: Any, row: Any,
    purpose: Any,
) -> None:  # fmt: skip
    """Turn what there is in the records drawn for *audits* into what is read, strata at a time.

    Replicates are *first* and those after it; the first has its world in row *row* of W.
    """
    readers, strand, audits = uncounted(readers), uncounted(strand), uncounted(audits)
    n_strata = audits.sampled.shape[2]
    size = audits.sampled.shape[1] * n_strata
    n = in_eights(size)
    who, which, at, cell = (
        np.zeros(n + 8, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64),
        np.empty(n, np.uint64),
    )  # fmt: skip
    room, place = np.empty(n, np.uint64), np.empty(n, np.uint64)
    luck = np.full((2 * (_PAIRS + _PAIRS_OF_LOSSES), n), 0.5)
    true, drawn = np.zeros((4, n), np.int64), np.zeros((3, n), np.int64)
    quantiles = room_for_hypergeometrics(n)
    pairs = _PAIRS + _PAIRS_OF_LOSSES * readers.losses
    for b in range(audits.force.shape[0]):
        w = row + b if strand.reports.shape[0] > 1 else 0
        words_of_forces(world, purpose, audits.force[b], n_strata, who)
        words_of_groups(audits.force[b], n_strata, DRAWS_OF_A_STRATUM, which)
        cells_of(who, which, n_strata, cell)
        for pair in range(pairs):
            for j in range(n):
                at[j] = which[j] + np.uint64(pair + 1)
            uniforms_of_strata(seed, first + b, who, at, luck[2 * pair], luck[2 * pair + 1])
        _find_categories(strand, w, audits, b, cell, luck[0], drawn, quantiles, true)
        if readers.losses:
            _lose(readers.tables, true, luck, room, place, drawn[0], flat(audits.sampled[b]))
        _thin_categories(
            readers.tables, true, luck, room, place, drawn,
            flat(audits.due[b]), flat(audits.recorded[b]), flat(audits.over_recorded[b]),
        )  # fmt: skip


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _find_categories(
    strand: Any, w: Any, audits: Any, b: Any, cell: Any, luck: Any, drawn: Any, quantiles: Any,
    true: Any,
) -> None:  # fmt: skip
    """Records drawn, by true category."""
    sampled, due = flat(audits.sampled[b]), flat(audits.due[b])
    recorded = flat(audits.recorded[b])
    reports, reports_due = flat(strand.reports[w]), flat(strand.due[w])
    over_recorded = flat(strand.over_recorded[w])
    for j in range(sampled.size):
        drawn[0, j] = reports[cell[j]] - reports_due[cell[j]]
        drawn[1, j] = over_recorded[cell[j]]
        drawn[2, j] = sampled[j] - due[j]
    hypergeometric_quantiles(luck, drawn[0], drawn[1], drawn[2], quantiles, true[2])
    for j in range(sampled.size):
        true[0, j], true[1, j] = recorded[j], due[j] - recorded[j]
        true[3, j] = sampled[j] - due[j] - true[2, j]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _lose(
    tables: Any, true: Any, luck: Any, room: Any, place: Any, lost: Any, sampled: Any
) -> None:
    """Take those out of *true* that are not found."""
    for t in range(4):
        thin(tables, 4 + t, true[t], luck[2 * _PAIRS + t], room, place, lost)
        for j in range(sampled.size):
            true[t, j] -= lost[j]
            sampled[j] -= lost[j]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _thin_categories(
    tables: Any, true: Any, luck: Any, room: Any, place: Any, drawn: Any, due: Any,
    recorded: Any, over_recorded: Any,
) -> None:  # fmt: skip
    """Read the records *true*, (4, N), each once: as `read_once` does, from the same uniforms."""
    as_due, as_recorded, as_over = drawn[0], drawn[1], drawn[2]
    due[:], recorded[:], over_recorded[:] = 0, 0, 0
    for t in range(4):
        thin(tables, t // 2, true[t], luck[1 + t], room, place, as_due)
        thin(tables, 2 + t % 2, as_due, luck[5 + t], room, place, as_recorded)
        for j in range(due.size):
            true[t, j] -= as_due[j]
            due[j] += as_due[j]
            recorded[j] += as_recorded[j]
        thin(tables, 2 + t % 2, true[t], luck[10 + t], room, place, as_over)
        for j in range(due.size):
            over_recorded[j] += as_over[j]


@compiled
def misread_twice(
    readers: Any, strand: Any, audits: Any, seed: Any, world: Any, first: Any, row: Any,
    purpose: Any,
) -> None:  # fmt: skip
    """Read *audits* stratum by stratum, some records a second time.

    As `misread_once`; each audit estimates its readers where that is asked.
    """
    readers, strand, audits = uncounted(readers), uncounted(strand), uncounted(audits)
    agreement = np.zeros((4, 4), np.int64)
    for b in range(audits.force.shape[0]):
        w = row + b if strand.reports.shape[0] > 1 else 0
        agreement[:] = 0
        draw = 0
        for i in range(audits.force.shape[1]):
            f = audits.force[b, i]
            # A force drawn again, with replacement, has its records drawn again.
            draw = draw + 1 if i > 0 and f == audits.force[b, i - 1] else 0
            for h in range(audits.sampled.shape[2]):
                x, y, z, found = read_stratum(
                    strand.reports[w, f, h], strand.due[w, f, h], strand.recorded[w, f, h],
                    strand.over_recorded[w, f, h], audits.sampled[b, i, h],
                    readers.confusion, readers.unreachable, readers.rereading, agreement,
                    seed, world, first + b, purpose, f, h, draw,
                )  # fmt: skip
                audits.sampled[b, i, h], audits.over_recorded[b, i, h] = found, z
                audits.due[b, i, h], audits.recorded[b, i, h] = x, y
        if readers.estimation != 0:
            estimate_readers_at(
                readers.estimation, (agreement, readers.rereading, audits.readers[b])
            )
