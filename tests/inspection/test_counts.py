"""Counting equals reading: the drawn counts against records drawn and read one by one."""

import math
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from underrecording.inspection.auditor import READ_ONCE
from underrecording.inspection.audits import read_no_crimes, read_reports
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.forces.design import selection_name
from underrecording.inspection.forces.srs import SimpleRandom, simple_random_plan
from underrecording.inspection.inspect import InspectionPlan, plan_inspection
from underrecording.inspection.options import (
    Auditors,
    InspectionOptions,
    NoCrimeReview,
    Reading,
    Records,
)
from underrecording.inspection.strands import no_crimes_strand, reports_strand
from underrecording.ledger import Ledger
from underrecording.rng import COUNT_REPORTS

LIKELY = 1e-4
REPLICATES = 40_000
PERFECT = (1.0, 1.0, 1.0, 1.0)

# Reports, due, recorded of these, recorded though not due, records read.
STRATA = {
    "mixed": (30, 22, 15, 3, 12),
    "nearly all due": (25, 24, 20, 0, 8),
    "hardly any due": (40, 5, 3, 6, 15),
    "half read": (12, 8, 5, 2, 6),
}
CONFUSIONS = {
    "perfect": (1.0, 1.0, 1.0, 1.0),
    "due erring": (0.9, 0.8, 1.0, 1.0),
    "recorded erring": (1.0, 1.0, 0.95, 0.85),
    "all erring": (0.93, 0.88, 0.97, 0.9),
}


def with_fault(name, readers):
    """The readers with one figure five points lower, one that the stratum can show."""
    faulty = list(CONFUSIONS[readers])
    place = {"perfect": 0, "due erring": 0, "recorded erring": 3, "all erring": 2}[readers]
    if name == "hardly any due":
        place = 1
    faulty[place] -= 0.05
    return tuple(faulty)


@cache
def counted(stratum, confusion, *, sampled=None, replicates=REPLICATES, seed=17):
    """Counts (due, recorded) by the compiled path of a study, (B,) each."""
    reports, due, recorded, over, n = stratum
    ledger = Ledger.empty(1, 1, 1)
    ledger.reports[:], ledger.due[:] = reports, due
    ledger.recorded[:], ledger.over_recorded[:] = recorded, over
    plan = plan_of_one(n if sampled is None else sampled, confusion)
    chosen = np.zeros((replicates, 1), np.int64)
    audits = read_reports(plan, reports_strand(ledger), chosen, seed, 0, 0)
    return audits.due.ravel(), audits.recorded.ravel()


def plan_of_one(n, confusion):
    return InspectionPlan(
        forces=simple_random_plan(1, 1),
        select=selection_name(SimpleRandom.select),
        records=np.array([[n]]),
        confusion=np.array(confusion, float),
        no_crime_groups=(),
        no_crime_records=np.zeros((1, 0), np.int64),
        no_crime_confusion=np.ones(4),
        force_type=np.zeros(1, np.int64),
    )


@cache
def read_one_by_one(stratum, confusion, *, replicates=REPLICATES, seed=18):
    """The same by drawing records without replacement and reading each, in plain NumPy."""
    reports, due, recorded, over, n = stratum
    is_due = np.arange(reports) < due
    is_recorded = (np.arange(reports) < recorded) | (
        (np.arange(reports) >= due) & (np.arange(reports) < due + over)
    )
    rng = np.random.default_rng(seed)
    drawn = rng.random((replicates, reports)).argsort(axis=1)[:, :n]
    due_seen, not_due_seen, recorded_seen, not_recorded_seen = confusion
    p_due = np.where(is_due, due_seen, 1 - not_due_seen)[drawn]
    p_recorded = np.where(is_recorded, recorded_seen, 1 - not_recorded_seen)[drawn]
    read_due = rng.random(drawn.shape) < p_due
    read_recorded = rng.random(drawn.shape) < p_recorded
    return read_due.sum(axis=1), (read_due & read_recorded).sum(axis=1)


def table(x, y, n):
    return np.bincount(x * (n + 1) + y, minlength=(n + 1) ** 2)


