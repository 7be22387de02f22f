"""Sobol indices: those of known functions, and of the change a scenario brings."""

from datetime import date

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.stream.levers import LOAD_WORLDS, change_in_accuracy, find_levers
from underrecording.stream.sensitivity import (
    RANGES,
    Range,
    analyse,
    at_point,
    check_ranges,
    sensitivity,
)
from underrecording.world.build import build_world
from underrecording.world.options import (
    Drivers,
    Effects,
    Pressure,
    Supervision,
    Training,
    Workload,
    WorldOptions,
)
from underrecording.world.pathway import Intervention, Pathway

UNIT = tuple(Range(name, -np.pi, np.pi) for name in ("x1", "x2", "x3"))
TRAINED = WorldOptions(training=Training(rate_per_year=3.0))
DRAWS = {one.path: place for place, one in enumerate(RANGES)}


def ishigami(at, extra=0.0):
    x1, x2, x3 = at.T
    return np.sin(x1) * (1 + extra) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


# Ishigami & Homma (1990), a = 7, b = 0.1.
FIRST, TOTAL = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]


def misses(found):
    """Indices whose truth lies more than twice a 95 % interval's half width away."""
    far = []
    for value, interval, truth in (
        (found.first_order, found.first_order_interval, FIRST),
        (found.total, found.total_interval, TOTAL),
    ):
        half = np.diff(interval, axis=1).ravel() / 2
        far.append(np.abs(value - truth) > 2 * half)
    return int(np.sum(far))


def test_indices_of_a_known_function_are_found():
    found = analyse(ishigami, UNIT, seed=1, points=2048)
    assert misses(found) == 0
    assert (found.total_interval[:, 0] <= found.total).all()
    assert (found.total <= found.total_interval[:, 1]).all()


def test_the_test_of_the_indices_catches_another_function():
    found = analyse(lambda at: ishigami(at, extra=1.0), UNIT, seed=1, points=2048)
    assert misses(found) > 0


def test_an_additive_function_has_equal_indices():
    weight = np.array([1.0, 2.0, 3.0])
    found = analyse(lambda at: at @ weight, UNIT, seed=2, points=1024)
    np.testing.assert_allclose(found.total, weight**2 / 14, atol=0.02)
    np.testing.assert_allclose(found.first_order, found.total, atol=0.05)


def test_intervals_narrow_with_points_and_repeat_with_the_seed():
    widths = [
        np.diff(analyse(ishigami, UNIT, seed=1, points=n).total_interval, axis=1).sum()
        for n in (128, 2048)
    ]
    assert widths[1] < widths[0] / 2
    one, two = (analyse(ishigami, UNIT, seed=5, points=64) for _ in range(2))
    np.testing.assert_array_equal(one.first_order_interval, two.first_order_interval)


def test_a_function_that_does_not_vary_has_no_indices():
    with pytest.raises(UserError, match="not defined"):
        analyse(lambda at: np.full(len(at), 0.3), UNIT, seed=1, points=64)


def national(world):
    return (world.expected_due * world.expected_p).sum() / world.expected_due.sum()


@pytest.mark.parametrize(
    "options",
    [
        TRAINED,
        WorldOptions(workload=Workload(relative=1.5), effects=Effects(workload=0.3)),
        WorldOptions(pressure=Pressure(level=0.6), supervision=Supervision(review_share=0.5)),
        WorldOptions(training=Training(rate_per_year=2.0), force_effects={"Essex": -1.5}),
    ],
)
def test_the_change_is_that_of_the_world_at_rates(options):
    before = options.model_copy(
        update={name: getattr(options.baseline, name) for name in Drivers.model_fields}
    )
    wanted = national(build_world(options)) - national(build_world(before))
    assert change_in_accuracy(options, find_levers(options, seed=1)) == pytest.approx(
        wanted, abs=1e-12
    )
    assert wanted != 0


