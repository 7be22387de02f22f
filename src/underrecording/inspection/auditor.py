"""Auditors who err: first readings, second readings, and who settles what they dispute.

A record has one of four true categories t and is read as one of the same four,
r: 0 due and recorded, 1 due and not recorded, 2 not due and recorded, 3 neither.
A table of readings counts records by both: ``table[t, r]``.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.dispatch import address_of, through
from underrecording.double_reading import fit
from underrecording.rng import uniforms
from underrecording.variates import binomial_quantile, hypergeometric_quantile

Floats = NDArray[np.float64]

DRAWS_OF_A_STRATUM = 16
"""Addresses set aside for the first reading of a stratum."""
SECOND_READING, DRAWS_OF_A_SECOND_READING = 2**20, 64
"""Where the addresses of second readings start, and how many a stratum has."""


class Rereading(NamedTuple):
    """Which records are read a second time, and what becomes of disputes.

    Attributes
    ----------
    share : float
        Chance that a record is read again, by a second reader of the same skill.
    settled : bool
        Whether a registrar settles disputes; else the first reading stands.
    registrar : float array (4,)
        The registrar's rates, in the order of `Audit.readers`.
    """

    share: float
    settled: bool
    registrar: Floats


READ_ONCE = Rereading(0.0, False, np.ones(4))


def final_rates(rates: Floats, rereading: Rereading) -> Floats:
    """Rates of the readings that stand, from those of each reader, (4,).

    With a a reader's rate (sensitivity, say), b the registrar's and s the share
    read twice::

        final = (1 - s) a + s (a^2 + 2 a (1 - a) b)

    both readers right, or one right and the registrar on his side; an error that
    both readers make survives. Where nobody settles disputes, final = a.

    Exact for each question by itself. Over both questions together the final
    readings are taken as independent given the truth, which is exact for s = 0
    and s = 1; else it leaves out a covariance of s (1 - s) g_due g_recorded, g
    what a second reading adds to a rate: for rates of 0.9, a faultless registrar
    and s = 0.2 that is 0.0013. In a study with rates of 0.88 to 0.95 it made the
    corrected under-recording rate too low by 0.0006 at s = 0.2, by 0.0009 at 0.5.

    >>> faultless = Rereading(0.2, True, np.ones(4))
    >>> final_rates(np.array([0.9, 0.8, 1.0, 0.5]), faultless).round(4).tolist()
    [0.918, 0.832, 1.0, 0.55]
    """
    if not rereading.settled:
        return rates
    share, registrar = rereading.share, rereading.registrar
    twice = rates**2 + 2.0 * rates * (1.0 - rates) * registrar
    return (1.0 - share) * rates + share * twice


def known_readers(rates: Floats, rereading: Rereading) -> Floats:
    """Held of the readers where their rates are known exactly: `Audit.readers`, (1, 4, 2)."""
    final = final_rates(rates, rereading)
    return np.column_stack([final, np.zeros(4)])[None]


@compiled
def estimate_readers(agreement: Any, rereading: Any, held: Any) -> None:
    """Fill *held* (4, 2), `Audit.readers`, from an audit's own second readings.

    Parameters
    ----------
    agreement : int array (4, 4)
        Records by first and second reading.
    rereading : Rereading
        Its registrar is taken as faultless: nobody reads after him.
    held : float array (4, 2)

    The rates of `double_reading.fit` are turned into those of final readings,
    their variances times the squared slope of that turn. NaN where the audit's
    table does not determine them.
    """
    theta, variance = np.empty(8), np.empty(8)
    share = rereading.share if rereading.settled else 0.0
    fit(agreement, theta, variance)
    for rate in range(4):
        a = theta[4 + rate]
        # The turn of `final_rates` under a faultless registrar, and its slope.
        held[rate, 0] = a + share * a * (1.0 - a)
        held[rate, 1] = variance[4 + rate] * (1.0 + share * (1.0 - 2.0 * a)) ** 2


_ESTIMATE = types.void(
    types.Array(types.int64, 2, "C"),
    types.NamedTuple((types.float64, types.boolean, types.Array(types.float64, 1, "C")), Rereading),
    types.Array(types.float64, 2, "C"),
)
estimate_readers_at = through(*_ESTIMATE.args, of_loops=False)
"""`estimate_readers` in compiled code, by its address: few studies need it compiled."""


def estimation_address() -> int:
    """Address of `estimate_readers`, which is compiled now if need be."""
    estimate_readers.compile(_ESTIMATE)
    return address_of(estimate_readers, _ESTIMATE)


@compiled
def read_once(
    true: Any, rates: Any, table: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any,
) -> None:  # fmt: skip
    """Read records once: fill *table* (4, 4) from the counts *true* (4,) of the categories.

    Each count is thinned to those read as due, these and the others to those
    read as recorded: an independent multinomial for each category. Addresses are
    *index* + 1 to *index* + 7; the first and the tenth number there are not used.
    """
    p_due = (rates[0], rates[0], 1.0 - rates[1], 1.0 - rates[1])
    p_recorded = (rates[2], 1.0 - rates[3], rates[2], 1.0 - rates[3])
    luck = np.empty(14)
    for pair in range(7):
        luck[2 * pair], luck[2 * pair + 1] = uniforms(
            seed, world, replicate, purpose, force, group, index + 1 + pair
        )
    for t in range(4):
        due = binomial_quantile(luck[1 + t], true[t], p_due[t])
        table[t, 0] = binomial_quantile(luck[5 + t], due, p_recorded[t])
        table[t, 1] = due - table[t, 0]
        table[t, 2] = binomial_quantile(luck[10 + t], true[t] - due, p_recorded[t])
        table[t, 3] = true[t] - due - table[t, 2]


@compiled
def read_again(
    table: Any, rates: Any, rereading: Any, agreement: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, draw: Any,
) -> None:  # fmt: skip
    """Read a share of the records again: *table* (4, 4) of first readings becomes that of final.

    A simple random part of the records has a second, independent reading; first
    and second readings are added to *agreement* (4, 4). The part is the whole
    number below or above share times records, so drawn that every record has
    the same chance. A question on which the two differ is settled by the
    registrar, who is independent of both; what they agree on stands.
    """
    base = SECOND_READING + draw * DRAWS_OF_A_SECOND_READING
    u, _ = uniforms(seed, world, replicate, purpose, force, group, base)
    records = table.sum()
    left = min(records, math.floor(rereading.share * records + u))
    both = np.zeros((4, 4), np.int64)
    for t in range(4):
        both[:] = 0
        for r in range(4):
            if table[t, r] == 0:
                continue
            place = base + 1 + 2 * (4 * t + r)
            u, v = uniforms(seed, world, replicate, purpose, force, group, place)
            chosen = hypergeometric_quantile(u, records, table[t, r], left)
            records -= table[t, r]
            left -= chosen
            if chosen == 0:
                continue
            p_due = rates[0] if t < 2 else 1.0 - rates[1]
            p_recorded = rates[2] if t % 2 == 0 else 1.0 - rates[3]
            due = binomial_quantile(v, chosen, p_due)
            u, v = uniforms(seed, world, replicate, purpose, force, group, place + 1)
            both[r, 0] = binomial_quantile(u, due, p_recorded)
            both[r, 1] = due - both[r, 0]
            both[r, 2] = binomial_quantile(v, chosen - due, p_recorded)
            both[r, 3] = chosen - due - both[r, 2]
        agreement += both
        if rereading.settled:
            _settle(
                t, both, rereading.registrar, table,
                seed, world, replicate, purpose, force, group, base + 33 + 4 * t,
            )  # fmt: skip


@compiled
def _settle(
    t: Any, both: Any, rates: Any, table: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any,
) -> None:  # fmt: skip
    """Move records of category *t* whose readings *both* (4, 4) differ to their final reading."""
    for r in range(4):
        for s in range(4):
            if r != s:
                table[t, r] -= both[r, s]
    p_due = rates[0] if t < 2 else 1.0 - rates[1]
    p_recorded = rates[2] if t % 2 == 0 else 1.0 - rates[3]
    # Disputed: whether due, among those read as recorded, and as not.
    u, v = uniforms(seed, world, replicate, purpose, force, group, index)
    _split(table, t, 0, 2, both[0, 2] + both[2, 0], u, p_due)
    _split(table, t, 1, 3, both[1, 3] + both[3, 1], v, p_due)
    # Disputed: whether recorded, among those read as due, and as not.
    u, v = uniforms(seed, world, replicate, purpose, force, group, index + 1)
    _split(table, t, 0, 1, both[0, 1] + both[1, 0], u, p_recorded)
    _split(table, t, 2, 3, both[2, 3] + both[3, 2], v, p_recorded)
    # Disputed: both.
    disputed = both[0, 3] + both[3, 0] + both[1, 2] + both[2, 1]
    u, v = uniforms(seed, world, replicate, purpose, force, group, index + 2)
    due = binomial_quantile(u, disputed, p_due)
    _split(table, t, 0, 1, due, v, p_recorded)
    u, _ = uniforms(seed, world, replicate, purpose, force, group, index + 3)
    _split(table, t, 2, 3, disputed - due, u, p_recorded)


@compiled
def _split(table: Any, t: Any, yes: Any, no: Any, count: Any, u: Any, p: Any) -> None:
    """Read *count* records of category *t* as one category with chance *p*, else as another."""
    found = binomial_quantile(u, count, p)
    table[t, yes] += found
    table[t, no] += count - found
