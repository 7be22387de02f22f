"""What every plug-in of the room promises, whoever adds it."""

import math

import numpy as np
import pytest

from underrecording.audit import OK, REASONS, Influence
from underrecording.estimation.compile import (
    POINT_SIGNATURE,
    compile_as,
    compiled_df,
    compiled_interval,
    compiled_point,
    compiled_variance,
)
from underrecording.estimation.estimate import compiled_answer, empty_influence
from underrecording.estimation.registries import INTERVALS, POINTS, VARIANCES

REGISTRIES = {"point": POINTS, "variance": VARIANCES, "interval": INTERVALS}
PLUG_INS = [plug_in for registry in REGISTRIES.values() for plug_in in registry.values()]


def test_registries_hold_what_the_model_promises():
    assert {"pooled", "mean_of_forces", "combined_ratio", "volume_weighted", "by_group"} <= set(
        POINTS
    )
    assert {"binomial", "linearised"} <= set(VARIANCES)
    assert {"wald", "t", "logit", "wilson"} <= set(INTERVALS)


@pytest.mark.parametrize("plug_in", PLUG_INS, ids=lambda plug_in: plug_in.name)
@pytest.mark.parametrize("part", ["Formula::", "Assumes:", "Do not use it", "Source:"])
def test_description_says_what_a_user_must_know(plug_in, part):
    assert part in plug_in.description
    assert plug_in.summary == plug_in.description.splitlines()[0]
    assert plug_in.summary.endswith(".")


@pytest.mark.parametrize("name", list(POINTS))
def test_point_fills_every_cell_of_its_influence(name, random_audit):
    audit = random_audit(8)
    influence = Influence(*(np.full_like(array, np.nan) for array in empty_influence(4, 3)))
    accuracy, reason = compiled_point(name)(audit, influence)
    assert reason == OK
    assert 0.0 <= accuracy <= 1.0
    assert all(np.isfinite(array).all() for array in influence)


@pytest.mark.parametrize("name", list(POINTS))
def test_point_leaves_the_audit_alone(name, random_audit):
    audit, untouched = random_audit(8), random_audit(8)
    compiled_point(name)(audit, empty_influence(4, 3))
    for field, before in zip(audit, untouched, strict=True):
        np.testing.assert_array_equal(field, before)


@pytest.mark.parametrize("name", list(VARIANCES))
def test_variance_is_positive_and_has_degrees_of_freedom(name, random_audit):
    audit, influence = random_audit(8), empty_influence(4, 3)
    accuracy, _ = compiled_point("combined_ratio")(audit, influence)
    variance, reason = compiled_variance(name)(audit, accuracy, influence)
    assert (reason, REASONS[reason]) == (OK, "ok")
    assert variance > 0.0
    assert compiled_df(name)(audit) > 0.0


@pytest.mark.parametrize("name", list(INTERVALS))
def test_interval_holds_the_estimate_and_names_its_quantile(name):
    low, high = compiled_interval(name)(0.8, 0.0004, 2.0, 400.0)
    assert low < 0.8 < high
    assert INTERVALS[name].quantile in ("normal", "t")


def always_one_half(audit, influence):
    """A point estimator that nobody registered."""
    influence.contribution[:] = 0.0
    influence.slope[:] = 0.0
    return 0.5, 0


def test_new_estimator_recompiles_no_loop(random_audit):
    audit, loop = random_audit(8), compiled_answer()
    value, variance, *_ = loop(
        compile_as(POINT_SIGNATURE, always_one_half),
        compiled_variance("binomial"),
        compiled_interval("wald"),
        audit,
        empty_influence(4, 3),
        2.0,
    )
    assert value == 0.5
    assert variance == pytest.approx(0.25 / audit.due.sum())
    assert not math.isnan(value)
    assert len(loop.signatures) == 1
