"""Drawn worlds: their law, their limits, and that each is what its address says, no more."""

import math
from itertools import combinations

import numpy as np
import pytest

from underrecording.ledger import (
    Ledger,
    force_accuracy,
    recorded_volume,
    under_recording_rate,
    wrong_no_crime_share,
)
from underrecording.published import OFFENCE_GROUPS
from underrecording.world.build import _build, build_world
from underrecording.world.options import (
    Accuracy,
    Drivers,
    Effects,
    Frame,
    NoCrimes,
    Pressure,
    Supervision,
    Training,
    Workload,
    WorldOptions,
)

PUBLISHED = [0.67, 0.74, 0.86, 0.89, 0.86, 0.83]
WORLDS = 1_500
NO_SPREADS = Drivers(
    training=Training(spread=0), supervision=Supervision(spread=0), pressure=Pressure(spread=0)
)


def worst(sample, expected):
    """Largest deviation of a mean over worlds from what is expected, in its MCSEs."""
    mcse = sample.std(axis=0, ddof=1) / math.sqrt(len(sample))
    return float(np.max(np.abs(sample.mean(axis=0) - expected) / mcse))


@pytest.fixture(scope="module")
def default():
    """The default world, and many drawn from it."""
    world = build_world(WorldOptions())
    return world, world.fresh(20140501, 0, WORLDS)


def test_mean_due_reports_are_the_expected_ones(default):
    world, ledger = default
    assert worst(ledger.due, world.law.reports * world.law.due_share) < 4


def test_mean_recorded_crimes_are_the_expected_ones(default):
    world, ledger = default
    due = world.law.reports * world.law.due_share  # The expected due, to half a report.
    assert worst(ledger.recorded, due * world.expected_p) < 4


def test_mean_national_accuracy_of_each_group_is_the_published_one(default):
    _, ledger = default
    accuracy = ledger.recorded.sum(axis=1) / ledger.due.sum(axis=1)
    assert worst(accuracy, PUBLISHED) < 4


def test_the_mean_tests_catch_an_accuracy_one_point_off(default):
    _, ledger = default
    accuracy = ledger.recorded.sum(axis=1) / ledger.due.sum(axis=1)
    for k in range(6):
        planted = np.array(PUBLISHED)
        planted[k] += 0.01
        assert worst(accuracy, planted) > 4


def test_mean_counts_outside_the_records_audited_are_the_expected_ones(default):
    world, ledger = default
    law = world.law
    rest = law.reports * (1 - law.due_share) * law.over_recording_rate
    assert worst(ledger.over_recorded.sum(axis=1), rest.sum(axis=0)) < 4
    assert worst(ledger.no_crimed.sum(axis=1), world.expected_no_crimes().sum(axis=0)) < 4
    wrong = world.expected_no_crimes() * 664 / 3246
    assert worst(ledger.wrongly_no_crimed.sum(axis=1), wrong.sum(axis=0)) < 4
    assert worst(ledger.other_recorded.sum(axis=1), 0.35 * law.other_due.sum(axis=0)) < 4
    # Half a point wide of the mark would be seen.
    assert worst(ledger.other_recorded.sum(axis=1), 0.355 * law.other_due.sum(axis=0)) > 4
    assert worst(ledger.wrongly_no_crimed.sum(axis=1), 1.02 * wrong.sum(axis=0)) > 4


def squared_spread(ledger):
    """Variance over forces of accuracy less the chance of single reports, a world each."""
    accuracy = force_accuracy(ledger)
    rate = ledger.recorded / ledger.due
    chance = (ledger.due * rate * (1 - rate)).sum(axis=2) / ledger.due.sum(axis=2) ** 2
    return accuracy.var(axis=1, ddof=1) - chance.mean(axis=1)


def test_realised_spread_over_forces_is_the_one_asked_for(default):
    _, ledger = default
    assert worst(squared_spread(ledger), 0.08**2) < 4
    assert worst(squared_spread(ledger), 0.076**2) > 4
    assert worst(squared_spread(ledger), 0.084**2) > 4


