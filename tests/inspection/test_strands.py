"""Strands of an inspection: what is read, what is asked, and how readers err."""

import math

import numpy as np
import pytest

from underrecording.inspection.audits import read_review
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.inspect import plan_inspection
from underrecording.inspection.options import (
    Auditors,
    DisposalsReview,
    InspectionOptions,
    OtherSystemsReview,
    Reading,
    RecordedCrimesReview,
    Records,
)
from underrecording.inspection.questions import QUESTIONS, REVIEWED, STRANDS
from underrecording.inspection.review import WHOLE
from underrecording.ledger import Ledger

SECTIONS = {
    "recorded_crimes": RecordedCrimesReview,
    "disposals": DisposalsReview,
    "other_systems": OtherSystemsReview,
}
FAULTS = {
    "late": ("late", "recorded"),
    "misclassified": ("misclassified", "recorded"),
    "disposals": ("wrong_disposals", "disposals"),
}


def inspection(*, auditors=None, **reviews):
    return InspectionOptions(
        forces=SimpleRandom(design="srs", count=43),
        records=Records(allocation="equal", per_force=12.0),
        auditors=auditors or Auditors(),
        **reviews,
    )


def planned(nation, options):
    return plan_inspection(
        options,
        nation.frame,
        nation.law.reports,
        nation.expected_no_crimes(),
        nation.expected_records(),
    )


@pytest.fixture(scope="module")
def worlds(nation):
    """Many worlds with all that is known of their crime records."""
    return nation.fresh(8, 0, 300)


def read(plan, strand, ledger, seed=8):
    """The audits of *strand* in all forces, and what they found wanting, (R,)."""
    review, count = plan.review(strand), len(ledger.reports)
    audits = read_review(
        plan, review, STRANDS[strand](ledger, review.groups, True),
        np.tile(np.arange(43), (count, 1)), seed, 0, 0,
    )  # fmt: skip
    return audits, (audits.due - audits.recorded).sum(axis=(1, 2))


@pytest.fixture
def by_hand():
    """Two forces and two groups, every count another number."""
    ledger = Ledger.empty(1, 2, 2)
    for number, table in enumerate(ledger):
        table[0] = [[100, 200], [300, 400]]
        table += number
    ledger.reports[:] = 10_000
    ledger.due[0] = [[1000, 2000], [3000, 4000]]
    ledger.recorded[0] = [[500, 1500], [2500, 3500]]
    ledger.other_recorded[0] = [[10, 20], [30, 40]]
    ledger.no_crimed[0] = ledger.disposals[0] = [[250, 250], [450, 450]]
    ledger.wrongly_no_crimed[0] = [[25, 25], [45, 45]]
    ledger.wrong_disposals[0] = [[1, 2], [3, 4]]
    ledger.late[0] = [[5, 7], [9, 11]]
    ledger.misclassified[0] = [[50, 70], [90, 110]]
    return ledger


@pytest.mark.parametrize(
    ("strand", "records", "faults"),
    [
        ("no_crimes", [250, 450], [25, 45]),
        ("late", [1500, 3500], [7, 11]),
        ("misclassified", [1500, 3500], [70, 110]),
        ("disposals", [250, 450], [2, 4]),
    ],
)
def test_a_strand_of_faults_holds_the_records_of_its_groups(by_hand, strand, records, faults):
    made = STRANDS[strand](by_hand, (1,), True)
    assert made.reports[0, :, 0].tolist() == made.due[0, :, 0].tolist() == records
    assert (made.due - made.recorded)[0, :, 0].tolist() == faults
    assert made.over_recorded.sum() == 0
    assert made.volume.sum() == 0


def test_the_strand_of_other_systems_holds_the_due_crimes_there(by_hand):
    made = STRANDS["other_systems"](by_hand, (0, 1), True)
    np.testing.assert_array_equal(made.reports, by_hand.other_due)
    np.testing.assert_array_equal(made.recorded, by_hand.other_recorded)


@pytest.mark.parametrize(
    ("estimand", "truth"),
    [
        ("late_share/national", 32 / 8000),
        ("late_share/violence", 14 / 3000),
        ("misclassified_share/national", 320 / 8000),
        ("misclassified_share/sexual", 180 / 5000),
        ("wrong_disposal_share/national", 10 / 1400),
        ("wrong_no_crime_share/national", 140 / 1400),
        ("net_under_recording_rate/national", (10_000 - 8000 + 140) / 10_000),
        ("unrecorded_per_recorded/national", 2000 / (8000 + 1000 + 4 * 3 - 1400)),
        ("under_recording_rate/national", 0.2),
        ("under_recording_rate/other_systems", 1 - 100 / (1000 + 4 * 6)),
    ],
)
def test_the_truth_of_a_question_is_what_the_ledger_says(by_hand, estimand, truth):
    question = QUESTIONS[estimand]
    asked = {None: (0, 1), "violence": (0,), "sexual": (1,)}[question.group]
    assert question.truth(by_hand, asked).tolist() == pytest.approx([truth], rel=1e-15)


