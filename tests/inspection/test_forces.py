"""Force designs: who is selected, how often, and whether that is what the design states."""

import math
from collections import Counter
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from underrecording.errors import UserError
from underrecording.inspection.forces import DESIGNS
from underrecording.inspection.forces.named import Named
from underrecording.inspection.forces.pps import ProportionalToSize, inclusion_probabilities
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.forces.stratified import Stratified
from underrecording.inspection.forces.tilted import Tilted

REPLICATES = 30_000
LIKELY = 1e-4
MET, WEST_MIDLANDS = "Metropolitan", "West Midlands"

OPTIONS = {
    "srs": [{"count": count} for count in (1, 2, 13, 42, 43)],
    "pps": [{"count": count} for count in (1, 5, 13, 30, 43)],
    "named": [
        {"count": 13}, {"count": 13, "probable": 0.0}, {"count": 13, "probable": 1.0},
        {"count": 12, "probable": 0.3}, {"count": 20},
    ],
    "stratified": [
        {"count": 13}, {"count": 43}, {"count": 2},
        {"count": 13, "certainty": (MET,)},
        {"count": 13, "by": "force_type"},
        {"count": 13, "by": "force_type", "allocation": "volume"},
        {"count": 24, "by": "region"}, {"count": 30, "by": "region", "certainty": (MET, "Kent")},
        {"count": 13, "by": "size"}, {"count": 20, "by": "size", "size_classes": 10},
        {"count": 13, "by": "size", "allocation": "volume", "certainty": (MET, WEST_MIDLANDS)},
    ],
    "tilted": [{"count": 13, "tilt": tilt} for tilt in (-1.0, 0.0, 5.0)],
}  # fmt: skip
CASES = [(name, options) for name, several in OPTIONS.items() for options in several]
cases = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{'-'.join(map(str, o.values()))}" for n, o in CASES]
)


def design_of(name, options):
    return DESIGNS[name](design=name, **options)


SELECTED = {}


def many_selections(name, options, frame, small):
    """The same many replicates for all tests of one case."""
    key = name, *options.items()
    if key not in SELECTED:
        SELECTED[key] = small.selections(design_of(name, options), frame, REPLICATES)
    return SELECTED[key]


def frequency(chosen, n_forces):
    return np.bincount(chosen.ravel(), minlength=n_forces) / len(chosen)


def worst(chosen, p):
    """Largest deviation of inclusion frequencies from *p* in MCSEs; inf where p is 0 or 1."""
    deviation = np.abs(frequency(chosen, len(p)) - p)
    mcse = np.sqrt(p * (1 - p) / len(chosen))
    certain = mcse < 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(certain, np.where(deviation > 1e-9, np.inf, 0.0), deviation / mcse)
    return z.max()


def test_every_registered_design_is_under_contract():
    assert set(OPTIONS) == set(DESIGNS)
    assert len(DESIGNS) >= 5
    assert all(OPTIONS.values())


