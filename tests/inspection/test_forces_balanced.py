"""Balanced samples: the size exact, the balance far better than by chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from underrecording.inspection.forces.balanced import Balanced
from underrecording.inspection.forces.cube import balanced_direction, walk
from underrecording.inspection.forces.srs import SimpleRandom

REPLICATES = 4_000
MET = "Metropolitan"


def spread(values):
    """Variance and its Monte Carlo standard error."""
    squares = (values - values.mean()) ** 2
    return squares.mean(), squares.std() / np.sqrt(len(values))


def is_less_than(part, values, reference):
    """Whether the variance of *values* is below *part* of that of *reference*, by 4 MCSE."""
    (variance, error), (whole, whole_error) = spread(values), spread(reference)
    return variance - part * whole < -4 * np.hypot(error, part * whole_error)


def volume_estimate(design, frame, chosen):
    p = design.p_inclusion(frame)
    return (frame.recorded_volume.sum(axis=1) / p)[chosen].sum(axis=1)


@pytest.fixture(scope="module")
def alike(small):
    """24 forces none of which is a large part of the whole, in three regions and two types."""
    volume = np.exp(np.random.default_rng(5).normal(0, 0.4, 24))
    return small.frame(
        volume,
        regions=tuple("xyz"[f % 3] for f in range(24)),
        force_types=tuple(("county", "metropolitan")[f % 5 == 0] for f in range(24)),
    )


def test_the_estimate_of_volume_varies_a_quarter_as_much_as_under_srs(alike, small):
    designs = Balanced(design="balanced", count=8), SimpleRandom(design="srs", count=8)
    balanced, plain = (
        volume_estimate(design, alike, small.selections(design, alike, REPLICATES))
        for design in designs
    )
    assert is_less_than(0.25, balanced, plain)
    assert not is_less_than(0.25, plain, plain)


@pytest.mark.parametrize("variable", ["regions", "force_types"])
def test_forces_of_each_kind_come_in_nearly_even_numbers(variable, frame, small):
    kinds = np.array(getattr(frame, variable))
    unlike = []
    for design in (Balanced(design="balanced", count=13), SimpleRandom(design="srs", count=13)):
        chosen = small.selections(design, frame, REPLICATES)
        excess = [(kinds[chosen] == k).sum(axis=1) - (kinds == k).mean() * 13 for k in set(kinds)]
        unlike.append((np.array(excess) ** 2).sum(axis=0))
    balanced, plain = unlike
    error = np.hypot(balanced.std(), plain.std() / 2) / np.sqrt(REPLICATES)
    assert balanced.mean() - plain.mean() / 2 < -4 * error


def test_what_is_named_first_is_balanced_best(alike, small):
    orders = ("volume", "region", "force_type"), ("force_type", "region", "volume")
    first, last = (
        volume_estimate(design, alike, small.selections(design, alike, REPLICATES))
        for design in (Balanced(design="balanced", count=8, on=on) for on in orders)
    )
    assert is_less_than(0.9, first, last)
    assert not is_less_than(0.9, last, last)


def test_where_kinds_divide_evenly_balance_is_exact(small):
    """Nine forces in three regions, three to take: always one of each region."""
    frame = small.frame([1] * 9, regions=tuple("xxxyyyzzz"))
    design = Balanced(design="balanced", count=3, on=("region",))
    chosen = small.selections(design, frame, 500)
    assert (chosen // 3 == [0, 1, 2]).all()
    assert len(np.unique(chosen, axis=0)) == 27


def test_volumes_in_proportion_take_the_large_always_and_keep_the_total(frame, small):
    design = Balanced(design="balanced", count=13, probabilities="volume")
    chosen = small.selections(design, frame, 500)
    assert (chosen == frame.forces.index(MET)).any(axis=1).all()
    estimate = volume_estimate(design, frame, chosen)
    np.testing.assert_allclose(estimate, frame.recorded_volume.sum(), rtol=1e-9)


def test_no_twelve_forces_balance_the_metropolitan(frame):
    volume = np.sort(frame.recorded_volume.sum(axis=1))
    assert volume[-1] + volume[:12].sum() > 13 / 43 * volume.sum()


def test_a_step_is_orthogonal_to_what_is_balanced():
    table = np.random.default_rng(3).normal(size=(8, 4))
    direction = balanced_direction(table, np.arange(5))
    assert np.abs(direction).max() >= 1
    np.testing.assert_allclose(table[:5].T @ direction, 0, atol=1e-12)
    # With three forces the last two variables are given up, and only they.
    few = np.array([6, 2, 4])
    direction = balanced_direction(table, few)
    np.testing.assert_allclose(table[few, :2].T @ direction, 0, atol=1e-12)
    assert np.abs(table[few, 2:].T @ direction).min() > 1e-3


def test_variables_that_follow_from_others_cost_no_force():
    table = np.array([[1, 1, 0, 2.0], [1, 1, 0, 3], [1, 0, 1, 5], [1, 0, 1, 1]])
    direction = balanced_direction(table, np.arange(4))
    np.testing.assert_allclose(table.T @ direction, 0, atol=1e-12)
    assert np.abs(direction).max() > 0


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(-9, 9)), min_size=2, max_size=6),
    st.floats(0.001, 0.999),
)
def test_a_step_ends_at_a_wall_and_stays_in_the_cube(steps, chance):
    p, direction = (np.array(column) for column in zip(*steps, strict=True))
    if np.abs(direction).max() < 1e-3:
        direction[0] = 1.0
    window = np.arange(len(p))
    walk(p, window, direction, chance)
    assert ((p >= 0) & (p <= 1)).all()
    assert ((p == 0) | (p == 1)).any()


def test_a_step_keeps_the_mean():
    """Back with 0.3 / (0.3 + 0.2) of the chance, forward with the rest."""
    start, direction = np.array([0.3, 0.8]), np.array([1.0, 1.0])
    ends = []
    for chance in (0.59, 0.61):
        p = start.copy()
        walk(p, np.arange(2), direction, chance)
        ends.append(p)
    np.testing.assert_allclose(ends, [[0.5, 1.0], [0.0, 0.5]])
    np.testing.assert_allclose(0.6 * ends[0] + 0.4 * ends[1], start)


def test_a_variable_named_twice_and_none_at_all_are_refused():
    with pytest.raises(ValidationError, match="'region' stands there more than once"):
        Balanced(design="balanced", count=5, on=("region", "volume", "region"))
    with pytest.raises(ValidationError, match="at least 1 item"):
        Balanced(design="balanced", count=5, on=())
