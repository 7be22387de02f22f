"""Addressed random numbers: published vectors, a plain twin, layout, uniformity, one source."""

import ast
import math
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import underrecording
from underrecording import rng

WORD = 2**32
FIELDS = ("world", "replicate", "purpose", "force", "group", "index")
LIMITS = {
    "world": rng.MAX_WORLDS,
    "replicate": 2**63,
    "purpose": rng.MAX_PURPOSES,
    "force": rng.MAX_FORCES,
    "group": rng.MAX_GROUPS,
    "index": rng.MAX_DRAWS,
}
LIKELY = 1e-4


def whole(limit):
    """Whole numbers below *limit*, the ends likely."""
    return st.one_of(st.integers(0, limit - 1), st.sampled_from([0, 1, limit - 2, limit - 1]))


addresses = st.tuples(*(whole(LIMITS[field]) for field in FIELDS))
seeds = whole(2**64)


def plain_philox(counter, key):
    """Philox 4x32-10 as Salmon et al. (2011) write it, in Python's whole numbers."""
    left_0, right_0, left_1, right_1 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * left_0, WORD)
        high_1, low_1 = divmod(0xCD9E8D57 * left_1, WORD)
        left_0, right_0, left_1, right_1 = (
            high_1 ^ right_0 ^ k0,
            low_1,
            high_0 ^ right_1 ^ k1,
            low_0,
        )
        k0, k1 = (k0 + 0x9E3779B9) % WORD, (k1 + 0xBB67AE85) % WORD
    return left_0, right_0, left_1, right_1


def pack(world, replicate, purpose, force, group, index):
    """The counter of an address, by the table at the head of the module."""
    return (
        replicate % WORD,
        replicate // WORD,
        world * 2**16 + purpose * 2**10 + force,
        group * 2**24 + index,
    )


def unpack(counter):
    """The address of a counter."""
    c0, c1, c2, c3 = counter
    return (c2 >> 16, c1 * WORD + c0, c2 >> 10 & 63, c2 & 1023, c3 >> 24, c3 & (2**24 - 1))


