"""Late and misclassified records and disposals: their law, their limits, their addresses."""

import math

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit
from scipy.stats import norm

from underrecording.ledger import Ledger
from underrecording.published import load_published
from underrecording.world.build import build_world
from underrecording.world.options import CrimeRecords, WorldOptions
from underrecording.world.pathway import Pathway

ADDED = ("late", "misclassified", "disposals", "wrong_disposals")
WORLDS = 400
NUMBERS = ("late", "recorded")


def world_of(**records):
    return build_world(WorldOptions(crime_records=CrimeRecords(**records)))


@pytest.fixture(scope="module")
def default():
    """Many default worlds."""
    return world_of().fresh(20140501, 0, WORLDS)


def standing(ledger):
    return ledger.recorded + ledger.over_recorded - ledger.no_crimed


def p_binomial(part, whole, chance):
    """Chi-square P-value of counts that should be binomial."""
    enough = whole * min(chance, 1 - chance) >= 5
    assert enough.sum() > 1_000
    squares = (part - whole * chance) ** 2 / np.maximum(1, whole * chance * (1 - chance))
    return stats.chi2.sf(squares[enough].sum(), enough.sum())


@pytest.mark.parametrize(
    ("part", "whole", "chance"),
    [
        ("misclassified", lambda ledger: ledger.recorded, 0.0375),
        ("disposals", standing, 0.1),
        ("wrong_disposals", lambda ledger: ledger.disposals, 500 / 3842),
    ],
)
def test_counts_of_crime_records_are_binomial(default, part, whole, chance):
    counts = getattr(default, part)
    assert p_binomial(counts, whole(default), chance) > 1e-4
    assert p_binomial(counts, whole(default), chance * 1.02) < 1e-4


def test_without_spread_late_records_are_binomial():
    ledger = world_of(late_spread=0).fresh(5, 0, WORLDS)
    assert p_binomial(ledger.late, ledger.recorded, 0.115) > 1e-4
    assert p_binomial(ledger.late, ledger.recorded, 0.118) < 1e-4


def test_the_default_spread_is_the_likeliest_of_the_four_force_reports():
    """Late records are binomial given a logit-normal share of each force."""
    rows = [row for row in load_published().force_audits if row.late is not None]
    late, recorded = (np.array([getattr(row, name) for row in rows]) for name in NUMBERS)
    assert (late.sum(), recorded.sum()) == (39, 339)
    z = np.linspace(-6, 6, 401)
    weight = norm.pdf(z) / norm.pdf(z).sum()

    def loss(typical, spread):
        chance = stats.binom.pmf(late[:, None], recorded[:, None], expit(typical + spread * z))
        return -np.log(chance @ weight).sum()

    best = optimize.minimize(lambda x: loss(*x), [-2.0, 0.5], method="Nelder-Mead")
    assert round(best.x[1], 2) == CrimeRecords().late_spread
    # Far likelier than none: twice the log-likelihood ratio is above 16.
    alike = optimize.minimize_scalar(lambda typical: loss(typical, 0.0), bracket=(-3.0, -1.0))
    assert 2 * (alike.fun - best.fun) > 16


def late_share_of_forces(ledger):
    return ledger.late.sum(axis=2) / ledger.recorded.sum(axis=2)


def worst(sample, expected):
    """Deviation of the mean of a sample from what is expected, in its MCSEs."""
    return abs(sample.mean() - expected) / (sample.std(ddof=1) / math.sqrt(sample.size))


def test_the_late_share_is_the_one_asked_for_in_the_mean_force(default):
    share = late_share_of_forces(default)
    assert worst(share, 0.115) < 4
    assert worst(share, 0.120) > 4


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_late_shares_differ_between_forces_as_asked_for(spread):
    """Their variance, less the chance of single records, is that of a logit-normal share."""
    ledger = world_of(late_spread=spread).fresh(5, 0, WORLDS)
    share, recorded = late_share_of_forces(ledger), ledger.recorded.sum(axis=2)
    excess = (share - 0.115) ** 2 - share * (1 - share) / (recorded - 1)

    def variance(spread):
        z = np.linspace(-8, 8, 2001)
        weight = norm.pdf(z) / norm.pdf(z).sum()
        low, high = -6.0, 0.0
        for _ in range(60):
            middle = (low + high) / 2
            if weight @ expit(middle + spread * z) < 0.115:
                low = middle
            else:
                high = middle
        return weight @ (expit(low + spread * z) - 0.115) ** 2

    assert worst(excess, variance(spread)) < 4
    assert worst(excess, variance(spread * 1.15)) > 4


