"""Stratified selections: the strata, the places, the forces that are certain."""

from itertools import combinations

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.inspection.forces.stratified import Stratified

REPLICATES = 30_000
LIKELY = 1e-4
MET, WEST_MIDLANDS = "Metropolitan", "West Midlands"

OPTIONS = [
    {"count": 13}, {"count": 43}, {"count": 2},
    {"count": 13, "certainty": (MET,)},
    {"count": 13, "by": "force_type"},
    {"count": 13, "by": "force_type", "allocation": "volume"},
    {"count": 24, "by": "region"}, {"count": 30, "by": "region", "certainty": (MET, "Kent")},
    {"count": 13, "by": "size"}, {"count": 20, "by": "size", "size_classes": 10},
    {"count": 13, "by": "size", "allocation": "volume", "certainty": (MET, WEST_MIDLANDS)},
]  # fmt: skip


def test_stratified_takes_every_permitted_set_equally_often(small):
    frame = small.frame([9, 4, 3, 2, 1, 6, 7], regions=("x", "n", "n", "n", "s", "s", "s"))
    design = Stratified(design="stratified", count=5, by="region", certainty=("a",))
    chosen = small.selections(design, frame, REPLICATES)
    sets = {
        (0, *north, *south): 1 / 9
        for north in combinations((1, 2, 3), 2)
        for south in combinations((4, 5, 6), 2)
    }
    assert small.p_sets(chosen, sets) > LIKELY


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_stratified_takes_two_a_stratum_and_certain_forces_always(options, frame, small):
    design = Stratified(design="stratified", **options)
    plan = design.plan(frame)
    size = np.bincount(plan.stratum)
    certain = [frame.forces.index(name) for name in options.get("certainty", ())]
    alone = plan.stratum[certain]
    assert (size[alone] == 1).all()
    assert len(set(alone)) == len(certain)
    others = np.setdiff1d(np.arange(len(size)), alone)
    assert (plan.take[others] >= np.minimum(2, size[others])).all()
    assert (plan.take <= size).all()
    assert plan.take.sum() == options["count"]
    chosen = small.selections(design, frame, 500)
    for row in chosen:
        np.testing.assert_array_equal(
            np.bincount(plan.stratum[row], minlength=len(size)), plan.take
        )
        assert set(certain) <= set(row)


def test_strata_are_what_they_are_called(frame):
    plan = Stratified(design="stratified", count=30, by="region").plan(frame)
    pairs = set(zip(frame.regions, plan.stratum.tolist(), strict=True))
    assert len(pairs) == len(set(frame.regions)) == plan.stratum.max() + 1
    plan = Stratified(design="stratified", count=13, by="force_type").plan(frame)
    pairs = set(zip(frame.force_types, plan.stratum.tolist(), strict=True))
    assert len(pairs) == 2


@pytest.mark.parametrize("classes", [2, 3, 5, 10])
@pytest.mark.parametrize("certainty", [(), (MET,), (MET, "City of London", "Kent")])
def test_size_classes_hold_equally_many_forces_in_order_of_volume(classes, certainty, frame):
    design = Stratified(
        design="stratified", count=30, by="size", size_classes=classes, certainty=certainty
    )
    plan = design.plan(frame)
    random = np.array([name not in certainty for name in frame.forces])
    sizes = np.bincount(plan.stratum[random])
    assert len(sizes) == classes
    assert np.ptp(sizes) <= 1
    volume = frame.recorded_volume.sum(axis=1)
    for smaller in range(classes - 1):
        below = volume[random & (plan.stratum == smaller)]
        above = volume[random & (plan.stratum == smaller + 1)]
        assert below.max() <= above.min()


def test_places_go_to_strata_by_forces_or_by_volume_as_asked(small):
    """Webster's divisors by hand: 7 places, 6 small and 4 large forces, sums 6 and 34."""
    frame = small.frame([1] * 6 + [8.5] * 4, force_types=("county",) * 6 + ("metropolitan",) * 4)
    takes = {
        allocation: Stratified(
            design="stratified", count=7, by="force_type", allocation=allocation
        ).plan(frame).take.tolist()
        for allocation in ("forces", "volume")
    }  # fmt: skip
    assert takes == {"forces": [4, 3], "volume": [3, 4]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 1}, r"inspection\.forces\.count: 1 is too few .*give 2 or more"),
        (
            {"count": 13, "by": "region"},
            r"inspection\.forces\.count: 13 is too few for 10 strata",
        ),
        (
            {"count": 3, "certainty": (MET, "Kent")},
            r"inspection\.forces\.count: 3 is too few .* 2 certain; give 4 or more",
        ),
        (
            {"count": 13, "certainty": ("Metropolitn",)},
            r"inspection\.forces\.certainty: unknown force 'Metropolitn'; did you mean 'Metropol",
        ),
    ],
)
def test_strata_that_do_not_fit_are_refused_by_their_key(options, message, frame):
    with pytest.raises(UserError, match=message):
        Stratified(design="stratified", **options).plan(frame)


@pytest.mark.parametrize("options", [{"count": 2}, {"count": 4, "certainty": (MET, "Kent")}])
def test_the_limits_that_the_messages_give_are_accepted(options, frame, small):
    chosen = small.selections(Stratified(design="stratified", **options), frame, 200)
    assert (np.diff(chosen, axis=1) > 0).all()


def test_joint_probabilities_of_strata_by_hand(small):
    """Three of five in x, two of three in y, one certain."""
    frame = small.frame([1] * 8 + [9], regions=tuple("xxxxxyyyx"))
    design = Stratified(design="stratified", count=6, by="region", certainty=("i",))
    joint = design.p_joint(frame)
    assert joint[0, 1] == pytest.approx(3 * 2 / (5 * 4))
    assert joint[5, 6] == pytest.approx(2 * 1 / (3 * 2))
    assert joint[0, 5] == pytest.approx(3 / 5 * 2 / 3)
    assert joint[0, 8] == pytest.approx(3 / 5)
    assert joint[8, 8] == 1
