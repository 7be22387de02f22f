"""Under-recording taken apart: the shares are exact, fair, and 0 for what has no effect."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from underrecording.errors import UserError
from underrecording.stream import make_world
from underrecording.stream.attribution import FACTORS, attribute, ideal, shapley
from underrecording.stream.counterfactual import forces_named
from underrecording.world.options import Effects, WorldOptions
from underrecording.world.pathway import Intervention, Pathway

ONE = forces_named(["Warwickshire"])
SHORT = Pathway(days=28, warm_up_days=7, follow_up_days=60)
VALUES = arrays(float, 32, elements=st.floats(-1, 1))


def options(**more):
    return WorldOptions(**{"fidelity": "events", "pathway": SHORT, "draw": "fixed"} | more)


def found(worlds=2, forces=ONE, **more):
    return attribute(options(**more), seed=1, worlds=worlds, forces=forces)


@given(VALUES)
def test_shares_sum_to_the_whole(values):
    assert shapley(values).sum() == pytest.approx(values[-1] - values[0], abs=1e-12)


@given(VALUES, st.integers(0, 4))
def test_who_adds_nothing_gets_nothing(values, nobody):
    without = np.arange(32) & ~(1 << nobody)
    assert shapley(values[without])[nobody] == pytest.approx(0, abs=1e-12)


@given(VALUES, st.permutations(range(5)))
def test_shares_go_with_the_factor_not_with_its_number(values, order):
    moved = [sum(1 << order[i] for i in range(5) if mask >> i & 1) for mask in range(32)]
    np.testing.assert_allclose(shapley(values[moved]), shapley(values)[list(order)], atol=1e-12)


def test_shares_of_the_glove_game():
    # One left glove, two right ones; a pair is worth 1 (Shapley 1953): 2/3, 1/6, 1/6.
    worth = [float(mask & 1 and mask >> 1 > 0) for mask in range(8)]
    np.testing.assert_allclose(shapley(np.array(worth)), [2 / 3, 1 / 6, 1 / 6])


def test_contributions_sum_exactly_to_what_mending_all_brings():
    apart = found()
    np.testing.assert_allclose(
        apart.contribution.sum(axis=1), apart.under_recording - apart.remaining, atol=1e-14
    )
    assert (apart.contribution[:, :4] > 0).all()
    assert apart.domain == "Warwickshire"


def test_what_is_taken_apart_is_the_under_recording_of_the_ledger():
    ledger, apart = make_world(options()).fixed(1, 1), found()
    due, recorded = ledger.due[0, ONE].sum(), ledger.recorded[0, ONE].sum()
    assert apart.under_recording[1] == pytest.approx(1 - recorded / due)


@pytest.mark.parametrize(
    ("factor", "more"),
    [
        ("training", {"effects": Effects(knowledge=0)}),
        pytest.param("workload", {"effects": Effects(workload=0)}, marks=pytest.mark.slow),
        pytest.param("pressure", {"effects": Effects(pressure=0)}, marks=pytest.mark.slow),
        ("unexplained", {"force_effects": {"Warwickshire": 0.0}}),
    ],
)
def test_a_factor_without_effect_gets_exactly_nothing(factor, more):
    apart = found(**more)
    assert not apart.contribution[:, FACTORS.index(factor)].any()


def test_supervision_that_finds_nothing_explains_next_to_nothing():
    # Reviews are then wasted, but those that are made no longer wait.
    apart = found(effects=Effects(review_detection=0))
    assert np.abs(apart.contribution[:, FACTORS.index("supervision")]).max() < 1e-3


@pytest.mark.parametrize("effect", [-2.0, 2.0])
def test_a_force_worse_than_the_typical_one_has_that_against_it(effect):
    apart = found(force_effects={"Warwickshire": effect})
    share = apart.contribution[:, FACTORS.index("unexplained")]
    assert (np.sign(share) == -np.sign(effect)).all()
    assert np.abs(share).min() > 0.02


def test_the_more_a_factor_acts_the_more_it_explains():
    place = FACTORS.index("pressure")
    shares = [
        found(effects=Effects(pressure=psi)).contribution[:, place].mean() for psi in (0.3, 1, 2)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 2 * shares[0]


def test_where_reviews_find_everything_the_ideal_is_perfect():
    # The last few may be undecided or unrecorded when the follow-up ends.
    assert found(effects=Effects(review_detection=1)).remaining.max() < 2e-3


def test_nothing_mended_is_the_force_as_it_is():
    force = make_world(options()).force(ONE[0], 1, 0, 0)
    for ours, theirs in zip(ideal(force, ()).schedule, force.schedule, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert ideal(force, ()).rule == force.rule
    assert (force.schedule.review_share < 1).all(), "the force itself stays as it was"


def test_interventions_are_taken_apart_with_the_rest():
    training = Intervention(date=date(2012, 11, 2), training_rate_per_year=200.0)
    pathway = SHORT.model_copy(update={"interventions": (training,)})
    place = FACTORS.index("training")
    assert (
        found(pathway=pathway).contribution[:, place].mean()
        < 0.5 * found().contribution[:, place].mean()
    )


def test_several_forces_are_taken_apart_as_one():
    forces = forces_named(["Warwickshire", "Gwent"])
    both, each = found(forces=forces), [found(forces=(number,)) for number in forces]
    low, high = (pick([one.contribution for one in each], axis=0) for pick in (np.min, np.max))
    assert (both.contribution >= low - 1e-9).all()
    assert (both.contribution <= high + 1e-9).all()


def test_rates_have_no_incidents_to_take_apart():
    with pytest.raises(UserError, match="fidelity"):
        found(fidelity="rates")
