"""`simulate measure` prints what tutorials of other tools print for their example data.

The data are made again from the seeds and laws that the tutorials state; nothing of the
other packages is copied. Printed figures as of

- simhelpers (Joshi & Pustejovsky), vignette "Simulation Performance Criteria and MCSE",
  repository meghapsimatrix/simhelpers, docs/articles/MCSE.md at commit 001033c;
- rsimsum (Gasparini), vignette "Simulating a simulation study", repository
  ellessenne/rsimsum, docs/articles/B-relhaz.md at commit 047a2b3; two of its three models:
  the third, a Royston-Parmar model, is not made again here.
"""

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import special

from underrecording.cli import main


class RRandom:
    """R's random numbers after ``set.seed(seed)``.

    Its default generators: the Mersenne Twister (Matsumoto & Nishimura 1998), the state
    filled by a linear congruence; normals by inversion of a uniform of more bits.
    """

    def __init__(self, seed):
        words = np.empty(675, np.uint64)
        for i in range(675):
            seed = (69069 * seed + 1) % 2**32
            words[i] = seed
        # The first fifty are thrown away, and the next stands for the place in the state.
        state = {"key": words[51:].astype(np.uint32), "pos": 624}
        self._generator = np.random.MT19937()
        self._generator.state = {"bit_generator": "MT19937", "state": state}

    def uniforms(self, n):
        """``runif(n)``."""
        return self._generator.random_raw(n) * 2.3283064365386963e-10

    def normals(self, n):
        """``rnorm(n)``."""
        high, low = self.uniforms(2 * n).reshape(n, 2).T
        return special.ndtri((np.floor(2.0**27 * high) + low) / 2.0**27)

    def coins(self, n):
        """``rbinom(n, 1, 0.5)``."""
        return (self.uniforms(n) >= 0.5).astype(int)


def measured(frame, folder, *words, differences=False):
    """Value and MCSE by measure, of each cell and method, as the command prints them."""
    path = folder / "replicates.csv"
    frame.to_csv(path, index=False)
    if differences:
        answer = CliRunner().invoke(main, ["measure", str(path), "--json", *words])
        assert answer.exit_code == 0, answer.output
        return pd.DataFrame(json.loads(answer.stdout)["differences"])
    answer = CliRunner().invoke(main, ["measure", str(path), "--csv", *words])
    assert answer.exit_code == 0, answer.output
    return pd.read_csv(io.StringIO(answer.stdout))


def one(table, measure, **where):
    """Value and MCSE of one row."""
    keep = table["measure"] == measure
    for name, value in where.items():
        keep &= table[name] == value
    (row,) = table[keep].to_dict("records")
    return row["value"], row["mcse"]


def test_the_numbers_are_rs():
    """R 4.2.2: set.seed(1); rnorm(3); set.seed(42); runif(2); set.seed(7); rbinom(6, 1, 0.5)."""
    expected = [-0.6264538107423324, 0.1836433242220822, -0.8356286124100472]
    np.testing.assert_allclose(RRandom(1).normals(3), expected, rtol=1e-13)
    np.testing.assert_allclose(RRandom(42).uniforms(2), [0.914806043496355, 0.937075413297862])
    assert RRandom(7).coins(6).tolist() == [1, 0, 0, 0, 0, 1]


