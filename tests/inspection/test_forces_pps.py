"""Selections in proportion to size: exact laws against complete enumeration."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underrecording.inspection.forces.conditional_poisson import (
    conditional_poisson_joint,
    working_probabilities,
)
from underrecording.inspection.forces.pps import ProportionalToSize, inclusion_probabilities
from underrecording.inspection.forces.pps_wr import ProportionalWithReplacement
from underrecording.inspection.forces.sampford import sampford_joint

REPLICATES = 30_000
LIKELY = 1e-4
MET = "Metropolitan"

TINY = [
    ([0.2, 0.4, 0.6, 0.8], 2),
    ([0.15, 0.3, 0.35, 0.5, 0.7], 2),
    ([0.07, 0.17, 0.41, 0.61, 0.83, 0.91], 3),
    ([0.999, 0.6, 0.4, 0.001], 2),
    ([0.9, 0.8, 0.7, 0.6, 0.5, 0.5], 4),
    ([0.5, 0.25, 0.125, 0.125], 1),
    ([0.9, 0.9, 0.9, 0.8, 0.5], 4),
]
tiny = pytest.mark.parametrize(("p", "m"), TINY, ids=str)


def rejective_sampford(p, m):
    """Chances of each set when draws with replacement are repeated until all differ.

    The first force is drawn in proportion to p, the others to p / (1 - p).
    """
    p = np.array(p)
    odds = p / (1 - p)
    sets = dict.fromkeys(combinations(range(len(p)), m), 0.0)
    for first, *others in permutations(range(len(p)), m):
        sets[tuple(sorted((first, *others)))] += p[first] * np.prod(odds[others])
    total = sum(sets.values())
    return {forces: chance / total for forces, chance in sets.items()}


def given_their_number(working, m):
    """Chances of each set when forces are taken independently and happen to be m."""
    working = np.array(working)
    odds = working / (1 - working)
    sets = {s: np.prod(odds[list(s)]) for s in combinations(range(len(working)), m)}
    total = sum(sets.values())
    return {forces: chance / total for forces, chance in sets.items()}


def joint_of(sets, n_forces):
    joint = np.zeros((n_forces, n_forces))
    for forces, chance in sets.items():
        joint[np.ix_(forces, forces)] += chance
    return joint


@tiny
def test_sampford_joint_probabilities_are_those_of_the_rejective_procedure(p, m):
    expected = joint_of(rejective_sampford(p, m), len(p))
    np.testing.assert_allclose(sampford_joint(np.array(p), m), expected, rtol=0, atol=1e-12)


@tiny
def test_conditional_poisson_joint_probabilities_are_those_of_all_sets(p, m):
    working = working_probabilities(np.array(p), m)
    expected = joint_of(given_their_number(working, m), len(p))
    np.testing.assert_allclose(expected.diagonal(), p, rtol=1e-11)
    joint = conditional_poisson_joint(working, m)
    np.testing.assert_allclose(joint, expected, rtol=0, atol=1e-12)


def test_the_two_laws_differ_if_little():
    """So that one could not pass for the other above."""
    p, m = TINY[1]
    working = working_probabilities(np.array(p), m)
    difference = sampford_joint(np.array(p), m) - conditional_poisson_joint(working, m)
    assert 1e-4 < np.abs(difference).max() < 0.02


@pytest.mark.parametrize("method", ["sampford", "conditional_poisson"])
@pytest.mark.parametrize(("p", "m"), [TINY[2], TINY[4]], ids=str)
def test_each_set_comes_as_often_as_the_law_says(method, p, m, small):
    frame = small.frame(p)
    design = ProportionalToSize(design="pps", count=m, method=method)
    chosen = small.selections(design, frame, REPLICATES)
    if method == "sampford":
        sets = rejective_sampford(p, m)
    else:
        sets = given_their_number(working_probabilities(np.array(p), m), m)
    assert small.p_sets(chosen, sets) > LIKELY
    # Independent selections given their number, with the wanted chances for the working ones.
    assert small.p_sets(chosen, given_their_number(p, m)) < LIKELY


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=43), st.data())
def test_working_probabilities_are_found_whatever_the_sizes(sizes, data):
    count = data.draw(st.integers(1, len(sizes) - 1))
    p = inclusion_probabilities(np.array(sizes), count)
    p = p[p < 1]
    if len(p) == 0:
        return
    left = round(p.sum())
    working = working_probabilities(p, left)
    reached = conditional_poisson_joint(working, left).diagonal()
    np.testing.assert_allclose(reached, p, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=43), st.data())
def test_sampford_pairs_add_up_to_the_fixed_size_whatever_the_sizes(sizes, data):
    count = data.draw(st.integers(1, len(sizes) - 1))
    p = inclusion_probabilities(np.array(sizes), count)
    p = p[p < 1]
    if len(p) == 0:
        return
    left = round(p.sum())
    joint = sampford_joint(p, left)
    # The odds p / (1 - p) are known to one rounding of p over 1 - p, and no better.
    known_to = 4 * np.finfo(float).eps / (1 - p).min()
    np.testing.assert_allclose(joint.sum(axis=1), left * p, rtol=1e-12 + known_to)
    # Sampford's pairs come together less often than independent ones would: no negative variance.
    apart = ~np.eye(len(p), dtype=bool)
    assert (joint[apart] <= np.outer(p, p)[apart] * (1 + 1e-12 + known_to)).all()


@pytest.mark.parametrize("method", ["systematic", "sampford", "conditional_poisson"])
def test_certain_forces_are_never_at_risk(method, frame, small):
    design = ProportionalToSize(design="pps", count=30, method=method)
    chosen = small.selections(design, frame, 5_000)
    certain = np.flatnonzero(design.p_inclusion(frame) >= 1)
    assert len(certain) > 1
    assert all(set(certain) <= set(row) for row in chosen.tolist())


def test_methods_that_pass_the_forces_once_take_similar_samples(frame, small):
    """The same luck at the same force: nearly all 13 in common, against 6 to be expected."""
    one, other = (
        small.selections(ProportionalToSize(design="pps", count=13, method=method), frame, 500)
        for method in ("sampford", "conditional_poisson")
    )
    common = [len(set(a) & set(b)) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    moved = [len(set(a) & set(b)) for a, b in zip(one[1:].tolist(), other.tolist(), strict=False)]
    assert np.mean(common) > 12
    assert np.mean(moved) < 8


def test_a_method_changes_no_inclusion_probability(frame):
    p = ProportionalToSize(design="pps", count=13).p_inclusion(frame)
    for method in ("sampford", "conditional_poisson"):
        design = ProportionalToSize(design="pps", count=13, method=method)
        np.testing.assert_array_equal(design.p_inclusion(frame), p)


def test_systematic_is_the_method_unless_said_otherwise(frame, small):
    plain = ProportionalToSize(design="pps", count=13)
    named = ProportionalToSize(design="pps", count=13, method="systematic")
    np.testing.assert_array_equal(
        small.selections(plain, frame, 200), small.selections(named, frame, 200)
    )


@pytest.mark.parametrize("method", ["sampford", "conditional_poisson"])
def test_a_force_without_crimes_is_never_taken(method, small):
    design = ProportionalToSize(design="pps", count=2, method=method)
    chosen = small.selections(design, small.frame([0, 2, 2, 3]), 500)
    assert chosen.min() == 1


def test_at_thirteen_exactly_the_metropolitan_is_certain_under_pps(frame):
    p = ProportionalToSize(design="pps", count=13).p_inclusion(frame)
    assert [frame.forces[f] for f in np.flatnonzero(p >= 1)] == [MET]
    volume = frame.recorded_volume.sum(axis=1)
    rest = p < 1
    np.testing.assert_allclose(p[rest], 12 * volume[rest] / volume[rest].sum(), rtol=1e-12)


def test_all_forces_are_certain_under_pps_when_all_are_inspected(frame):
    plan = ProportionalToSize(design="pps", count=43).plan(frame)
    assert (plan.p_declared == 1.0).all()
    assert plan.stratum_declared.tolist() == list(range(43))


def test_certainty_under_pps_is_iterated():
    """At 3 of five, 10 is certain at once; then 5 of the rest is; the last share one place."""
    p = inclusion_probabilities(np.array([10.0, 5.0, 2.0, 2.0, 1.0]), 3)
    assert p == pytest.approx([1, 1, 0.4, 0.4, 0.2])
    # 3 * 5 / 20 < 1: without iteration the second force would not have been certain.
    assert 3 * 5 / 20 < 1


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=43), st.data())
def test_pps_probabilities_add_up_and_are_proportional_below_one(sizes, data):
    count = data.draw(st.integers(1, len(sizes)))
    size = np.array(sizes)
    p = inclusion_probabilities(size, count)
    assert p.sum() == pytest.approx(count)
    assert ((p > 0) & (p <= 1)).all()
    rest = p < 1
    if rest.any():
        scale = p[rest] / size[rest]
        assert np.ptp(scale) <= 1e-9 * scale.max()
        assert (size[~rest] >= size[rest].max() * (1 - 1e-12)).all()


def test_draws_with_replacement_are_multinomial(small):
    frame = small.frame([1, 2, 5])
    design = ProportionalWithReplacement(design="pps_wr", count=3)
    chosen = small.selections(design, frame, REPLICATES)
    sets = {}
    for draws in np.ndindex(3, 3, 3):
        forces = tuple(sorted(draws))
        sets[forces] = sets.get(forces, 0) + np.prod(np.array([1, 2, 5])[list(draws)]) / 8**3
    assert small.p_sets(chosen, sets) > LIKELY
    # One set 5 per cent likelier than it is would be seen.
    planted = dict(sets)
    planted[2, 2, 2] *= 1.05
    rest = (1 - planted[2, 2, 2]) / (1 - sets[2, 2, 2])
    planted = {s: c if s == (2, 2, 2) else c * rest for s, c in planted.items()}
    assert small.p_sets(chosen, planted) < LIKELY


def test_with_replacement_the_metropolitan_is_expected_more_than_once_from_five_draws_on(frame):
    met = frame.forces.index(MET)
    for count in (4, 5, 13):
        design = ProportionalWithReplacement(design="pps_wr", count=count)
        assert (design.p_inclusion(frame)[met] > 1) == (count >= 5)
        assert design.p_joint(frame) is None


def test_the_first_draws_of_a_larger_sample_are_the_smaller_one(frame, small):
    smaller, larger = (
        small.selections(ProportionalWithReplacement(design="pps_wr", count=count), frame, 300)
        for count in (5, 13)
    )
    for few, many in zip(smaller, larger, strict=True):
        left = many.tolist()
        for force in few:
            left.remove(force)
        assert len(left) == 8
