"""Forces that nobody drew: the interim's own thirteen, and the first of a known order."""

import math
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from underrecording.errors import UserError
from underrecording.inspection.forces.named import Named
from underrecording.inspection.forces.ordered import Ordered

REPLICATES = 30_000


def test_named_takes_the_eleven_always_the_three_never_and_the_probable_as_stated(frame, small):
    kind = np.array(frame.interim)
    assert Counter(frame.interim) == {"yes": 11, "probable": 1, "no": 3, "unknown": 28}
    for probable in (0.0, 0.3, 0.9, 1.0):
        design = Named(design="named", probable=probable)
        share = small.frequency(small.selections(design, frame, REPLICATES), 43)
        assert (share[kind == "yes"] == 1).all()
        assert (share[kind == "no"] == 0).all()
        mcse = math.sqrt(probable * (1 - probable) / REPLICATES)
        assert abs(share[kind == "probable"][0] - probable) <= 4 * mcse
        drawn = (2 - probable) / 28
        mcse = math.sqrt(drawn * (1 - drawn) / REPLICATES)
        assert np.abs(share[kind == "unknown"] - drawn).max() < 4 * mcse


def test_the_named_probable_force_is_devon_and_cornwall(frame):
    assert frame.forces[frame.interim.index("probable")] == "Devon and Cornwall"


@pytest.mark.parametrize("count", [11, 40])
def test_a_named_sample_that_does_not_fit_is_refused(count, frame):
    message = rf"inspection\.forces\.count: {count} does not fit .*give 12 to 39"
    with pytest.raises(UserError, match=message):
        Named(design="named", count=count).plan(frame)


@pytest.mark.parametrize("count", [12, 39])
def test_the_limits_that_the_message_gives_are_accepted(count, frame, small):
    chosen = small.selections(Named(design="named", count=count), frame, 200)
    assert (np.diff(chosen, axis=1) > 0).all()


@pytest.mark.parametrize(
    ("by", "first"),
    [
        ("volume_descending", {"b", "c"}),
        ("volume_ascending", {"a", "d"}),
        ("name", {"a", "b"}),
    ],
)
def test_forces_come_in_order_of_volume_or_name_and_ties_by_name(by, first, small):
    frame = small.frame([1, 9, 5, 1, 5])
    design = Ordered(design="ordered", count=2, by=by)
    chosen = small.selections(design, frame, 100)
    assert {frame.forces[f] for f in chosen[0]} == first
    assert (chosen == chosen[0]).all()
    assert set(np.flatnonzero(design.p_inclusion(frame))) == set(chosen[0])


def test_the_largest_come_first_unless_said_otherwise(small):
    frame = small.frame([1, 9, 5, 1, 5])
    plain = Ordered(design="ordered", count=3).p_inclusion(frame)
    assert plain.tolist() == [0, 1, 1, 0, 1]


def test_an_order_given_is_followed_as_far_as_the_count_goes(small):
    frame = small.frame([1, 9, 5, 1, 5])
    design = Ordered(design="ordered", count=2, order=("e", "a", "c"))
    assert design.p_inclusion(frame).tolist() == [1, 0, 0, 0, 1]
    assert design.p_joint(frame)[0, 4] == 1
    assert design.p_joint(frame).sum() == 4


def test_an_ordered_inspector_declares_what_simple_random_sampling_would(frame):
    plan = Ordered(design="ordered", count=13).plan(frame)
    assert plan.p_declared == pytest.approx(np.full(43, 13 / 43))
    assert plan.p_joint.shape == (0, 0)


def test_mistakes_in_an_order_are_named_all_at_once_with_the_nearest_force(frame):
    design = Ordered(design="ordered", count=4, order=("Kent", "Metropolitn", "Gwnt"))
    with pytest.raises(UserError) as caught:
        design.plan(frame)
    assert caught.value.problems == (
        "inspection.forces.order: unknown force 'Metropolitn'; did you mean 'Metropolitan'?",
        "inspection.forces.order: unknown force 'Gwnt'; did you mean 'Gwent'?",
        "inspection.forces.count: 4 is more than the 3 forces of the order; "
        "name more forces, or leave the order out",
    )


def test_a_force_named_twice_or_two_orders_are_refused():
    with pytest.raises(ValidationError, match="'Kent' stands there more than once"):
        Ordered(design="ordered", count=2, order=("Kent", "Gwent", "Kent"))
    with pytest.raises(ValidationError, match="leave one of the two out"):
        Ordered(design="ordered", count=1, order=("Kent",), by="name")