def test_all_groups_of_a_force_are_late_together_and_forces_are_not(default):
    share = default.late / np.maximum(1, default.recorded)
    assert np.corrcoef(share[:, 0, 0], share[:, 0, 5])[0, 1] > 0.9
    assert abs(np.corrcoef(share[:, 0, 5], share[:, 1, 5])[0, 1]) < 4 / math.sqrt(WORLDS)


def test_parts_are_never_more_than_the_whole(default):
    for part, whole in (
        (default.late, default.recorded),
        (default.misclassified, default.recorded),
        (default.disposals, standing(default)),
        (default.wrong_disposals, default.disposals),
    ):
        assert (part >= 0).all()
        assert (part <= whole).all()


@pytest.mark.parametrize("late_spread", [0.0, 1.0])
def test_shares_of_none_and_all_mean_none_and_all(late_spread):
    none = world_of(late_share=0, late_spread=late_spread, wrong_disposal_share=0)
    every = world_of(late_share=1, late_spread=late_spread, wrong_disposal_share=1)
    ledger = none.fresh(5, 0, 2)
    assert ledger.late.sum() == ledger.wrong_disposals.sum() == 0
    ledger = every.fresh(5, 0, 2)
    np.testing.assert_array_equal(ledger.late, ledger.recorded)
    np.testing.assert_array_equal(ledger.wrong_disposals, ledger.disposals)
    assert ledger.disposals.sum() > 0


def test_shares_of_the_pathway_hold_here_too():
    pathway = Pathway(misclassified_share=0, disposal_share=1)
    ledger = build_world(WorldOptions(pathway=pathway)).fresh(5, 0, 2)
    assert ledger.misclassified.sum() == 0
    np.testing.assert_array_equal(ledger.disposals, standing(ledger))


@pytest.mark.parametrize("draw", ["fresh", "fixed"])
@pytest.mark.parametrize("field", [*Ledger._fields, None])
def test_what_is_not_asked_for_changes_nothing_in_the_rest(draw, field):
    def drawn(**asked):
        world = world_of()
        return world.fresh(5, 3, 2, **asked) if draw == "fresh" else world.fixed(5, 3, **asked)

    full, part = drawn(), drawn(fields={field} - {None})
    for name, all_of_it, some in zip(Ledger._fields, full, part, strict=True):
        if name == field or name in ("reports", "due", "recorded") or some.any():
            np.testing.assert_array_equal(some, all_of_it, err_msg=name)
    assert (field in ADDED) == part.late.any()
    assert full.late.any()


def test_each_world_has_an_address_of_its_own(default):
    alone = world_of().fresh(20140501, 7, 1)
    for name in ADDED:
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(default, name)[7])
        assert (getattr(default, name)[7] != getattr(default, name)[8]).any()


def test_expected_records_are_the_mean_of_those_drawn(default):
    expected = world_of().expected_records()
    for section, counts in (
        ("recorded_crimes", default.recorded),
        ("disposals", default.disposals),
        ("other_systems", default.other_due),
    ):
        mean, mcse = counts.mean(axis=0), counts.std(axis=0, ddof=1) / math.sqrt(WORLDS)
        # Reports are rounded to whole ones, which no draw makes up for.
        assert (np.abs(mean - expected[section]) <= 4.5 * mcse + 1).all(), section
    mcse = default.disposals.std(axis=0, ddof=1) / math.sqrt(WORLDS)
    assert (np.abs(default.disposals.mean(axis=0) - 1.1 * expected["disposals"]) > 5 * mcse).any()