# Welch's t-test: n2, mean difference: bias, its MCSE, variance of the estimates, its MCSE, MSE, its
# MCSE, RMSE, its MCSE; for each method rejections, coverage, width, its MCSE, mean variance over
# variance of the estimates, its MCSE.
WELCH = {
    (50, 0.0): (
        (-0.00890, 0.01000, 0.09999, 0.00425, 0.09997, 0.00425, 0.31618, 0.00839),
        {"t": (0.048, 0.952, 1.24697, 0.00338, 0.99449, 0.04264),
         "Welch": (0.047, 0.953, 1.25266, 0.00343, 0.99449, 0.04264)},
    ),
    (70, 0.0): (
        (-0.00266, 0.00867, 0.07521, 0.00330, 0.07514, 0.00331, 0.27411, 0.00744),
        {"t": (0.027, 0.973, 1.21433, 0.00288, 1.25701, 0.05583),
         "Welch": (0.039, 0.961, 1.09943, 0.00241, 1.02720, 0.04555)},
    ),
    (50, 0.5): (
        (-0.00555, 0.01034, 0.10698, 0.00473, 0.10690, 0.00473, 0.32696, 0.00891),
        {"t": (0.340, 0.943, 1.25223, 0.00332, 0.93705, 0.04202),
         "Welch": (0.335, 0.944, 1.25800, 0.00336, 0.93705, 0.04202)},
    ),
    (70, 0.5): (
        (-0.00514, 0.00895, 0.08002, 0.00391, 0.07997, 0.00391, 0.28278, 0.00826),
        {"t": (0.341, 0.972, 1.21412, 0.00276, 1.18047, 0.05831),
         "Welch": (0.426, 0.952, 1.09938, 0.00234, 0.96512, 0.04765)},
    ),
    (50, 1.0): (
        (-0.00726, 0.00988, 0.09766, 0.00423, 0.09761, 0.00423, 0.31243, 0.00840),
        {"t": (0.876, 0.952, 1.25169, 0.00335, 1.02571, 0.04508),
         "Welch": (0.871, 0.953, 1.25741, 0.00339, 1.02571, 0.04508)},
    ),
    (70, 1.0): (
        (-0.01124, 0.00899, 0.08081, 0.00358, 0.08086, 0.00358, 0.28435, 0.00775),
        {"t": (0.904, 0.963, 1.21280, 0.00283, 1.16667, 0.05225),
         "Welch": (0.937, 0.940, 1.09791, 0.00239, 0.95326, 0.04270)},
    ),
    (50, 2.0): (
        (0.00725, 0.00981, 0.09631, 0.00440, 0.09627, 0.00439, 0.31028, 0.00862),
        {"t": (1.000, 0.958, 1.25287, 0.00331, 1.04180, 0.04785),
         "Welch": (1.000, 0.959, 1.25859, 0.00335, 1.04180, 0.04785)},
    ),
    (70, 2.0): (
        (-0.00079, 0.00883, 0.07805, 0.00345, 0.07798, 0.00345, 0.27924, 0.00760),
        {"t": (1.000, 0.971, 1.21376, 0.00289, 1.21007, 0.05409),
         "Welch": (1.000, 0.951, 1.09886, 0.00245, 0.98888, 0.04413)},
    ),
}  # fmt: skip
# Printed in the vignette: the seed of the first condition; the others follow in this order.
FIRST_SEED = 204_809_087
K = 1_000


def welch_condition(seed, n2, difference):
    """A thousand pairs of normal samples with standard deviations 1 and 2, two t-tests each."""
    random = RRandom(seed)
    rows = []
    for replicate in range(K):
        x = difference + random.normals(50)
        y = 2.0 * random.normals(n2)
        estimate, a, b = x.mean() - y.mean(), x.var(ddof=1) / 50, y.var(ddof=1) / n2
        pooled = (50 * 49 * a + n2 * (n2 - 1) * b) / (48 + n2) * (1 / 50 + 1 / n2)
        df = (a + b) ** 2 / (a**2 / 49 + b**2 / (n2 - 1))
        for method, se, df_of in (
            ("t", math.sqrt(pooled), 48 + n2), ("Welch", math.sqrt(a + b), df),
        ):  # fmt: skip
            rows.append((n2, difference, replicate, method, estimate, se, df_of, difference))
    return rows


@pytest.fixture(scope="module")
def welch(tmp_path_factory):
    """The measures of all eight conditions, and the estimates."""
    rows = [
        row
        for i, condition in enumerate(WELCH)
        for row in welch_condition(FIRST_SEED + i, *condition)
    ]
    names = ["n2", "mean_diff", "replicate", "method", "est", "se", "df", "true_param"]
    frame = pd.DataFrame(rows, columns=names)
    table = measured(frame, tmp_path_factory.mktemp("welch"), "--null", "0")
    return table, frame


