"""Error rates from agreement: planted ones found, standard errors true, and when to be silent."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from underrecording.double_reading import (
    IDENTIFIED,
    NOT_IDENTIFIED,
    NOTHING_READ,
    confusion_matrix,
    fit,
    log_likelihood,
)
from underrecording.estimation.latent_class import LATENT_CLASS_REASONS, latent_class

# Due and recorded, due and not, recorded though not due, neither.
PREVALENCE = np.array([0.66, 0.17, 0.03, 0.14])
RATES = np.array([0.95, 0.9, 0.97, 0.92])
THETA = np.concatenate([PREVALENCE, RATES])


def cells(prevalence=PREVALENCE, rates=RATES, second=None):
    """Probabilities of first and second reading, (4, 4)."""
    first = confusion_matrix(np.asarray(rates))
    again = first if second is None else confusion_matrix(np.asarray(second))
    return np.einsum("t,tr,ts->rs", prevalence, first, again)


def tables(n, count, seed=1, **planted):
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, cells(**planted).ravel(), count).reshape(count, 4, 4)


def fits(many):
    """Numbers (B, 8), variances (B, 8) and codes (B,) of many tables."""
    theta, variance = np.empty((2, len(many), 8))
    codes = [fit(table, theta[b], variance[b]) for b, table in enumerate(many)]
    return theta, variance, np.array(codes)


def test_confusion_is_a_kronecker_product_of_two_questions():
    due = [[0.95, 0.05], [0.1, 0.9]]
    recorded = [[0.97, 0.03], [0.08, 0.92]]
    np.testing.assert_allclose(confusion_matrix(RATES), np.kron(due, recorded), atol=1e-15)


@pytest.mark.parametrize(
    ("prevalence", "rates"),
    [
        (PREVALENCE, RATES),
        ([0.4, 0.1, 0.1, 0.4], [0.8, 0.7, 0.9, 0.75]),
        ([0.1, 0.5, 0.3, 0.1], [0.99, 0.9, 0.85, 0.95]),
        ([0.69, 0.17, 0.0, 0.14], [1.0, 1.0, 0.95, 0.9]),
    ],
)
def test_planted_numbers_come_back_from_the_table_they_expect(prevalence, rates):
    planted = np.concatenate([prevalence, rates])
    found, _, codes = fits([1e5 * cells(np.array(prevalence), rates)])
    assert codes.tolist() == [IDENTIFIED]
    np.testing.assert_allclose(found[0], planted, atol=1e-5)


def test_no_general_optimiser_finds_a_likelier_answer():
    table = tables(800, 1)[0]
    found, _, _ = fits([table])

    def unlikelihood(z):
        shares = np.exp(np.append(z[:3], 0.0))
        rates = 1 / (1 + np.exp(-z[3:]))
        return -log_likelihood(table, np.concatenate([shares / shares.sum(), rates]))

    start = np.concatenate([np.log(PREVALENCE[:3] / PREVALENCE[3]), np.log(RATES / (1 - RATES))])
    best = optimize.minimize(unlikelihood, start, method="BFGS", options={"gtol": 1e-6})
    assert log_likelihood(table, found[0]) >= -best.fun - 1e-8
    # And it is a maximum, not only as good: each number moved makes it worse.
    for j in range(4, 8):
        moved = found[0].copy()
        moved[j] -= 0.005
        assert log_likelihood(table, moved) < log_likelihood(table, found[0]) - 1e-3


COUNT = 2000


def test_estimates_scatter_around_what_was_planted_as_their_standard_errors_say():
    theta, variance, codes = fits(tables(3000, COUNT))
    assert (codes == IDENTIFIED).all()
    spread = theta.std(axis=0, ddof=1)
    # Of first order, so a bias of a tenth of a standard error is allowed for, and 4 MCSE.
    assert (np.abs(theta.mean(axis=0) - THETA) < (0.1 + 4 / math.sqrt(COUNT)) * spread).all()
    # A spread over B tables is known to 1 in sqrt(2 B); it is the law of large n, so 3 per cent.
    ratio = np.sqrt(variance.mean(axis=0)) / spread
    assert (np.abs(ratio - 1) < 0.03 + 4 / math.sqrt(2 * COUNT)).all()
    covered = (np.abs(theta - THETA) <= 1.96 * np.sqrt(variance)).mean(axis=0)
    assert (np.abs(covered - 0.95) < 0.02).all()


def test_readers_of_unequal_skill_or_who_err_together_are_caught():
    """Where the assumptions fail the answer is another one, and the scatter shows it."""
    limit = 0.1 + 4 / math.sqrt(COUNT)
    worse, _, _ = fits(tables(3000, COUNT, second=(0.9, 0.85, 0.92, 0.87)))
    gap = np.abs(worse.mean(axis=0) - THETA) / worse.std(axis=0, ddof=1)
    assert (gap[4:] > limit).all()
    # One record in 20 is copied from the first reading: rates come out too good.
    copied = 0.95 * cells() + 0.05 * np.diag(cells().sum(axis=1))
    rng = np.random.default_rng(2)
    theta, _, _ = fits(rng.multinomial(3000, copied.ravel(), COUNT).reshape(-1, 4, 4))
    gap = (theta.mean(axis=0) - THETA) / theta.std(axis=0, ddof=1)
    assert (gap[4:] > limit).sum() >= 2


def test_deviance_is_chi_square_on_two_degrees_where_the_model_holds():
    deviances = np.array([latent_class(t).deviance for t in tables(3000, COUNT)])
    assert stats.kstest(deviances, stats.chi2(2).cdf).pvalue > 1e-4
    # Errors that go together: a record misread on one question is misread on the other too.
    spoilt = 0.97 * cells() + 0.03 * cells()[:, ::-1]
    rng = np.random.default_rng(3)
    many = rng.multinomial(3000, spoilt.ravel(), 200).reshape(-1, 4, 4)
    worse = np.array([latent_class(t).deviance for t in many])
    assert stats.kstest(worse, stats.chi2(2).cdf).pvalue < 1e-4


def test_first_and_second_reader_may_change_places():
    table = tables(500, 1)[0]
    for one, other in zip(latent_class(table)[:5], latent_class(table.T)[:5], strict=True):
        np.testing.assert_array_equal(one, other)


def test_readers_worse_than_chance_come_out_as_their_mirror_image():
    """Yes and no exchanged fit as well; the answer is the one that beats chance."""
    found, _, codes = fits([1e5 * cells(rates=(0.1, 0.05, 0.97, 0.92))])
    assert codes.tolist() == [IDENTIFIED]
    mirrored = [0.03, 0.14, 0.66, 0.17, 0.95, 0.9, 0.97, 0.92]
    np.testing.assert_allclose(found[0], mirrored, atol=1e-5)


def test_readers_who_never_disagree_are_faultless_to_about_one_in_n():
    answer = latent_class(np.diag([60, 20, 0, 20]))
    assert answer.reason == "ok"
    np.testing.assert_allclose(answer.prevalence, [0.6, 0.2, 0.0, 0.2])
    np.testing.assert_array_equal(answer.rates, np.ones(4))
    # Readings that show each: due 160, not due 40, recorded 120, not recorded 80.
    for n, se in zip([160, 40, 120, 80], answer.rates_se, strict=True):
        assert se == pytest.approx(stats.beta(n + 1, 1).std(), rel=1e-9)
    assert answer.readers.shape == (4, 2)
    np.testing.assert_allclose(answer.readers[:, 1], answer.rates_se**2)


def test_what_was_never_seen_is_known_no_better_than_a_uniform_prior():
    answer = latent_class(np.diag([30, 10, 0, 0]))
    assert answer.rates_se[1] == pytest.approx(math.sqrt(1 / 12))


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (np.zeros((4, 4), int), NOTHING_READ),
        # The two questions are independent in truth: a ridge, not a maximum.
        (tables(5000, 1, prevalence=np.outer([0.8, 0.2], [0.7, 0.3]).ravel())[0], NOT_IDENTIFIED),
        # Readers who guess whether a report was recorded.
        (tables(5000, 1, rates=(0.95, 0.9, 0.5, 0.5))[0], NOT_IDENTIFIED),
        # Every report is due, so nothing tells an error from one that is not.
        (tables(5000, 1, prevalence=np.array([0.8, 0.2, 0, 0]))[0], NOT_IDENTIFIED),
        (np.array([[0, 3, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]), NOT_IDENTIFIED),
    ],
)
def test_a_table_that_cannot_tell_says_so(table, code):
    answer = latent_class(table)
    assert answer.reason == LATENT_CLASS_REASONS[code]
    assert np.isnan(answer.rates).all()
    assert np.isnan(answer.prevalence_se).all()
    assert math.isnan(answer.deviance)


def test_without_association_one_table_in_a_thousand_is_answered():
    """Their rates would look precise and be wrong: so few must pass."""
    independent = np.outer([0.8, 0.2], [0.7, 0.3]).ravel()
    _, _, codes = fits(tables(2000, COUNT, prevalence=independent))
    assert (codes == NOT_IDENTIFIED).mean() > 0.99
    _, _, codes = fits(tables(2000, 200))
    assert (codes == IDENTIFIED).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((3, 4), int), "expected 4 x 4 whole numbers"),
        (np.zeros((4, 4)), "expected 4 x 4 whole numbers"),
        (np.diag([1, 2, -1, 3]), "counts of 0 or more"),
    ],
)
def test_an_impossible_table_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        latent_class(table)
