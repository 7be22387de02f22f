"""The beta-binomial posterior: a NumPy twin, draws from the model, limits, edges."""

import math

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import brentq
from scipy.special import betaln, expit, ndtr

from underrecording.audit import FAULTLESS, Audit, Audits
from underrecording.estimation import EstimatorSpec, estimate
from underrecording.estimation.check import alone, checked, with_totals
from underrecording.estimation.effective_counts import EffectiveCounts, effective_counts
from underrecording.estimation.many import only_stratum, repeat
from underrecording.estimation.mixture import (
    Mixture,
    matched,
    mixture_quantile,
    mixture_variance,
)
from underrecording.estimation.national import national_accuracy
from underrecording.estimation.posterior import log_likelihood, node, posterior
from underrecording.estimation.priors import (
    HALF_CAUCHY,
    REFERENCE,
    TYPICAL_SD,
    UNIFORM,
    largest_spread,
)
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.inspect import plan_inspection
from underrecording.inspection.options import InspectionOptions
from underrecording.inspection.strands import reports_strand
from underrecording.ledger import under_recording_rate
from underrecording.totals import add_up, room_for_totals
from underrecording.world.build import build_world
from underrecording.world.options import WorldOptions

DEFAULT = EstimatorSpec.parse("beta_binomial/posterior/credible")
REFERENCE_RULE = EstimatorSpec.parse("beta_binomial/posterior_reference/credible")
VOLUMES = np.append(np.geomspace(20.0, 130.0, 42), 720.0)
TAILS = (0.025, 0.5, 0.975)

HMIC_LIKE = [(110, 120), (908, 1126), (75, 90), (101, 140), (122, 131)]
AUDITED = {
    1: HMIC_LIKE[:1],
    3: HMIC_LIKE[:3],
    5: HMIC_LIKE,
    13: HMIC_LIKE + [(70 + 4 * i, 100 + 3 * i) for i in range(8)],
    43: [(60 + i % 17, 80) for i in range(43)],
}


def counts_of(read, *, left=1.0, n_forces=43):
    """Effective counts of the first forces, from (recorded, due)."""
    recorded, unrecorded = np.zeros(n_forces), np.zeros(n_forces)
    for f, (y, n) in enumerate(read):
        recorded[f], unrecorded[f] = y, n - y
    return EffectiveCounts(recorded, unrecorded, np.full(n_forces, left))


def audit_of(read, *, volume=VOLUMES, frame=0):
    """An audit of one stratum, all records of equal weight; frame 0 is one without end."""
    recorded, due = (np.array(column)[:, None] for column in zip(*read, strict=True))
    m = len(read)
    return Audit(
        np.arange(m),
        np.full((m, 1), frame) if np.isscalar(frame) else np.array(frame)[:, None],
        due,
        due,
        recorded,
        np.full(m, m / len(volume)),
        np.zeros(m, np.int64),
        np.asarray(volume, float)[:, None],
    )


# --- a twin in NumPy and SciPy, on a much finer grid ---


def fine_grid(counts, prior, *, n_spreads=500, n_means=161):
    """Mean, concentration and weight on midpoints of the spread and of the logit of the mean."""
    read = counts.recorded + counts.unrecorded > 0
    y, z = counts.recorded[read], counts.unrecorded[read]
    n = y + z
    # Nodes gather where the spread matters.
    share = ((np.arange(n_spreads) + 0.5) / n_spreads)[:, None] ** 2
    pooled = (y.sum() + 1) / (n.sum() + 2)
    weight = 1 / (1 + (n - 1) * share**2 * pooled / (1 + pooled))
    a, b = (weight @ y + 1)[:, None], (weight @ z + 1)[:, None]
    width = np.sqrt(1 / a + 1 / b)
    mean = expit(np.log(a / b) + width * np.linspace(-9, 9, n_means))
    largest = np.sqrt(mean / (1 + mean))
    spread = share * largest
    concentration = 1 / spread**2 - 1
    first = mean * concentration
    density = -n.size * betaln(first, concentration - first)
    for recorded, unrecorded in zip(y, z, strict=True):
        density += betaln(first + recorded, concentration - first + unrecorded)
    unit = np.sqrt(mean * (1 - mean))
    if prior == UNIFORM:
        density -= np.log(largest * unit)
    elif prior == HALF_CAUCHY:
        inside = np.arctan(largest * unit / TYPICAL_SD)
        density -= np.log(inside * (1 + (spread * unit / TYPICAL_SD) ** 2))
    else:
        variance = spread[..., None] ** 2 + (1 - spread[..., None] ** 2) / n
        density += 0.5 * np.log(((spread[..., None] * (1 - 1 / n) / variance) ** 2).sum(axis=-1))
    # In terms of (SD, mean) where the prior is of the SD; of the spread in the rule.
    density += np.log(largest * mean * (1 - mean) * width * np.sqrt(share))
    if prior != REFERENCE:
        density += np.log(unit)
    density = np.exp(density - density.max())
    return mean, concentration, density / density.sum()