def printed(value, digits):
    """What a table with so many decimals shows may be this far from the number behind it."""
    return pytest.approx(value, abs=0.5000001 * 10.0**-digits)


def near(value):
    """Printed with five decimals, of a formula with divisor K where ours has K - 1, or likewise."""
    return pytest.approx(value, abs=0.5 * 10.0**-5 + 2.0 * value / K)


def variances_left_out(e):
    """Variance with divisor K - 2 of all but one of *e*, (K,)."""
    return ((K - 1) * e.var(ddof=1) - K / (K - 1) * (e - e.mean()) ** 2) / (K - 2)


@pytest.mark.parametrize("condition", WELCH)
def test_simhelpers_absolute_criteria(welch, condition):
    table, _ = welch
    bias, bias_mcse, variance, variance_mcse, mse, mse_mcse, rmse, _ = WELCH[condition][0]
    at = dict(zip(("n2", "mean_diff"), condition, strict=True)) | {"estimator": "t"}
    assert one(table, "bias", **at) == (printed(bias, 5), printed(bias_mcse, 5))
    assert one(table, "mse", **at) == (printed(mse, 5), near(mse_mcse))
    assert one(table, "rmse", **at)[0] == printed(rmse, 5)
    se, se_mcse = one(table, "empirical_se", **at)
    assert se**2 == printed(variance, 5)
    assert 2 * se * se_mcse == near(variance_mcse)


RELATIVE = {
    (50, 0.5): (0.98890, 0.02069), (50, 1.0): (0.99274, 0.00988), (50, 2.0): (1.00363, 0.00491),
    (70, 0.5): (0.98972, 0.01789), (70, 1.0): (0.98876, 0.00899), (70, 2.0): (0.99961, 0.00442),
}  # fmt: skip


@pytest.mark.parametrize("condition", WELCH)
def test_simhelpers_relative_bias(welch, condition):
    """It prints the mean estimate over the truth; ours is the bias over the truth."""
    table, _ = welch
    n2, truth = condition
    value, mcse = one(table, "relative_bias", n2=n2, mean_diff=truth, estimator="t")
    if condition in RELATIVE:
        assert (1 + value, mcse) == tuple(printed(x, 5) for x in RELATIVE[condition])
    else:
        # "NA" there, as the truth is 0.
        assert math.isnan(value)


@pytest.mark.parametrize("condition", WELCH)
@pytest.mark.parametrize("method", ["t", "Welch"])
def test_simhelpers_tests_intervals_and_variances(welch, condition, method):
    table, frame = welch
    rejected, covered, width, width_mcse, ratio, ratio_mcse = WELCH[condition][1][method]
    at = dict(zip(("n2", "mean_diff"), condition, strict=True)) | {"estimator": method}
    for name, share in (("reject", rejected), ("coverage", covered)):
        value, mcse = one(table, name, **at)
        assert value == printed(share, 3)
        # Where it prints an error of 0, beside a share of 1, ours is 1 / (K + 1).
        assert mcse == pytest.approx(math.sqrt(share * (1 - share) / K) or 1 / (K + 1), rel=1e-9)
    assert one(table, "mean_width", **at) == (printed(width, 5), printed(width_mcse, 5))
    error, error_mcse = one(table, "relative_error_model_se", **at)
    assert (1 + error / 100) ** 2 == printed(ratio, 5)
    # There by the jackknife, here by the delta method: made again here, its digits are theirs.
    keep = (frame["n2"] == condition[0]) & (frame["mean_diff"] == condition[1])
    rows = frame[keep & (frame["method"] == method)]
    e, v = (rows["est"] - condition[1]).to_numpy(), (rows["se"] ** 2).to_numpy()
    left_out = (v.sum() - v) / (K - 1) / variances_left_out(e)
    jackknife = math.sqrt((K - 1) / K * np.sum((left_out - v.mean() / e.var(ddof=1)) ** 2))
    assert jackknife == printed(ratio_mcse, 5)
    assert 2 * (1 + error / 100) * error_mcse / 100 == pytest.approx(jackknife, rel=10 / K)


