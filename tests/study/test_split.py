"""The variance of an error, taken apart: against every sample there is, and against itself."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from underrecording.errors import UserError
from underrecording.estimation import EstimatorSpec
from underrecording.estimation.many import repeat
from underrecording.inspection.audits import read_review, select_forces
from underrecording.inspection.forces.design import selection_name
from underrecording.inspection.forces.srs import SimpleRandom, simple_random_plan
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.layers import _read_anew, read_in_layers
from underrecording.inspection.questions import QUESTIONS
from underrecording.inspection.strands import reports_strand
from underrecording.ledger import Ledger
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.given_forces import gain, integrate, mean_of
from underrecording.study.plan import Block
from underrecording.study.split import (
    SOURCES,
    in_layers,
    refuse_unsplittable,
    split_variance,
    unit_variances,
)

SPEC = EstimatorSpec("combined_ratio", "linearised", "t")
NATIONAL = QUESTIONS["under_recording_rate/national"]
FORCES, READ = 2, 3
# Reports, due, recorded of each force.
POPULATION = np.array([(9, 8, 7), (12, 10, 5), (7, 7, 6), (20, 16, 10)])
SENSITIVITY = 0.9
UNITS = 40_000


def small(confusion=(1.0, 1.0, 1.0, 1.0)):
    """Plan, review, strand and ledger of four forces of one stratum."""
    n = len(POPULATION)
    ledger = Ledger.empty(1, n, 1)
    for field, column in zip(("reports", "due", "recorded"), POPULATION.T, strict=True):
        getattr(ledger, field)[0, :, 0] = column
    plan = InspectionPlan(
        forces=simple_random_plan(FORCES, n),
        select=selection_name(SimpleRandom.select),
        records=np.full((n, 1), READ),
        confusion=np.array(confusion),
        no_crime_groups=(),
        no_crime_records=np.zeros((n, 0), np.int64),
        no_crime_confusion=np.ones(4),
        force_type=np.zeros(n, np.int64),
    )
    return plan, plan.review("reports"), reports_strand(ledger), ledger


def records_drawn(force):
    """Law of (due, recorded) among READ records of a force: [((x, y), chance)]."""
    reports, due, recorded = POPULATION[force]
    return [
        (
            (x, y),
            math.comb(recorded, y) * math.comb(due - recorded, x - y)
            * math.comb(reports - due, READ - x) / math.comb(reports, READ),
        )
        for x in range(READ + 1)
        for y in range(x + 1)
        if READ - x <= reports - due and x - y <= due - recorded and y <= recorded
    ]  # fmt: skip


def exact_components(sensitivity):
    """Variance by forces, records and readings over every sample and every reading."""
    sets = list(itertools.combinations(range(len(POPULATION)), FORCES))
    means, of_records, of_readings = [], 0.0, 0.0
    for chosen in sets:
        first = second = readings = total = 0.0
        for drawn in itertools.product(*(records_drawn(f) for f in chosen)):
            chance = math.prod(p for _, p in drawn)
            due = sum(
                POPULATION[f, 0] / READ * x for f, ((x, _), _) in zip(chosen, drawn, strict=True)
            )
            if due == 0:
                continue
            mean = variance = 0.0
            for f, ((_, y), _) in zip(chosen, drawn, strict=True):
                weight = POPULATION[f, 0] / READ / due
                mean += weight * y * sensitivity
                variance += weight**2 * y * sensitivity * (1 - sensitivity)
            first += chance * mean
            second += chance * mean**2
            readings += chance * variance
            total += chance
        assert total == pytest.approx(1.0)
        means.append(first)
        of_records += (second - first**2) / len(sets)
        of_readings += readings / len(sets)
    return {"forces": np.var(means), "records": of_records, "readings": of_readings}


def nested_errors(sensitivity, units=UNITS):
    errors = np.empty((2, 2, 2, units))
    plan, review, strand, ledger = small((1.0, 1.0, sensitivity, 1.0))
    for place, audits in in_layers(plan, review, strand, ledger, seed=5, first=0, count=units):
        errors[place] = repeat(SPEC, audits, level=0.95)[0][:, 0]
    return errors


def z_of(measured, target):
    return abs(measured.value - target) / measured.mcse


@pytest.mark.parametrize("sensitivity", [1.0, SENSITIVITY])
def test_components_are_those_of_every_sample_there_is(sensitivity):
    exact = exact_components(sensitivity)
    errors = nested_errors(sensitivity)
    assert np.isfinite(errors).all()
    found = {k: mean_of(v) for k, v in unit_variances(errors, between_worlds=False).items()}
    assert found["world"].value == 0.0
    for source, target in exact.items():
        if target == 0.0:
            assert found[source].value == 0.0
        else:
            assert z_of(found[source], target) < 4.0, source


def test_a_component_that_keeps_half_of_the_one_below_it_is_caught():
    exact = exact_components(SENSITIVITY)
    parts = unit_variances(nested_errors(SENSITIVITY), between_worlds=False)
    # What comes out where nobody takes the record draw off the mean square of forces.
    planted = mean_of(parts["forces"] + parts["records"] / 2)
    assert z_of(planted, exact["forces"]) > 6.0


def test_world_is_the_variance_of_what_worlds_expect():
    luck = np.random.default_rng(3)
    worlds, forces, records, readings = 0.5, 1.0, 2.0, 0.7
    n = 20_000
    errors = (
        luck.normal(0.0, worlds, n)
        + luck.normal(0.0, forces, (2, 1, 1, n))
        + luck.normal(0.0, records, (2, 2, 1, n))
        + luck.normal(0.0, readings, (2, 2, 2, n))
    )
    parts = unit_variances(errors, between_worlds=True)
    for source, sd in zip(SOURCES, (worlds, forces, records, readings), strict=True):
        assert z_of(mean_of(parts[source]), sd**2) < 4.0, source


FULL = (
    "inspection.auditors={due: {sensitivity: 0.9, specificity: 0.95}, "
    "recorded: {sensitivity: 0.92, specificity: 0.9}, "
    "second_reading: {share: 0.3, adjudicate: true}}",
    "inspection.records={allocation: proportional, per_force: 40, "
    "unreachable: {unrecorded: 0.1, not_due: 0.05}}",
)


@pytest.mark.parametrize("overrides", [FULL[:1], FULL])
def test_layers_that_share_an_address_are_an_ordinary_reading(loaded, overrides):
    cell = plan_study(loaded(*overrides, "study.sweep={}")).cells[0]
    ledger, plan = cell.world.fixed(7, 0), cell.inspection
    review, strand = plan.review("reports"), reports_strand(ledger)
    chosen = select_forces(plan, ledger, 7, 0, 3, 20)
    usual = read_review(plan, review, strand, chosen, 7, 0, 3)
    again = read_review(plan, review, strand, chosen, 7, 0, 999)
    _read_anew(
        again, strand.reports, strand.due, strand.recorded, strand.over_recorded, review.records,
        review.confusion, review.unreachable, review.rereading, review.held is None,
        np.uint64(7), 0, 3, 3, review.purpose,
    )  # fmt: skip
    for name in ("sampled", "due", "recorded", "over_recorded"):
        np.testing.assert_array_equal(getattr(again, name), getattr(usual, name), err_msg=name)


def test_records_stay_when_readings_alone_are_drawn_anew():
    # Readers who never err about "due" find the same due records each time.
    plan, review, strand, ledger = small((1.0, 1.0, 0.5, 1.0))
    chosen = select_forces(plan, ledger, 5, 0, 0, 50)
    one, other = (
        read_in_layers(plan, review, strand, chosen, 5, 0, records_at=0, readings_at=at)
        for at in (0, 1000)
    )
    np.testing.assert_array_equal(one.due, other.due)
    assert (one.recorded != other.recorded).any()


def test_the_first_layer_is_the_study_itself(loaded):
    plan = plan_study(loaded("study.sweep={}"))
    rows = run_block(plan, Block(0, 0, 50)).rows
    ledger = plan.cells[0].world.fresh(7, 0, 50)
    inspection = plan.cells[0].inspection
    layers = in_layers(
        inspection, inspection.review("reports"), reports_strand(ledger), ledger,
        seed=7, first=0, count=50,
    )  # fmt: skip
    _, audits = next(layers)
    answers, _ = repeat(plan.estimators[1], audits, level=0.95)
    np.testing.assert_array_equal(answers[:, 0], rows.estimate[0, 0, 1, :50])


def test_sources_sum_to_the_variance_of_the_error(loaded):
    plan = plan_study(loaded("study.sweep={}", *FULL[:1]))
    for one in split_variance(plan, units=600):
        assert one.units == 600
        assert one.total.value == pytest.approx(sum(part.value for part in one.sources.values()))
        assert abs(one.difference.value) < 4.0 * one.difference.mcse
        assert one.sources["readings"].value > 5.0 * one.sources["readings"].mcse
        assert one.monte_carlo == pytest.approx(one.total.value / 120)


def test_a_fixed_world_adds_nothing(loaded):
    plan = plan_study(loaded("study.sweep={}", "world.draw=fixed"))
    (one,) = (one for one in split_variance(plan, units=300) if one.estimator == "combined_ratio")
    assert one.sources["world"] == (0.0, 0.0)
    assert one.sources["forces"].value > 4.0 * one.sources["forces"].mcse


def test_several_fixed_worlds_are_refused(loaded):
    scenario = loaded("world.draw=fixed", "world.worlds=3").scenario
    with pytest.raises(UserError, match=r"world\.worlds: 3 fixed worlds"):
        refuse_unsplittable(scenario)


def test_a_single_force_is_refused(loaded):
    scenario = loaded("study.estimands=[under_recording_rate/Essex]").scenario
    with pytest.raises(UserError, match="under_recording_rate/Essex: a force is not in every"):
        refuse_unsplittable(scenario)


# ------------------------------------------------------------------ integrated over records


def every_outcome(sensitivity):
    """All audits of force 1 alone, with the chance of each."""
    laws = []
    for (x, y), chance in records_drawn(1):
        for read in range(y + 1):
            p = stats.binom.pmf(read, y, sensitivity)
            if p > 0.0:
                laws.append((x, read, chance * p))
    due, recorded, chance = map(np.array, zip(*laws, strict=True))
    audits = SimpleNamespace(
        force=np.full((due.size, 1), 1),
        frame=np.full((due.size, 1, 1), POPULATION[1, 0]),
        sampled=np.full((due.size, 1, 1), READ),
        due=due.reshape(-1, 1, 1),
        recorded=recorded.reshape(-1, 1, 1),
        p_inclusion=np.full((due.size, 1), 0.5),
    )
    return audits, chance


@pytest.mark.parametrize("point", ["pooled", "combined_ratio"])
@pytest.mark.parametrize("sensitivity", [1.0, SENSITIVITY])
def test_a_control_has_mean_0_and_the_stated_variance_exactly(point, sensitivity):
    _, review, strand, _ = small((1.0, 1.0, sensitivity, 1.0))
    audits, chance = every_outcome(sensitivity)
    spec = EstimatorSpec(point, "linearised", "t")
    known = integrate(spec, NATIONAL, review, strand, audits)
    assert chance.sum() == pytest.approx(1.0)
    assert chance @ known.control == pytest.approx(0.0, abs=1e-14)
    assert chance @ known.control**2 == pytest.approx(known.records[0] + known.readings[0])
    assert (known.readings[0] > 0.0) == (sensitivity < 1.0)


def test_a_control_without_its_finite_correction_is_caught():
    _, review, strand, _ = small()
    audits, chance = every_outcome(1.0)
    known = integrate(SPEC, NATIONAL, review, strand, audits)
    planted = known.records[0] * (POPULATION[1, 0] - 1) / (POPULATION[1, 0] - READ)
    assert chance @ known.control**2 != pytest.approx(planted, rel=0.05)


def test_points_that_are_no_ratio_of_records_are_left_alone():
    plan, review, strand, ledger = small()
    chosen = select_forces(plan, ledger, 5, 0, 0, 4)
    audits = read_review(plan, review, strand, chosen, 5, 0, 0)
    other = EstimatorSpec("mean_of_forces", "linearised", "t")
    assert integrate(other, NATIONAL, review, strand, audits) is None


def test_integrating_moves_no_measure_and_saves_replicates(loaded):
    plan = plan_study(loaded("study.sweep={}", "inspection.forces.count=43", "world.draw=fixed"))
    (one,) = (one for one in split_variance(plan, units=1500) if one.estimator == "combined_ratio")
    found = one.gain
    assert abs(found.bias.value - found.integrated_bias.value) < 4.0 * found.bias.mcse
    assert abs(found.empirical_se.value - found.integrated_se.value) < 4.0 * found.empirical_se.mcse
    # All forces are in: what is left of the noise is what is not linear.
    assert found.bias_factor > 20.0
    assert found.variance_factor > 5.0
    assert found.integrated_bias.mcse < found.bias.mcse / 4.0
    nested = one.sources["records"]
    assert abs(nested.value - found.records.value) < 4.0 * nested.mcse + 0.03 * nested.value


def test_the_gain_is_one_where_nothing_is_known():
    luck = np.random.default_rng(1).normal(size=400)
    nothing = SimpleNamespace(control=np.zeros(400), records=np.zeros(400), readings=np.zeros(400))
    found = gain(luck, nothing)
    assert found.bias == found.integrated_bias
    assert found.bias_factor == found.variance_factor == 1.0


# ----------------------------------------------------------------------- common random numbers


@pytest.mark.parametrize(
    ("change", "least"),
    [
        ("inspection.forces.count=7", 0.6),
        ("inspection.records.per_force=60", 0.7),
        ("inspection.forces={design: stratified, count: 5, certainty: [Metropolitan]}", 0.25),
    ],
)
def test_cells_and_designs_share_their_luck(loaded, change, least):
    def errors(*overrides):
        plan = plan_study(loaded("study.sweep={}", "study.trajectories=0", *overrides))
        rows = run_block(plan, Block(0, 0, 600)).rows
        return rows.estimate[0, 0, 1] - rows.truth[0, 0]

    here, there, elsewhere = errors(), errors(change), errors(change, "seed=8")
    assert np.corrcoef(here, there)[0, 1] > least
    # The same replicates with luck of their own: correlation 0 within its error.
    assert abs(np.corrcoef(here, elsewhere)[0, 1]) < 4.0 / math.sqrt(600)
    assert np.var(here - there) < (1.0 - 0.8 * least) * np.var(here - elsewhere)


def test_estimators_share_their_luck(loaded):
    rows = run_block(plan_study(loaded("study.sweep={}")), Block(0, 0, 600)).rows
    pooled, ratio = rows.estimate[0, 0] - rows.truth[0, 0]
    assert np.corrcoef(pooled, ratio)[0, 1] > 0.7
