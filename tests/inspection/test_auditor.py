"""Readings of a record, one and two: drawn counts against records read one by one."""

import math
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from underrecording.audit import FAULTLESS
from underrecording.inspection.auditor import (
    READ_ONCE,
    Rereading,
    estimate_readers,
    final_rates,
    known_readers,
)
from underrecording.inspection.audits import read_no_crimes, read_reports
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.inspect import plan_inspection
from underrecording.inspection.options import (
    Auditors,
    InspectionOptions,
    NoCrimeReview,
    Reading,
    Records,
    Registrar,
    SecondReading,
    given,
    idle,
)
from underrecording.inspection.strands import no_crimes_strand, reports_strand
from underrecording.rng import COUNT_REPORTS

LIKELY = 1e-4
REPLICATES = 20_000
SEED = np.uint64(5)

# Reports, due, recorded of these, recorded though not due, records read.
STRATA = {
    "mixed": (30, 22, 15, 3, 12),
    "much over-recorded": (40, 18, 12, 10, 15),
    "read whole": (12, 8, 5, 2, 12),
}
RATES = (0.85, 0.8, 0.9, 0.75)
FAULTLESS_REGISTRAR, ERRING_REGISTRAR = (1.0, 1.0, 1.0, 1.0), (0.9, 0.85, 0.95, 0.8)
REREADINGS = {
    "not settled": (0.5, False, FAULTLESS_REGISTRAR),
    "settled": (0.35, True, FAULTLESS_REGISTRAR),
    "settled with error": (0.6, True, ERRING_REGISTRAR),
    "all": (1.0, True, ERRING_REGISTRAR),
}


def rereading(share, settled, registrar):
    return Rereading(share, settled, np.array(registrar))


def read_once_only(*stratum_and_rates_and_place):
    """Counts (due, recorded, over-recorded) of one stratum, all of it found, none read twice."""
    stratum, (rates, *where) = stratum_and_rates_and_place[:5], stratum_and_rates_and_place[5:]
    nobody, found = np.zeros(4), np.zeros((4, 4), np.int64)
    return read_stratum(*stratum, rates, nobody, READ_ONCE, found, *where)[:3]


def place(replicate, draw=0):
    return SEED, 0, replicate, COUNT_REPORTS, 3, 1, draw


@cache
def counted_once(stratum, rates):
    """Counts (due, recorded, over-recorded) as drawn, (B, 3)."""
    return np.array(
        [read_once_only(*stratum, np.array(rates), *place(b)) for b in range(REPLICATES)]
    )


@cache
def counted_twice(stratum, rates, second):
    """The same of final readings, and the tables of agreement, (B, 4, 4)."""
    again, tables = rereading(*second), np.zeros((REPLICATES, 4, 4), np.int64)
    counts = [
        read_stratum(*stratum, np.array(rates), np.zeros(4), again, tables[b], *place(b))[:3]
        for b in range(REPLICATES)
    ]
    return np.array(counts), tables


class OneByOne:
    """Records drawn without replacement and read each by each, in plain NumPy."""

    def __init__(self, stratum, *, seed=18, replicates=REPLICATES):
        reports, due, recorded, over, n = stratum
        record = np.arange(reports)
        is_due = record < due
        is_recorded = (record < recorded) | ((record >= due) & (record < due + over))
        self.rng = np.random.default_rng(seed)
        drawn = self.rng.random((replicates, reports)).argsort(axis=1)[:, :n]
        self.is_due, self.is_recorded = is_due[drawn], is_recorded[drawn]

    def answers(self, truth, sensitivity, specificity):
        return self.rng.random(truth.shape) < np.where(truth, sensitivity, 1 - specificity)

    def reading(self, rates):
        due = self.answers(self.is_due, *rates[:2])
        return due, self.answers(self.is_recorded, *rates[2:])

    def final(self, rates, second, *, settle_whole_record=False):
        """Final readings (due, recorded) and the tables of agreement."""
        share, settled, registrar = second
        first, again = self.reading(rates), self.reading(rates)
        n_again = np.floor(share * self.is_due.shape[1] + self.rng.random(len(self.is_due)))
        order = self.rng.random(self.is_due.shape).argsort(axis=1).argsort(axis=1)
        twice = order < n_again[:, None]
        tables = np.zeros((len(twice), 4, 4), np.int64)
        row = np.nonzero(twice)[0]
        np.add.at(tables, (row, category(first)[twice], category(again)[twice]), 1)
        if not settled:
            return first, tables
        ruling = self.reading(registrar)
        disputed = [twice & (a != b) for a, b in zip(first, again, strict=True)]
        if settle_whole_record:
            disputed = [disputed[0] | disputed[1]] * 2
        parts = zip(disputed, ruling, first, strict=True)
        return tuple(np.where(open_, ruled, said) for open_, ruled, said in parts), tables


