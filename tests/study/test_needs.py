"""What a study draws of its worlds: all that its answers depend on, and no more."""

import numpy as np
import pytest

from underrecording.estimation import MODELS, POINTS, EstimatorSpec, repeat
from underrecording.estimation.many import some_audits
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.questions import QUESTIONS
from underrecording.inspection.strands import reports_strand
from underrecording.study import plan_study
from underrecording.study.needs import needs_of

SECTIONS = [
    f"inspection.{name}={{}}"
    for name in ("recorded_crimes", "disposals", "other_systems", "no_crimes")
]
PLAIN = {"reports", "due", "recorded"}
VOLUMES = {"over_recorded", "no_crimed"}
EVERY = [*(f"{name}/linearised/t" for name in POINTS), *MODELS]


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (["estimators=[combined_ratio/linearised/t]"], PLAIN),
        (["estimators=[volume_weighted/linearised/t]"], PLAIN | VOLUMES),
        (["inspection.auditors={due: {sensitivity: 0.9}}"], PLAIN | {"over_recorded"}),
        (["inspection.records.unreachable={recorded: 0.1}"], PLAIN | {"over_recorded"}),
        (
            ["study.estimands=[under_recording_rate/all_routes]"],
            PLAIN | {"other_due", "other_recorded", "gap_due"},
        ),
        (
            ["study.estimands=[net_under_recording_rate/national]"],
            PLAIN | {"wrongly_no_crimed"},
        ),
        (
            ["inspection.records.strata=group_route"],
            PLAIN | {"bureau_due", "bureau_recorded", "bureau_reports"},
        ),
        (["study.estimands=[late_share/violence]"], {"recorded", "late"}),
        (
            ["study.estimands=[wrong_disposal_share/national]"],
            {"disposals", "wrong_disposals"},
        ),
    ],
)
def test_only_what_is_asked_about_is_drawn(loaded, settings, fields):
    plan = plan_study(loaded(*SECTIONS, *settings))
    assert needs_of(plan).fields - {"reports"} == fields - {"reports"}


def test_every_question_can_be_asked_of_the_stand_in(loaded):
    for name in QUESTIONS:
        settings = (*SECTIONS, "inspection.records.strata=group_route")
        assert needs_of(plan_study(loaded(*settings, f"study.estimands=[{name}]"))).fields


@pytest.mark.parametrize("name", EVERY)
def test_an_estimator_uses_the_volumes_that_it_says_it_uses(loaded, name):
    plan, spec = plan_study(loaded("world.draw=fixed")), EstimatorSpec.parse(name)
    inspection, ledger = plan.cells[0].inspection, plan.cells[0].world.fixed(3, 0)
    chosen = select_forces(inspection, ledger, 3, 0, 0, 5)
    audits = read_reports(inspection, reports_strand(ledger), chosen, 3, 0, 0)
    nan = np.full_like(audits.recorded_volume, np.nan)
    of_inspected = nan.copy()
    for audit in chosen[:1]:
        of_inspected[:, audit] = audits.recorded_volume[:, audit]

    def answer(volume):
        first = some_audits(audits, 0, 1)
        return repeat(spec, first._replace(recorded_volume=volume), level=0.95)[0]

    known = {"of none": nan, "of inspected": of_inspected, "of all": audits.recorded_volume}
    right = answer(audits.recorded_volume)
    np.testing.assert_array_equal(answer(known[spec.volumes]), right)
    if spec.volumes != "of none":
        less = nan if spec.volumes == "of inspected" else of_inspected
        assert not np.array_equal(answer(less), right, equal_nan=True)