def odds_moments(mean, concentration, counts, volume):
    """First three moments of unrecorded crimes for each one recorded, at each node."""
    a, b = mean * concentration, (1 - mean) * concentration
    read = counts.recorded + counts.unrecorded > 0
    share = volume / volume.sum()
    laws = []
    if not read.all():
        unread = share[~read]
        both = (concentration + 1) * unread.sum() ** 2 / (unread**2).sum() - 1
        laws.append((unread.sum(), mean * both + 1, (1 - mean) * both))
    for f in np.flatnonzero(read):
        more = 1 / counts.left[f]
        laws.append((share[f], a + 1 + counts.recorded[f] * more, b + counts.unrecorded[f] * more))
    total, variance, third = 0.0, 0.0, 0.0
    for weight, p, q in laws:
        odds = q / (p - 1)
        spread = q * (p + q - 1) / ((p - 1) ** 2 * (p - 2))
        cv2 = spread / odds**2
        total = total + weight * odds
        variance = variance + weight**2 * spread
        third = third + weight**3 * odds**3 * (3 * cv2**2 + cv2**3)
    return total, variance, third


def twin(counts, prior, volume=VOLUMES):
    """SD and quantiles of the national accuracy."""
    mean, concentration, weight = fine_grid(counts, prior)
    odds, variance, third = odds_moments(mean, concentration, counts, volume)
    kept = weight.sum(axis=1) > 1e-13
    weight, odds, variance, third = weight[kept], odds[kept], variance[kept], third[kept]
    of_spread = weight.sum(axis=1)
    given = weight / of_spread[:, None]
    raw_1 = (given * odds).sum(axis=1)
    raw_2 = (given * (variance + odds**2)).sum(axis=1)
    raw_3 = (given * (third + 3 * variance * odds + odds**3)).sum(axis=1)
    g = np.array([_root_of_third(*raw) for raw in zip(raw_1, raw_2, raw_3, strict=True)])
    sd = np.sqrt(np.log(raw_2 / raw_1**2 * (1 + g) ** 2 / (1 + 8 * g)))
    centre = -(np.log(raw_1 / (1 + g)) - sd**2 / 2)
    skewness = -6 * g / sd**3

    def below(logit):
        z = (logit - centre) / sd
        bell = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        return of_spread @ (ndtr(z) - skewness * (z**2 - 1) * bell / 6)

    x, w = hermegauss(31)
    w = w / w.sum() * (1 + skewness[:, None] * (x**3 - 3 * x) / 6)
    accuracy = expit(centre[:, None] + sd[:, None] * x)
    first, second = (of_spread @ (w * accuracy**power).sum(axis=1) for power in (1, 2))
    quantiles = [expit(brentq(lambda x, p=p: below(x) - p, -9, 14, xtol=1e-13)) for p in TAILS]
    return math.sqrt(second - first**2), np.array(quantiles)