@pytest.mark.parametrize("condition", WELCH)
def test_simhelpers_error_of_the_rmse_is_not_ours_and_why(welch, condition):
    """Its jackknife is centred on another RMSE, that with divisor K, than it leaves one out of.

    That adds K times the squared difference of the two. Centred on its own mean the same
    jackknife gives our error.
    """
    table, frame = welch
    n2, truth = condition
    keep = (frame["n2"] == n2) & (frame["mean_diff"] == truth) & (frame["method"] == "t")
    e = (frame.loc[keep, "est"] - truth).to_numpy()
    mean = e.mean()
    left_out = np.sqrt(((K * mean - e) / (K - 1)) ** 2 + variances_left_out(e))
    theirs = math.sqrt((K - 1) / K * np.sum((left_out - math.sqrt((e**2).mean())) ** 2))
    own = math.sqrt((K - 1) / K * np.sum((left_out - left_out.mean()) ** 2))
    ours = one(table, "rmse", n2=n2, mean_diff=truth, estimator="t")[1]
    assert theirs == printed(WELCH[condition][0][7], 5)
    assert ours == pytest.approx(own, rel=0.01)
    assert theirs > 1.15 * ours


# n, baseline: for Cox and exponential models mean, average variance, bias, relative bias,
# empirical SE, MSE, model SE, error of model SE, coverage, bias-eliminated coverage, power;
# then the gain in precision of the exponential model over Cox.
RELHAZ = {
    (50, "Exponential"): (
        ((-0.4785, None), (0.0215, 0.0328), (-0.0430, 0.0657), (0.3285, 0.0233),
         (0.1073, 0.0149), (0.3185, 0.0013), (-3.0493, 6.9011), 0.95, 0.95, 0.36),
        ((-0.4761, None), (0.0239, 0.0326), (-0.0478, 0.0652), (0.3258, 0.0232),
         (0.1056, 0.0146), (0.3127, 0.0010), (-4.0156, 6.8286), 0.94, 0.95, 0.38),
        (1.6773, 3.2902),
    ),
    (250, "Exponential"): (
        ((-0.5215, None), (-0.0215, 0.0149), (0.0430, 0.0298), (0.1488, 0.0106),
         (0.0224, 0.0028), (0.1396, 0.0002), (-6.2002, 6.6679), 0.93, 0.94, 0.98),
        ((-0.5214, None), (-0.0214, 0.0151), (0.0427, 0.0301), (0.1506, 0.0107),
         (0.0229, 0.0028), (0.1381, 0.0002), (-8.3339, 6.5160), 0.92, 0.94, 0.99),
        (-2.3839, 3.0501),
    ),
    (50, "Weibull"): (
        ((-0.5282, None), (-0.0282, 0.0311), (0.0564, 0.0623), (0.3115, 0.0221),
         (0.0968, 0.0117), (0.3052, 0.0014), (-2.0115, 6.9776), 0.97, 0.95, 0.43),
        ((-0.3491, None), (0.1509, 0.0204), (-0.3018, 0.0408), (0.2041, 0.0145),
         (0.0640, 0.0083), (0.2888, 0.0005), (41.4993, 10.0594), 0.99, 1.00, 0.09),
        (132.7958, 16.4433),
    ),
    (250, "Weibull"): (
        ((-0.5120, None), (-0.0120, 0.0133), (0.0241, 0.0267), (0.1333, 0.0095),
         (0.0177, 0.0027), (0.1320, 0.0002), (-0.9728, 7.0397), 0.94, 0.95, 0.97),
        ((-0.3518, None), (0.1482, 0.0093), (-0.2963, 0.0186), (0.0929, 0.0066),
         (0.0305, 0.0033), (0.1281, 0.0001), (37.7762, 9.7917), 0.85, 0.99, 0.86),
        (105.8426, 12.4932),
    ),
}  # fmt: skip
RELHAZ_MEASURES = (
    "mean_estimate", "bias", "relative_bias", "empirical_se", "mse", "model_se",
    "relative_error_model_se", "coverage", "bias_eliminated_coverage", "reject",
)  # fmt: skip


