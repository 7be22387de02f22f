"""Simple random and tilted selections: every set of forces as often as it should come."""

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest

from underrecording.inspection.forces import DESIGNS
from underrecording.inspection.forces.smallest_keys import take_smallest
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.forces.tilted import Tilted

REPLICATES = 30_000
LIKELY = 1e-4


def test_srs_takes_every_set_of_forces_equally_often(small):
    frame = small.frame([5, 4, 3, 2, 1, 6])
    chosen = small.selections(SimpleRandom(design="srs", count=3), frame, REPLICATES)
    sets = dict.fromkeys(combinations(range(6), 3), 1 / 20)
    assert small.p_sets(chosen, sets) > LIKELY
    # One set a sixth likelier, all others less, would be seen.
    planted = dict.fromkeys(sets, (1 - 7 / 120) / 19)
    planted[0, 1, 2] = 7 / 120
    assert small.p_sets(chosen, planted) < LIKELY


def successive(weights, m):
    """Chances of each set under successive sampling without replacement."""
    sets = dict.fromkeys(combinations(range(len(weights)), m), 0.0)
    for order in permutations(range(len(weights)), m):
        chance, left = 1.0, sum(weights)
        for f in order:
            chance *= weights[f] / left
            left -= weights[f]
        sets[tuple(sorted(order))] += chance
    return sets


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("tilt", [-1.0, 0.5])
def test_tilted_is_successive_sampling_with_weights_exp_tilt_z(m, tilt, small):
    accuracy = np.array([0.6, 0.7, 0.85, 0.9, 0.95])
    z = (accuracy - accuracy.mean()) / accuracy.std()
    frame = small.frame([1] * 5)
    design = Tilted(design="tilted", count=m, tilt=tilt)
    chosen = small.selections(design, frame, REPLICATES, accuracy=accuracy)
    assert small.p_sets(chosen, successive(np.exp(tilt * z), m)) > LIKELY
    assert small.p_sets(chosen, successive(np.exp(0.9 * tilt * z), m)) < LIKELY


def test_tilted_without_a_tilt_is_srs(frame, small):
    tilted = small.selections(Tilted(design="tilted", count=13, tilt=0.0), frame, 500)
    plain = small.selections(SimpleRandom(design="srs", count=13), frame, 500)
    np.testing.assert_array_equal(tilted, plain)


def test_tilted_among_forces_that_record_alike_is_srs(frame, small):
    alike = np.full(43, 0.8)
    design = Tilted(design="tilted", count=13, tilt=-3.0)
    tilted = small.selections(design, frame, 500, accuracy=alike)
    plain = small.selections(SimpleRandom(design="srs", count=13), frame, 500)
    np.testing.assert_array_equal(tilted, plain)


def test_a_negative_tilt_brings_worse_forces_first_and_a_positive_one_better(frame, small):
    accuracy = np.linspace(0.6, 0.9, 43)
    means = []
    for tilt in (-5, -2, -1, -0.2, 0, 0.2, 1, 2, 5):
        design = Tilted(design="tilted", count=13, tilt=tilt)
        chosen = small.selections(design, frame, 5_000, accuracy=accuracy)
        means.append(accuracy[chosen].mean())
    assert (np.diff(means) > 0).all()
    assert means[0] < 0.66
    assert means[4] == pytest.approx(0.75, abs=0.002)


def test_tilted_declares_what_simple_random_sampling_would(frame):
    design = Tilted(design="tilted", count=13, tilt=-2.0)
    assert design.p_inclusion(frame) is None
    assert design.plan(frame).p_declared == pytest.approx(np.full(43, 13 / 43))


def nested(smaller, larger):
    return all(set(a) <= set(b) for a, b in zip(smaller.tolist(), larger.tolist(), strict=True))


@pytest.mark.parametrize("name", ["srs", "tilted"])
def test_smaller_samples_are_parts_of_larger_ones(name, frame, small):
    extra = {"tilt": -1.0} if name == "tilted" else {}
    samples = [
        small.selections(DESIGNS[name](design=name, count=count, **extra), frame, 300)
        for count in (1, 5, 13, 30, 43)
    ]
    for smaller, larger in pairwise(samples):
        assert nested(smaller, larger)
    moved = small.selections(DESIGNS[name](design=name, count=13, **extra), frame, 300, first=1)
    assert not nested(samples[1], moved)


@pytest.mark.parametrize("scale", [1, 50])
@pytest.mark.parametrize("values", [3, 10**9])
def test_the_smallest_keys_are_taken_tied_ones_too(values, scale):
    rng = np.random.default_rng(values)
    for _ in range(100):
        size, replicates = rng.integers(1, 44), rng.integers(1, 20)
        keys = np.full((48, replicates), np.inf)
        keys[:44] = rng.integers(1, values + 1, (44, replicates)) / (values + 1) * scale
        keys[rng.permutation(44)[size:]] = np.inf  # Of another stratum.
        for count in range(size + 1):
            chosen = np.full((replicates, count + 1), -1)
            take_smallest(keys, size, float(scale), count, chosen, 1)
            # Of tied keys the first ones.
            expected = np.sort(np.argsort(keys, axis=0, kind="stable")[:count].T)
            np.testing.assert_array_equal(chosen[:, 1:], expected)
            assert (chosen[:, 0] == -1).all()
