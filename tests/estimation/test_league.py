"""The league table: worked by hand, against draws, and what it must not claim."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import norm

from underrecording.audit import Audit
from underrecording.errors import UserError
from underrecording.estimation.effective_counts import EffectiveCounts
from underrecording.estimation.league import (
    league,
    shrunken_mean,
    shrunken_quantile,
)
from underrecording.estimation.posterior import Posterior, posterior
from underrecording.estimation.priors import UNIFORM
from underrecording.estimation.ranking import holm, joint_ranks, rank_law, score_test

NAMES = ("Alder", "Birch", "Cedar", "Damson", "Elm")
READ = [(90, 100), (70, 100), (160, 200), (45, 60), (82, 100)]


def audit_of(read, *, frame=0):
    recorded, due = (np.array(column)[:, None] for column in zip(*read, strict=True))
    m = len(read)
    return Audit(
        np.arange(m),
        np.full((m, 1), frame),
        due,
        due,
        recorded,
        np.full(m, m / 43),
        np.zeros(m, np.int64),
        np.zeros((43, 1)),
    )


def counts_of(read, *, left=1.0):
    recorded, due = np.array(read, float).T
    return EffectiveCounts(recorded, due - recorded, np.full(len(read), left))


def one_law(a, b):
    """A posterior that is certain of the beta law of forces."""
    one = np.ones((1, 1))
    return Posterior(a / (a + b) * one, (a + b) * one, one)


# --- ranks from intervals ---


def test_ranks_of_four_forces_by_hand():
    # 1 and 2 overlap, 2 and 3 overlap, 1 and 3 do not; 4 is below all.
    low, high = np.array([0.8, 0.7, 0.6, 0.3]), np.array([0.9, 0.85, 0.75, 0.4])
    best, worst = joint_ranks(low, high)
    assert best.tolist() == [1, 1, 2, 4]
    assert worst.tolist() == [2, 3, 3, 4]


def test_forces_that_all_overlap_may_have_any_rank():
    best, worst = joint_ranks(np.array([0.1, 0.2, 0.3]), np.array([0.7, 0.8, 0.9]))
    assert best.tolist() == [1, 1, 1]
    assert worst.tolist() == [3, 3, 3]


@pytest.fixture(scope="module")
def ranked_forces():
    """True accuracies of 8 forces, some close together, and 1,500 audits of them."""
    accuracy = np.array([0.70, 0.71, 0.72, 0.80, 0.80001, 0.88, 0.885, 0.93])
    due = np.array([150, 300, 90, 200, 120, 400, 100, 250])
    return accuracy, due, np.random.default_rng(7).binomial(due, accuracy, (1_500, 8))


def share_with_every_rank_held(ranked_forces, level):
    accuracy, due, audits = ranked_forces
    true_rank = 1 + (accuracy[None] > accuracy[:, None]).sum(axis=1)
    z, share = norm.ppf(0.5 + level / 2), audits / due
    centre = (share + z**2 / (2 * due)) / (1 + z**2 / due)
    half = z * np.sqrt(share * (1 - share) / due + (z / (2 * due)) ** 2) / (1 + z**2 / due)
    held = 0
    for low, high in zip(centre - half, centre + half, strict=True):
        best, worst = joint_ranks(low, high)
        held += ((best <= true_rank) & (true_rank <= worst)).all()
    return held / len(audits)


def test_ranks_hold_all_at_once_as_often_as_said(ranked_forces):
    held = share_with_every_rank_held(ranked_forces, 0.8 ** (1 / 8))
    assert held >= 0.8 - 4 * math.sqrt(0.16 / 1_500)


def test_ranks_from_intervals_that_are_too_short_do_not_hold(ranked_forces):
    held = share_with_every_rank_held(ranked_forces, 0.3)
    assert held < 0.8 - 4 * math.sqrt(0.16 / 1_500)


# --- tests of pairs ---


def test_score_test_is_the_textbook_one():
    # 110 of 120 and 908 of 1,126: pooled 1,018 of 1,246.
    pooled = 1018 / 1246
    z = (110 / 120 - 908 / 1126) / math.sqrt(pooled * (1 - pooled) * (1 / 120 + 1 / 1126))
    p = score_test(np.array([110.0, 908.0]), np.array([10.0, 218.0]))
    assert p[0, 1] == pytest.approx(2 * norm.sf(z), rel=1e-12)
    assert p[0, 1] == p[1, 0]
    assert p[0, 0] == p[1, 1] == 1


def test_forces_of_which_all_was_recorded_are_alike():
    assert (score_test(np.array([30.0, 50.0]), np.zeros(2)) == 1).all()


def test_holm_by_hand():
    # Sorted 0.005, 0.011, 0.02, 0.04 times 4, 3, 2, 1: 0.02, 0.033, 0.04, 0.04.
    np.testing.assert_allclose(
        holm(np.array([0.02, 0.005, 0.04, 0.011])), [0.04, 0.02, 0.04, 0.033]
    )


def test_holm_raises_false_alarms_no_more_often_than_said():
    p = np.random.default_rng(3).uniform(size=(2_000, 10))
    alarms = np.mean([holm(row).min() <= 0.05 for row in p])
    assert alarms <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 2_000)
    assert np.mean(p.min(axis=1) <= 0.05) > 0.3


# --- the law of ranks ---


def test_two_forces_with_the_same_counts_are_as_likely_to_be_first():
    counts = counts_of([(40, 50), (40, 50)])
    rank, above = rank_law(posterior(counts, UNIFORM), counts, np.arange(2))
    np.testing.assert_allclose(rank, 0.5, atol=1e-9)
    np.testing.assert_allclose(above, 0.5, atol=1e-9)


def test_uniform_forces_by_hand():
    # After one record each, Beta(2, 1) and Beta(1, 2): P(X > Y) = 5/6.
    counts = EffectiveCounts(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.ones(2))
    rank, above = rank_law(one_law(1.0, 1.0), counts, np.arange(2))
    assert above[0, 1] == pytest.approx(5 / 6, abs=0.003)
    assert rank[0, 0] == pytest.approx(5 / 6, abs=0.003)


def test_ranks_are_those_of_draws():
    counts = counts_of(READ)
    law = posterior(counts, UNIFORM)
    rank, above = rank_law(law, counts, np.arange(5))
    rng, draws = np.random.default_rng(11), 100_000
    at = rng.choice(law.weight.size, draws, p=law.weight.ravel())
    a = (law.mean * law.concentration).ravel()[at, None]
    b = law.concentration.ravel()[at, None] - a
    accuracy = rng.beta(a + counts.recorded, b + counts.unrecorded)
    drawn = 1 + (accuracy[:, None, :] > accuracy[:, :, None]).sum(axis=2)
    share = np.array([(drawn == k).mean(axis=0) for k in range(1, 6)]).T
    # 4 MCSE, and what cells of finite width are off by.
    np.testing.assert_allclose(rank, share, atol=4 * 0.5 / math.sqrt(draws) + 0.002)
    drawn_above = (accuracy[:, :, None] > accuracy[:, None, :]).mean(axis=0)
    off_diagonal = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(above[off_diagonal], drawn_above[off_diagonal], atol=0.0084)


def test_law_of_ranks_is_doubly_stochastic_and_above_is_a_share():
    counts = counts_of(READ)
    rank, above = rank_law(posterior(counts, UNIFORM), counts, np.arange(5))
    np.testing.assert_allclose(rank.sum(axis=1), 1, rtol=1e-12)
    # What cells of finite width are off by, as stated.
    np.testing.assert_allclose(rank.sum(axis=0), 1, atol=0.005)
    np.testing.assert_allclose(above + above.T, 1, atol=1e-6)


def test_forces_read_whole_have_the_rank_they_have():
    counts = counts_of([(70, 100), (90, 100), (80, 100)], left=0.0)
    rank, above = rank_law(posterior(counts, UNIFORM), counts, np.arange(3))
    np.testing.assert_allclose(rank, [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-12)
    assert above[1, 2] == pytest.approx(1)


# --- shrinking ---


def test_shrunken_force_is_the_beta_it_is_known_to_be():
    counts, law = counts_of([(8, 10)]), one_law(6.0, 4.0)
    assert shrunken_mean(law, counts, 0) == pytest.approx(14 / 20)
    median = shrunken_quantile(law, counts, 0, 0.5)
    # Of Beta(14, 6); by binomial tails, sum over 14..19 of C(19, k) x^k (1 - x)^(19 - k) = 1/2.
    tail = sum(math.comb(19, k) * median**k * (1 - median) ** (19 - k) for k in range(14, 20))
    assert tail == pytest.approx(0.5, abs=1e-9)


def test_each_force_is_shrunk_towards_the_others_and_the_small_one_most():
    table = league(audit_of([(9, 10), (160, 200), (150, 200), (155, 200)]), NAMES[:4])
    first = table.standings[0]
    assert first.force == "Alder"
    assert 0.78 < first.shrunken < first.accuracy == pytest.approx(0.9)
    moved = [abs(row.shrunken - row.accuracy) for row in table.standings]
    assert moved[0] == max(moved)


def test_force_read_whole_is_what_it_is():
    table = league(audit_of([(8, 10), (6, 10)], frame=10), NAMES[:2])
    row = table.standings[0]
    assert (row.shrunken, row.shrunken_low, row.shrunken_high) == (0.8, 0.8, 0.8)
    assert row.low == pytest.approx(0.8, abs=1e-5)
    assert row.high == pytest.approx(0.8, abs=1e-5)
    assert (row.rank_low, row.rank_high) == (1, 1)
    assert table.alike() == ()


# --- the table ---


def test_essex_is_above_the_metropolitan_police_beyond_chance():
    table = league(audit_of([(908, 1126), (110, 120)]), ("Metropolitan", "Essex"))
    assert [row.force for row in table.standings] == ["Essex", "Metropolitan"]
    assert [(row.rank_low, row.rank_high) for row in table.standings] == [(1, 1), (2, 2)]
    (pair,) = table.pairs
    assert (pair.higher, pair.lower) == ("Essex", "Metropolitan")
    assert pair.p_value == pair.p_adjusted == pytest.approx(0.0030, abs=5e-5)
    assert pair.p_above > 0.99
    assert table.alike() == ()


def test_essex_among_thirteen_is_not_told_from_its_neighbours():
    others = [(70 + 4 * i, 100) for i in range(6)]
    names = ("Metropolitan", "Essex", *(f"force {i}" for i in range(6)))
    table = league(audit_of([(908, 1126), (110, 120), *others]), names)
    essex = next(row for row in table.standings if row.force == "Essex")
    assert essex.rank_low == 1
    assert essex.rank_high > 1
    assert any("Essex" in pair for pair in table.alike())


def test_order_of_rows_does_not_matter():
    table = league(audit_of(READ), NAMES)
    for order in list(permutations(range(5)))[17::40]:
        moved = league(audit_of([READ[i] for i in order]), [NAMES[i] for i in order])
        for one, other in zip(table.standings, moved.standings, strict=True):
            assert one.force == other.force
            assert one[1:] == pytest.approx(other[1:], rel=1e-6)


def test_intervals_hold_what_they_are_of_and_ranks_are_possible():
    table = league(audit_of(READ), NAMES, level=0.9)
    assert len(table.pairs) == 10
    for place, row in enumerate(table.standings, start=1):
        assert row.low < row.accuracy < row.high
        assert row.shrunken_low < row.shrunken < row.shrunken_high
        assert 1 <= row.rank_low <= place <= row.rank_high <= 5
        assert 1 <= row.likely_rank_low <= row.mean_rank <= row.likely_rank_high <= 5
    for pair in table.pairs:
        assert 0 <= pair.p_value <= pair.p_adjusted <= 1


def test_higher_level_widens_everything():
    narrow, wide = (league(audit_of(READ), NAMES, level=level) for level in (0.5, 0.99))
    for one, other in zip(narrow.standings, wide.standings, strict=True):
        assert other.low < one.low < one.high < other.high
        assert other.shrunken_low < one.shrunken_low
        assert other.rank_low <= one.rank_low
        assert other.rank_high >= one.rank_high
    assert set(narrow.alike()) <= set(wide.alike())


def test_force_with_nothing_due_is_named_and_left_out():
    table = league(audit_of([(8, 10), (0, 0), (6, 10)]), NAMES[:3])
    assert table.unread == ("Birch",)
    assert [row.force for row in table.standings] == ["Alder", "Cedar"]


def test_force_drawn_twice_counts_once():
    audit = audit_of([(8, 10), (9, 10), (6, 10)])._replace(force=np.array([0, 0, 2]))
    table = league(audit, ("Alder", "Alder", "Cedar"))
    assert [(row.force, round(row.n_eff)) for row in table.standings] == [
        ("Alder", 20),
        ("Cedar", 10),
    ]
    assert table.standings[0].accuracy == pytest.approx(0.85)


def test_one_force_is_first():
    (row,) = league(audit_of([(8, 10)]), ["Alder"]).standings
    assert (row.rank_low, row.rank_high, row.mean_rank) == (1, 1, 1.0)


def test_nothing_due_anywhere_is_a_mistake_of_the_user():
    with pytest.raises(UserError, match="read as due"):
        league(audit_of([(0, 0), (0, 0)]), NAMES[:2])


def test_names_and_level_must_fit():
    with pytest.raises(ValueError, match="names"):
        league(audit_of(READ), NAMES[:4])
    with pytest.raises(ValueError, match="level"):
        league(audit_of(READ), NAMES, level=1.0)