def p_same_law(first, second, n):
    """Chi-square p-value that two samples of pairs have one joint law, rare cells pooled."""
    counts = np.stack([table(*first, n), table(*second, n)])
    common = counts.sum(axis=0) >= 40
    pooled = np.column_stack([counts[:, common], counts[:, ~common].sum(axis=1)])
    return stats.chi2_contingency(pooled[:, pooled.sum(axis=0) > 0]).pvalue


def joint_law(stratum):
    """Chances of (due, recorded) read without error, multivariate hypergeometric, (n+1, n+1)."""
    reports, due, recorded, _, n = stratum
    law = np.zeros((n + 1, n + 1))
    for x, y in product(range(n + 1), repeat=2):
        if y <= x:
            ways = math.comb(recorded, y) * math.comb(due - recorded, x - y)
            law[x, y] = ways * math.comb(reports - due, n - x) / math.comb(reports, n)
    return law


def p_law(pair, law):
    n = len(law) - 1
    observed, expected = table(*pair, n), law.ravel() * len(pair[0])
    if observed[law.ravel() == 0].any():
        return 0.0
    keep = expected >= 10
    observed = [*observed[keep], observed[~keep].sum()]
    expected = [*expected[keep], expected[~keep].sum()]
    if expected[-1] < 1e-9:
        observed, expected = observed[:-1], expected[:-1]
    return stats.chisquare(observed, expected).pvalue


@pytest.mark.parametrize("name", STRATA)
def test_faultless_reading_has_the_multivariate_hypergeometric_law(name):
    stratum = STRATA[name]
    law = joint_law(stratum)
    assert law.sum() == pytest.approx(1, abs=1e-12)
    assert p_law(counted(stratum, PERFECT), law) > LIKELY
    # With replacement, or with one recorded crime fewer, it would not be this law.
    reports, due, recorded, over, n = stratum
    assert p_law(counted((reports, due, recorded - 1, over, n), PERFECT), law) < LIKELY
    cells = (recorded / reports, (due - recorded) / reports, 1 - due / reports)
    y, rest, _ = np.random.default_rng(1).multinomial(n, cells, REPLICATES).T
    assert p_law((y + rest, y), law) < LIKELY


@pytest.mark.parametrize("name", STRATA)
@pytest.mark.parametrize("readers", CONFUSIONS)
def test_counts_equal_in_law_records_drawn_and_read_one_by_one(name, readers):
    stratum, confusion = STRATA[name], CONFUSIONS[readers]
    pair = counted(stratum, confusion)
    assert p_same_law(pair, read_one_by_one(stratum, confusion), stratum[-1]) > LIKELY


@pytest.mark.parametrize("name", STRATA)
@pytest.mark.parametrize("readers", CONFUSIONS)
def test_a_reading_error_five_points_off_is_caught(name, readers):
    stratum = STRATA[name]
    planted = with_fault(name, readers)
    pair = counted(stratum, CONFUSIONS[readers])
    assert p_same_law(pair, read_one_by_one(stratum, planted), stratum[-1]) < LIKELY


def closed_form(stratum, confusion):
    """Expected counts (due, recorded): each of four categories by its share and its reading."""
    reports, due, recorded, over, n = stratum
    s_due, c_due, s_recorded, c_recorded = confusion
    cells = {
        (True, True): recorded,
        (True, False): due - recorded,
        (False, True): over,
        (False, False): reports - due - over,
    }
    x = y = 0.0
    for (is_due, is_recorded), size in cells.items():
        p = s_due if is_due else 1 - c_due
        x += n * size / reports * p
        y += n * size / reports * p * (s_recorded if is_recorded else 1 - c_recorded)
    return x, y


def worst(pair, expected):
    """Largest deviation of the mean counts from *expected* in their MCSEs."""
    return max(
        abs(counts.mean() - mean) / (counts.std(ddof=1) / math.sqrt(len(counts)))
        for counts, mean in zip(pair, expected, strict=True)
    )