def plain_uniforms(seed, *address):
    """Twin of `rng.uniforms` in whole numbers."""
    words = plain_philox(pack(*address), (seed % WORD, seed // WORD))
    pairs = (words[:2], words[2:])
    return tuple(((a >> 6) * 2**26 + (b >> 6) + 0.5) / 2**52 for a, b in pairs)


def plain_whole_number(seed, *address):
    """Twin of `rng.whole_number`: 32 bits of the first word above 31 of the second."""
    a, b, _, _ = plain_philox(pack(*address), (seed % WORD, seed // WORD))
    return a * 2**31 + b % 2**31


@numba.njit
def _fill(normal, seed, start, step, out):
    for i in range(out.shape[0]):
        world, replicate, purpose, force, group, index = start + i * step
        if normal:
            out[i] = rng.normals(seed, world, replicate, purpose, force, group, index)
        else:
            out[i] = rng.uniforms(seed, world, replicate, purpose, force, group, index)


def along(field, count, *, normal=False, seed=20140501):
    """Pairs of numbers at *count* neighbouring addresses that differ in one field, (count, 2)."""
    out = np.empty((count, 2))
    start = np.array([3, 1000, 5, 7, 2, 0])
    start[FIELDS.index(field)] = 0
    step = np.array([int(name == field) for name in FIELDS])
    _fill(normal, np.uint64(seed), start, step, out)
    return out


@numba.njit
def _fill_whole(seed, start, step, out):
    for i in range(out.shape[0]):
        world, replicate, purpose, force, group, index = start + i * step
        out[i] = rng.whole_number(seed, world, replicate, purpose, force, group, index)


def whole_along(field, count, *, seed=20140501):
    """Whole numbers at *count* neighbouring addresses that differ in one field, (count,)."""
    out = np.empty(count, np.int64)
    start = np.array([3, 0, rng.RESAMPLE, rng.NATIONAL, 0, 0])
    start[FIELDS.index(field)] = 0
    _fill_whole(np.uint64(seed), start, np.array([int(name == field) for name in FIELDS]), out)
    return out


PUBLISHED = {
    "zeros": ("00000000 00000000 00000000 00000000", "00000000 00000000",
              "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    "ones": ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
             "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    "pi": ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
           "d16cfe09 94fdcceb 5001e420 24126ea1"),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("philox", [rng.philox, None], ids=["compiled", "plain"])
def test_philox_gives_the_published_words(name, philox):
    """Known answers of Random123 1.14, file kat_vectors, philox4x32 with 10 rounds."""
    counter, key, expected = ([int(word, 16) for word in text.split()] for text in PUBLISHED[name])
    if philox is None:
        assert list(plain_philox(counter, key)) == expected
    else:
        assert [int(word) for word in philox(*map(np.uint64, (*counter, *key)))] == expected


@settings(deadline=None, max_examples=300)
@given(seeds, addresses)
def test_compiled_uniforms_equal_the_plain_twin_bit_for_bit(seed, address):
    assert rng.uniforms(np.uint64(seed), *address) == plain_uniforms(seed, *address)


@settings(deadline=None, max_examples=300)
@given(seeds, addresses)
def test_compiled_whole_numbers_equal_the_plain_twin_bit_for_bit(seed, address):
    number = rng.whole_number(np.uint64(seed), *address)
    assert number == plain_whole_number(seed, *address)
    assert 0 <= number < 2**63


@settings(max_examples=300)
@given(addresses)
def test_an_address_can_be_read_back_from_its_counter(address):
    counter = pack(*address)
    assert unpack(counter) == address
    assert all(0 <= word < WORD for word in counter)


@settings(max_examples=300)
@given(addresses, st.data())
def test_addresses_that_differ_in_one_field_have_different_counters(address, data):
    field = data.draw(st.integers(0, len(FIELDS) - 1))
    other = list(address)
    other[field] = data.draw(whole(LIMITS[FIELDS[field]]))
    assert (pack(*address) == pack(*other)) == (list(address) == other)


@pytest.mark.parametrize("field", [*FIELDS, "seed"])
def test_every_bit_of_every_field_changes_the_numbers(field):
    seed, address = 0, dict.fromkeys(FIELDS, 0)
    limit = {**LIMITS, "seed": 2**64}[field]
    seen = {rng.uniforms(np.uint64(seed), *address.values())}
    bits = (limit - 1).bit_length()
    for bit in range(bits):
        if field == "seed":
            seen.add(rng.uniforms(np.uint64(2**bit), *address.values()))
        else:
            seen.add(rng.uniforms(np.uint64(seed), *{**address, field: 2**bit}.values()))
    assert len(seen) == bits + 1


def test_a_field_past_its_limit_would_reach_into_another():
    """So the stated limits are not just cautious: they are where the fields end."""
    for field, neighbour in (("force", "purpose"), ("purpose", "world"), ("index", "group")):
        zero = dict.fromkeys(FIELDS, 0)
        over, next_door = {**zero, field: LIMITS[field]}, {**zero, neighbour: 1}
        seed = np.uint64(1)
        assert rng.uniforms(seed, *over.values()) == rng.uniforms(seed, *next_door.values())


def test_no_two_purposes_share_a_number_and_all_fit():
    others = {"RESULTS_VERSION", "NATIONAL"}
    purposes = {
        name: number
        for name, number in vars(rng).items()
        if name.isupper() and name[0] not in "_M" and name not in others
    }
    assert {"SELECT_FORCES", "COUNT_REPORTS", "FORCE_EFFECTS", "RECORDED"} <= set(purposes)
    numbers = list(purposes.values())
    assert len(numbers) >= 10
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < rng.MAX_PURPOSES for number in numbers)
    assert rng.NATIONAL == rng.MAX_FORCES - 1


def test_numbers_drawn_several_at_a_time_are_those_drawn_one_by_one():
    seed, place = np.uint64(2**63 + 5), {"world": 3, "replicate": 2**33 + 7}
    keys = np.empty(43)
    rng.uniforms_of_replicates(seed, *place.values(), rng.SELECT_FORCES, 12, keys)
    for b, key in enumerate(keys):
        replicate = place["replicate"] + b
        assert key == rng.uniforms(seed, 3, replicate, rng.SELECT_FORCES, 12, 0, 0)[0]

    words = zip(*(rng.words_of(3, rng.DUE, f, 2, 5) for f in range(43)), strict=True)
    who, which = np.array(list(words), np.uint64)
    first, second = np.empty((2, 43))
    rng.uniforms_at(seed, np.arange(43) + 2**33, who, which, first, second)
    for f in range(43):
        assert (first[f], second[f]) == rng.uniforms(seed, 3, 2**33 + f, rng.DUE, f, 2, 5)

    who, which = map(np.uint64, rng.words_of(3, rng.DUE, 12, 2, 0))
    replicates, index = np.arange(43, dtype=np.uint64) + np.uint64(2**33), np.arange(43) % 7
    lanes = index.astype(np.uint64), first, second
    rng.uniforms_of_force(seed, replicates, who, which, *lanes)
    for j in range(43):
        expected = rng.uniforms(seed, 3, 2**33 + j, rng.DUE, 12, 2, index[j])
        assert (first[j], second[j]) == expected


@pytest.mark.parametrize("groups", [1, 3, 6, 8, 11, 16, 17])
def test_numbers_of_the_strata_of_an_audit_are_those_drawn_one_by_one(groups):
    seed, place = np.uint64(2**63 + 5), {"world": 3, "replicate": 2**33 + 7}
    forces, step = np.array([0, 4, 4, 4, 42]), 16
    room = rng.in_eights(forces.size * groups)
    who, which = np.empty(room + 8, np.uint64), np.empty(room, np.uint64)
    first, second = np.empty(room), np.empty(room)
    rng.words_of_forces(place["world"], rng.COUNT_REPORTS, forces, groups, who)
    rng.words_of_groups(forces, groups, step, which)
    rng.uniforms_of_strata(seed, place["replicate"], who, which, first, second)
    for i, (force, draw) in enumerate(zip(forces, [0, 0, 1, 2, 0], strict=True)):
        for group in range(groups):
            address = (*place.values(), rng.COUNT_REPORTS, force, group, draw * step)
            pair = first[i * groups + group], second[i * groups + group]
            assert pair == rng.uniforms(seed, *address)


FROZEN = {
    (7, 0, 3, 1, 12, 0, 0): (0.5120875077110111, 0.6400271298926062),
    (20140501, 0, 0, 1, 1023, 0, 0): (0.552455682667084, 0.4350881874408873),
    (2**64 - 1, 65535, 2**40 + 17, 63, 1023, 255, 2**24 - 1): (
        0.9970727438620616,
        0.24843103031577096,
    ),
    (1, 4, 9999, 33, 42, 5, 2): (0.149071796391666, 0.40961938501019646),
}


@pytest.mark.parametrize("place", FROZEN)
def test_the_numbers_of_results_version_3_stay_as_they_are(place):
    """Frozen from the plain twin above. A change here is a change of RESULTS_VERSION."""
    assert rng.RESULTS_VERSION == 5
    seed, *address = place
    assert rng.uniforms(np.uint64(seed), *address) == FROZEN[place]


def test_the_normals_of_results_version_3_stay_as_they_are():
    pair = rng.normals(np.uint64(7), 0, 3, rng.FORCE_EFFECTS, 12, 0, 0)
    u, v = plain_uniforms(7, 0, 3, 32, 12, 0, 0)
    radius = math.sqrt(-2 * math.log(u))
    angle = 2 * math.pi * v
    assert pair == pytest.approx((radius * math.cos(angle), radius * math.sin(angle)), rel=1e-14)
    assert pair == pytest.approx((0.603436311259591, -1.2521801202081924), rel=1e-12)


FROZEN_WHOLE = {
    (7, 0, 3, 4, 1023, 0, 0): 133_499_289_995_417_628,
    (20140501, 0, 0, 4, 1023, 0, 0): 3_951_787_929_413_871_146,
    (2**64 - 1, 65535, 2**40 + 17, 63, 1023, 255, 2**24 - 1): 9_196_372_911_072_177_813,
}


@pytest.mark.parametrize("place", FROZEN_WHOLE)
def test_the_whole_numbers_of_results_version_3_stay_as_they_are(place):
    """Frozen from the plain twin above."""
    seed, *address = place
    assert rng.whole_number(np.uint64(seed), *address) == FROZEN_WHOLE[place]


@pytest.mark.parametrize(
    ("word", "expected"), [(0, 2.0**-53), (63, 2.0**-53), (WORD - 1, 1.0 - 2.0**-53)]
)
def test_extreme_words_give_uniforms_strictly_inside_the_unit_interval(word, expected):
    value = rng._unit(np.uint64(word), np.uint64(word))
    assert value == expected
    assert 0.0 < value < 1.0


def test_normals_of_extreme_uniforms_are_finite():
    """2**-53 and 1 - 2**-53 are the ends: their logs are a number below 0."""
    assert math.isfinite(math.sqrt(-2.0 * math.log(2.0**-53)))
    assert math.log(1.0 - 2.0**-53) < 0.0


LENGTH = {"world": 2**16, "purpose": 2**6, "force": 2**10, "group": 2**8}


def runs(field):
    """Numbers along *field*, as long a run as the field has room for up to 2**17, (runs, n)."""
    length = min(LENGTH.get(field, 2**17), 2**17)
    parts = [along(field, length, seed=s) for s in range(2**17 // length)]
    return np.stack(parts)


def p_uniform(u):
    """Chi-square p-value of 256 equal bins."""
    return stats.chisquare(np.bincount((u.ravel() * 256).astype(int), minlength=256)).pvalue


def z_correlation(a, b):
    """Correlation of two sets of uniforms in its standard errors."""
    product = (a.ravel() - 0.5) * (b.ravel() - 0.5)
    return product.mean() / (product.std() / math.sqrt(product.size))


@pytest.mark.parametrize("field", FIELDS)
def test_uniforms_are_uniform_along_every_field(field):
    u = runs(field)
    assert p_uniform(u[..., 0]) > LIKELY
    assert p_uniform(u[..., 1]) > LIKELY


def test_the_uniformity_test_catches_a_bent_generator():
    assert p_uniform(runs("replicate")[..., 0] ** 1.04) < LIKELY


@pytest.mark.parametrize("field", FIELDS)
def test_neighbouring_addresses_are_uncorrelated(field):
    u = runs(field)
    assert abs(z_correlation(u[..., 0], u[..., 1])) < 4
    for lag in (1, 2, 6):
        for i in (0, 1):
            assert abs(z_correlation(u[:, lag:, i], u[:, :-lag, i])) < 4
            assert abs(z_correlation(u[:, lag:, i], u[:, :-lag, 1 - i])) < 4


def test_the_correlation_test_catches_a_neighbour_mixed_in():
    u = runs("replicate")[0, :, 0]
    mixed = 0.97 * u[1:] + 0.03 * u[:-1]
    assert abs(z_correlation(mixed[1:], u[1:-1])) > 4


def test_each_of_the_52_bits_is_fair():
    u = runs("replicate")[0]
    words = (u * 2.0**52).astype(np.uint64).ravel()
    for bit in range(52):
        ones = int((words >> np.uint64(bit) & np.uint64(1)).sum())
        assert abs(ones - words.size / 2) < 4 * math.sqrt(words.size) / 2


@pytest.mark.parametrize("field", ["replicate", "world"])
def test_each_of_the_63_bits_of_a_whole_number_is_fair_and_on_its_own(field):
    count = min(2**17, LENGTH.get(field, 2**17))
    numbers = whole_along(field, count)
    assert len(set(numbers.tolist())) == count
    bits = (numbers[:, None] >> np.arange(63) & 1).astype(float) - 0.5
    # Neither a bit nor a pair of bits nor a bit and its neighbour's leans to one side.
    limit = 5 * math.sqrt(count) / 2
    assert abs(bits.sum(0)).max() < limit
    assert abs((2 * bits.T @ bits)[np.triu_indices(63, 1)]).max() < limit
    assert abs(2 * bits[1:].T @ bits[:-1]).max() < limit


def test_whole_numbers_in_a_row_would_be_caught():
    bits = (np.arange(2**17)[:, None] >> np.arange(63) & 1).astype(float) - 0.5
    assert abs(2 * bits[1:].T @ bits[:-1]).max() > 5 * math.sqrt(2**17) / 2


def test_whole_numbers_are_uncorrelated_with_the_uniforms_of_other_purposes():
    share = whole_along("replicate", 2**17) / 2.0**63
    assert p_uniform(share) > LIKELY
    for purpose in (rng.SELECT_FORCES, rng.COUNT_REPORTS, rng.COUNT_NO_CRIMES):
        other = np.empty((2**17, 2))
        start = np.array([3, 0, purpose, rng.NATIONAL, 0, 0])
        _fill(False, np.uint64(20140501), start, np.array([0, 1, 0, 0, 0, 0]), other)
        for i in (0, 1):
            assert abs(z_correlation(share, other[:, i])) < 4
    # At its own address it shares its first word with the uniform, so nobody may draw both.
    other = np.empty((2**17, 2))
    start = np.array([3, 0, rng.RESAMPLE, rng.NATIONAL, 0, 0])
    _fill(False, np.uint64(20140501), start, np.array([0, 1, 0, 0, 0, 0]), other)
    assert z_correlation(share, other[:, 0]) > 4


def worst_moment(z):
    """First four moments against the standard normal's, the largest deviation in MCSEs."""
    n = z.size
    expected = {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}
    return max(abs((z**k).mean() - mean) / math.sqrt(v / n) for k, (mean, v) in expected.items())


def test_normals_have_the_moments_and_law_of_the_standard_normal():
    z = along("replicate", 2**17, normal=True)
    for part in (z[:, 0], z[:, 1]):
        assert worst_moment(part) < 4
        assert stats.kstest(part, "norm").pvalue > LIKELY
    pairs = z.prod(axis=1)
    squares = (z**2 - 1).prod(axis=1)
    for product in (pairs, squares):
        assert abs(product.mean()) < 4 * product.std() / math.sqrt(len(product))


def test_the_moment_test_catches_normals_that_are_two_per_cent_too_wide():
    assert worst_moment(1.02 * along("replicate", 2**17, normal=True)[:, 0]) > 4


SOURCE = Path(underrecording.__file__).parent
GENERATORS = {"random", "default_rng", "RandomState", "SeedSequence", "urandom", "secrets", "uuid4"}


def generators_in(text):
    """Names in a source, outside its texts, that would make random numbers."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.ImportFrom):
            found |= {*(node.module or "").split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
    return found & GENERATORS


def test_no_module_but_rng_makes_random_numbers():
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 20
    others = [file for file in files if file != SOURCE / "rng.py"]
    assert {file.name: found for file in others if (found := generators_in(file.read_text()))} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "import numpy as np\nx = np.random.normal()",
        "from numpy.random import default_rng",
        "import random\nrandom.seed(1)",
        "import numpy.random as r",
        "import os\nos.urandom(8)",
    ],
)
def test_the_scan_finds_a_planted_generator(planted):
    assert generators_in(planted)


def test_the_scan_lets_the_word_random_in_a_docstring_pass():
    assert not generators_in('"""Forces at random. np.random is forbidden."""\nx = 1')
