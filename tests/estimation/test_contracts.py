"""What every plug-in of the room promises, whoever adds it."""

import math

import numpy as np
import pytest
from numba import types

from underrecording.audit import OK, REASONS, Influence, Totals
from underrecording.estimation.check import alone, with_totals
from underrecording.estimation.compile import (
    AUDIT_TYPE,
    INFLUENCE_TYPE,
    POINT_FT,
    compile_as,
    compiled_df,
    compiled_interval,
    compiled_model,
    compiled_point,
    compiled_variance,
)
from underrecording.estimation.estimate import empty_influence
from underrecording.estimation.many import accuracies, compiled_estimator, in_batches, no_point
from underrecording.estimation.precision import precision
from underrecording.estimation.registries import (
    INTERVALS,
    MODELS,
    POINTS,
    VARIANCES,
    point_estimator,
)
from underrecording.estimation.replication import reestimate
from underrecording.estimation.spec import EstimatorSpec

REGISTRIES = (POINTS, VARIANCES, INTERVALS, MODELS)
PLUG_INS = [plug_in for registry in REGISTRIES for plug_in in registry.values()]
RESAMPLING = {"bootstrap"}  # what depends on the seed of the audit, as it says

points = pytest.mark.parametrize("name", list(POINTS))
variances = pytest.mark.parametrize("name", list(VARIANCES))
intervals = pytest.mark.parametrize("name", list(INTERVALS))
OTHER_PRIORS = ("beta_binomial/posterior_reference", "beta_binomial/posterior_half_cauchy")
models = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name.startswith(OTHER_PRIORS) else name
        for name in MODELS
    ],
)


def test_registries_hold_what_the_model_promises():
    assert {"pooled", "mean_of_forces", "combined_ratio", "volume_weighted", "by_group"} <= set(
        POINTS
    )
    assert {"post_stratified", "regression", "confusion_corrected"} <= set(POINTS)
    assert {"binomial", "linearised", "ultimate_cluster", "jackknife", "bootstrap"} <= set(
        VARIANCES
    )
    assert "sen_yates_grundy" in VARIANCES
    assert {"wald", "t", "logit", "arcsine", "wilson", "agresti_coull", "jeffreys"} <= set(
        INTERVALS
    )
    assert {"clopper_pearson", "korn_graubard", "likelihood"} <= set(INTERVALS)
    assert "beta_binomial/posterior/credible" in MODELS


@pytest.mark.parametrize("plug_in", PLUG_INS, ids=lambda plug_in: plug_in.name)
@pytest.mark.parametrize("part", ["Formula::", "Assumes:", "Do not use it", "Source:"])
def test_description_says_what_a_user_must_know(plug_in, part):
    assert part in plug_in.description
    assert plug_in.summary == plug_in.description.splitlines()[0]
    assert plug_in.summary.endswith(".")


def assert_untouched(audit, before):
    for field, copy in zip(audit, before, strict=True):
        pairs = zip(field, copy, strict=True) if isinstance(field, Totals) else [(field, copy)]
        for one, other in pairs:
            np.testing.assert_array_equal(one, other)


def copied(audit):
    whole = ("seed", "totals")
    fields = {name: np.copy(f) for name, f in audit._asdict().items() if name not in whole}
    return audit._replace(**fields, totals=Totals(*map(np.copy, audit.totals)))


# --- point estimators ---


@points
def test_point_is_a_share_and_fills_every_cell_of_its_influence(name, calm_audit):
    room = empty_influence(len(calm_audit.force))
    influence = Influence(*(np.full_like(array, 99.0) for array in room))
    influence.readers[:] = 0.0  # those who know nothing of readers leave it
    accuracy, reason = compiled_point(name)(calm_audit, influence)
    assert reason == OK
    assert 0.0 < accuracy < 1.0
    for array in influence:
        assert not (array == 99.0).any()
    for array in (
        influence.contribution,
        influence.spread,
        influence.readers,
    ):
        assert np.isfinite(array).all()
    assert (influence.spread > 0.0).all()
    assert (influence.readers >= 0.0).all()


@points
def test_point_leaves_the_audit_alone(name, calm_audit, point):
    before = copied(calm_audit)
    point(name, calm_audit)
    assert_untouched(calm_audit, before)


@points
@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]])
def test_point_does_not_mind_the_order_of_forces(name, calm_audit, point, take_forces, order):
    accuracy, _, influence = point(name, calm_audit)
    other, _, other_influence = point(name, take_forces(calm_audit, order))
    assert other == pytest.approx(accuracy, rel=1e-12)
    np.testing.assert_allclose(
        other_influence.contribution, influence.contribution[order], atol=1e-13
    )