@pytest.mark.parametrize("name", [*STRATA, "large"])
@pytest.mark.parametrize("readers", CONFUSIONS)
def test_expected_counts_are_the_closed_form(name, readers):
    stratum = {**STRATA, "large": (115_000, 99_000, 80_000, 160, 139)}[name]
    pair = counted(stratum, CONFUSIONS[readers])
    assert worst(pair, closed_form(stratum, CONFUSIONS[readers])) <= 4
    assert worst(pair, closed_form(stratum, with_fault(name, readers))) > 4


@pytest.mark.parametrize("name", STRATA)
def test_a_faultless_census_returns_the_truth(name):
    stratum = STRATA[name]
    x, y = counted(stratum, PERFECT, sampled=stratum[0], replicates=200)
    assert set(x) == {stratum[1]}
    assert set(y) == {stratum[2]}


def test_no_more_records_are_read_than_there_are():
    stratum = STRATA["mixed"]
    x, y = counted(stratum, PERFECT, sampled=10_000, replicates=50)
    assert (set(x), set(y)) == ({22}, {15})


def test_readers_who_are_always_wrong_turn_the_categories_round():
    stratum = (30, 22, 15, 3, 30)
    x, y = counted(stratum, (0, 0, 0, 0), replicates=20)
    assert set(x) == {30 - 22}
    assert set(y) == {30 - 22 - 3}


def at(stratum, n, confusion, replicate, purpose=COUNT_REPORTS):
    reports, due, recorded, over, _ = stratum
    return read_stratum(
        reports,
        due,
        recorded,
        over,
        n,
        np.array(confusion),
        np.zeros(4),
        READ_ONCE,
        np.zeros((4, 4), np.int64),
        np.uint64(5),
        0,
        replicate,
        purpose,
        3,
        1,
        0,
    )[:2]


strata = st.builds(
    lambda d, u, o, r: (d + u + o + r, d + u, d, o, 0),
    *(st.integers(0, 300) for _ in range(4)),
).filter(lambda stratum: stratum[0] > 0)


@settings(deadline=None, max_examples=200)
@given(strata, st.integers(0, 10**6), st.data())
def test_with_equal_luck_more_records_never_show_fewer_due(stratum, replicate, data):
    n = data.draw(st.integers(0, stratum[0] - 1))
    for confusion in (PERFECT, (0.9, 0.8, 0.95, 0.85)):
        x, y = at(stratum, n, confusion, replicate)
        more_x, more_y = at(stratum, n + 1, confusion, replicate)
        assert 0 <= y <= x <= n
        assert more_x >= x
        assert more_y >= y


@settings(deadline=None, max_examples=200)
@given(strata, st.integers(0, 10**6), st.data())
def test_with_equal_luck_more_due_reports_never_show_fewer_due(stratum, replicate, data):
    reports, due, recorded, _, _ = stratum
    n = data.draw(st.integers(0, reports))
    x, y = at((reports, due, recorded, 0, 0), n, PERFECT, replicate)
    if due < reports:
        assert at((reports, due + 1, recorded, 0, 0), n, PERFECT, replicate)[0] >= x
    if recorded < due:
        assert at((reports, due, recorded + 1, 0, 0), n, PERFECT, replicate)[1] >= y


def test_readers_who_nearly_never_err_read_as_faultless_ones_do():
    """Error has addresses of its own, so its absence leaves the same luck."""
    nearly = (1 - 1e-12,) * 4
    for replicate in range(300):
        stratum = STRATA["mixed"]
        assert at(stratum, 12, nearly, replicate) == at(stratum, 12, PERFECT, replicate)


def test_every_part_of_the_address_changes_the_luck():
    base = {"seed": np.uint64(5), "world": 0, "purpose": 2, "force": 3, "group": 1, "draw": 0}

    def series(**changes):
        place = {**base, **changes}
        return [
            read_stratum(
                1_000, 860, 700, 10, 160, np.ones(4), np.zeros(4), READ_ONCE,
                np.zeros((4, 4), np.int64), place["seed"], place["world"], replicate,
                place["purpose"], place["force"], place["group"], place["draw"],
            )
            for replicate in range(50)
        ]  # fmt: skip

    plain = series()
    assert plain == series()
    changed = {"seed": np.uint64(6), "world": 1, "purpose": 3, "force": 4, "group": 2, "draw": 1}
    for name, value in changed.items():
        assert series(**{name: value}) != plain
    assert plain[1:] != plain[:-1]


