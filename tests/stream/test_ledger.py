"""Streams counted into ledgers: the same law as the rule alone, and the published accuracies."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from underrecording.stream import make_world
from underrecording.stream.world import TOLERANCE, _event_world
from underrecording.world.law import luck_of_forces
from underrecording.world.options import (
    Accuracy,
    Drivers,
    Effects,
    Pressure,
    Staff,
    Supervision,
    Training,
    WorldOptions,
)
from underrecording.world.pathway import Pathway

PUBLISHED = np.array([0.67, 0.74, 0.86, 0.89, 0.86, 0.83])
LIKELY = 1e-4
FULL = Training(forgetting_per_year=0, leavers_per_year=0)
SHORT = Pathway(days=28, warm_up_days=7, follow_up_days=60)


def luck(world, seed, number):
    """Luck of every force in fixed world *number*, (F, 4)."""
    return luck_of_forces(world.law, seed, number, 0).T


def expected_p(world, luck):
    """Chance that a due report is recorded at the first decision, (F, K), at no excess load."""
    law = world.law
    knowledge = expit(law.knowledge[0] + law.knowledge[1] * luck[:, 1])
    pressure = expit(law.pressure[0] + law.pressure[1] * luck[:, 3])
    force = law.tau * luck[:, 0] + law.kappa * (knowledge - law.know_0)
    p = expit(law.intercept + force[:, None] - law.psi * pressure[:, None])
    review = expit(law.review[0] + law.review[1] * luck[:, 2])[:, None]
    return p + (1 - p) * review * law.detection


def fit(ledger, world, p):
    """Chi-square P-value of each count of *ledger* given those it is a part of."""
    law = world.law
    recorded = ledger.recorded + ledger.over_recorded
    parts = {
        "due": (ledger.due, ledger.reports, law.due_share),
        "recorded": (ledger.recorded, ledger.due, p),
        "over_recorded": (
            ledger.over_recorded, ledger.reports - ledger.due, law.over_recording_rate,
        ),
        "no_crimed": (ledger.no_crimed, recorded, law.no_crime_rate),
        "wrongly_no_crimed": (ledger.wrongly_no_crimed, ledger.no_crimed, law.wrong_share),
    }  # fmt: skip
    found = {}
    for name, (part, whole, chance) in parts.items():
        part, whole = part[0], whole[0]
        chance = np.broadcast_to(chance, part.shape)
        enough = whole * np.minimum(chance, 1 - chance) >= 5
        assert enough.sum() >= 10, name
        variance = (whole * chance * (1 - chance))[enough]
        squares = (part - whole * chance)[enough] ** 2 / variance
        found[name] = stats.chi2.sf(squares.sum(), enough.sum())
    return found


def without_effects(fidelity, pathway=SHORT):
    drivers = {"training": FULL, "supervision": Supervision(review_share=0, spread=0)}
    return WorldOptions(
        fidelity=fidelity,
        effects=Effects(workload=0, pressure=0),
        **drivers,
        baseline=Drivers(**drivers),
        pathway=pathway,
    )


@pytest.mark.slow
def test_without_effects_a_year_of_streams_has_the_law_of_the_rule():
    world = make_world(without_effects("events", Pathway()))
    p = expected_p(world, luck(world, 5, 0))
    for name, value in fit(world.fixed(5, 0), world, p).items():
        assert value > LIKELY, name


@pytest.mark.parametrize("fidelity", ["rates", "events"])
def test_without_effects_both_fidelities_have_the_same_law(fidelity):
    world = make_world(without_effects(fidelity))
    p = expected_p(world, luck(world, 5, 0))
    for name, value in fit(world.fixed(5, 0), world, p).items():
        assert value > LIKELY, name


def test_without_effects_both_fidelities_have_the_same_constants():
    rates, events = (make_world(without_effects(fidelity)) for fidelity in ("rates", "events"))
    np.testing.assert_allclose(rates.calibration.intercept, events.calibration.intercept, atol=1e-9)
    assert rates.calibration.tau == pytest.approx(events.calibration.tau, abs=1e-9)
    np.testing.assert_array_equal(events.law.reports, np.rint(rates.law.reports * 28 / 365))
    np.testing.assert_array_equal(luck(rates, 5, 3), luck(events, 5, 3))


@pytest.mark.slow
def test_one_year_has_the_same_other_systems_at_both_fidelities():
    rates, events = (
        make_world(without_effects(fidelity, Pathway())) for fidelity in ("rates", "events")
    )
    ours, theirs = events.fixed(5, 0), rates.fixed(5, 0)
    np.testing.assert_array_equal(ours.other_recorded, theirs.other_recorded)
    np.testing.assert_array_equal(ours.gap_due, theirs.gap_due)


@pytest.mark.parametrize(
    ("name", "factor"),
    [("due", 1.02), ("recorded", 1.02), ("over_recorded", 2), ("no_crimed", 1.3)],
)
def test_the_test_of_the_law_catches_a_planted_surplus(name, factor):
    world = make_world(without_effects("events"))
    ledger = world.fixed(5, 0)
    planted = ledger._replace(**{name: np.rint(getattr(ledger, name) * factor).astype(int)})
    assert fit(planted, world, expected_p(world, luck(world, 5, 0)))[name] < LIKELY


def excess_accuracy(options, worlds, shift=0.0):
    """Accuracy of each group beyond what the rule expects without excess load, (worlds, K).

    The luck of forces, whose part is known, is taken out: it would drown the rest.
    """
    world = make_world(options)
    rates = make_world(options.model_copy(update={"fidelity": "rates"}))
    rows = []
    for number in range(worlds):
        ledger, drawn = world.fixed(11, number), luck(world, 11, number)
        realised = ledger.recorded.sum(axis=(0, 1)) / ledger.due.sum(axis=(0, 1))
        p = expected_p(rates, drawn)
        expected = (rates.expected_due * p).sum(axis=0) / rates.expected_due.sum(axis=0)
        # Expected over worlds is what it is at the rates' load; known, and subtracted.
        flat = rates.expected_due * without_load(rates)
        rows.append(realised - expected + flat.sum(axis=0) / rates.expected_due.sum(axis=0) + shift)
    return np.array(rows)


def without_load(rates):
    """E[p*] without excess load, (F, K), by Monte Carlo-free quadrature."""
    from underrecording.world.quadrature import Grid, Spreads

    law = rates.law
    grid = Grid(
        Spreads(
            tuple(law.knowledge), tuple(law.pressure), tuple(law.review),
            law.kappa, law.detection, law.know_0,
        )
    )  # fmt: skip
    n_forces = len(rates.frame.forces)
    return np.stack(
        [
            grid.mean_after_review(np.full(n_forces, a), law.tau, psi)
            for a, psi in zip(law.intercept, law.psi, strict=True)
        ],
        axis=1,
    )


def worst(rows, target):
    """Largest distance of a mean from *target*, less the stated tolerance, in its MCSEs."""
    mcse = rows.std(axis=0, ddof=1) / math.sqrt(len(rows))
    return float(((np.abs(rows.mean(axis=0) - target) - TOLERANCE) / mcse).max())


@pytest.mark.slow
@pytest.mark.parametrize("effects", [Effects(), Effects(workload=0.4)])
def test_at_the_baseline_the_nation_records_as_published(effects):
    rows = excess_accuracy(
        WorldOptions(fidelity="events", effects=effects, pathway=SHORT), worlds=12
    )
    assert worst(rows, PUBLISHED) < 4


def test_the_test_of_the_baseline_catches_half_a_point():
    rows = excess_accuracy(WorldOptions(fidelity="events", pathway=SHORT), worlds=12, shift=0.005)
    assert worst(rows, PUBLISHED) > 4


@pytest.mark.slow
def test_over_a_year_the_nation_records_as_published():
    rows = excess_accuracy(WorldOptions(fidelity="events"), worlds=16)
    assert worst(rows, PUBLISHED) < 4
    assert np.abs(rows.mean(axis=0) - PUBLISHED).max() < 0.002


@pytest.mark.filterwarnings("ignore::underrecording.stream.OverloadWarning")
def test_levers_of_today_leave_the_constants_alone():
    base = make_world(WorldOptions(fidelity="events", pathway=SHORT))
    moved = make_world(
        WorldOptions(
            fidelity="events",
            pathway=SHORT,
            training=Training(rate_per_year=3),
            staff=Staff(officers=0.8),
            supervision=Supervision(review_share=0.3),
            pressure=Pressure(level=0.6),
        )
    )
    np.testing.assert_array_equal(base.calibration.intercept, moved.calibration.intercept)
    assert base.load_0 == moved.load_0
    assert (base.fixed(1, 0).recorded != moved.fixed(1, 0).recorded).any()


@pytest.mark.slow
def test_a_period_holds_its_share_of_a_year():
    year = make_world(WorldOptions(fidelity="events")).law.reports
    month = make_world(WorldOptions(fidelity="events", pathway=SHORT))
    # The load of November is not that of the year, so the intercepts differ a little.
    np.testing.assert_allclose(month.law.reports, year * 28 / 365, rtol=0.005, atol=1)
    assert (month.fixed(1, 0).reports[0] == month.law.reports).all()


def test_fresh_worlds_are_replicates_and_fixed_ones_are_numbered():
    world = make_world(WorldOptions(fidelity="events", pathway=SHORT))
    both = world.fresh(1, 4, 2)
    for row, replicate in enumerate((4, 5)):
        alone = world.fresh(1, replicate, 1)
        for ours, theirs in zip(both, alone, strict=True):
            np.testing.assert_array_equal(ours[row], theirs[0])
    assert (world.fixed(1, 1).due != world.fixed(1, 2).due).any()
    assert (world.fixed(1, 1).due != world.fixed(2, 1).due).any()


def test_threads_change_nothing():
    world = make_world(WorldOptions(fidelity="events", pathway=SHORT))
    for one, three in zip(world.fixed(1, 6, threads=1), world.fixed(1, 6, threads=3), strict=True):
        np.testing.assert_array_equal(one, three)


def test_a_world_is_built_once_for_the_same_options():
    first = make_world(WorldOptions(fidelity="events", pathway=SHORT))
    assert make_world(WorldOptions(fidelity="events", pathway=SHORT)) is first
    assert _event_world.cache_info().hits > 0


def test_the_spread_between_forces_is_the_one_asked_for():
    wide = make_world(
        WorldOptions(fidelity="events", pathway=SHORT, accuracy=Accuracy(between_force_sd=0.1))
    )
    assert wide.expected_sd == pytest.approx(0.1, abs=1e-4)
