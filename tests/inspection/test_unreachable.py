"""Reports that nobody can read: the law of what is left, worked out over all samples."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from underrecording.inspection.audits import read_reports
from underrecording.inspection.forces.srs import simple_random_plan
from underrecording.inspection.options import Unreachable
from underrecording.inspection.review import chances_of_loss
from underrecording.inspection.strands import reports_strand

REPLICATES = 200_000
# Reports, due, recorded of these, recorded though not due, records drawn.
STRATUM = (30, 24, 16, 3, 12)
LOSSES = {
    "unrecorded more often": Unreachable(recorded=0.1, unrecorded=0.4, not_due=0.2),
    "recorded more often": Unreachable(recorded=0.3),
    "all alike": Unreachable(recorded=0.25, unrecorded=0.25, not_due=0.25),
    "due alike": Unreachable(recorded=0.3, unrecorded=0.3),
}


def found(small, chances):
    """Counts of the path of a study: read at all, read as due, of these as recorded."""
    reports, due, recorded, over, n = STRATUM
    ledger = small.ledger([[reports]], [[due]], [[recorded]], [[over]])
    plan = replace(small.plan(simple_random_plan(1, 1), [[n]]), unreachable=chances)
    chosen = np.zeros((REPLICATES, 1), np.int64)
    audits = read_reports(plan, reports_strand(ledger), chosen, 5, 0, 0)
    return audits.sampled.ravel(), audits.due.ravel(), audits.recorded.ravel()


def exact(chances):
    """Expected under-recording rate where anything due was found; expected records read.

    Over all samples and all losses, by no code of the package.
    """
    reports, due, recorded, over, n = STRATUM
    sizes = (recorded, due - recorded, over, reports - due - over)
    rate = weight = read = 0.0
    for drawn in product(*(range(min(size, n) + 1) for size in sizes)):
        if sum(drawn) != n:
            continue
        ways = math.prod(math.comb(size, k) for size, k in zip(sizes, drawn, strict=True))
        p = ways / math.comb(reports, n)
        read += p * sum(k * (1 - lost) for k, lost in zip(drawn, chances, strict=True))
        y, unrecorded = (
            stats.binom.pmf(range(k + 1), k, 1 - lost)
            for k, lost in zip(drawn[:2], chances[:2], strict=True)
        )
        for (a, p_a), (b, p_b) in product(enumerate(y), enumerate(unrecorded)):
            if a + b:
                rate += p * p_a * p_b * b / (a + b)
                weight += p * p_a * p_b
    return rate / weight, read


def deviation(values, expected):
    """Of a mean from *expected*, in Monte Carlo standard errors."""
    return abs(values.mean() - expected) / (values.std(ddof=1) / math.sqrt(len(values)))


def rates(counts):
    _, due, recorded = counts
    return 1 - recorded[due > 0] / due[due > 0]


@pytest.mark.parametrize("name", LOSSES)
def test_the_estimate_has_the_expectation_worked_out_over_all_samples(small, name):
    chances = chances_of_loss(LOSSES[name])
    counts, (rate, read) = found(small, chances), exact(chances)
    assert deviation(rates(counts), rate) < 4
    assert deviation(counts[0], read) < 4
    # A planted fault: who is lost more often is taken for the other.
    swapped = chances[[1, 0, 2, 3]]
    if name in ("unrecorded more often", "recorded more often"):
        assert deviation(rates(counts), exact(swapped)[0]) > 4
    assert deviation(counts[0], exact(0.95 * chances)[1]) > 4


def test_equal_loss_of_due_reports_leaves_the_estimate_unbiased(small):
    _, due, recorded, *_ = STRATUM
    truth = 1 - recorded / due
    for name in ("all alike", "due alike"):
        chances = chances_of_loss(LOSSES[name])
        assert exact(chances)[0] == pytest.approx(truth, abs=1e-12)
        assert deviation(rates(found(small, chances)), truth) < 4


def test_unequal_loss_biases_the_estimate_towards_what_is_left(small):
    _, due, recorded, *_ = STRATUM
    truth = 1 - recorded / due
    for name, sign in (("unrecorded more often", -1), ("recorded more often", 1)):
        chances = chances_of_loss(LOSSES[name])
        assert np.sign(exact(chances)[0] - truth) == sign
        assert deviation(rates(found(small, chances)), truth) > 4
    # In large samples U (1 - lost) of the unrecorded are left beside (1 - U) (1 - lost) others.
    lost = chances_of_loss(LOSSES["unrecorded more often"])
    left, others = truth * (1 - lost[1]), (1 - truth) * (1 - lost[0])
    assert exact(lost)[0] == pytest.approx(left / (left + others), abs=0.02)


def test_what_is_left_keeps_the_luck_of_the_draw(small):
    whole, part = (
        found(small, chances_of_loss(loss)) for loss in (Unreachable(), Unreachable(not_due=0.5))
    )
    np.testing.assert_array_equal(whole[1], part[1])
    np.testing.assert_array_equal(whole[2], part[2])
    assert (whole[0] == STRATUM[-1]).all()
    assert (part[0] <= whole[0]).all()