def test_audits_hold_the_frame_the_plan_and_the_published_volumes(nation, frame):
    options = InspectionOptions(
        forces=SimpleRandom(design="srs", count=3),
        records=Records(allocation="hmic_2014", per_force=160.0),
    )
    plan = plan_inspection(options, frame, nation.law.reports, nation.expected_no_crimes())
    ledger = nation.fresh(1, 0, 4)
    chosen = np.array([[0, 5, 9], [1, 2, 42], [3, 4, 5], [0, 1, 42]])
    audits = read_reports(plan, reports_strand(ledger), chosen, 1, 0, 0)
    rows = np.arange(4)[:, None]
    np.testing.assert_array_equal(audits.force, chosen)
    np.testing.assert_array_equal(audits.frame, ledger.reports[rows, chosen])
    np.testing.assert_array_equal(audits.sampled, plan.records[chosen])
    assert (audits.recorded <= audits.due).all()
    assert (audits.due <= audits.sampled).all()
    net = ledger.recorded + ledger.over_recorded - ledger.no_crimed
    np.testing.assert_array_equal(audits.recorded_volume, net)
    assert (audits.p_inclusion == 3 / 43).all()
    # The luck of a force is its own: the same in any sample, and read alone.
    alone = read_reports(plan, reports_strand(ledger), np.full((4, 1), 5), 1, 0, 0)
    np.testing.assert_array_equal(alone.due[[0, 2], 0], audits.due[[0, 2], [1, 2]])
    np.testing.assert_array_equal(alone.recorded[[0, 2], 0], audits.recorded[[0, 2], [1, 2]])


@pytest.mark.parametrize(("sensitivity", "specificity"), [(1.0, 1.0), (0.8, 1.0), (1.0, 0.9)])
def test_a_review_of_no_crimes_reads_wrong_ones_as_its_readers_do(
    sensitivity, specificity, nation, frame
):
    """Wrong ones read as wrong, plus right ones read as wrong: w s + (1 - w) (1 - c)."""
    reading = Reading(sensitivity=sensitivity, specificity=specificity)
    options = InspectionOptions(
        forces=SimpleRandom(design="srs", count=43),
        records=Records(allocation="equal", per_force=12.0),
        auditors=Auditors(wrong_no_crime=reading),
        no_crimes=NoCrimeReview(per_force=75.0, groups=("violence", "robbery")),
    )
    plan = plan_inspection(options, frame, nation.law.reports, nation.expected_no_crimes())
    assert plan.no_crime_groups == (0, 2)
    expected = np.rint(nation.expected_no_crimes()[:, [0, 2]])
    # Two are asked for even where fewer are expected: no decision may be wanting, a few be added.
    added = 2 * int((expected < 2).sum())
    assert 75 * 43 <= plan.no_crime_records.sum() <= 75 * 43 + added < 75 * 43 + 20
    ledger = nation.fresh(8, 0, 400)
    strand = no_crimes_strand(ledger, plan.no_crime_groups)
    audits = read_no_crimes(plan, strand, np.tile(np.arange(43), (400, 1)), 8, 0, 0)
    np.testing.assert_array_equal(audits.due, audits.sampled)
    np.testing.assert_array_equal(audits.frame, ledger.no_crimed[:, :, [0, 2]])
    wrong = (ledger.wrongly_no_crimed / np.maximum(1, ledger.no_crimed))[:, :, [0, 2]]
    p_wrong = wrong * sensitivity + (1 - wrong) * (1 - specificity)
    surplus = (audits.due - audits.recorded - audits.sampled * p_wrong).sum(axis=(1, 2))
    mcse = surplus.std(ddof=1) / math.sqrt(len(surplus))
    assert abs(surplus.mean()) < 4 * mcse
    # Had sensitivity and specificity changed places, it would show.
    swapped = wrong * specificity + (1 - wrong) * (1 - sensitivity)
    surplus = (audits.due - audits.recorded - audits.sampled * swapped).sum(axis=(1, 2))
    assert sensitivity == specificity or abs(surplus.mean()) > 4 * mcse
