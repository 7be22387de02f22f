"""What auditors count: exact draws for a stratum, reading error on top.

Drawing n records of a stratum without replacement is a hypergeometric draw on
its category counts, one category after the other; misreading thins each count.
Every draw has an address of its own and is an inverse CDF, so equal luck stays
equal luck when a design changes. Auditors without error use two numbers a
stratum (`audits`), those who err thirteen more and records out of reach four,
which leaves the first two as they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.inspection.auditor import (
    DRAWS_OF_A_STRATUM,
    read_again,
    read_once,
)
from underrecording.rng import uniforms
from underrecording.variates import binomial_quantile, hypergeometric_quantile

_OUT_OF_REACH = 8  # Address of what is not found, after those of `read_once`.


@compiled
def read_stratum(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, confusion: Any,
    unreachable: Any, rereading: Any, agreement: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, draw: Any,
) -> Any:  # fmt: skip
    """Read *sampled* records of one stratum, some out of reach, a share a second time.

    Parameters
    ----------
    reports, due, recorded, over_recorded : int
        The stratum: all reports; due; due and recorded; recorded though not due.
    sampled : int
        Records drawn, at most *reports*.
    confusion : float array (4,)
        Sensitivity and specificity of "due", then of "recorded".
    unreachable : float array (4,)
        Chances of not being found, by true category.
    rereading : Rereading
        How much is read again.
    agreement : int array (4, 4)
        Gains the records read twice, by both readings.
    seed, world, replicate, purpose, force, group
        The address of the stratum.
    draw : int
        How often the force has been drawn before: each draw has luck of its own.

    Returns
    -------
    int, int, int, int
        Read as due; of these read as recorded; read as recorded though not due;
        read at all.

    >>> from underrecording.inspection.auditor import READ_ONCE
    >>> stratum, place = (1000, 860, 700, 10), (np.uint64(7), 0, 3, 2, 12, 0, 0)
    >>> nobody, faultless, agreement = np.zeros(4), np.ones(4), np.zeros((4, 4), np.int64)
    >>> read_stratum(*stratum, 50, faultless, nobody, READ_ONCE, agreement, *place)[:2]
    (42, 30)
    """
    table = np.empty((4, 4), np.int64)
    index = draw * DRAWS_OF_A_STRATUM
    true = find_records(
        reports, due, recorded, over_recorded, sampled, unreachable,
        seed, world, replicate, purpose, force, group, index,
    )  # fmt: skip
    read_once(true, confusion, table, seed, world, replicate, purpose, force, group, index)
    if rereading.share > 0.0:
        read_again(
            table, confusion, rereading, agreement,
            seed, world, replicate, purpose, force, group, draw,
        )  # fmt: skip
    return count_readings(table)


@compiled
def find_records(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, unreachable: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any,
) -> Any:  # fmt: skip
    """Records drawn and found, by true category (see `auditor`).

    Parameters as of `read_stratum`; *index* is that of the stratum's first draw.
    """
    u, v = uniforms(seed, world, replicate, purpose, force, group, index)
    x = hypergeometric_quantile(u, reports, due, sampled)
    y = hypergeometric_quantile(v, due, recorded, x)
    u, _ = uniforms(seed, world, replicate, purpose, force, group, index + 1)
    z = hypergeometric_quantile(u, reports - due, over_recorded, sampled - x)
    t0, t1, t2, t3 = y, x - y, z, sampled - x - z
    if unreachable.any():
        lost = index + _OUT_OF_REACH
        u, v = uniforms(seed, world, replicate, purpose, force, group, lost)
        t0 -= binomial_quantile(u, t0, unreachable[0])
        t1 -= binomial_quantile(v, t1, unreachable[1])
        u, v = uniforms(seed, world, replicate, purpose, force, group, lost + 1)
        t2 -= binomial_quantile(u, t2, unreachable[2])
        t3 -= binomial_quantile(v, t3, unreachable[3])
    return t0, t1, t2, t3


@compiled
def count_readings(table: Any) -> Any:
    """Read as due; due and recorded; not due but recorded; read at all: of a *table* (4, 4)."""
    as_due, as_recorded, as_over, read = 0, 0, 0, 0
    for t in range(4):
        as_recorded += table[t, 0]
        as_due += table[t, 0] + table[t, 1]
        as_over += table[t, 2]
        read += table[t, 0] + table[t, 1] + table[t, 2] + table[t, 3]
    return as_due, as_recorded, as_over, read