@points
def test_contributions_sum_to_nothing(name, calm_audit, point):
    _, _, influence = point(name, calm_audit)
    assert influence.contribution.sum() == pytest.approx(0.0, abs=1e-14)


@points
def test_terms_of_a_ratio_are_all_there_and_give_the_accuracy_or_are_all_nan(
    name, calm_audit, point
):
    accuracy, _, influence = point(name, calm_audit)
    terms = np.concatenate([influence.numerator, influence.denominator])
    if np.isnan(terms).any():
        assert np.isnan(terms).all()
    else:
        ratio = influence.numerator.sum() / influence.denominator.sum()
        assert ratio == pytest.approx(accuracy, rel=1e-14)


@pytest.fixture(scope="module")
def anew():
    """`reestimate` for any point estimator: a function of names and multiplicities."""
    signature = types.Tuple((types.float64, types.int64))(
        AUDIT_TYPE, INFLUENCE_TYPE, POINT_FT, types.float64[::1], INFLUENCE_TYPE
    )
    function = compile_as(signature, reestimate.py_func)

    def reestimated(name, audit, influence, multiplicity):
        audit, scratch = with_totals(audit), empty_influence(len(audit.force))
        value, reason = function(audit, influence, compiled_point(name), multiplicity, scratch)
        assert reason == OK
        return value

    return reestimated


def derivative_by_multiplicity(anew, name, audit, influence, f, step=1e-4):
    """By the weight of force f; error of the order of step^2."""
    up, down = np.ones(len(audit.force)), np.ones(len(audit.force))
    up[f] += step
    down[f] -= step
    return (anew(name, audit, influence, up) - anew(name, audit, influence, down)) / (2 * step)


@points
def test_contribution_is_what_replication_finds_when_a_force_weighs_more(
    name, calm_audit, point, anew
):
    accuracy, _, influence = point(name, calm_audit)
    assert anew(name, calm_audit, influence, np.ones(6)) == pytest.approx(accuracy, rel=1e-13)
    for f in range(6):
        derivative = derivative_by_multiplicity(anew, name, calm_audit, influence, f)
        assert derivative == pytest.approx(influence.contribution[f], abs=1e-8)
    # The smallest deviation from that which matters would be seen.
    assert abs(influence.contribution).max() > 1e-4


SCALE, STEP = 10**6, 10**3
KINDS = ("due", "recorded", "over_recorded")


def derivative_by_count(point, name, audit, kind, f, h):
    """What one more record of a count adds, the audit a million times larger."""
    values = []
    for change in (STEP, -STEP):
        counts = getattr(audit, kind).copy()
        counts[f, h] += change
        values.append(point(name, audit._replace(**{kind: counts}))[0])
    return (values[0] - values[1]) / (2 * STEP)


@points
def test_spread_is_the_variance_of_what_records_add(name, calm_audit, point):
    """As what a record adds matters only up to a constant, not due counts as 0."""
    tables = ("frame", "sampled", "due", "recorded", "over_recorded")
    large = calm_audit._replace(**{t: getattr(calm_audit, t) * SCALE for t in tables})
    _, _, influence = point(name, calm_audit)
    for f in (0, 3, 5):
        variance = 0.0
        for h in range(calm_audit.frame.shape[1]):
            due, recorded, over = (
                SCALE * derivative_by_count(point, name, large, kind, f, h) for kind in KINDS
            )
            n, x, y, z = (getattr(calm_audit, t)[f, h] for t in tables[1:])
            adds = np.repeat([due + recorded, due, over, 0.0], [y, x - y, z, n - x - z])
            variance += n * (1 - n / calm_audit.frame[f, h]) * np.var(adds, ddof=1)
        expected = calm_audit.p_inclusion[f] * variance
        assert influence.spread[f] == pytest.approx(expected, rel=1e-6)


# --- variances ---


@variances
def test_variance_is_positive_with_every_point_and_has_degrees_of_freedom(
    name, calm_audit, variance_of
):
    for point_name in POINTS:
        variance, reason = variance_of(name, point_name, calm_audit)
        assert (reason, REASONS[reason]) == (OK, "ok")
        assert 0.0 < variance < 0.01
    assert compiled_df(name)(calm_audit) > 0.0


@variances
def test_a_variance_calls_the_point_estimator_if_it_says_so_and_else_never(name, calm_audit, point):
    accuracy, _, influence = point("by_group", calm_audit)
    given = compiled_variance(name)(calm_audit, accuracy, influence, compiled_point("by_group"))
    denied = compiled_variance(name)(calm_audit, accuracy, influence, no_point())
    assert (given != denied) == VARIANCES[name].reestimates