def _root_of_third(raw_1, raw_2, raw_3):
    target = raw_3 * raw_1**3 / raw_2**3

    def gap(g):
        return (1 + g) ** 3 * (1 + 27 * g) / (1 + 8 * g) ** 3 - target

    return brentq(gap, -1 / 27, 0.018, xtol=1e-16)


def compiled_law(counts, prior, volume=VOLUMES):
    law = national_accuracy(posterior(counts, prior), counts, volume)
    return math.sqrt(mixture_variance(law)), np.array([mixture_quantile(law, p) for p in TAILS])


@pytest.mark.parametrize("prior", [UNIFORM, REFERENCE, HALF_CAUCHY])
@pytest.mark.parametrize(("m", "bound"), [(1, 0.01), (3, 0.01), (5, 0.002), (13, 1e-4), (43, 1e-4)])
def test_few_nodes_give_what_a_fine_grid_gives(m, bound, prior):
    counts = counts_of(AUDITED[m])
    fine_sd, fine_quantiles = twin(counts, prior)
    sd, quantiles = compiled_law(counts, prior)
    assert sd == pytest.approx(fine_sd, rel=bound)
    assert quantiles == pytest.approx(fine_quantiles, abs=bound * fine_sd)


def test_fine_grid_tells_priors_apart():
    (_, one), (_, other) = (twin(counts_of(AUDITED[5]), prior) for prior in (UNIFORM, REFERENCE))
    assert np.abs(one - other).max() > 0.005


def drawn_from_posterior(counts, rng, volume=VOLUMES, draws=200_000):
    """Sorted draws of the national accuracy, and their weights; nothing approximated but the grid.

    Due shares stand for recorded shares of the forces not inspected, as stated.
    """
    mean, concentration, weight = fine_grid(counts, UNIFORM)
    at = rng.choice(weight.size, draws, p=weight.ravel())
    mean, concentration = mean.ravel()[at], concentration.ravel()[at]
    a, b = mean * concentration, (1 - mean) * concentration
    read = counts.recorded + counts.unrecorded > 0
    unread = volume[~read]
    due, importance = np.zeros(draws), np.ones(draws)
    if unread.size:
        together = sum(d * rng.beta(a, b) for d in unread / unread.sum())
        due += unread.sum() / together
        importance = together / mean
    for f in np.flatnonzero(read):
        more = 1 / counts.left[f]
        due += volume[f] / rng.beta(
            a + 1 + counts.recorded[f] * more, b + counts.unrecorded[f] * more
        )
    order = np.argsort(-due)
    return volume.sum() / due[order], importance[order]


@pytest.mark.parametrize(("m", "bound"), [(1, 0.1), (3, 0.1), (5, 0.03), (13, 0.03), (43, 0.03)])
def test_law_is_that_of_draws_within_the_stated_error(m, bound):
    rng = np.random.default_rng(m)
    counts = counts_of(AUDITED[m])
    accuracy, importance = drawn_from_posterior(counts, rng)
    reached = np.cumsum(importance) / importance.sum()
    exact = accuracy[np.searchsorted(reached, TAILS)]
    sd, quantiles = compiled_law(counts, UNIFORM)
    # 4 MCSE of a 2.5 % quantile of a normal law, 200,000 draws: 0.024 SDs.
    assert np.abs(quantiles - exact).max() < (bound + 0.024) * sd


# --- data from the model itself ---


def repeated(recorded, due, volume):
    """Audits of one stratum, the first m forces inspected; recorded, due (B, m), volume (B, F)."""
    count, m = due.shape
    n_forces = volume.shape[1]
    table = np.ascontiguousarray(due[:, :, None])
    audits = Audits(
        np.tile(np.arange(m), (count, 1)),
        np.zeros_like(table),
        table,
        table,
        np.ascontiguousarray(recorded[:, :, None]),
        np.full((count, m), m / n_forces),
        np.zeros((count, m), np.int64),
        np.ascontiguousarray(volume[:, :, None]),
        np.zeros_like(table),
        np.zeros(n_forces, np.int64),
        np.zeros((0, 0)),
        FAULTLESS[None],
        np.zeros(count, np.int64),
        room_for_totals(count, m),
    )
    add_up(audits)
    return audits