def test_force_accuracies_of_one_world_are_unrelated(default):
    """Forces share nothing that is drawn: neighbours in the table are uncorrelated."""
    _, ledger = default
    accuracy = force_accuracy(ledger)
    z = (accuracy - accuracy.mean(axis=0)) / accuracy.std(axis=0)
    product = z[:, 1:] * z[:, :-1]
    assert abs(product.mean()) < 4 / math.sqrt(product.size)
    mixed = z[:, 1:] + 0.05 * z[:, :-1]
    assert abs((mixed * z[:, :-1]).mean()) > 4 / math.sqrt(product.size)


def test_groups_of_one_force_rise_and_fall_together(default):
    """One effect a force moves all its groups, so their accuracies are strongly correlated."""
    _, ledger = default
    rate = (ledger.recorded / ledger.due)[:, 0]
    assert np.corrcoef(rate[:, 0], rate[:, 5])[0, 1] > 0.9


def residuals(ledger, law, p):
    """Each count less its mean given those before it, in deviations, by name."""

    def z(count, n, chance):
        return (count - n * chance) / np.sqrt(np.maximum(n, 1) * chance * (1 - chance))

    cancellable = ledger.recorded + ledger.over_recorded
    return {
        "due": z(ledger.due, ledger.reports, law.due_share),
        "recorded": z(ledger.recorded, ledger.due, p),
        "over": z(ledger.over_recorded, ledger.reports - ledger.due, law.over_recording_rate),
        "cancelled": z(ledger.no_crimed, cancellable, law.no_crime_rate),
        "wrongly": z(ledger.wrongly_no_crimed, ledger.no_crimed, law.wrong_share),
        "other": z(ledger.other_recorded, ledger.other_due, law.other_accuracy),
    }


def z_correlation(a, b):
    product = (a * b).ravel()
    return product.mean() / (product.std() / math.sqrt(product.size))


def test_counts_of_a_stratum_have_luck_of_their_own():
    """With all effects given p is known; two counts at one address would move together."""
    names = build_world(WorldOptions()).frame.forces
    nothing = Effects(knowledge=0, workload=0, pressure=0, review_detection=0)
    world = build_world(WorldOptions(effects=nothing, force_effects=dict.fromkeys(names, 0.0)))
    z = residuals(world.fresh(31, 0, 200), world.law, world.expected_p)
    for first, second in combinations(z, 2):
        assert abs(z_correlation(z[first], z[second])) < 4, (first, second)
    for name in z:
        assert abs((z[name] ** 2).mean() - 1) < 0.05
        assert abs(z_correlation(z[name], np.roll(z[name], 1, axis=2))) < 4
        assert abs(z_correlation(z[name], np.roll(z[name], 1, axis=1))) < 4
    assert abs(z_correlation(z["due"], z["recorded"] + 0.05 * z["due"])) > 4


def check_invariants(ledger):
    """Parts are never more than their wholes, and nothing is negative."""
    assert min(int(table.min()) for table in ledger) >= 0
    assert (ledger.recorded <= ledger.due).all()
    assert (ledger.due <= ledger.reports).all()
    assert (ledger.over_recorded <= ledger.reports - ledger.due).all()
    assert (ledger.no_crimed <= ledger.recorded + ledger.over_recorded).all()
    assert (ledger.wrongly_no_crimed <= ledger.no_crimed).all()
    assert (ledger.other_recorded <= ledger.other_due).all()
    assert (recorded_volume(ledger) >= 0).all()