@variances
def test_variance_leaves_audit_and_influence_alone(name, calm_audit, point):
    for point_name in ("combined_ratio", "by_group"):  # a ratio of sums, and none
        accuracy, _, influence = point(point_name, calm_audit)
        before, spread = copied(calm_audit), Influence(*map(np.copy, influence))
        compiled_variance(name)(calm_audit, accuracy, influence, compiled_point(point_name))
        assert_untouched(calm_audit, before)
        assert_untouched(influence, spread)


@pytest.mark.parametrize("name", sorted(set(VARIANCES) - RESAMPLING))
@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]])
def test_variance_does_not_mind_the_order_of_forces_nor_the_seed(
    name, calm_audit, variance_of, take_forces, order
):
    moved = take_forces(calm_audit, order)._replace(seed=8)
    for point_name in POINTS:
        variance, _ = variance_of(name, point_name, calm_audit)
        assert variance_of(name, point_name, moved)[0] == pytest.approx(variance, rel=1e-11)


@pytest.mark.parametrize("name", sorted(RESAMPLING))
def test_variance_that_resamples_follows_from_the_seed(name, calm_audit, variance_of):
    first = variance_of(name, "combined_ratio", calm_audit)
    assert variance_of(name, "combined_ratio", calm_audit) == first
    assert variance_of(name, "combined_ratio", calm_audit._replace(seed=8)) != first


# --- intervals ---


@intervals
def test_interval_holds_the_estimate_and_names_its_quantile(name):
    low, high = compiled_interval(name)(precision(0.8, 0.0004, df=12.0, n_due=1700.0))
    assert 0.7 < low < 0.8 < high < 0.9
    assert INTERVALS[name].quantile in ("normal", "t")


# --- estimators that come whole ---


@models
def test_model_gives_an_estimate_inside_its_interval(name, calm_audit):
    value, variance, low, high, reason = compiled_model(name)(with_totals(calm_audit), 0.95)
    assert (reason, REASONS[reason]) == (OK, "ok")
    assert 0.0 <= low < value < high <= 1.0
    assert 0.0 < variance < 0.01
    # Of the size of its standard error, whatever its law.
    assert 1.0 < (high - low) / (2.0 * math.sqrt(variance)) < 4.0


@models
def test_model_leaves_the_audit_alone_and_repeats_itself(name, calm_audit):
    before = copied(calm_audit)
    first = compiled_model(name)(with_totals(calm_audit), 0.95)
    assert_untouched(calm_audit, before)
    assert compiled_model(name)(with_totals(calm_audit), 0.95) == first


@models
def test_interval_of_a_model_grows_with_the_level(name, calm_audit):
    audit = with_totals(calm_audit)
    ends = [compiled_model(name)(audit, level)[2:4] for level in (0.5, 0.8, 0.95, 0.99)]
    lows, highs = zip(*ends, strict=True)
    assert list(lows) == sorted(lows, reverse=True)
    assert list(highs) == sorted(highs)
    assert len(set(lows)) == len(set(highs)) == len(ends)


@models
def test_model_does_not_mind_the_order_of_forces(name, calm_audit, take_forces):
    moved = take_forces(calm_audit, [5, 4, 3, 2, 1, 0])
    assert compiled_model(name)(with_totals(moved), 0.95) == pytest.approx(
        compiled_model(name)(with_totals(calm_audit), 0.95), rel=1e-9
    )


@models
def test_model_goes_up_with_the_recorded(name, calm_audit):
    fewer = calm_audit._replace(recorded=calm_audit.recorded - 5)
    low, high = (compiled_model(name)(with_totals(a), 0.95)[0] for a in (fewer, calm_audit))
    assert low < high


@models
def test_model_is_named_as_a_scenario_names_it(name):
    plug_in = MODELS[name]
    assert EstimatorSpec.parse(name).is_model
    assert name == f"{name.split('/')[0]}/{plug_in.variance}/{plug_in.interval}"


# --- compilation ---


def always_one_half(audit, influence):
    """A point estimator of nobody else's."""
    influence.contribution[:] = 0.0
    influence.spread[:] = 0.0
    return 0.5, 0


def test_new_estimator_recompiles_nothing_else(calm_audit, monkeypatch):
    first = EstimatorSpec("pooled", "binomial", "wald")
    accuracies(first, alone(calm_audit), level=0.95)
    before = len(in_batches.signatures)
    monkeypatch.setattr(POINTS, "_items", POINTS._items | {})
    point_estimator("always_one_half")(always_one_half)
    spec = EstimatorSpec("always_one_half", "binomial", "wald")
    (answer,), _ = accuracies(spec, alone(calm_audit), level=0.95)
    assert answer[0] == 0.5
    assert answer[1] == pytest.approx(0.25 / calm_audit.due.sum())
    assert len(in_batches.signatures) == before
    assert compiled_estimator(spec).variance == compiled_estimator(first).variance
