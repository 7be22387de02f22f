"""Every sample there is: exact bias and variance, and the real path of a study against them.

The law of an estimate is worked out over all sets of forces and all counts that
records drawn without replacement can show, in whole numbers of ways. It uses no
code of the package. The Monte Carlo is what a study runs: `select_forces`,
`read_reports`, `repeat`.
"""

import math
from collections import defaultdict
from itertools import combinations, product

import numpy as np
import pytest

from underrecording.estimation import EstimatorSpec
from underrecording.estimation.many import repeat
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.forces.srs import simple_random_plan
from underrecording.inspection.strands import reports_strand

REPLICATES = 150_000
PERFECT = (1.0, 1.0, 1.0, 1.0)


class Population:
    """Forces by strata: reports, due, recorded, over-recorded, records read; m forces drawn."""

    def __init__(self, strata, m, confusion=PERFECT):
        self.strata, self.m, self.confusion = np.array(strata), m, confusion
        self.reports, self.due, self.recorded, self.over, self.read = np.moveaxis(
            self.strata, -1, 0
        )
        self.n_forces = len(self.strata)
        self.truth = 1 - self.recorded.sum() / self.due.sum()
        self.known = {}

    def readings(self, f):
        """What force *f* can show: {(x, y, weighted x, weighted y): chance}."""
        laws = [counts_law(tuple(stratum), self.confusion) for stratum in self.strata[f].tolist()]
        law = defaultdict(float)
        for cells in product(*(law.items() for law in laws)):
            x = sum(pair[0] for pair, _ in cells)
            y = sum(pair[1] for pair, _ in cells)
            weights = self.reports[f] / self.read[f]
            X = sum(w * pair[0] for w, (pair, _) in zip(weights, cells, strict=True))
            Y = sum(w * pair[1] for w, (pair, _) in zip(weights, cells, strict=True))
            law[x, y, round(X, 9), round(Y, 9)] += math.prod(chance for _, chance in cells)
        return np.array(list(law)), np.array(list(law.values()))

    def exact(self, name):
        """Bias and variance of the under-recording rate over all samples."""
        readings = [self.readings(f) for f in range(self.n_forces)]
        columns = {"pooled": slice(0, 2), "combined_ratio": slice(2, 4)}[name]
        sets = list(combinations(range(self.n_forces), self.m))
        total = first = second = 0.0
        for forces in sets:
            sums, chance = np.zeros((1, 2)), np.ones(1)
            for f in forces:
                values, p = readings[f]
                sums = (sums[:, None] + values[None, :, columns]).reshape(-1, 2)
                chance = np.outer(chance, p).ravel()
            # Equal inclusion probabilities cancel in a ratio.
            assert (sums[:, 0] > 0).all()
            e = 1 - sums[:, 1] / sums[:, 0] - self.truth
            total += chance.sum() / len(sets)
            first += chance @ e / len(sets)
            second += chance @ e**2 / len(sets)
        assert total == pytest.approx(1, abs=1e-12)
        return first, second - first**2

    def simulated(self, name, small, *, replicates=REPLICATES, seed=20140501):
        """Errors of the rate in replicates of the real path."""
        ledger = small.ledger(self.reports, self.due, self.recorded, self.over)
        plan = small.plan(
            simple_random_plan(self.m, self.n_forces), self.read, confusion=self.confusion
        )
        chosen = select_forces(plan, ledger, seed, 0, 0, replicates)
        audits = read_reports(plan, reports_strand(ledger), chosen, seed, 0, 0)
        answers, reasons = repeat(EstimatorSpec(name, "linearised", "wald"), audits, level=0.95)
        # Some small samples have no variance; those would drop out, so there are to be none.
        assert (reasons == 0).all()
        return answers[:, 0] - self.truth


def counts_law(stratum, confusion):
    """Law of (read as due, and of these as recorded) in one stratum, by enumeration."""
    reports, due, recorded, over, n = stratum
    sizes = (recorded, due - recorded, over, reports - due - over)
    s_due, c_due, s_recorded, c_recorded = confusion
    # For each true category: chance of being read as due and recorded, due only, not due.
    readings = [
        (p * q, p * (1 - q), 1 - p)
        for p, q in (
            (s_due, s_recorded),
            (s_due, 1 - c_recorded),
            (1 - c_due, s_recorded),
            (1 - c_due, 1 - c_recorded),
        )
    ]
    law = defaultdict(float)
    for drawn in product(*(range(min(size, n) + 1) for size in sizes)):
        if sum(drawn) != n:
            continue
        ways = math.prod(math.comb(size, k) for size, k in zip(sizes, drawn, strict=True))
        chance = ways / math.comb(reports, n)
        shown = {(0, 0): chance}
        for k, (both, only_due, neither) in zip(drawn, readings, strict=True):
            for _ in range(k):
                after = defaultdict(float)
                for (x, y), p in shown.items():
                    after[x + 1, y + 1] += p * both
                    after[x + 1, y] += p * only_due
                    after[x, y] += p * neither
                shown = {pair: p for pair, p in after.items() if p > 0}
        for pair, p in shown.items():
            law[pair] += p
    return law