@pytest.fixture(scope="module")
def drawn_from_model():
    """Truths, and audits of 5 of 12 forces, parameters drawn from the prior: 3,000 of each."""
    rng = np.random.default_rng(20140501)
    count, n_forces, m = 3_000, 12, 5
    mean = rng.uniform(size=(count, 1))
    sd = rng.uniform(size=(count, 1)) * mean * np.sqrt((1 - mean) / (1 + mean))
    concentration = mean * (1 - mean) / sd**2 - 1
    accuracy = rng.beta(mean * concentration, (1 - mean) * concentration, (count, n_forces))
    due_volume = rng.permuted(np.tile(np.geomspace(1.0, 6.0, n_forces), (count, 1)), axis=1)
    truth = (due_volume * accuracy).sum(axis=1) / due_volume.sum(axis=1)
    due = rng.integers(60, 200, (count, m))
    recorded = rng.binomial(due, accuracy[:, :m])
    return truth, recorded, due, due_volume * accuracy


def coverage(truth, audits, *, level, spec=DEFAULT):
    answers, reasons = repeat(spec, audits, level=level)
    assert (reasons == 0).all()
    accuracy = 1 - answers
    return np.mean((accuracy[:, 3] <= truth) & (truth <= accuracy[:, 2]))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_coverage_is_exact_when_the_model_made_the_data(level, drawn_from_model):
    truth, *data = drawn_from_model
    covered = coverage(truth, repeated(*data), level=level)
    assert covered == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / truth.size))


def only_inspected_forces(recorded, due, volume):
    """As if no force had been left out: its prediction forgotten."""
    return recorded, due, volume[:, : due.shape[1]]


def each_force_as_two(recorded, due, volume):
    """As if parts of one force had been taken for forces of their own."""
    return np.hstack([recorded, recorded]), np.hstack([due, due]), volume


@pytest.mark.parametrize("fault", [only_inspected_forces, each_force_as_two])
def test_coverage_shows_a_planted_fault(fault, drawn_from_model):
    truth, *data = drawn_from_model
    covered = coverage(truth, repeated(*fault(*data)), level=0.8)
    assert covered < 0.8 - 4 * math.sqrt(0.16 / truth.size)


# --- fresh worlds of the simulator: logit-normal, six offence groups ---


@pytest.fixture(scope="module")
def fresh_audits():
    """A function: how many forces, to truths and audits of 4,000 fresh worlds."""
    world = build_world(WorldOptions())
    groups, count = world.frame.groups, 4_000

    def draw(n_inspected):
        options = InspectionOptions.model_validate(
            {
                "forces": {"design": "srs", "count": n_inspected},
                "records": {"allocation": "hmic_2014", "per_force": 160},
            }
        )
        plan = plan_inspection(options, world.frame, world.law.reports, world.expected_no_crimes())
        ledger = world.fresh(20140501, 0, count)
        chosen = select_forces(plan, ledger, 20140501, 0, 0, count)
        audits = read_reports(plan, reports_strand(ledger), chosen, 20140501, 0, 0)
        return 1 - under_recording_rate(ledger, "national", groups), audits

    return draw


@pytest.mark.slow
@pytest.mark.parametrize("n_inspected", [5, 9, 13, 20, 30, 43])
def test_interval_covers_fresh_worlds_94_to_96_times_in_100(n_inspected, fresh_audits):
    truth, audits = fresh_audits(n_inspected)
    covered = coverage(truth, audits, level=0.95)
    assert abs(covered - 0.95) < 0.01 + 4 * math.sqrt(0.95 * 0.05 / truth.size)


@pytest.mark.slow
def test_combined_ratio_does_not_cover_fresh_worlds_as_well(fresh_audits):
    truth, audits = fresh_audits(13)
    ratio = EstimatorSpec.parse("combined_ratio/linearised/t")
    assert coverage(truth, audits, level=0.95, spec=ratio) < 0.92


# --- effective counts ---


