"""Addressed random numbers: the number belongs to who is concerned, not to a position.

Philox 4x32-10 (Salmon, Moraes, Dror & Shaw 2011, SC'11) turns an *address*
into two uniforms. Nothing is consumed in turn, so results do not depend on the
number of workers, the order of work, or what else a study computes.

=====  ==========================  =========================================
word   bits, high to low           holds
=====  ==========================  =========================================
key 0  32                          seed, low half
key 1  32                          seed, high half
c0     32                          replicate, low half
c1     32                          replicate, high half
c2     16 | 6 | 10                 world | purpose | force
c3     8 | 24                      offence group (or stratum) | draw index
=====  ==========================  =========================================

A fresh world is drawn for its replicate and has world number 0; a fixed world
has its own number and is drawn at replicate 0.

This layout, like the samplers built on it, is part of every result: to change
it is to change ``RESULTS_VERSION``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator as Generator
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.elementary import cosine_and_sine, log

RESULTS_VERSION = 5
"""Raised whenever the same scenario and seed would give other numbers."""

MAX_WORLDS, MAX_PURPOSES, MAX_FORCES, MAX_GROUPS, MAX_DRAWS = 2**16, 2**6, 2**10, 2**8, 2**24

# Purposes of an inspection are numbered from 1, those of a world from 32.
SELECT_FORCES, COUNT_REPORTS, COUNT_NO_CRIMES, RESAMPLE = 1, 2, 3, 4
COUNT_LATE, COUNT_MISCLASSIFIED, COUNT_DISPOSALS, COUNT_OTHER_SYSTEMS = range(5, 9)
FORCE_EFFECTS, DUE, RECORDED, OVER_RECORDED, NO_CRIMED, WRONGLY_NO_CRIMED, OTHER_SYSTEMS = range(
    32, 39
)
LATENESS_OF_FORCES, LATE, MISCLASSIFIED, DISPOSALS, WRONG_DISPOSALS = range(39, 44)
ROUTE_OF_RECORDED, ROUTE_OF_UNRECORDED, ROUTE_OF_OVER_RECORDED, ROUTE_OF_NOT_DUE = range(44, 48)

NATIONAL = MAX_FORCES - 1
"""The force number of draws that concern no single force."""

_LOW_32, _LOW_31 = np.uint64(0xFFFFFFFF), np.uint64(0x7FFFFFFF)
_SHIFT_32, _FORCE = np.uint64(32), np.uint64(MAX_FORCES - 1)
_MULTIPLY_0, _MULTIPLY_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox 4x32-10: four 32-bit words of counter and two of key to four words.

    All arguments and results are uint64 below 2**32.

    >>> zero = np.uint64(0)
    >>> [f"{int(word):08x}" for word in philox(zero, zero, zero, zero, zero, zero)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    for _ in range(10):
        product_0 = _MULTIPLY_0 * c0
        product_1 = _MULTIPLY_1 * c2
        c0, c1, c2, c3 = (
            (product_1 >> _SHIFT_32) ^ c1 ^ k0,
            product_1 & _LOW_32,
            (product_0 >> _SHIFT_32) ^ c3 ^ k1,
            product_0 & _LOW_32,
        )
        k0 = (k0 + _WEYL_0) & _LOW_32
        k1 = (k1 + _WEYL_1) & _LOW_32
    return c0, c1, c2, c3


@compiled
def uniforms(
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any
) -> Any:
    """Two uniforms on the open interval (0, 1), 52 bits each, at one address.

    Parameters
    ----------
    seed : int, 0 to 2**64 - 1 (pass a ``numpy.uint64``)
    world, replicate, purpose, force, group, index : int
        Within the bits the module's table gives them; not checked here.

    >>> first, second = uniforms(np.uint64(7), 0, 3, SELECT_FORCES, 12, 0, 0)
    >>> f"{first:.12f} {second:.12f}"
    '0.512087507711 0.640027129893'
    """
    a, b, c, d = _words(seed, replicate, _who(world, purpose, force), _which(group, index))
    return _unit(a, b), _unit(c, d)


@compiled
def whole_number(
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any
) -> Any:
    """Return a whole number, 0 to 2**63 - 1, at an address: a seed for what resamples.

    >>> whole_number(np.uint64(7), 0, 3, RESAMPLE, NATIONAL, 0, 0)
    133499289995417628
    """
    return _whole(seed, replicate, _who(world, purpose, force), _which(group, index))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def whole_numbers(
    seed: Any, world: Any, first: Any, purpose: Any, force: Any, group: Any, index: Any,
    numbers: Any,
) -> None:  # fmt: skip
    """Fill *numbers* (B,) with `whole_number` of the replicates from *first* on."""
    who, which = _who(world, purpose, force), _which(group, index)
    for b in range(numbers.size):
        numbers[b] = _whole(seed, first + b, who, which)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _whole(seed: Any, replicate: Any, who: Any, which: Any) -> Any:
    a, b, _, _ = _words(seed, replicate, who, which)
    return np.int64((a << np.uint64(31)) ^ (b & _LOW_31))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def in_eights(n: Any) -> Any:
    """Round up to a multiple of 8: what is left over by vectors would take as long again.

    >>> in_eights(78)
    80
    """
    return (n + 7) // 8 * 8


@compiled(inline=True)  # type: ignore[untyped-decorator]
def uniforms_of_replicates(
    seed: Any, world: Any, first: Any, purpose: Any, force: Any, numbers: Any
) -> None:
    """Fill *numbers* (B,) with the first uniform of a force in the replicates from *first* on.

    At group 0 and index 0: the same numbers as `uniforms` gives, several at a time.
    """
    who = _who(world, purpose, force)
    for b in range(numbers.size):
        high, low, _, _ = _words(seed, first + b, who, np.uint64(0))
        numbers[b] = _unit(high, low)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def uniforms_of_strata(
    seed: Any, replicate: Any, who: Any, which: Any, first: Any, second: Any
) -> None:
    """Fill *first* and *second* (n,) with the uniforms at n addresses of one replicate.

    The same numbers as `uniforms` gives, several at a time: addresses are given by
    their words (`words_of_forces`), so that the loop is turned into vector instructions.
    """
    for i in range(first.size):
        a, b, c, d = _words(seed, replicate, who[i], which[i])
        first[i], second[i] = _unit(a, b), _unit(c, d)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def uniforms_of_force(
    seed: Any, replicate: Any, who: Any, which: Any, index: Any, first: Any, second: Any
) -> None:
    """Fill *first* and *second* (n,) with the uniforms of one stratum of a force.

    Of *replicate* (n,), at the draw indices *index* (n,) later than the word *which* says.
    """
    for i in range(replicate.size):
        a, b, c, d = _words(seed, replicate[i], who, which + index[i])
        first[i], second[i] = _unit(a, b), _unit(c, d)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def uniforms_at(seed: Any, replicate: Any, who: Any, which: Any, first: Any, second: Any) -> None:
    """Fill *first* and *second* with the uniforms at n addresses, of replicates (n,)."""
    for i in range(replicate.size):
        a, b, c, d = _words(seed, replicate[i], who[i], which[i])
        first[i], second[i] = _unit(a, b), _unit(c, d)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def words_of_forces(world: Any, purpose: Any, forces: Any, n_groups: Any, who: Any) -> None:
    """Fill *who* with the first word of the addresses of the strata of *forces* (m,).

    It has room for m n_groups words and 7 more, which may hold anything thereafter.
    """
    for i in range(forces.size):
        word = _who(world, purpose, forces[i])
        for group in range(0, n_groups, 8):
            # In eights: what is too many the next force writes over.
            start = np.uint64(i * n_groups + group)
            for g in range(8):
                who[start + np.uint64(g)] = word


@compiled
def words_of_groups(forces: Any, n_groups: Any, step: Any, which: Any) -> None:
    """Fill *which* with the second word of the addresses of the strata of *forces* (m,).

    A force that stands next to itself was drawn again: its draw indices start
    *step* later each time.
    """
    which[:] = np.uint64(0)
    index = 0
    for i in range(forces.size):
        again = i > 0 and forces[i] == forces[i - 1]
        index = index + step if again else 0
        for group in range(n_groups):
            which[i * n_groups + group] = _which(group, index)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def cells_of(who: Any, which: Any, n_groups: Any, cell: Any) -> None:
    """Fill *cell* (n,) with places in a table of forces by groups, read off their addresses."""
    groups = np.uint64(n_groups)
    for i in range(cell.size):
        cell[i] = (who[i] & _FORCE) * groups + (which[i] >> np.uint64(24))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def words_of(world: Any, purpose: Any, force: Any, group: Any, index: Any) -> Any:
    """The two words that the address takes besides seed and replicate."""
    return _who(world, purpose, force), _which(group, index)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _words(seed: Any, replicate: Any, who: Any, which: Any) -> Any:
    """Four random words of 32 bits at an address of which two words are made."""
    number, key = np.uint64(replicate), np.uint64(seed)
    return philox(
        number & _LOW_32,
        number >> _SHIFT_32,
        who & _LOW_32,
        which & _LOW_32,
        key & _LOW_32,
        key >> _SHIFT_32,
    )


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _who(world: Any, purpose: Any, force: Any) -> Any:
    return (
        (np.uint64(world) << np.uint64(16))
        | (np.uint64(purpose) << np.uint64(10))
        | np.uint64(force)
    )


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _which(group: Any, index: Any) -> Any:
    return (np.uint64(group) << np.uint64(24)) | np.uint64(index)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _unit(high: Any, low: Any) -> Any:
    # Half a step is added so that neither 0 nor 1 can occur: logs are taken.
    # With 52 bits the sum is exact; with 53 the largest would round up to 1.
    word = ((high >> np.uint64(6)) << np.uint64(26)) | (low >> np.uint64(6))
    return (np.float64(np.int64(word)) + 0.5) / 4503599627370496.0


@compiled
def normals(
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any
) -> Any:
    """Two independent standard normals at one address (Box & Muller 1958).

    >>> first, second = normals(np.uint64(7), 0, 3, FORCE_EFFECTS, 12, 0, 0)
    >>> f"{first:.6f} {second:.6f}"
    '0.603436 -1.252180'
    """
    u, v = uniforms(seed, world, replicate, purpose, force, group, index)
    return _box_muller(u, v)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def normals_of_forces(
    seed: Any, world: Any, replicate: Any, purpose: Any, index: Any, first: Any, second: Any
) -> None:
    """Fill *first* and *second* (F,) with `normals` of each force, at group 0.

    The same numbers, several at a time.
    """
    nobody = _who(world, purpose, 0)
    for f in range(first.size):
        a, b, c, d = _words(seed, replicate, nobody | np.uint64(f), np.uint64(index))
        first[f], second[f] = _box_muller(_unit(a, b), _unit(c, d))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _box_muller(u: Any, v: Any) -> Any:
    radius = np.sqrt(-2.0 * log(u))
    cosine, sine = cosine_and_sine(v)
    return radius * cosine, radius * sine


def generator(seed: int, *address: int) -> Generator:
    """Return a generator for numbers drawn in bulk, one for each address.

    What takes a number for every incident of a year would gain nothing from an
    address of each. Two addresses give independent streams (SFC64, seeded by
    NumPy's ``SeedSequence``).

    >>> float(generator(7, 0, 3).random()) == float(generator(7, 0, 3).random())
    True
    >>> float(generator(7, 0, 3).random()) == float(generator(7, 0, 4).random())
    False
    """
    return Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=address)))


def uniform_singles(count: int, seed: int, *address: int) -> NDArray[np.float32]:
    """Return *count* uniforms on [0, 1) of single precision, in bulk from one address.

    >>> uniform_singles(3, 7, 0, 3).dtype, uniform_singles(3, 7, 0, 3).shape
    (dtype('float32'), (3,))
    """
    return generator(seed, *address).random(count, dtype=np.float32)


def orders(count: int, size: int, seed: int, *address: int) -> NDArray[np.int64]:
    """Return *count* random orders of 0 to *size* - 1, in bulk from one address.

    >>> orders(2, 3, 7, 0).tolist()
    [[2, 0, 1], [0, 2, 1]]
    """
    return np.argsort(generator(seed, *address).random((count, size)), axis=1)


def sobol_points(count: int, dimensions: int, seed: int, *address: int) -> NDArray[np.float64]:
    """Return *count* scrambled Sobol points of the unit cube, (count, dimensions).

    Source: Owen (1998), J. Complexity 14:466, as in `scipy.stats.qmc`. A power of
    2 of them is balanced.

    >>> points = sobol_points(8, 2, 7, 0)
    >>> np.sort((8 * points[:, 0]).astype(int)).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    # Nothing else here needs scipy, which takes a while to import.
    from scipy.stats import qmc

    points: NDArray[np.float64] = qmc.Sobol(dimensions, rng=generator(seed, *address)).random(count)
    return points
