"""What auditors count: exact draws for a stratum, reading error on top.

Drawing n records of a stratum without replacement is a hypergeometric draw on
its category counts, one category after the other; misreading thins each count.
Every draw has an address of its own and is an inverse CDF, so equal luck stays
equal luck when a design changes. Auditors without error use two numbers a
stratum, those who err thirteen more and records out of reach four, which leaves
the first two as they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.inspection.auditor import (
    DRAWS_OF_A_STRATUM,
    are_faultless,
    read_again,
    read_once,
)
from underrecording.rng import uniforms
from underrecording.variates import binomial_quantile, hypergeometric_quantile

_OUT_OF_REACH = 8  # Address of what is not found, after those of `read_once`.
_ALL_REACHED = np.zeros(4)


@compiled
def read_stratum(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, confusion: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, draw: Any,
) -> Any:  # fmt: skip
    """Read *sampled* records of one stratum once.

    Parameters
    ----------
    reports, due, recorded, over_recorded : int
        The stratum: all reports; due; due and recorded; recorded though not due.
    sampled : int
        Records read, at most *reports*.
    confusion : float array (4,)
        Sensitivity and specificity of "due", then of "recorded".
    seed, world, replicate, purpose, force, group
        The address of the stratum.
    draw : int
        How often the force has been drawn before: each draw has luck of its own.

    Returns
    -------
    int, int, int
        Read as due; of these read as recorded; read as recorded though not due,
        which auditors without error do not look for: 0.

    >>> faultless = np.ones(4)
    >>> read_stratum(1000, 860, 700, 10, 50, faultless, np.uint64(7), 0, 3, 2, 12, 0, 0)
    (42, 30, 0)
    """
    if are_faultless(confusion):
        index = draw * DRAWS_OF_A_STRATUM
        u, v = uniforms(seed, world, replicate, purpose, force, group, index)
        x = hypergeometric_quantile(u, reports, due, sampled)
        return x, hypergeometric_quantile(v, due, recorded, x), 0
    table = _first_readings(
        reports, due, recorded, over_recorded, sampled, confusion, _ALL_REACHED,
        seed, world, replicate, purpose, force, group, draw,
    )  # fmt: skip
    return _counts(table)[:3]


@compiled
def read_stratum_in_full(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, confusion: Any,
    unreachable: Any, rereading: Any, agreement: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, draw: Any,
) -> Any:  # fmt: skip
    """Read *sampled* records of one stratum, some out of reach, a share a second time.

    Like `read_stratum`, whose luck the first readings have. *unreachable* (4,) are
    chances of not being found, by true category; *rereading* says how much is read
    again; *agreement* (4, 4) gains those records by both readings. Returns a fourth
    count, of records that were read.
    """
    table = _first_readings(
        reports, due, recorded, over_recorded, sampled, confusion, unreachable,
        seed, world, replicate, purpose, force, group, draw,
    )  # fmt: skip
    if rereading.share > 0.0:
        read_again(
            table, confusion, rereading, agreement,
            seed, world, replicate, purpose, force, group, draw,
        )  # fmt: skip
    return _counts(table)


@compiled
def _first_readings(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, confusion: Any,
    unreachable: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, draw: Any,
) -> Any:  # fmt: skip
    """Records drawn and reached, by true category and first reading, (4, 4)."""
    index = draw * DRAWS_OF_A_STRATUM
    u, v = uniforms(seed, world, replicate, purpose, force, group, index)
    x = hypergeometric_quantile(u, reports, due, sampled)
    y = hypergeometric_quantile(v, due, recorded, x)
    u, _ = uniforms(seed, world, replicate, purpose, force, group, index + 1)
    z = hypergeometric_quantile(u, reports - due, over_recorded, sampled - x)
    table = np.empty((4, 4), np.int64)
    table[0] = y, x - y, z, sampled - x - z
    if unreachable.any():
        lost = index + _OUT_OF_REACH
        u, v = uniforms(seed, world, replicate, purpose, force, group, lost)
        table[0, 0] -= binomial_quantile(u, table[0, 0], unreachable[0])
        table[0, 1] -= binomial_quantile(v, table[0, 1], unreachable[1])
        u, v = uniforms(seed, world, replicate, purpose, force, group, lost + 1)
        table[0, 2] -= binomial_quantile(u, table[0, 2], unreachable[2])
        table[0, 3] -= binomial_quantile(v, table[0, 3], unreachable[3])
    read_once(
        (table[0, 0], table[0, 1], table[0, 2], table[0, 3]), confusion, table,
        seed, world, replicate, purpose, force, group, index,
    )  # fmt: skip
    return table


@compiled
def _counts(table: Any) -> Any:
    """Read as due; due and recorded; not due but recorded; read at all."""
    read = table.sum(axis=0)
    return read[0] + read[1], read[0], read[2], read.sum()