def test_equal_weights_leave_counts_as_they_are():
    counts = effective_counts(with_totals(audit_of(HMIC_LIKE, frame=10_000)))
    np.testing.assert_allclose(counts.recorded[:5], [110, 908, 75, 101, 122], rtol=1e-12)
    np.testing.assert_allclose(counts.unrecorded[:5], [10, 218, 15, 39, 9], rtol=1e-12)
    np.testing.assert_allclose(counts.left[:5], 1 - np.array([120, 1126, 90, 140, 131]) / 10_000)
    assert (counts.recorded[5:] == 0).all()


def test_effective_counts_have_the_binomial_variance_of_the_weighted_share(random_audit):
    audit = random_audit(3)
    counts = effective_counts(with_totals(audit))
    weight = audit.frame / audit.sampled
    x, y = (weight * audit.due).sum(axis=1), (weight * audit.recorded).sum(axis=1)
    share = y / x
    # Due records of one chance: the variance of sum w y / X is a (1 - a) sum w^2 x / X^2.
    variance = share * (1 - share) * (weight**2 * audit.due).sum(axis=1) / x**2
    n = counts.recorded[audit.force] + counts.unrecorded[audit.force]
    np.testing.assert_allclose(share * (1 - share) / n, variance, rtol=1e-12)
    np.testing.assert_allclose(counts.recorded[audit.force] / n, share, rtol=1e-12)


def test_force_drawn_twice_adds_its_records():
    once, again = audit_of([(30, 40)], frame=500), audit_of([(30, 40), (20, 25)], frame=500)
    counts = effective_counts(with_totals(again._replace(force=np.array([0, 0]))))
    assert counts.recorded[0] == pytest.approx(50)
    assert counts.unrecorded[0] == pytest.approx(15)
    assert effective_counts(with_totals(once)).recorded[0] == pytest.approx(30)


# --- the likelihood, the mixture ---


def test_forces_that_do_not_differ_are_one_binomial():
    y, z = np.array([30.0, 8.0]), np.array([5.0, 4.0])
    likelihood = log_likelihood(0.7, 1e8, y, z)
    assert likelihood == pytest.approx(38 * math.log(0.7) + 9 * math.log(0.3), abs=1e-4)


def test_force_of_very_many_records_is_its_density():
    # B(a + y, b + z) / B(a, b) over the binomial kernel tends to the density times 1 / n.
    n = 1e7
    likelihood = log_likelihood(0.75, 40.0, np.array([0.8 * n]), np.array([0.2 * n]))
    kernel = betaln(0.8 * n + 1, 0.2 * n + 1)
    density = 29 * math.log(0.8) + 9 * math.log(0.2) - betaln(30, 10)
    assert likelihood - kernel == pytest.approx(density, abs=1e-4)


def test_nodes_are_a_law():
    law = posterior(counts_of(HMIC_LIKE), UNIFORM)
    assert law.weight.sum() == pytest.approx(1)
    assert (law.weight >= 0).all()
    assert (law.mean * law.concentration > 1).all()
    a, b, weight = node(law, 20)
    assert a / (a + b) == pytest.approx(law.mean.ravel()[20])
    assert weight == law.weight.ravel()[20]


def test_largest_spread_is_where_the_density_at_0_stops_vanishing():
    spread = largest_spread(0.7)
    assert 0.7 * (1 / spread**2 - 1) == pytest.approx(1)


@pytest.mark.parametrize("shape", [6.0, 40.0])
def test_component_has_the_moments_it_was_matched_to(shape):
    # A gamma law: less skewed than the lognormal of its mean and variance.
    mean, variance, third = 0.2, 0.04 / shape, 2 * 0.008 / shape**2
    centre, sd, skewness = matched(mean, variance, third)
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (1 + skewness * (z**3 - 3 * z) / 6)
    odds = np.exp(-(centre + sd * z))
    raw = [np.trapezoid(density * odds**power, z) for power in (1, 2, 3)]
    assert raw[0] == pytest.approx(mean, rel=1e-9)
    assert raw[1] - raw[0] ** 2 == pytest.approx(variance, rel=1e-8)
    assert raw[2] - 3 * raw[0] * raw[1] + 2 * raw[0] ** 3 == pytest.approx(third, rel=1e-6)
    assert skewness > 0