# At most one report in a stratum is not due, so that every sample has something due.
ONE_STRATUM = [[(9, 8, 7, 1, 3)], [(6, 6, 3, 0, 2)], [(12, 11, 9, 0, 3)], [(5, 5, 1, 0, 2)],
               [(20, 19, 18, 1, 4)], [(7, 7, 5, 0, 3)]]  # fmt: skip
TWO_STRATA = [[(9, 8, 7, 1, 2), (4, 4, 1, 0, 2)], [(6, 6, 3, 0, 2), (5, 4, 2, 0, 2)],
              [(30, 29, 25, 0, 3), (3, 3, 3, 0, 2)], [(5, 5, 1, 0, 2), (8, 7, 6, 1, 2)],
              [(12, 11, 10, 0, 2), (6, 5, 2, 0, 2)]]  # fmt: skip
CENSUS = [[(9, 8, 7, 1, 9)], [(6, 6, 3, 0, 6)], [(12, 11, 9, 0, 12)], [(5, 5, 1, 0, 5)]]
NO_SLACK = [[(9, 9, 6, 0, 3)], [(6, 6, 3, 0, 2)], [(12, 12, 9, 0, 3)], [(5, 5, 2, 0, 2)]]

POPULATIONS = {
    "six forces, two inspected": Population(ONE_STRATUM, 2),
    "six forces, four inspected": Population(ONE_STRATUM, 4),
    "five forces in two strata": Population(TWO_STRATA, 3),
    "all forces, some records": Population(NO_SLACK, 4),
    "some forces, all records": Population(CENSUS, 2),
}
ESTIMATORS = ("pooled", "combined_ratio")
every = pytest.mark.parametrize("name", POPULATIONS)
both = pytest.mark.parametrize("estimator", ESTIMATORS)


def errors_and_exact(population, estimator, small):
    """Simulated errors, exact bias and variance; worked out once for all tests of a case."""
    if estimator not in population.known:
        simulated = population.simulated(estimator, small)
        population.known[estimator] = simulated, *population.exact(estimator)
    return population.known[estimator]


def z_bias_and_variance(errors, bias, variance):
    """Deviations of bias and variance from what they should be, in their MCSEs."""
    n, centred = len(errors), (errors - errors.mean()) ** 2
    z_bias = (errors.mean() - bias) / (errors.std(ddof=1) / math.sqrt(n))
    z_variance = (centred.mean() - variance) / (centred.std(ddof=1) / math.sqrt(n))
    return abs(z_bias), abs(z_variance)


def test_the_enumeration_is_right_where_it_can_be_done_by_head():
    """Two forces, one inspected, one record of two read: rates 0.5 and 0, truth 0.25.

    Estimates 1, 0 with chance 1/4 each in the first, 0 in the second.
    """
    population = Population([[(2, 2, 1, 0, 1)], [(2, 2, 2, 0, 1)]], 1)
    for name in ESTIMATORS:
        assert population.exact(name) == pytest.approx((0.0, 0.25 - 0.25**2), abs=1e-12)


@every
@both
def test_simulated_bias_and_variance_are_those_of_all_samples(name, estimator, small):
    errors, bias, variance = errors_and_exact(POPULATIONS[name], estimator, small)
    assert max(z_bias_and_variance(errors, bias, variance)) < 4


@every
@both
def test_a_bias_of_one_point_planted_in_the_estimates_is_caught(name, estimator, small):
    errors, bias, variance = errors_and_exact(POPULATIONS[name], estimator, small)
    assert z_bias_and_variance(errors + 0.01, bias, variance)[0] > 4
    assert z_bias_and_variance(errors - 0.01, bias, variance)[0] > 4


@every
@both
def test_a_variance_three_per_cent_off_is_caught(name, estimator, small):
    errors, bias, variance = errors_and_exact(POPULATIONS[name], estimator, small)
    assert z_bias_and_variance(errors, bias, 1.03 * variance)[1] > 4


@both
def test_a_census_of_forces_and_records_has_no_error(estimator, small):
    population = Population(CENSUS, 4)
    assert population.exact(estimator) == pytest.approx((0, 0), abs=1e-12)
    assert np.abs(population.simulated(estimator, small, replicates=100)).max() < 1e-12


def test_the_weighted_estimator_is_not_the_pooled_one_in_two_strata():
    """Else a mistaken weight could hide: here their biases differ by points."""
    population = POPULATIONS["five forces in two strata"]
    pooled, weighted = (population.exact(name)[0] for name in ESTIMATORS)
    assert abs(pooled - weighted) > 0.02


@both
def test_erring_auditors_too_have_the_bias_and_variance_of_all_readings(estimator, small):
    """Bias of reading error included; samples in which nothing is read as due do not occur."""
    strata = [[(9, 8, 7, 1, 4)], [(10, 9, 3, 0, 4)], [(12, 11, 9, 1, 4)], [(8, 8, 2, 0, 4)]]
    population = Population(strata, 2, confusion=(1.0, 0.85, 0.95, 0.9))
    bias, variance = population.exact(estimator)
    errors = population.simulated(estimator, small)
    assert max(z_bias_and_variance(errors, bias, variance)) < 4
    faultless = Population(strata, 2).exact(estimator)[0]
    assert z_bias_and_variance(errors, faultless, variance)[0] > 4
