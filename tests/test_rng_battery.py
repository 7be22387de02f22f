"""A statistical battery over addresses that differ in one field only.

After Knuth (1998), The Art of Computer Programming 2, 3.3.2, and L'Ecuyer & Simard (2007),
ACM TOMS 33:22: serial pairs, gaps, runs, collisions, birthday spacings, maxima of t, ranks of
binary matrices, and correlation with other fields. Each test gives a p-value, which must lie
within (1e-5, 1 - 1e-5); with about a hundred of them a right generator fails once in 500
batteries. Every test has weak generators that it must catch. The seeds are fixed: what passes
once passes always.
"""

import math

import numba
import numpy as np
import pytest
from scipy import stats

from underrecording import rng

FIELDS = ("world", "replicate", "purpose", "force", "group", "index")
ROOM = {"world": 2**16, "purpose": 2**6, "force": 2**10, "group": 2**8}
UNLIKELY = 1e-5


@numba.njit
def _fill(seed, start, step, out):
    for i in range(out.shape[0]):
        world, replicate, purpose, force, group, index = start + i * step
        out[i, 0], out[i, 1] = rng.uniforms(seed, world, replicate, purpose, force, group, index)


def along(field, count, seed=20_140_501):
    """Numbers at *count* addresses of which neighbours differ in *field* only, (2, count).

    Where the field has less room, runs of it follow each other, a replicate apart.
    """
    length = min(count, ROOM.get(field, count))
    parts = []
    for run in range(-(-count // length)):
        out = np.empty((length, 2))
        start = np.array([2, 1_000 + run, 3, 7, 1, 0])
        start[FIELDS.index(field)] = run * length if field == "replicate" else 0
        _fill(np.uint64(seed), start, np.array([int(name == field) for name in FIELDS]), out)
        parts.append(out)
    return np.concatenate(parts)[:count].T.copy()


def p_counts(counts, p):
    """Chi-square p-value of counts; 0 where next to nothing could be counted at all."""
    return stats.chisquare(counts, p * counts.sum()).pvalue if counts.sum() >= 100 else 0.0


def serial_pairs(u):
    """Chi-square of pairs that do not overlap in 64 by 64 cells."""
    cells = (u[: u.size // 2 * 2].reshape(-1, 2) * 64).astype(int)
    counts = np.bincount(cells[:, 0] * 64 + cells[:, 1], minlength=64**2)
    return stats.chisquare(counts).pvalue


def gaps(u):
    """Lengths of the gaps between numbers in [0, 1/4)."""
    length = np.diff(np.flatnonzero(u < 0.25)) - 1
    longest = 24
    counts = np.bincount(np.minimum(length, longest), minlength=longest + 1)
    p = 0.25 * 0.75 ** np.arange(longest + 1)
    p[-1] = 0.75**longest
    return p_counts(counts, p)


def runs_up(u):
    """Lengths of ascending runs, the number after each thrown away so that they are independent."""
    counts = _runs_up(u)
    length = np.arange(1, 8)
    p = 1.0 / np.array([math.factorial(k) for k in length]) - 1.0 / np.array(
        [math.factorial(k + 1) for k in length]
    )
    p[-1] = 1.0 / math.factorial(7)
    return p_counts(counts, p)


@numba.njit
def _runs_up(u):
    counts = np.zeros(7)
    start, i = 0, 1
    while i < u.size:
        if u[i] < u[i - 1]:
            counts[min(i - start, 7) - 1] += 1
            start = i + 1
            i += 1
        i += 1
    return counts


def collisions(u):
    """Numbers that fall where one fell before, with 64 cells for each (Poisson)."""
    n = 2 ** int(math.log2(u.size))
    cells = 64 * n
    found = n - np.unique((u[:n] * cells).astype(np.int64)).size
    # Expected exactly, and nearly Poisson as they are rare: n / 128.
    expected = n - cells * -math.expm1(n * math.log1p(-1.0 / cells))
    return two_sided_poisson(found, expected)


def birthday_spacings(u):
    """Equal spacings among 2**12 birthdays in a year of 2**33 days, over and over (Marsaglia)."""
    n, year = 2**12, 2**33
    groups = (u[: u.size // n * n].reshape(-1, n) * year).astype(np.int64)
    spacings = np.sort(np.diff(np.sort(groups, axis=1), axis=1), axis=1)
    equal = int((np.diff(spacings, axis=1) == 0).sum())
    return two_sided_poisson(equal, len(groups) * n**3 / (4 * year))


def maxima(u):
    """Largest of eight to the eighth power: uniform."""
    return stats.kstest(u[: u.size // 8 * 8].reshape(-1, 8).max(axis=1) ** 8, "uniform").pvalue


def matrix_ranks(u):
    """Ranks of 32 by 32 matrices of the top 32 bits of each number."""
    rows = (u[: u.size // 32 * 32] * 2.0**32).astype(np.uint64).reshape(-1, 32)
    counts = np.bincount(np.minimum(32 - _ranks(rows), 2), minlength=3)
    p = np.array([0.2887880951538411, 0.5775761901732046, 0.1336357146729543])
    return p_counts(counts, p)


@numba.njit
def _ranks(matrices):
    ranks = np.empty(len(matrices), np.int64)
    for i in range(len(matrices)):
        ranks[i] = _rank(matrices[i].copy())
    return ranks


@numba.njit
def _rank(rows):
    rank = 0
    for bit in range(32):
        mask = np.uint64(1) << np.uint64(bit)
        pivot = -1
        for i in range(rank, 32):
            if rows[i] & mask:
                pivot = i
                break
        if pivot < 0:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, 32):
            if rows[i] & mask:
                rows[i] ^= rows[rank]
        rank += 1
    return rank


def autocorrelation(u):
    """Correlation with what lies 1 to 64 places on, all together."""
    centred = (u - 0.5) * math.sqrt(12.0)
    lags = range(1, 65)
    z = [np.einsum("i,i", centred[lag:], centred[:-lag]) / math.sqrt(u.size - lag) for lag in lags]
    return stats.chi2.sf(np.sum(np.square(z)), len(lags))


def two_sided_poisson(found, expected):
    return 2.0 * min(stats.poisson.cdf(found, expected), stats.poisson.sf(found - 1, expected), 0.5)


BATTERY = {
    test.__name__: test
    for test in (
        serial_pairs, gaps, runs_up, collisions, birthday_spacings, maxima, matrix_ranks,
        autocorrelation,
    )
}  # fmt: skip


COUNTED = (collisions, birthday_spacings)
"""Whose p-value is two-sided, and 1 where the count is what was expected."""


def suspicious(u):
    """Tests whose p-value is too small, or too good."""
    return {
        name: p
        for name, test in BATTERY.items()
        if (p := test(u)) < UNLIKELY or (p > 1.0 - UNLIKELY and test not in COUNTED)
    }


@pytest.mark.parametrize("field", FIELDS)
def test_the_battery_finds_nothing_along_any_field(field):
    for u in along(field, 2**17):
        assert suspicious(u) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2**63, 20_140_501])
@pytest.mark.parametrize("field", FIELDS)
def test_the_battery_finds_nothing_along_a_longer_way(field, seed):
    for u in along(field, 2**23, seed=seed):
        assert suspicious(u) == {}


@pytest.mark.parametrize("first", FIELDS)
def test_numbers_along_two_fields_have_nothing_in_common(first):
    """All four pairs of uniforms; the first address, which both share, is left out."""
    a = along(first, 2**16)
    for second in FIELDS[FIELDS.index(first) + 1 :]:
        b = along(second, 2**16)
        for x in a:
            for y in b:
                apart = x != y
                z = np.mean((x[apart] - 0.5) * (y[apart] - 0.5)) * 12 * math.sqrt(apart.sum())
                assert abs(z) < stats.norm.isf(UNLIKELY), (first, second)
                assert apart.mean() > 0.99


def randu(n):
    """IBM's RANDU, whose triples lie in fifteen planes."""
    x, out = 1, np.empty(n)
    for i in range(n):
        x = 65_539 * x % 2**31
        out[i] = x / 2**31
    return out


def short_words(u):
    """As if only 20 bits of a number were random."""
    return np.floor(u * 2**20) / 2**20


def xor_of_rows(u):
    """Bits of each eighth number the sum of two before it: linear."""
    words = (u * 2.0**32).astype(np.uint64)
    words[7::8] = words[5::8] ^ words[6::8]
    return (words + 0.5) / 2.0**32


WEAK = {
    "serial_pairs": lambda u: np.where(np.arange(u.size) % 2, 0.98 * u + 0.02 * np.roll(u, 1), u),
    "gaps": lambda u: np.where(np.roll(u, 1) < 0.25, np.clip(1.08 * u, 0, 1 - 1e-12), u),
    "runs_up": lambda u: np.where(np.arange(u.size) % 50, u, np.maximum(u, np.roll(u, 1))),
    "collisions": short_words,
    "birthday_spacings": short_words,
    "maxima": lambda u: u**1.06,
    "matrix_ranks": xor_of_rows,
    "autocorrelation": lambda u: 0.98 * u + 0.02 * np.roll(u, 17),
}


@pytest.mark.parametrize("name", BATTERY)
def test_each_test_catches_a_generator_with_a_planted_fault(name):
    u = along("replicate", 2**18)[0]
    assert BATTERY[name](u) > UNLIKELY
    assert BATTERY[name](WEAK[name](u)) < UNLIKELY


def test_the_battery_catches_randu_and_a_plain_counter():
    assert suspicious(randu(2**18))
    assert suspicious((np.arange(2**18) + 0.5) / 2**18)


@numba.njit
def _few_rounds(rounds, first, out):
    """Philox 4x32 with *rounds* rounds in place of ten, as `rng` places a replicate and a seed."""
    for i in range(out.size):
        c0, c1, c2, c3 = np.uint64(first + i), np.uint64(0), np.uint64(3079), np.uint64(0)
        k0, k1 = np.uint64(20_140_501), np.uint64(0)
        low = np.uint64(0xFFFFFFFF)
        for _ in range(rounds):
            p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
            c0, c1, c2, c3 = (
                (p1 >> np.uint64(32)) ^ c1 ^ k0, p1 & low,
                (p0 >> np.uint64(32)) ^ c3 ^ k1, p0 & low,
            )  # fmt: skip
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
        out[i] = (np.float64((c0 << np.uint64(20)) | (c1 >> np.uint64(12))) + 0.5) / 2.0**52
    return out


@pytest.mark.parametrize(("rounds", "passes"), [(2, False), (4, False), (10, True)])
def test_the_battery_catches_philox_with_too_few_rounds(rounds, passes):
    assert (suspicious(_few_rounds(rounds, 0, np.empty(2**18))) == {}) == passes