def test_skewness_is_held_where_the_correction_would_break():
    for third in (1e-3, -1e-3):
        _, sd, skewness = matched(0.2, 0.0004, third)
        assert 0.7 < abs(skewness) <= 1
        assert math.copysign(1, skewness) == -math.copysign(1, third)
        assert 0.08 < sd < 0.12


@pytest.mark.parametrize("p", [1e-4, 0.025, 0.5, 0.975, 0.9999])
def test_quantile_is_where_the_mixture_has_reached_p(p):
    weight, centre = np.array([0.3, 0.7]), np.array([1.0, 1.8])
    sd, none = np.array([0.2, 0.4]), np.zeros(2)
    logit = np.log(1 / (1 / mixture_quantile(Mixture(weight, centre, sd, none), p) - 1))
    assert weight @ ndtr((logit - centre) / sd) == pytest.approx(p, rel=1e-9)


# --- limits ---


def test_census_is_known_exactly():
    read = [(80, 100), (90, 120), (45, 50)]
    volume = np.array([800.0, 900.0, 450.0])
    answer = estimate(audit_of(read, volume=volume, frame=[100, 120, 50]), DEFAULT)
    harmonic = volume.sum() / (volume / np.array([0.8, 0.75, 0.9])).sum()
    assert answer.value == pytest.approx(harmonic, rel=1e-12)
    assert answer.low == answer.value == answer.high
    assert answer.variance < 1e-30


def test_census_in_which_all_was_recorded_is_1():
    answer = estimate(audit_of([(9, 9), (7, 7)], volume=[9, 7], frame=[9, 7]), DEFAULT)
    assert (answer.value, answer.low, answer.high, answer.variance) == (1, 1, 1, 0)


def test_very_many_records_of_every_force_leave_next_to_nothing():
    read = [(8_000_000, 10_000_000), (6_500_000, 10_000_000)]
    answer = estimate(audit_of(read, volume=[300.0, 700.0]), DEFAULT)
    assert answer.value == pytest.approx(1000 / (300 / 0.8 + 700 / 0.65), abs=1e-5)
    assert answer.high - answer.low < 6 * math.sqrt(0.25 / 1e7)


def test_forces_that_agree_are_nearly_pooled():
    answer = estimate(audit_of([(320, 400)] * 43, volume=np.ones(43)), DEFAULT)
    assert answer.value == pytest.approx(0.8, abs=5e-4)
    assert math.sqrt(answer.variance) == pytest.approx(math.sqrt(0.16 / 400 / 43), rel=0.02)


def test_forces_read_whole_are_told_from_forces_sampled():
    sampled = estimate(audit_of(AUDITED[13], frame=1_000_000), DEFAULT)
    mostly_read = estimate(audit_of(AUDITED[13], frame=1_200), DEFAULT)
    assert mostly_read.variance < sampled.variance
    assert mostly_read.value == pytest.approx(sampled.value, abs=0.003)


# --- what may go in ---


@pytest.mark.parametrize(
    ("audit", "reason"),
    [
        (audit_of(HMIC_LIKE, volume=np.zeros(43)), "no public volume to weight by"),
        (audit_of(HMIC_LIKE, volume=[1.0] * 5 + [0.0] * 3), "no public volume to weight by"),
        (audit_of([(0, 0), (0, 0)]), "nothing due"),
        (audit_of([(0, 9), (8, 9)], frame=9), "nothing recorded where divided by"),
    ],
    ids=["no volume", "none of the others", "nothing due", "read whole, none recorded"],
)
def test_no_answer_says_why(audit, reason):
    answer = estimate(audit, DEFAULT)
    assert answer.reason == reason
    assert math.isnan(answer.value)