LIMITS = {
    "default": WorldOptions(),
    "no review": WorldOptions(supervision=Supervision(review_share=0)),
    "all reviewed": WorldOptions(supervision=Supervision(review_share=1)),
    "review finds nothing": WorldOptions(effects=Effects(review_detection=0)),
    "no spreads": WorldOptions(
        baseline=NO_SPREADS,
        training=NO_SPREADS.training,
        supervision=NO_SPREADS.supervision,
        pressure=NO_SPREADS.pressure,
    ),
    "no pressure": WorldOptions(pressure=Pressure(level=0)),
    "full pressure": WorldOptions(pressure=Pressure(level=1)),
    "no training": WorldOptions(training=Training(rate_per_year=0)),
    "nothing forgotten": WorldOptions(training=Training(forgetting_per_year=0, leavers_per_year=0)),
    "no workload": WorldOptions(workload=Workload(relative=0)),
    "drowned": WorldOptions(workload=Workload(relative=100)),
    "all due": WorldOptions(frame=Frame(due_share=1)),
    "hardly any due": WorldOptions(frame=Frame(due_share=0.01)),
    "no over-recording": WorldOptions(frame=Frame(over_recording_rate=0)),
    "all over-recorded": WorldOptions(frame=Frame(over_recording_rate=1)),
    "no other systems": WorldOptions(frame=Frame(other_systems_share=0)),
    "other systems perfect": WorldOptions(frame=Frame(other_systems_accuracy=1)),
    "gap": WorldOptions(frame=Frame(gap_share=0.5)),
    "no no-crimes": WorldOptions(no_crimes=NoCrimes(rate=dict.fromkeys(OFFENCE_GROUPS, 0.0))),
    "all no-crimed, wrongly": WorldOptions(
        no_crimes=NoCrimes(
            rate=dict.fromkeys(OFFENCE_GROUPS, 1.0), wrong_share=dict.fromkeys(OFFENCE_GROUPS, 1.0)
        )
    ),
    "Met poor": WorldOptions(force_effects={"Metropolitan": -2.0}),
    "narrow": WorldOptions(accuracy=Accuracy(between_force_sd=0.04)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_drawn_worlds_agree_with_their_expectation_at_the_limits_of_the_options(name):
    world = build_world(LIMITS[name])
    ledger = world.fresh(99, 0, 300)
    check_invariants(ledger)
    accuracy = ledger.recorded.sum(axis=1) / ledger.due.sum(axis=1)
    assert worst(accuracy, world.expected_accuracy()) < 4
    unrecorded = (ledger.due - ledger.recorded).sum(axis=(1, 2))
    assert worst(unrecorded, world.expected_unrecorded()) < 4


def test_options_at_their_ends_do_what_they_say():
    drawn = {name: build_world(LIMITS[name]).fresh(99, 0, 2) for name in LIMITS}
    assert drawn["no over-recording"].over_recorded.sum() == 0
    over = drawn["all over-recorded"]
    np.testing.assert_array_equal(over.over_recorded, over.reports - over.due)
    np.testing.assert_array_equal(drawn["all due"].due, drawn["all due"].reports)
    assert drawn["no other systems"].other_due.sum() == 0
    perfect = drawn["other systems perfect"]
    np.testing.assert_array_equal(perfect.other_recorded, perfect.other_due)
    assert perfect.other_due.sum() > 0
    assert drawn["default"].gap_due.sum() == 0
    gap = drawn["gap"]
    assert gap.gap_due[0].sum() == pytest.approx(
        0.5 * build_world(LIMITS["gap"]).expected_due.sum(), rel=1e-4
    )
    assert drawn["no no-crimes"].no_crimed.sum() == 0
    wrong = drawn["all no-crimed, wrongly"]
    np.testing.assert_array_equal(wrong.no_crimed, wrong.recorded + wrong.over_recorded)
    np.testing.assert_array_equal(wrong.wrongly_no_crimed, wrong.no_crimed)
    assert recorded_volume(wrong).sum() == 0


def test_without_any_source_of_spread_but_u_review_and_drivers_are_constants():
    world = build_world(LIMITS["no spreads"])
    assert world.law.knowledge[1] == world.law.review[1] == world.law.pressure[1] == 0
    # Then tau alone carries the spread, and is a little larger than with the others' help.
    assert world.calibration.tau > build_world(WorldOptions()).calibration.tau


def test_a_poor_metropolitan_is_poor_and_leaves_the_luck_of_all_others_alone():
    plain, poor = (build_world(LIMITS[name]).fresh(7, 0, 200) for name in ("default", "Met poor"))
    met = build_world(WorldOptions()).frame.forces.index("Metropolitan")
    others = np.arange(43) != met
    for mine, first in zip(poor, plain, strict=True):
        np.testing.assert_array_equal(mine[:, others], first[:, others])
    accuracy = force_accuracy(poor)
    assert (accuracy[:, met] < accuracy[:, others].mean(axis=1)).mean() > 0.9
    stated, unmoved = (build_world(LIMITS[name]) for name in ("Met poor", "default"))
    due = stated.expected_due[met] / stated.expected_due[met].sum()
    assert worst(accuracy[:, met], stated.expected_p[met] @ due) < 4
    assert worst(accuracy[:, met], unmoved.expected_p[met] @ due) > 4


def equal(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def at(ledger, row):
    return Ledger._make(table[row : row + 1] for table in ledger)


def test_a_fresh_world_does_not_depend_on_its_chunk_or_on_how_many_are_drawn():
    world = build_world(WorldOptions())
    many = world.fresh(3, 0, 20)
    for replicate in (0, 1, 7, 19):
        assert equal(world.fresh(3, replicate, 1), at(many, replicate))
    later = world.fresh(3, 10, 10)
    assert equal(later, Ledger._make(table[10:] for table in many))
    assert not equal(at(many, 0), at(many, 1))
    assert not equal(at(many, 0), world.fresh(4, 0, 1))


def test_a_fixed_world_does_not_depend_on_the_object_that_draws_it():
    options = WorldOptions(accuracy=Accuracy(between_force_sd=0.07))
    world = build_world(options)
    again = _build.__wrapped__(options.model_dump_json())
    assert again is not world
    assert build_world(options) is world
    for number in (0, 5, 65_535):
        assert equal(world.fixed(3, number), again.fixed(3, number))
    assert not equal(world.fixed(3, 0), world.fixed(3, 1))
    assert not equal(world.fixed(3, 1), world.fresh(3, 1, 1))


def test_fixed_worlds_have_the_same_law_as_fresh_ones():
    world = build_world(WorldOptions())
    rates = np.array(
        [
            under_recording_rate(world.fixed(12, number), "national", OFFENCE_GROUPS)[0]
            for number in range(1, 401)
        ]
    )
    expected = world.expected_unrecorded() / world.expected_due.sum()
    assert worst(rates, expected) < 4
    assert worst(rates, expected + 0.01) > 4


def small_ledger():
    """Two worlds, two forces, two groups; worked by hand."""
    ledger = Ledger.empty(2, 2, 2)
    ledger.reports[:] = 20
    ledger.due[:] = 10
    ledger.recorded[0] = [[9, 5], [7, 3]]
    ledger.recorded[1] = 10
    ledger.over_recorded[:] = 2
    ledger.no_crimed[0] = [[4, 1], [6, 0]]
    ledger.wrongly_no_crimed[0] = [[1, 1], [2, 0]]
    ledger.other_due[:] = 5
    ledger.other_recorded[:] = 1
    ledger.gap_due[:] = 5
    return ledger


@pytest.mark.parametrize(
    ("domain", "rates"),
    [
        ("national", [16 / 40, 0.0]),
        ("violence", [4 / 20, 0.0]),
        ("sexual", [12 / 20, 0.0]),
        ("all_routes", [(80 - 28) / 80, (80 - 44) / 80]),
    ],
)
def test_under_recording_rate_is_the_hand_worked_one(domain, rates):
    found = under_recording_rate(small_ledger(), domain, ("violence", "sexual"))
    assert found == pytest.approx(rates, abs=1e-15)


def test_other_truths_are_the_hand_worked_ones():
    ledger = small_ledger()
    assert force_accuracy(ledger).tolist() == [[0.7, 0.5], [1.0, 1.0]]
    assert recorded_volume(ledger)[0].tolist() == [[7, 6], [3, 5]]
    first = Ledger._make(table[:1] for table in ledger)
    assert wrong_no_crime_share(first, (0,)).tolist() == [0.3]
    assert wrong_no_crime_share(first, (0, 1)) == pytest.approx([4 / 11], abs=1e-15)
