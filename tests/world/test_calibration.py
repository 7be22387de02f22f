"""Intercepts and tau: the nation records as published, by a computation of our own."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate
from scipy.special import expit

from underrecording.errors import UserError
from underrecording.published import load_published
from underrecording.world.build import build_world
from underrecording.world.options import (
    Accuracy,
    Drivers,
    Effects,
    Frame,
    Pressure,
    Supervision,
    Training,
    Workload,
    WorldOptions,
)

PUBLISHED = [0.67, 0.74, 0.86, 0.89, 0.86, 0.83]
PRESSURED = [0, 2, 3]  # violence, robbery, burglary
V = load_published().forces.recorded

HARD_BASELINE = Drivers(
    training=Training(rate_per_year=1.0, spread=0.8),
    supervision=Supervision(review_share=0.4, spread=0.7),
    workload=Workload(relative=1.3),
    pressure=Pressure(level=0.6, spread=0.8),
)
WORLDS = {
    "default": WorldOptions(),
    "narrow": WorldOptions(accuracy=Accuracy(between_force_sd=0.04)),
    "wide": WorldOptions(accuracy=Accuracy(between_force_sd=0.11)),
    "other targets": WorldOptions(accuracy=Accuracy(by_group={"violence": 0.75, "other": 0.9})),
    "strong effects": WorldOptions(
        effects=Effects(knowledge=3, workload=0.3, pressure=1, review_detection=0.8)
    ),
    "no effects": WorldOptions(
        effects=Effects(knowledge=0, workload=0, pressure=0, review_detection=0)
    ),
    "hard baseline": WorldOptions(
        baseline=HARD_BASELINE,
        training=HARD_BASELINE.training,
        supervision=HARD_BASELINE.supervision,
        workload=HARD_BASELINE.workload,
        pressure=HARD_BASELINE.pressure,
    ),
}  # fmt: skip
GRID_ERROR = {"strong effects": 1e-6, "hard baseline": 1e-6}
"""Nine nodes a driver are exact to 1e-9 at the default spreads, not at larger ones."""
SLOW = ("wide", "other targets", "no effects")
worlds = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in WORLDS],
)
MOVED = {
    "pressed": WorldOptions(effects=Effects(pressure=3), pressure=Pressure(level=1.0)),
    "untrained": WorldOptions(training=Training(rate_per_year=0), workload=Workload(relative=2)),
    "unlike": WorldOptions(
        training=Training(spread=1.0),
        supervision=Supervision(spread=1.0),
        pressure=Pressure(spread=1.0),
    ),
    "Met poor": WorldOptions(force_effects={"Metropolitan": -2.0, "Kent": 3.0}),
    "all given": WorldOptions(
        force_effects=dict.fromkeys(load_published().forces.name, 0.5),
        training=Training(rate_per_year=0),
    ),
}  # fmt: skip


def targets(options):
    groups = ("violence", "sexual", "robbery", "burglary", "damage", "other")
    return [options.accuracy.by_group.get(g, a) for g, a in zip(groups, PUBLISHED, strict=True)]


@worlds
def test_expected_national_accuracy_of_each_group_is_the_published_one(name, model):
    options = WORLDS[name]
    world = build_world(options)
    mine = model(world, options)
    recorded = world.expected_due * np.stack([mine.mean_p(k) for k in range(6)], axis=1)
    accuracy = recorded.sum(axis=0) / world.expected_due.sum(axis=0)
    assert accuracy == pytest.approx(targets(options), abs=GRID_ERROR.get(name, 1e-9))
    assert world.expected_accuracy() == pytest.approx(targets(options), abs=1e-9)


def test_an_intercept_off_by_a_millionth_is_caught(model):
    world = build_world(WorldOptions())
    calibration = replace(world.calibration, intercept=world.calibration.intercept + 1e-6)
    mine = model(replace(world, calibration=calibration), WorldOptions())
    due = world.expected_due[:, 0]
    assert abs(mine.mean_p(0) @ due / due.sum() - 0.67) > 1e-8


@worlds
def test_expected_recorded_volume_of_each_force_and_group_is_the_published_one(name, model):
    options = WORLDS[name]
    world = build_world(options)
    mine = model(world, options)
    recorded = np.stack([world.expected_due[:, k] * mine.mean_p(k) for k in range(6)], axis=1)
    np.testing.assert_allclose(recorded, V, rtol=GRID_ERROR.get(name, 1e-9))


def test_the_trapezium_rule_agrees_with_adaptive_quadrature(model):
    """One force, one group, nested `scipy.integrate.quad`: the twin needs a twin of its own."""
    world = build_world(WorldOptions())
    c, law = world.calibration, world.law

    def density(z):
        return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    def over(function):
        return integrate.quad(lambda z: function(z) * density(z), -9, 9, epsabs=1e-11)[0]

    force, know_0 = 41, 0.5 / 0.82
    middle = c.intercept[0] - 0.1 * law.excess_load[force]
    know = math.log(know_0 / (1 - know_0))
    press = math.log(0.2 / 0.8)

    def given(z_know, z_press):
        shift = 1.5 * (expit(know + 0.5 * z_know) - know_0) - 0.3 * expit(press + 0.5 * z_press)
        nodes = np.linspace(-9, 9, 65)
        weight = np.exp(-0.5 * nodes**2)
        return weight @ expit(middle + shift + c.tau * nodes) / weight.sum()

    first = over(lambda z: over(lambda y: given(z, y)))
    found = 0.5 * over(lambda z: expit(math.log(0.2 / 0.8) + 0.5 * z))
    assert model(world, WorldOptions()).mean_p(0)[force] == pytest.approx(
        first + (1 - first) * found, abs=1e-10
    )


def force_sd(accuracies):
    """Root of the mean variance over forces, with its Monte Carlo standard error."""
    variance = accuracies.var(axis=1, ddof=1)
    sd = math.sqrt(variance.mean())
    return sd, variance.std(ddof=1) / math.sqrt(len(variance)) / (2 * sd)


@worlds
def test_expected_spread_over_forces_is_the_one_asked_for(name, model):
    options = WORLDS[name]
    world = build_world(options)
    sd, mcse = force_sd(model(world, options).drawn_accuracies(3_000, seed=43))
    assert abs(sd - options.accuracy.between_force_sd) < 4 * mcse
    assert world.expected_sd == pytest.approx(options.accuracy.between_force_sd, abs=1e-9)
    assert mcse < 0.02 * sd


@pytest.mark.parametrize("name", MOVED)
def test_expected_spread_follows_the_drivers_and_the_given_effects(name, model):
    """The reports due stay those of the baseline; once they were recomputed from the drivers."""
    options = MOVED[name]
    world = build_world(options)
    sd, mcse = force_sd(model(world, options).drawn_accuracies(6_000, seed=44))
    assert abs(world.expected_sd - sd) < 4 * mcse


def test_the_spread_test_catches_a_spread_that_is_one_fortieth_off(model):
    world = build_world(WorldOptions())
    sd, mcse = force_sd(model(world, WorldOptions()).drawn_accuracies(3_000, seed=43))
    assert abs(sd - 0.082) > 4 * mcse
    assert abs(sd - 0.078) > 4 * mcse


@pytest.mark.parametrize("name", MOVED)
def test_expected_chances_follow_the_drivers_and_the_given_effects(name, model):
    options = MOVED[name]
    world = build_world(options)
    mine = np.stack([model(world, options).mean_p(k) for k in range(6)], axis=1)
    # Nine nodes a driver: at twice the default spreads the grid is good to 1e-6.
    np.testing.assert_allclose(world.expected_p, mine, atol=1e-6)


def test_expected_unrecorded_crimes_are_about_821_000_and_more_than_hmic_says():
    """HMIC 2014: over 800,000 crimes a year. Ours: sum of V (1 / A - 1), by group."""
    by_group = V.sum(axis=0)
    mine = sum(v * (1 / a - 1) for v, a in zip(by_group.tolist(), PUBLISHED, strict=True))
    world = build_world(WorldOptions())
    assert world.expected_unrecorded() == pytest.approx(mine, rel=1e-9)
    assert world.expected_unrecorded() == pytest.approx(821_000, abs=1_000)
    assert world.expected_unrecorded() > 800_000


def national(**changes):
    """Expected accuracy of each group."""
    return build_world(WorldOptions(**changes)).expected_accuracy()


def along(changes):
    """Expected accuracies over a list of changes, (steps, K)."""
    return np.array([national(**change) for change in changes])


def test_more_training_raises_the_accuracy_of_every_group():
    rates = (0, 0.1, 0.25, 0.5, 1, 2, 10, 1000)
    steps = along([{"training": Training(rate_per_year=rate)} for rate in rates])
    assert (np.diff(steps, axis=0) > 0).all()
    assert steps[3] == pytest.approx(PUBLISHED, abs=1e-9)


def test_more_forgetting_or_more_leavers_lower_the_accuracy_of_every_group():
    for name in ("forgetting_per_year", "leavers_per_year"):
        rates = (0, 0.1, 0.5, 2)
        steps = along([{"training": Training(**{name: rate})} for rate in rates])
        assert (np.diff(steps, axis=0) < 0).all()


def test_more_workload_lowers_the_accuracy_of_every_group():
    loads = (0.9, 1, 1.2, 2, 5, 20)
    steps = along([{"workload": Workload(relative=relative)} for relative in loads])
    assert (np.diff(steps, axis=0) < 0).all()


def test_workload_below_the_baseline_median_costs_nothing():
    spare = along([{"workload": Workload(relative=relative)} for relative in (0, 0.2, 0.3)])
    assert np.ptp(spare, axis=0).max() == 0
    assert (spare[0] > PUBLISHED).all()


def test_more_pressure_lowers_accuracy_in_the_pressured_groups_alone():
    steps = along([{"pressure": Pressure(level=level)} for level in (0, 0.1, 0.2, 0.5, 0.9, 1)])
    falls = np.diff(steps, axis=0)
    others = [k for k in range(6) if k not in PRESSURED]
    assert (falls[:, PRESSURED] < 0).all()
    assert (falls[:, others] == 0).all()


def test_more_review_raises_the_accuracy_of_every_group():
    shares = (0, 0.1, 0.2, 0.5, 0.9, 1)
    steps = along([{"supervision": Supervision(review_share=share)} for share in shares])
    assert (np.diff(steps, axis=0) > 0).all()


STATES = {
    "trained": {"training": Training(rate_per_year=5)},
    "reviewed": {"supervision": Supervision(review_share=0.8)},
    "busy": {"workload": Workload(relative=3)},
    "pressed": {"pressure": Pressure(level=0.9, spread=1)},
    "given": {"force_effects": {"Kent": 1.0}},
}


@pytest.mark.parametrize("name", STATES)
def test_intercepts_tau_and_reports_stay_put_while_the_drivers_move(name):
    at_rest, moved = build_world(WorldOptions()), build_world(WorldOptions(**STATES[name]))
    assert moved.calibration.tau == at_rest.calibration.tau
    np.testing.assert_array_equal(moved.calibration.intercept, at_rest.calibration.intercept)
    np.testing.assert_array_equal(moved.law.reports, at_rest.law.reports)
    assert moved.expected_unrecorded() != at_rest.expected_unrecorded()


def test_an_intercept_moves_with_its_target():
    accuracy = Accuracy(by_group={"sexual": 0.8})
    before = build_world(WorldOptions()).calibration
    after = build_world(WorldOptions(accuracy=accuracy)).calibration
    assert after.intercept[1] > before.intercept[1] + 0.2
    assert before.expected_due[:, 1].sum() * 0.74 == pytest.approx(
        after.expected_due[:, 1].sum() * 0.8
    )


def test_intercepts_move_with_the_baseline():
    hard = build_world(WorldOptions(baseline=Drivers(pressure=Pressure(level=0.9)))).calibration
    rest = build_world(WorldOptions()).calibration
    assert (hard.intercept[PRESSURED] > rest.intercept[PRESSURED] + 0.1).all()


def test_without_effects_the_drivers_are_irrelevant():
    nothing = Effects(knowledge=0, workload=0, pressure=0, review_detection=0)
    worlds = [
        build_world(WorldOptions(effects=nothing, **state)) for state in ({}, *STATES.values())
    ]
    ledgers = [world.fresh(1, 0, 3) for world in worlds[:-1]]
    for world, ledger in zip(worlds[1:-1], ledgers[1:], strict=True):
        np.testing.assert_array_equal(world.expected_p, worlds[0].expected_p)
        for mine, first in zip(ledger, ledgers[0], strict=True):
            np.testing.assert_array_equal(mine, first)


def test_with_effects_the_drivers_matter():
    first = build_world(WorldOptions()).fresh(1, 0, 3).recorded
    for state in STATES.values():
        assert (build_world(WorldOptions(**state)).fresh(1, 0, 3).recorded != first).any()


UNREACHABLE = {
    "below what review records": (
        {"accuracy": Accuracy(by_group={"violence": 0.1})},
        r"world\.accuracy: 0\.1\d* cannot be met: review alone",
    ),
    "review finds nearly all": (
        {
            "effects": Effects(review_detection=1),
            "baseline": Drivers(supervision=Supervision(review_share=0.9)),
        },
        r"world\.accuracy: 0\.67\d* cannot be met: review alone",
    ),
    "half the forces record nothing": (
        {"effects": Effects(workload=20), "baseline": Drivers(workload=Workload(relative=100))},
        r"world\.accuracy: 0\.67 cannot be met under the baseline's workload",
    ),
    "spread too small": (
        {"accuracy": Accuracy(between_force_sd=0.01)},
        r"world\.accuracy\.between_force_sd: 0\.01 is less than",
    ),
    "spread too large": (
        {"accuracy": Accuracy(between_force_sd=0.3)},
        r"world\.accuracy\.between_force_sd: 0\.3 is more than",
    ),
    "spread too large for such accuracies": (
        {"accuracy": Accuracy(by_group=dict.fromkeys(
            ("violence", "sexual", "robbery", "burglary", "damage", "other"), 0.99))},
        r"world\.accuracy\.between_force_sd: 0\.08 is more than",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREACHABLE)
def test_a_target_out_of_reach_is_the_users_mistake_and_names_its_key(name):
    changes, message = UNREACHABLE[name]
    with pytest.raises(UserError, match=message):
        build_world(WorldOptions(**changes))


@pytest.mark.parametrize(
    "effects",
    [
        Effects(knowledge=20),
        pytest.param(Effects(), marks=pytest.mark.slow),
        pytest.param(Effects(workload=2), marks=pytest.mark.slow),
    ],
)
def test_the_spread_that_the_message_suggests_is_enough(effects):
    with pytest.raises(UserError) as refused:
        build_world(WorldOptions(effects=effects, accuracy=Accuracy(between_force_sd=0.01)))
    least = float(re.search(r"give at least ([\d.]+)", str(refused.value))[1])
    build_world(WorldOptions(effects=effects, accuracy=Accuracy(between_force_sd=least)))
    less = Accuracy(between_force_sd=least - 2e-4)
    with pytest.raises(UserError, match="is less than"):
        build_world(WorldOptions(effects=effects, accuracy=less))


def test_an_unknown_force_in_force_effects_is_named_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'Metropolitan'") as refused:
        build_world(WorldOptions(force_effects={"Metropolitn": -2.0, "Nowhere": 1.0}))
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "world.force_effects.Metropolitn",
        "world.force_effects.Nowhere",
    ]


def test_a_given_effect_of_minus_two_makes_the_metropolitan_poor_and_the_nation_poorer():
    poor = build_world(WorldOptions(force_effects={"Metropolitan": -2.0}))
    plain = build_world(WorldOptions())
    met = poor.frame.forces.index("Metropolitan")
    others = np.arange(43) != met
    assert (poor.expected_p[met] < plain.expected_p[met] - 0.1).all()
    np.testing.assert_allclose(poor.expected_p[others], plain.expected_p[others], rtol=1e-14)
    assert poor.expected_unrecorded() > plain.expected_unrecorded() + 100_000


def test_reports_are_the_due_ones_over_their_share_to_half_a_report():
    for share in (0.5, 0.863, 1.0):
        world = build_world(WorldOptions(frame=Frame(due_share=share)))
        assert np.abs(world.law.reports - world.expected_due / share).max() <= 0.5