@cases
def test_always_so_many_distinct_forces_in_ascending_order(name, options, frame, small):
    chosen = many_selections(name, options, frame, small)
    assert chosen.shape == (REPLICATES, options["count"])
    assert (np.diff(chosen, axis=1) > 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < 43


@cases
def test_stated_inclusion_probabilities_are_the_real_ones(name, options, frame, small):
    design = design_of(name, options)
    p = design.p_inclusion(frame)
    if p is None:
        assert name == "tilted"
        return
    assert p.sum() == pytest.approx(options["count"], abs=1e-9)
    assert worst(many_selections(name, options, frame, small), p) < 4


@cases
def test_a_stated_probability_two_points_off_is_caught(name, options, frame, small):
    p = design_of(name, options).p_inclusion(frame)
    chosen = many_selections(name, options, frame, small)
    planted = frequency(chosen, 43) if p is None else p.copy()
    for f in (0, 42):
        shifted = planted.copy()
        shifted[f] += 0.02 if shifted[f] < 0.5 else -0.02
        assert worst(chosen, shifted) > 4


@cases
def test_a_declared_probability_is_a_probability_and_each_force_has_a_stratum(name, options, frame):
    plan = design_of(name, options).plan(frame)
    assert ((plan.p_declared > 0) & (plan.p_declared <= 1)).all()
    assert plan.p_declared.sum() == pytest.approx(options["count"], abs=1e-9)
    assert set(plan.stratum_declared) == set(range(plan.stratum_declared.max() + 1))


@cases
def test_a_selection_depends_on_its_address_alone(name, options, frame, small):
    design = design_of(name, options)
    many = small.selections(design, frame, 50)
    for replicate in (0, 17, 49):
        alone = small.selections(design, frame, 1, first=replicate)
        np.testing.assert_array_equal(alone[0], many[replicate])
    if 1 < options["count"] < 43:
        assert (small.selections(design, frame, 50, world=1) != many).any()
        assert (small.selections(design, frame, 50, seed=2) != many).any()


def p_sets(chosen, sets):
    """Chi-square p-value that samples are *sets* with the stated chances."""
    tally = Counter(map(tuple, chosen.tolist()))
    assert set(tally) <= set(sets)
    observed = [tally[forces] for forces in sets]
    expected = np.array(list(sets.values())) * len(chosen)
    return stats.chisquare(observed, expected).pvalue


def test_srs_takes_every_set_of_forces_equally_often(small):
    frame = small.frame([5, 4, 3, 2, 1, 6])
    chosen = small.selections(SimpleRandom(design="srs", count=3), frame, REPLICATES)
    sets = dict.fromkeys(combinations(range(6), 3), 1 / 20)
    assert p_sets(chosen, sets) > LIKELY
    # One set a sixth likelier, all others less, would be seen.
    planted = dict.fromkeys(sets, (1 - 7 / 120) / 19)
    planted[0, 1, 2] = 7 / 120
    assert p_sets(chosen, planted) < LIKELY


def test_stratified_takes_every_permitted_set_equally_often(small):
    frame = small.frame([9, 4, 3, 2, 1, 6, 7], regions=("x", "n", "n", "n", "s", "s", "s"))
    design = Stratified(design="stratified", count=5, by="region", certainty=("a",))
    chosen = small.selections(design, frame, REPLICATES)
    sets = {
        (0, *north, *south): 1 / 9
        for north in combinations((1, 2, 3), 2)
        for south in combinations((4, 5, 6), 2)
    }
    assert p_sets(chosen, sets) > LIKELY


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
    assert p_sets(chosen, successive(np.exp(tilt * z), m)) > LIKELY
    assert p_sets(chosen, successive(np.exp(0.9 * tilt * z), m)) < LIKELY


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


def test_pps_joint_selections_never_put_certain_forces_at_risk(frame, small):
    chosen = small.selections(ProportionalToSize(design="pps", count=30), frame, 5_000)
    p = ProportionalToSize(design="pps", count=30).p_inclusion(frame)
    certain = np.flatnonzero(p >= 1)
    assert len(certain) > 1
    assert all(set(certain) <= set(row) for row in chosen.tolist())


def test_named_takes_the_eleven_always_the_three_never_and_the_probable_as_stated(frame, small):
    kind = np.array(frame.interim)
    assert Counter(frame.interim) == {"yes": 11, "probable": 1, "no": 3, "unknown": 28}
    for probable in (0.0, 0.3, 0.9, 1.0):
        design = Named(design="named", probable=probable)
        share = frequency(small.selections(design, frame, REPLICATES), 43)
        assert (share[kind == "yes"] == 1).all()
        assert (share[kind == "no"] == 0).all()
        mcse = math.sqrt(probable * (1 - probable) / REPLICATES)
        assert abs(share[kind == "probable"][0] - probable) <= 4 * mcse
        drawn = (2 - probable) / 28
        mcse = math.sqrt(drawn * (1 - drawn) / REPLICATES)
        assert np.abs(share[kind == "unknown"] - drawn).max() < 4 * mcse


def test_the_named_probable_force_is_devon_and_cornwall(frame):
    assert frame.forces[frame.interim.index("probable")] == "Devon and Cornwall"


@pytest.mark.parametrize("options", OPTIONS["stratified"], ids=str)
def test_stratified_takes_two_a_stratum_and_certain_forces_always(options, frame, small):
    design = design_of("stratified", options)
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
    """Webster's divisors by hand: 8 places, 6 small and 4 large forces, sums 6 and 34."""
    frame = small.frame([1] * 6 + [8.5] * 4, force_types=("county",) * 6 + ("metropolitan",) * 4)
    takes = {
        allocation: Stratified(
            design="stratified", count=7, by="force_type", allocation=allocation
        ).plan(frame).take.tolist()
        for allocation in ("forces", "volume")
    }  # fmt: skip
    assert takes == {"forces": [4, 3], "volume": [3, 4]}


TOO_MANY = [(name, {**OPTIONS[name][0], "count": 44}) for name in OPTIONS]


@pytest.mark.parametrize(("name", "options"), TOO_MANY, ids=[name for name, _ in TOO_MANY])
def test_more_forces_than_there_are_is_the_users_mistake(name, options, frame):
    with pytest.raises(UserError, match=r"inspection\.forces\.count: 44 is more than the 43"):
        design_of(name, options).plan(frame)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("named", {"count": 11}, r"inspection\.forces\.count: 11 does not fit .*give 12 to 39"),
        ("named", {"count": 40}, r"inspection\.forces\.count: 40 does not fit .*give 12 to 39"),
        ("stratified", {"count": 1}, r"inspection\.forces\.count: 1 is too few .*give 2 or more"),
        (
            "stratified",
            {"count": 13, "by": "region"},
            r"inspection\.forces\.count: 13 is too few for 10 strata",
        ),
        (
            "stratified",
            {"count": 3, "certainty": (MET, "Kent")},
            r"inspection\.forces\.count: 3 is too few .* 2 certain; give 4 or more",
        ),
        (
            "stratified",
            {"count": 13, "certainty": ("Metropolitn",)},
            r"inspection\.forces\.certainty: unknown force 'Metropolitn'; did you mean 'Metropol",
        ),
    ],
)
def test_a_design_that_does_not_fit_is_refused_and_names_its_key(name, options, message, frame):
    with pytest.raises(UserError, match=message):
        design_of(name, options).plan(frame)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("named", {"count": 12}),
        ("named", {"count": 39}),
        ("stratified", {"count": 2}),
        ("stratified", {"count": 4, "certainty": (MET, "Kent")}),
    ],
)
def test_the_limits_that_the_messages_give_are_accepted(name, options, frame, small):
    chosen = small.selections(design_of(name, options), frame, 200)
    assert (np.diff(chosen, axis=1) > 0).all()
