"""Points, standard errors and intervals against R's survey package, on frozen fixtures."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from underrecording.audit import Audit
from underrecording.estimation import EstimatorSpec, estimate

MADE = json.loads(
    (Path(__file__).parents[1] / "golden" / "survey" / "fixtures.json").read_text(encoding="utf-8")
)
AUDITS = MADE["audits"]
BY_RECORDS = [name for name, audit in AUDITS.items() if "svyciprop" in audit["survey"]]
AT_THE_EDGE = ("all_recorded", "none_recorded")
INSIDE = [name for name in BY_RECORDS if name not in AT_THE_EDGE]
SIX_DIGITS = 1e-7
INTERVALS = {"t": "mean", "arcsine": "asin", "korn_graubard": "beta", "logit": "xlogit"}
"""Our name and that of R's ``svyciprop``; its ``logit`` refits the share and stops 1e-10 short."""

audits = pytest.mark.parametrize("name", list(AUDITS))
inside = pytest.mark.parametrize("name", INSIDE)


def audit_of(given):
    """The counts of a fixture as an audit on a frame of all its forces."""
    stratum, of = np.array(given["force_stratum"]), np.array(given["of"])
    counts = {name: np.array(given[name]).reshape(len(stratum), -1)
              for name in ("frame", "sampled", "due", "recorded")}  # fmt: skip
    labels, inspected = np.unique(stratum, return_counts=True)
    p_inclusion = inspected[np.searchsorted(labels, stratum)] / of
    n_forces = int(sum(of[stratum == label][0] for label in labels))
    return Audit(
        force=np.arange(len(stratum)),
        **counts,
        p_inclusion=p_inclusion,
        force_stratum=np.searchsorted(labels, stratum),
        recorded_volume=np.zeros((n_forces, counts["due"].shape[1])),
    )


def ours(audit, estimator):
    return estimate(audit, EstimatorSpec.parse(estimator), level=MADE["level"])


def same(found, said, *, rel=SIX_DIGITS):
    assert found.reason == "ok"
    assert found.value == pytest.approx(said["value"], rel=rel)
    assert math.sqrt(found.variance) == pytest.approx(said["se"], rel=rel, abs=1e-15)


def test_fixtures_say_by_what_they_were_made():
    assert MADE["by"]["R"].startswith("R version 4.")
    assert MADE["by"]["survey"] == "4.1.1"
    assert len(INSIDE) >= 6


@audits
def test_two_stages_with_both_corrections(name):
    found, said = (
        ours(audit_of(AUDITS[name]), "combined_ratio/linearised/t"),
        AUDITS[name]["survey"],
    )
    same(found, said["two_stage"])
    assert found.df == said["two_stage"]["df"]


@audits
def test_forces_as_if_with_replacement(name):
    found = ours(audit_of(AUDITS[name]), "combined_ratio/ultimate_cluster/t")
    same(found, AUDITS[name]["survey"]["ultimate_cluster"])


@pytest.mark.parametrize("name", [name for name in AUDITS if name not in AT_THE_EDGE])
def test_jackknife_is_r_s_with_mse(name):
    found = ours(audit_of(AUDITS[name]), "combined_ratio/jackknife/t")
    same(found, AUDITS[name]["survey"]["jackknife_mse_TRUE"])


@inside
@pytest.mark.parametrize("interval", list(INTERVALS))
def test_interval_is_that_of_svyciprop(name, interval):
    found = ours(audit_of(AUDITS[name]), f"combined_ratio/linearised/{interval}")
    said = AUDITS[name]["survey"]["svyciprop"][INTERVALS[interval]]
    assert found.low == pytest.approx(said["low"], rel=SIX_DIGITS)
    assert found.high == pytest.approx(said["high"], rel=SIX_DIGITS)


