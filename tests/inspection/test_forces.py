"""Contract of every force design: what it states of its selections is what they do."""

import numpy as np
import pytest
from scipy import stats

from underrecording.errors import UserError
from underrecording.inspection.forces import DESIGNS

REPLICATES = 30_000
LIKELY = 1e-4
MET, WEST_MIDLANDS = "Metropolitan", "West Midlands"

OPTIONS = {
    "srs": [{"count": count} for count in (1, 2, 13, 42, 43)],
    "pps": [
        *({"count": count} for count in (1, 5, 13, 30, 43)),
        *({"count": count, "method": "sampford"} for count in (1, 5, 13, 30, 43)),
        *({"count": count, "method": "conditional_poisson"} for count in (1, 5, 13, 30, 43)),
    ],
    "pps_wr": [{"count": count} for count in (1, 5, 13)],
    "balanced": [
        {"count": 13},
        {"count": 13, "probabilities": "volume", "on": ("force_type",)},
        {"count": 1, "on": ("volume",)}, {"count": 30, "on": ("volume",)}, {"count": 43},
    ],
    "ordered": [{"count": 13}, {"count": 2, "order": (MET, "Kent", "Gwent")}, {"count": 43}],
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
THOROUGH = [
    ("pps_wr", {"count": 43}),
    ("balanced", {"count": 20, "probabilities": "volume"}),
    ("balanced", {"count": 13, "on": ("region", "volume")}),
    ("balanced", {"count": 5}),
    ("pps", {"count": 20, "method": "sampford"}),
    ("pps", {"count": 20, "method": "conditional_poisson"}),
]


def label(case):
    name, options = case
    return "-".join([name, *(str(value) for value in options.values())])


CASES = [(name, options) for name, several in OPTIONS.items() for options in several]
cases = pytest.mark.parametrize(("name", "options"), CASES, ids=map(label, CASES))
all_cases = pytest.mark.parametrize(
    ("name", "options"),
    [
        *(pytest.param(*case, id=label(case)) for case in CASES),
        *(pytest.param(*case, id=label(case), marks=pytest.mark.slow) for case in THOROUGH),
    ],
)

SELECTED = {}


def design_of(name, options):
    return DESIGNS[name](design=name, **options)


def many_selections(name, options, frame, small):
    """The same many replicates for all tests of one case."""
    key = name, *options.items()
    if key not in SELECTED:
        SELECTED[key] = small.selections(design_of(name, options), frame, REPLICATES)
    return SELECTED[key]


def worst(share, p, replicates, *, draws):
    """Largest deviation of frequencies from *p* in MCSEs; inf where p is 0 or 1.

    *draws* is 1, or the number of independent draws with replacement.
    """
    deviation = np.abs(share - p)
    mcse = np.sqrt(p * (1 - p / draws) / replicates)
    certain = mcse < 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(certain, np.where(deviation > 1e-9, np.inf, 0.0), deviation / mcse)
    return z.max()


def pairs_together(chosen, n_forces):
    """How often forces f < g were selected together, (F, F)."""
    tally = np.zeros(n_forces**2, np.int64)
    for first in range(chosen.shape[1] - 1):
        pairs = chosen[:, [first]] * n_forces + chosen[:, first + 1 :]
        tally += np.bincount(pairs.ravel(), minlength=n_forces**2)
    return tally.reshape(n_forces, n_forces)


def p_of_pairs(together, joint, replicates):
    """P-value of the least likely of all pair frequencies, Bonferroni over pairs."""
    pairs = np.triu_indices(len(joint), 1)
    law = stats.binom(replicates, np.clip(joint[pairs], 0.0, 1.0))
    p = 2 * np.minimum(law.cdf(together[pairs]), law.sf(together[pairs] - 1))
    return min(1.0, p.min() * p.size)


def test_every_registered_design_is_under_contract():
    assert set(OPTIONS) == set(DESIGNS)
    assert len(DESIGNS) >= 8
    assert all(OPTIONS.values())


@all_cases
def test_always_so_many_forces_in_ascending_order(name, options, frame, small):
    chosen = many_selections(name, options, frame, small)
    assert chosen.shape == (REPLICATES, options["count"])
    gaps = np.diff(chosen, axis=1)
    assert (gaps >= (0 if DESIGNS[name].with_replacement else 1)).all()
    assert chosen.min() >= 0
    assert chosen.max() < 43


@all_cases
def test_stated_inclusion_probabilities_are_the_real_ones(name, options, frame, small):
    p = design_of(name, options).p_inclusion(frame)
    if p is None:
        assert name == "tilted"
        return
    assert p.sum() == pytest.approx(options["count"], abs=1e-9)
    share = small.frequency(many_selections(name, options, frame, small), 43)
    draws = options["count"] if DESIGNS[name].with_replacement else 1
    assert worst(share, p, REPLICATES, draws=draws) < 4


@cases
def test_a_stated_probability_two_points_off_is_caught(name, options, frame, small):
    p = design_of(name, options).p_inclusion(frame)
    share = small.frequency(many_selections(name, options, frame, small), 43)
    draws = options["count"] if DESIGNS[name].with_replacement else 1
    planted = share if p is None else p
    for f in (0, 42):
        shifted = planted.copy()
        shifted[f] += 0.02 if shifted[f] < 0.5 else -0.02
        assert worst(share, shifted, REPLICATES, draws=draws) > 4


@all_cases
def test_stated_joint_probabilities_are_the_real_ones_and_one_two_points_off_is_caught(
    name, options, frame, small
):
    joint = design_of(name, options).p_joint(frame)
    if joint is None:
        assert name in ("pps", "pps_wr", "balanced", "named", "tilted")
        return
    together = pairs_together(many_selections(name, options, frame, small), 43)
    assert p_of_pairs(together, joint, REPLICATES) > LIKELY
    planted = joint.copy()
    planted[0, 42] += 0.02 if joint[0, 42] < 0.5 else -0.02
    assert p_of_pairs(together, planted, REPLICATES) < LIKELY


@all_cases
def test_joint_probabilities_agree_with_one_another_and_with_the_fixed_size(name, options, frame):
    design = design_of(name, options)
    joint = design.p_joint(frame)
    if joint is None:
        return
    p = design.p_inclusion(frame)
    np.testing.assert_array_equal(joint.diagonal(), p)
    np.testing.assert_allclose(joint, joint.T, rtol=1e-13)
    np.testing.assert_allclose(joint.sum(axis=1), options["count"] * p, rtol=1e-11)
    assert (joint <= np.minimum.outer(p, p) * (1 + 1e-12)).all()
    assert (joint >= 0).all()


@all_cases
def test_the_inspector_declares_exact_joint_probabilities_or_none(name, options, frame):
    design = design_of(name, options)
    declared = design.plan(frame).p_joint
    exact = name in ("srs", "stratified") or (name == "pps" and "method" in options)
    assert declared.shape == ((43, 43) if exact else (0, 0))
    if exact:
        np.testing.assert_array_equal(declared, design.p_joint(frame))


@all_cases
def test_a_declared_probability_is_a_probability_and_each_force_has_a_stratum(name, options, frame):
    plan = design_of(name, options).plan(frame)
    assert (plan.p_declared > 0).all()
    assert (plan.p_declared <= 1).all() or DESIGNS[name].with_replacement
    assert plan.p_declared.sum() == pytest.approx(options["count"], abs=1e-9)
    assert set(plan.stratum_declared) == set(range(plan.stratum_declared.max() + 1))


@cases
def test_a_selection_depends_on_its_address_alone(name, options, frame, small):
    design = design_of(name, options)
    many = small.selections(design, frame, 50)
    for replicate in (0, 17, 49):
        alone = small.selections(design, frame, 1, first=replicate)
        np.testing.assert_array_equal(alone[0], many[replicate])
    if name != "ordered" and 1 < options["count"] < 43:
        assert (small.selections(design, frame, 50, world=1) != many).any()
        assert (small.selections(design, frame, 50, seed=2) != many).any()


TOO_MANY = [(name, {**OPTIONS[name][0], "count": 44}) for name in OPTIONS]


@pytest.mark.parametrize(("name", "options"), TOO_MANY, ids=[name for name, _ in TOO_MANY])
def test_more_forces_than_there_are_is_the_users_mistake(name, options, frame):
    with pytest.raises(UserError, match=r"inspection\.forces\.count: 44 is more than the 43"):
        design_of(name, options).plan(frame)