def category(reading):
    due, recorded = reading
    return 2 * ~due + ~recorded


def counts_of(reading):
    due, recorded = reading
    return np.stack([due, due & recorded, ~due & recorded], axis=-1).sum(axis=1)


def p_same_law(first, second):
    """Chi-square p-value that rows of two integer tables have one joint law, rare ones pooled."""
    rows, which = np.unique(np.concatenate([first, second]), axis=0, return_inverse=True)
    sample = np.repeat([0, 1], [len(first), len(second)])
    counts = np.bincount(sample * len(rows) + which.ravel(), minlength=2 * len(rows))
    counts = counts.reshape(2, -1)
    common = counts.sum(axis=0) >= 40
    pooled = np.column_stack([counts[:, common], counts[:, ~common].sum(axis=1)])
    return stats.chi2_contingency(pooled[:, pooled.sum(axis=0) > 0]).pvalue


@pytest.mark.parametrize("name", STRATA)
def test_three_counts_of_one_reading_have_the_law_of_records_read_one_by_one(name):
    stratum = STRATA[name]
    drawn = counted_once(stratum, RATES)
    assert p_same_law(drawn, counts_of(OneByOne(stratum).reading(RATES))) > LIKELY
    # Over-recorded reports all read as rightly left alone would show; so would worse readers.
    planted = OneByOne((*stratum[:3], 0, stratum[4])).reading(RATES)
    assert p_same_law(drawn, counts_of(planted)) < LIKELY
    worse = OneByOne(stratum).reading((0.85, 0.75, 0.9, 0.75))
    assert p_same_law(drawn, counts_of(worse)) < LIKELY


@pytest.mark.parametrize("name", STRATA)
@pytest.mark.parametrize("second", REREADINGS)
def test_final_counts_have_the_law_of_records_read_twice_and_settled_one_by_one(name, second):
    stratum = STRATA[name]
    counts, _ = counted_twice(stratum, RATES, REREADINGS[second])
    final, _ = OneByOne(stratum).final(RATES, REREADINGS[second])
    assert p_same_law(counts, counts_of(final)) > LIKELY


@pytest.mark.parametrize("name", STRATA)
def test_a_fault_in_settling_is_caught(name):
    stratum, second = STRATA[name], REREADINGS["all"]
    counts, _ = counted_twice(stratum, RATES, second)
    share, settled, registrar = second
    faults = [
        {"second": (share - 0.25, settled, registrar)},
        {"second": (share, False, registrar)},
        {"second": (share, settled, (1.0, *registrar[1:]))},
    ]
    for fault in faults:
        final, _ = OneByOne(stratum).final(RATES, **fault)
        assert p_same_law(counts, counts_of(final)) < LIKELY


@pytest.mark.parametrize("name", STRATA)
def test_what_both_readers_agree_on_stands_whoever_settles_the_rest(name):
    stratum, rates = STRATA[name], (0.8, 0.8, 1.0, 1.0)
    second = (1.0, True, (1.0, 1.0, 0.7, 0.7))
    counts, _ = counted_twice(stratum, rates, second)
    read = OneByOne(stratum)
    assert p_same_law(counts, counts_of(read.final(rates, second)[0])) > LIKELY
    whole_record, _ = read.final(rates, second, settle_whole_record=True)
    assert p_same_law(counts, counts_of(whole_record)) < LIKELY