@pytest.mark.parametrize("name", [name for name in INSIDE if name != "two"])
def test_likelihood_is_r_s_to_the_accuracy_of_its_profile(name):
    """R interpolates the profile between a dozen points: to about 2 per cent of the width."""
    found = ours(audit_of(AUDITS[name]), "combined_ratio/linearised/likelihood")
    said = AUDITS[name]["survey"]["svyciprop"]["likelihood"]
    width = said["high"] - said["low"]
    assert abs(found.low - said["low"]) < 0.02 * width
    assert abs(found.high - said["high"]) < 0.02 * width


def test_where_r_has_no_likelihood_interval_ours_is_a_stated_one():
    assert AUDITS["two"]["survey"]["svyciprop"]["likelihood"]["low"] is None
    found = ours(audit_of(AUDITS["two"]), "combined_ratio/linearised/likelihood")
    assert found.reason == "ok"
    assert 0.0 <= found.low < found.value < found.high <= 1.0


@pytest.mark.parametrize("name", AT_THE_EDGE)
@pytest.mark.parametrize("interval", ["arcsine", "korn_graubard", "likelihood", "wilson"])
def test_where_all_records_agree_r_gives_nothing_and_ours_is_an_interval(name, interval):
    said = AUDITS[name]["survey"]["svyciprop"]
    assert said["asin"]["low"] is None
    assert said["beta"]["low"] is None
    assert "error" in said["likelihood"]
    found = ours(audit_of(AUDITS[name]), f"combined_ratio/linearised/{interval}")
    assert found.reason == "ok"
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert 0.0 < found.high - found.low < 0.2


def one_stage():
    given = MADE["one_stage"]
    due, recorded = (np.array(given[name])[:, None] for name in ("due", "recorded"))
    m, volume = len(due), np.array(given["volume"], float)[:, None]
    return Audit(
        force=np.array(given["force"]),
        frame=due, sampled=due, due=due, recorded=recorded,
        p_inclusion=np.full(m, m / len(volume)),
        force_stratum=np.zeros(m, np.int64),
        recorded_volume=volume,
        post_stratum=np.array(given["post_stratum"]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        ("combined_ratio/linearised/t", "simple"),
        ("combined_ratio/ultimate_cluster/t", "without_correction"),
        ("post_stratified/linearised/t", "post_stratified"),
        ("regression/linearised/t", "regression"),
    ],
)
def test_one_stage_plain_post_stratified_and_calibrated(estimator, said):
    same(ours(one_stage(), estimator), MADE["one_stage"]["survey"][said])


def test_yates_grundy_with_exact_joint_probabilities():
    given = MADE["unequal"]
    due, recorded = (np.array(given[name])[:, None] for name in ("due", "recorded"))
    joint, force = np.array(given["p_joint"]), np.array(given["force"])
    audit = Audit(
        force=force,
        frame=due, sampled=due, due=due, recorded=recorded,
        p_inclusion=joint[force, force],
        force_stratum=np.zeros(len(force), np.int64),
        recorded_volume=np.zeros((len(joint), 1)),
        p_joint=joint,
    )  # fmt: skip
    same(ours(audit, "combined_ratio/sen_yates_grundy/t"), given["survey"]["yates_grundy"])
    planted = audit._replace(p_joint=np.minimum(1.0, joint * 1.02))
    wrong = ours(planted, "combined_ratio/sen_yates_grundy/t")
    assert math.sqrt(wrong.variance) != pytest.approx(
        given["survey"]["yates_grundy"]["se"], rel=1e-3
    )


def test_forces_drawn_with_replacement():
    given = MADE["replaced"]
    counts = {
        name: np.array(given[name])[:, None] for name in ("frame", "sampled", "due", "recorded")
    }
    audit = Audit(
        force=np.array(given["force"]),
        **counts,
        p_inclusion=np.array(given["expected_draws"]),
        force_stratum=np.zeros(len(given["force"]), np.int64),
        recorded_volume=np.zeros((given["forces"], 1)),
    )
    assert len(set(given["force"])) < len(given["force"])
    same(ours(audit, "combined_ratio/ultimate_cluster/t"), given["survey"]["with_replacement"])