def survival_times(random, n, shape):
    """A trial with a log hazard ratio of -0.5: treatment, time, whether the event was seen."""
    x = random.coins(n)
    t = (-np.log(random.uniforms(n)) / (0.5 * np.exp(-0.5 * x))) ** (1.0 / shape)
    day = 1.0 / 365.242
    short = t < day
    t[short] = day + 1e-4 * random.normals(int(short.sum()))
    t = np.abs(t)
    return x, np.minimum(t, 5.0), t < 5.0


def cox(x, t, seen):
    """Log hazard ratio of a binary treatment by partial likelihood (Newton), and its SE."""
    order = np.argsort(-t)
    x, seen = x[order], seen[order]
    treated, others = np.cumsum(x), np.cumsum(1 - x)
    beta = 0.0
    for _ in range(30):
        p = (treated * math.exp(beta) / (treated * math.exp(beta) + others))[seen]
        score, information = (x[seen] - p).sum(), (p * (1 - p)).sum()
        beta += score / information
        if abs(score) < 1e-12 * information:
            break
    return beta, 1.0 / math.sqrt(information)


def exponential(x, t, seen):
    """The same with constant hazards: events over time at risk in either arm."""
    events = np.array([seen[x == arm].sum() for arm in (0, 1)])
    at_risk = np.array([t[x == arm].sum() for arm in (0, 1)])
    low, high = np.log(events / at_risk)
    return high - low, math.sqrt((1.0 / events).sum())


@pytest.fixture(scope="module")
def relhaz():
    random = RRandom(755_353_002)
    rows = []
    for n, baseline in RELHAZ:
        for dataset in range(1, 101):
            data = survival_times(random, n, 1.5 if baseline == "Weibull" else 1.0)
            for model, fit in (("Cox", cox), ("Exp", exponential)):
                rows.append((dataset, n, baseline, *fit(*data), model))
    return pd.DataFrame(rows, columns=["dataset", "n", "baseline", "theta", "se", "model"])


@pytest.fixture(scope="module")
def relhaz_measures(relhaz, tmp_path_factory):
    words = ("--truth", "-0.5", "--null", "0", "--mcse", "normal")
    folder = tmp_path_factory.mktemp("relhaz")
    return measured(relhaz, folder, *words), measured(relhaz, folder, *words, differences=True)


@pytest.mark.parametrize("condition", RELHAZ)
@pytest.mark.parametrize("model", ["Cox", "Exp"])
def test_rsimsum_measures(relhaz_measures, condition, model):
    table, _ = relhaz_measures
    n, baseline = condition
    expected = RELHAZ[condition][model == "Exp"]
    for name, figures in zip(RELHAZ_MEASURES, expected, strict=True):
        value, mcse = one(table, name, n=n, baseline=baseline, estimator=model)
        share, share_mcse = figures if isinstance(figures, tuple) else (figures, None)
        # The fitting stops at another digit; the percentages show two more.
        assert value == pytest.approx(share, abs=1.5e-4 if name.startswith("rel") else 0.6e-4), name
        if isinstance(figures, float):
            # At a share of 1 rsimsum prints an error of 0, which ours is not.
            share_mcse = math.sqrt(share * (1 - share) / 100) or 1 / 101
        if share_mcse is not None:
            assert mcse == pytest.approx(share_mcse, abs=0.6e-4, rel=1e-4), name


@pytest.mark.parametrize("condition", RELHAZ)
def test_rsimsum_gain_in_precision_over_cox(relhaz_measures, condition):
    _, differences = relhaz_measures
    n, baseline = condition
    found = one(differences, "relative_precision", n=str(n), baseline=baseline)
    assert found == tuple(pytest.approx(x, abs=2e-3) for x in RELHAZ[condition][2])