def disputes(tables):
    """Records read twice, disputes of "due" and of "recorded", agreements on "neither", (B, 4)."""
    r, s = np.indices((4, 4))
    sums = [
        tables[:, cells].sum(axis=1)
        for cells in (r >= 0, r // 2 != s // 2, r % 2 != s % 2, (r == 3) & (s == 3))
    ]
    return np.stack(sums, axis=1)


@pytest.mark.parametrize("name", STRATA)
def test_agreement_has_the_law_of_records_read_twice_one_by_one(name):
    stratum, second = STRATA[name], REREADINGS["settled"]
    _, drawn = counted_twice(stratum, RATES, second)
    _, read = OneByOne(stratum).final(RATES, second)
    assert p_same_law(disputes(drawn), disputes(read)) > LIKELY
    gap = drawn.mean(axis=0) - read.mean(axis=0)
    mcse = np.sqrt((drawn.var(axis=0, ddof=1) + read.var(axis=0, ddof=1)) / REPLICATES)
    assert (np.abs(gap) <= 4.5 * mcse).all()
    # A second reader a little better than the first is not the same.
    one_by_one = OneByOne(stratum)
    better = one_by_one.final((0.9, 0.8, 0.9, 0.75), second)[1]
    assert p_same_law(disputes(drawn), disputes(better)) < LIKELY


@pytest.mark.parametrize("name", STRATA)
@pytest.mark.parametrize("second", REREADINGS)
def test_expected_final_counts_follow_the_final_rates(name, second):
    reports, due, recorded, over, n = STRATA[name]
    share, settled, registrar = REREADINGS[second]
    counts, _ = counted_twice(STRATA[name], RATES, REREADINGS[second])

    def expected_due(rates):
        return n * (due * rates[0] + (reports - due) * (1 - rates[1])) / reports

    def expected_recorded(rates):
        yes = recorded + over
        return n * (yes * rates[2] + (reports - yes) * (1 - rates[3])) / reports

    final = final_rates(np.array(RATES), rereading(share, settled, registrar))
    read_recorded = counts[:, 1] + counts[:, 2]

    def worst(rates):
        gaps = [
            (counts[:, 0] - expected_due(rates)).mean() / counts[:, 0].std(ddof=1),
            (read_recorded - expected_recorded(rates)).mean() / read_recorded.std(ddof=1),
        ]
        return max(map(abs, gaps)) * math.sqrt(REPLICATES)

    assert worst(final) <= 4
    assert not settled or worst(RATES) > 4


def test_first_readings_keep_the_digits_they_had_before_there_were_second_ones():
    """Values recorded before over-recording was counted, of results version 2."""
    rates = np.array([0.93, 0.88, 0.97, 0.9])
    seen = [read_once_only(1_000, 860, 700, 10, 160, rates, *place(b))[:2] for b in range(6)]
    assert seen == [(135, 102), (126, 97), (135, 105), (132, 100), (127, 96), (123, 98)]


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_second_readings_that_nobody_settles_leave_the_first_as_they_were(share):
    stratum, again = STRATA["mixed"], rereading(share, False, FAULTLESS_REGISTRAR)
    for b in range(300):
        table = np.zeros((4, 4), np.int64)
        twice = read_stratum(*stratum, np.array(RATES), np.zeros(4), again, table, *place(b))
        assert twice == (*read_once_only(*stratum, np.array(RATES), *place(b)), stratum[-1])
        assert table.sum() in (math.floor(12 * share), math.ceil(12 * share))


def test_each_draw_of_a_force_has_second_readings_of_its_own():
    again = rereading(0.5, True, FAULTLESS_REGISTRAR)

    def table(draw):
        found = np.zeros((4, 4), np.int64)
        read_stratum(
            1000, 860, 700, 10, 160, np.array(RATES), np.zeros(4), again, found, *place(3, draw)
        )
        return found.tolist()

    assert table(0) == table(0)
    assert len({str(table(draw)) for draw in range(10)}) == 10


def test_readers_without_error_never_dispute_and_find_what_is_over_recorded():
    again, table = rereading(1.0, True, FAULTLESS_REGISTRAR), np.zeros((4, 4), np.int64)
    stratum = (30, 22, 15, 3, 30)
    assert read_stratum(*stratum, np.ones(4), np.zeros(4), again, table, *place(0)) == (
        22,
        15,
        3,
        30,
    )
    np.testing.assert_array_equal(table, np.diag([15, 7, 3, 5]))


def test_final_rates_by_hand():
    a, b = np.array([0.9, 0.8, 1.0, 0.5]), np.array([1.0, 0.5, 0.7, 0.9])
    # Both right, or one right and the registrar with him: 0.81 + 0.18; 0.64 + 0.16; 1; 0.25 + 0.45.
    twice = [0.99, 0.8, 1.0, 0.7]
    np.testing.assert_allclose(final_rates(a, Rereading(1.0, True, b)), twice)
    half = final_rates(a, Rereading(0.5, True, b))
    np.testing.assert_allclose(half, (a + twice) / 2)
    np.testing.assert_array_equal(final_rates(a, Rereading(0.5, False, b)), a)
    assert known_readers(a, READ_ONCE).tolist() == [[[x, 0.0] for x in a]]


def estimated(agreement, again):
    held = np.empty((4, 2))
    estimate_readers(agreement, again, held)
    return held


@pytest.mark.slow
def test_estimated_readers_carry_their_variance_through_settling():
    """Slope of the final rate in a reader's rate, by a table with a little more agreement."""
    table = np.array([[1122, 74, 72, 8], [62, 257, 6, 40], [63, 7, 9, 19], [5, 40, 13, 203]])
    plain = estimated(table, rereading(0.3, False, FAULTLESS_REGISTRAR))
    settled = estimated(table, rereading(0.3, True, FAULTLESS_REGISTRAR))
    again = rereading(0.3, True, FAULTLESS_REGISTRAR)
    np.testing.assert_allclose(settled[:, 0], final_rates(plain[:, 0], again))
    for rate in range(4):
        step = np.zeros(4)
        step[rate] = 1e-6
        up, down = (final_rates(plain[:, 0] + s * step, again)[rate] for s in (1, -1))
        slope = (up - down) / 2e-6
        assert settled[rate, 1] == pytest.approx(plain[rate, 1] * slope**2, rel=1e-6)
    # The registrar who settles is taken as faultless, whatever he is.
    erring = estimated(table, rereading(0.3, True, ERRING_REGISTRAR))
    np.testing.assert_array_equal(settled, erring)


@pytest.mark.slow
def test_audits_without_a_table_that_tells_hold_nothing_of_their_readers():
    held = estimated(np.zeros((4, 4), np.int64), READ_ONCE)
    assert held.shape == (4, 2)
    assert np.isnan(held).all()


def options(auditors, count=13):
    return InspectionOptions(
        forces=SimpleRandom(design="srs", count=count),
        records=Records(allocation="hmic_2014", per_force=160.0),
        auditors=auditors,
        no_crimes=NoCrimeReview(),
    )


ERRING = {
    "due": Reading(sensitivity=0.93, specificity=0.88),
    "recorded": Reading(sensitivity=0.95, specificity=0.9),
    "wrong_no_crime": Reading(sensitivity=0.8, specificity=0.9),
}


@pytest.fixture(scope="module")
def audits_of(nation):
    """A function: auditors to audits of reports and of no-crimes, of 200 fresh worlds."""
    ledger = nation.fresh(8, 0, 200)
    chosen = np.tile(np.arange(0, 43, 4), (200, 1))

    def make(auditors):
        plan = plan_inspection(
            options(auditors), nation.frame, nation.law.reports, nation.expected_no_crimes()
        )
        reports = read_reports(plan, reports_strand(ledger), chosen, 8, 0, 0)
        strand = no_crimes_strand(ledger, plan.no_crime_groups)
        return reports, read_no_crimes(plan, strand, chosen, 8, 0, 0)

    return make


def test_what_is_held_of_the_readers_is_as_the_options_say(audits_of):
    second = SecondReading(share=0.25)
    reports, no_crimes = audits_of(Auditors(**ERRING, second_reading=second))
    rates = np.array([0.93, 0.88, 0.95, 0.9])
    final = 0.75 * rates + 0.25 * (rates**2 + 2 * rates * (1 - rates))
    np.testing.assert_allclose(reports.readers, np.column_stack([final, np.zeros(4)])[None])
    # Of no-crimes "recorded" means rightly cancelled, so yes and no change places.
    np.testing.assert_allclose(no_crimes.readers[0, :, 0], [1.0, 1.0, 0.9, 0.8])

    found, no_crimes = audits_of(Auditors(**ERRING, second_reading=second, held="faultless"))
    np.testing.assert_array_equal(found.due, reports.due)
    np.testing.assert_array_equal(no_crimes.readers, FAULTLESS[None])
    np.testing.assert_array_equal(found.readers, FAULTLESS[None])


@pytest.mark.slow
def test_each_audit_estimates_its_own_readers_where_that_is_asked(audits_of):
    second = SecondReading(share=0.25)
    rates = np.array([0.93, 0.88, 0.95, 0.9])
    final = 0.75 * rates + 0.25 * (rates**2 + 2 * rates * (1 - rates))
    known, _ = audits_of(Auditors(**ERRING, second_reading=second))
    found, no_crimes = audits_of(Auditors(**ERRING, second_reading=second, held="estimated"))
    np.testing.assert_array_equal(found.due, known.due)
    np.testing.assert_array_equal(no_crimes.readers, FAULTLESS[None])
    assert found.readers.shape == (200, 4, 2)
    estimates, variances = found.readers[..., 0], found.readers[..., 1]
    assert np.isfinite(found.readers).all()
    mcse = estimates.std(axis=0, ddof=1) / math.sqrt(200)
    assert (np.abs(estimates.mean(axis=0) - final) <= 4 * mcse).all()
    assert (np.abs(estimates.mean(axis=0) - rates) > 4 * mcse).all()
    # The spread of 200 estimates is known to 5 per cent.
    ratio = np.sqrt(variances.mean(axis=0)) / estimates.std(axis=0, ddof=1)
    assert (np.abs(ratio - 1.0) < 4 * 0.05).all()


def test_over_recording_is_looked_for_only_where_readers_err(audits_of):
    reports, _ = audits_of(Auditors())
    assert not reports.over_recorded.any()
    again, _ = audits_of(Auditors(second_reading=SecondReading(share=0.5)))
    assert not again.over_recorded.any()
    erring, _ = audits_of(Auditors(**ERRING))
    not_due = erring.sampled - erring.due
    assert ((erring.over_recorded >= 0) & (erring.over_recorded <= not_due)).all()
    assert erring.over_recorded.sum() > 0
    # Readers who may err, as far as the inspectorate knows, look as well.
    second = SecondReading(share=0.5)
    faultless, _ = audits_of(Auditors(second_reading=second, held="estimated"))
    np.testing.assert_array_equal(faultless.due, reports.due)
    assert faultless.over_recorded.sum() > 0
    assert (faultless.readers[..., 0] == 1.0).all()
    assert (faultless.readers[..., 1] > 0.0).all()


def test_what_second_readings_say_needs_second_readings():
    with pytest.raises(ValidationError, match=r"give second_reading\.share above 0"):
        Auditors(held="estimated")
    assert Auditors(held="estimated", second_reading=SecondReading(share=0.1)).held == "estimated"


def idle_auditors(second):
    found = options(Auditors(second_reading=second))
    return [item.path for item in idle(found) if given(found, item.path)]


def test_what_nobody_reads_of_second_readings_is_idle():
    here = "inspection.auditors.second_reading"
    assert idle_auditors(SecondReading(adjudicate=False)) == [f"{here}.adjudicate"]
    assert idle_auditors(SecondReading(share=0.1, adjudicate=False)) == []
    unheard = SecondReading(share=0.1, adjudicate=False, registrar=Registrar())
    assert idle_auditors(unheard) == [f"{here}.registrar"]
    assert idle_auditors(SecondReading(share=0.1, registrar=Registrar())) == []