@pytest.mark.parametrize(
    "read", [[(110, 120)], [(1, 1)], [(0, 1)], [(50, 50)] * 5, [(0, 50)] * 5, [(1, 2), (2, 3)]]
)
@pytest.mark.parametrize("variance", ["posterior", "posterior_reference", "posterior_half_cauchy"])
def test_hardly_any_data_still_have_an_answer(read, variance):
    answer = estimate(audit_of(read), EstimatorSpec("beta_binomial", variance, "credible"))
    assert answer.reason == "ok"
    assert 0 < answer.low < answer.value < answer.high < 1
    assert 0 < answer.variance < 0.25


def test_force_with_nothing_due_counts_as_not_inspected():
    with_it, without = audit_of([*HMIC_LIKE, (0, 0)]), audit_of(HMIC_LIKE)
    assert estimate(with_it, DEFAULT) == estimate(without, DEFAULT)


def test_inclusion_probabilities_and_strata_of_forces_are_not_used():
    audit = audit_of(HMIC_LIKE)
    other = audit._replace(
        p_inclusion=np.linspace(0.1, 0.9, 5), force_stratum=np.array([0, 0, 1, 1, 2])
    )
    assert estimate(other, DEFAULT) == estimate(audit, DEFAULT)


def test_volume_has_no_unit():
    one = estimate(audit_of(HMIC_LIKE), DEFAULT)
    thousand = estimate(audit_of(HMIC_LIKE, volume=1000 * VOLUMES), DEFAULT)
    assert thousand.value == pytest.approx(one.value, rel=1e-9)
    assert thousand.high == pytest.approx(one.high, rel=1e-9)


def test_one_offence_group_is_an_audit_of_one_stratum(random_audit):
    audit = random_audit(5)
    fields, audits = audit._asdict(), alone(checked(audit))
    answers, reasons = repeat(DEFAULT, only_stratum(audits, 1), level=0.95)
    cut = audit._replace(
        **{name: fields[name][:, 1:2] for name in ("frame", "sampled", "due", "recorded")},
        over_recorded=np.zeros_like(audit.due[:, 1:2]),
        recorded_volume=audit.recorded_volume[:, 1:2],
    )
    cut_out = estimate(cut, DEFAULT)
    assert reasons[0] == 0
    assert answers[0, 0] == pytest.approx(1 - cut_out.value, rel=1e-12)
    assert answers[0, 3] - answers[0, 2] == pytest.approx(cut_out.high - cut_out.low, rel=1e-9)


# --- which way things go ---


def test_more_recorded_in_any_force_raises_the_estimate():
    one = estimate(audit_of(HMIC_LIKE), DEFAULT)
    for f in range(5):
        read = [(y + (8 if i == f else 0), n) for i, (y, n) in enumerate(HMIC_LIKE)]
        more = estimate(audit_of(read), DEFAULT)
        assert more.value > one.value


@pytest.mark.parametrize(
    ("fewer", "more"),
    [
        ([(80, 100), (70, 100), (90, 100)], [(80, 100), (70, 100), (90, 100)] * 3),
        ([(40, 50), (39, 50), (41, 50)], [(400, 500), (390, 500), (410, 500)]),
    ],
    ids=["forces", "records"],
)
def test_interval_narrows_with(fewer, more):
    wide, narrow = (estimate(audit_of(read), DEFAULT) for read in (fewer, more))
    assert narrow.high - narrow.low < wide.high - wide.low
    assert narrow.variance < wide.variance


def test_forces_inspected_are_shrunk_towards_each_other():
    # One force of 43 holds all the volume: the estimate is its own, shrunk.
    volume = np.append(1e9, np.ones(42))
    answer = estimate(audit_of([(50, 100), *[(85, 100)] * 12], volume=volume), DEFAULT)
    assert 0.5 < answer.value < 0.65


def test_reference_rule_is_narrower_than_the_uniform_prior_for_few_forces():
    uniform, rule = (estimate(audit_of(HMIC_LIKE), spec) for spec in (DEFAULT, REFERENCE_RULE))
    assert rule.high - rule.low < uniform.high - uniform.low