def test_every_question_names_a_strand_and_every_reviewed_strand_is_asked_about():
    assert {question.strand for question in QUESTIONS.values()} == set(STRANDS)
    assert set(STRANDS) - set(REVIEWED) == {"reports"}


def test_only_strands_that_are_asked_for_are_laid_out(nation):
    assert set(planned(nation, inspection()).reviews) == set()
    asked = planned(nation, inspection(disposals=DisposalsReview(groups=("other", "violence"))))
    assert set(asked.reviews) == {"disposals"}
    assert asked.review("disposals").groups == (5, 0)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_review_reads_its_number_of_records_in_the_mean_force(nation, section):
    plan = planned(nation, inspection(**{section: SECTIONS[section]()}))
    assert plan.reviews
    for review in plan.reviews.values():
        sampled = np.where(review.records < WHOLE, review.records, 0)
        per_force = SECTIONS[section]().per_force
        expected = np.rint(nation.expected_records()[section]).astype(int)
        whole = np.where(review.records == WHOLE, np.maximum(expected, 2), 0)
        assert (sampled + whole).sum() == round(per_force * 43)


def test_what_is_expected_to_be_read_whole_is_read_whole(nation, worlds):
    reviews = {name: section(per_force=1e6) for name, section in SECTIONS.items()}
    plan = planned(nation, inspection(**reviews))
    for strand in ("late", "misclassified", "disposals", "other_systems"):
        audits, _ = read(plan, strand, worlds)
        np.testing.assert_array_equal(audits.sampled, audits.frame)


@pytest.mark.parametrize("strand", FAULTS)
@pytest.mark.parametrize(("sensitivity", "specificity"), [(1.0, 1.0), (0.8, 1.0), (0.9, 0.97)])
def test_faults_are_found_as_readers_find_them(nation, worlds, strand, sensitivity, specificity):
    """Faults read as faults, plus sound records read as faults: w s + (1 - w) (1 - c)."""
    reading = Reading(sensitivity=sensitivity, specificity=specificity)
    auditors = Auditors(late=reading, misclassified=reading, wrong_disposal=reading)
    reviews = {name: section() for name, section in SECTIONS.items()}
    plan = planned(nation, inspection(auditors=auditors, **reviews))
    audits, found = read(plan, strand, worlds)
    part, whole = (getattr(worlds, name) for name in FAULTS[strand])
    wrong = part / np.maximum(1, whole)

    def mcses(sensitivity, specificity):
        p = wrong * sensitivity + (1 - wrong) * (1 - specificity)
        surplus = found - (audits.sampled * p).sum(axis=(1, 2))
        return abs(surplus.mean()) / (surplus.std(ddof=1) / math.sqrt(len(surplus)))

    assert mcses(sensitivity, specificity) < 4
    assert mcses(sensitivity - 0.05, specificity) > 4


def test_readers_of_other_systems_are_those_of_crime_reports(nation, worlds):
    auditors = Auditors(recorded=Reading(sensitivity=0.8))
    plan = planned(nation, inspection(auditors=auditors, other_systems=OtherSystemsReview()))
    audits, _ = read(plan, "other_systems", worlds)
    expected = audits.sampled * worlds.other_recorded / np.maximum(1, worlds.other_due)
    surplus = (audits.recorded - 0.8 * expected).sum(axis=(1, 2))
    mcse = surplus.std(ddof=1) / math.sqrt(len(surplus))
    assert abs(surplus.mean()) < 4 * mcse
    assert abs((audits.recorded - 0.83 * expected).sum(axis=(1, 2)).mean()) > 4 * mcse


def test_each_strand_has_luck_of_its_own(nation):
    """As many late as misclassified: the two readings are nevertheless unrelated."""
    ledger = nation.fresh(8, 0, 1)
    ledger = ledger._replace(
        **{name: np.repeat(getattr(ledger, name), 400, axis=0) for name in ledger._fields}
    )
    ledger = ledger._replace(late=ledger.misclassified)
    plan = planned(nation, inspection(recorded_crimes=RecordedCrimesReview()))
    late, misclassified = (read(plan, name, ledger)[1] for name in ("late", "misclassified"))
    assert abs(np.corrcoef(late, misclassified)[0, 1]) < 4 / math.sqrt(400)
    assert np.corrcoef(late, read(plan, "late", ledger)[1])[0, 1] == pytest.approx(1.0)