@pytest.mark.slow
def test_a_lever_rests_on_the_assumptions_that_it_works_through():
    effects = RANGES[:4]
    found = sensitivity(TRAINED, seed=1, points=32, ranges=effects)
    assert found.change.mean() > 0
    assert np.argmax(found.total) == DRAWS["effects.knowledge"]
    assert abs(found.total[DRAWS["effects.pressure"]]) < 0.01
    busy = WorldOptions(workload=Workload(relative=1.5))
    found = sensitivity(busy, seed=1, points=32, ranges=effects)
    assert np.argmax(found.total) == DRAWS["effects.workload"]
    assert found.change.max() <= 1e-12


@pytest.mark.slow
def test_an_intervention_counts_where_it_acts():
    training = Intervention(date=date(2012, 11, 8), training_rate_per_year=3.0)
    changes = []
    for forces in ((), ("Essex",)):
        pathway = Pathway(
            days=28, warm_up_days=7, follow_up_days=28,
            interventions=(training.model_copy(update={"forces": forces}),),
        )  # fmt: skip
        options = WorldOptions(fidelity="events", pathway=pathway)
        levers = find_levers(options, seed=1)
        assert levers.before.shape == (43, 3 * LOAD_WORLDS)
        changes.append(change_in_accuracy(options, levers))
    assert 0 < changes[1] < 0.1 * changes[0]


@pytest.mark.slow
def test_more_demand_is_more_load_and_less_accuracy():
    demand = Intervention(date=date(2012, 11, 8), demand=1.3)
    pathway = Pathway(days=28, warm_up_days=7, follow_up_days=28, interventions=(demand,))
    options = WorldOptions(fidelity="events", pathway=pathway)
    levers = find_levers(options, seed=1)
    assert levers.after.mean() > 1.2 * levers.before.mean()
    assert change_in_accuracy(options, levers) < 0


def test_at_the_baseline_indices_are_not_defined():
    with pytest.raises(UserError, match="not defined"):
        sensitivity(WorldOptions(), seed=1, points=32)


def test_a_lever_without_effect_has_no_indices():
    with pytest.raises(UserError, match="whatever is assumed"):
        sensitivity(TRAINED, seed=1, points=8, ranges=[Range("effects.knowledge", 0.0, 1e-15)])


@pytest.mark.parametrize("points", [0, 1, 3, 100])
def test_points_are_a_power_of_two(points):
    with pytest.raises(UserError, match="power of 2"):
        sensitivity(TRAINED, seed=1, points=points)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (Range("effects.knowlege", 0, 1), "no number"),
        (Range("effects", 0, 1), "no number"),
        (Range("staff.officers_year", 2010, 2014), "no number"),
        (Range("effects.knowledge", 2, 1), "not below"),
        (Range("effects.review_detection", 0.5, 1.5), "less than or equal to 1"),
    ],
)
def test_a_range_that_does_not_fit_is_refused(one, message):
    with pytest.raises(UserError, match=message):
        check_ranges(WorldOptions(), [one])


def test_a_driver_is_moved_at_the_baseline_too():
    moved = at_point(TRAINED, [Range("training.forgetting_per_year", 0, 1)], [0.33])
    assert moved.training.forgetting_per_year == 0.33
    assert moved.baseline.training.forgetting_per_year == 0.33
    assert moved.training.rate_per_year == 3.0
    assert TRAINED.training.forgetting_per_year == 0.25


def test_every_assumed_range_holds_the_default():
    check_ranges(WorldOptions(), RANGES)
    for one in RANGES:
        value = WorldOptions()
        for key in one.path.split("."):
            value = getattr(value, key)
        assert one.low <= value <= one.high, one


@pytest.mark.slow
def test_threads_change_no_index():
    one, three = (
        sensitivity(TRAINED, seed=3, points=8, ranges=RANGES[:2], threads=n) for n in (1, 3)
    )
    np.testing.assert_array_equal(one.total, three.total)
    np.testing.assert_array_equal(one.total_interval, three.total_interval)
