"""How many records are read: totals, bounds, proportions, and what cannot be shared out."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underrecording.audit import ForceFrame
from underrecording.errors import UserError
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.options import InspectionOptions, Records, idle
from underrecording.inspection.options import given as was_given
from underrecording.inspection.records import LEAST, allocate, allocate_evenly, short_strata
from underrecording.published import (
    OFFENCE_GROUPS,
    fitted_sample_power,
    force_audits_2014,
    load_published,
)

PROPORTIONAL = ("equal", "proportional", "power", "hmic_2014")
WITHIN = ("proportional", "equal", "power")
EXPONENTS = (0.0, 0.5, 0.86, 2.0)


def frame_of(reports):
    """A frame whose forces are named after real ones, as far as `hmic_2014` knows them."""
    n_forces, n_strata = reports.shape
    return ForceFrame(
        forces=load_published().forces.name[:n_forces],
        regions=("r",) * n_forces,
        force_types=("county",) * n_forces,
        interim=("unknown",) * n_forces,
        groups=OFFENCE_GROUPS[:n_strata],
        recorded_volume=np.maximum(1.0, 0.8 * reports),
    )


def sizes(reports, frame, options):
    """What records are to be in proportion to: a force's size times a stratum's share of it."""
    due = {row.force: row.due for row in force_audits_2014(load_published()) if row.due}
    coefficient, exponent = fitted_sample_power(load_published())
    volume = frame.recorded_volume.sum(axis=1)
    of_force = {
        "equal": lambda f: 1.0,
        "proportional": lambda f: reports[f].sum(),
        "power": lambda f: float(reports[f].sum()) ** options.exponent,
        "hmic_2014": lambda f: due.get(frame.forces[f], coefficient * volume[f] ** exponent),
    }[options.allocation]
    of_stratum = {
        "equal": lambda n: 1.0,
        "proportional": float,
        "power": lambda n: float(n) ** options.exponent,
    }[options.within]
    rows = []
    for f, row in enumerate(reports.tolist()):
        share = np.array([of_stratum(n) if n else 0.0 for n in row])
        rows.append(of_force(f) * share / share.sum())
    return np.array(rows)


def has_scale(records, size, least, most):
    """Whether one scale c makes every count the bounded c times size, to less than one record."""
    inside_low, inside_high = records > least, records < most
    low = ((records - 1.0)[inside_low] / size[inside_low]).max(initial=0.0)
    high = ((records + 1.0)[inside_high] / size[inside_high]).min(initial=np.inf)
    return low < high * (1 + 1e-9)


@st.composite
def frames(draw):
    n_forces, n_strata = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    counts = st.integers(1, draw(st.sampled_from([5, 200, 100_000])))
    rows = st.lists(counts, min_size=n_strata, max_size=n_strata)
    return np.array(draw(st.lists(rows, min_size=n_forces, max_size=n_forces)))


@settings(deadline=None, max_examples=300)
@given(
    frames(),
    st.sampled_from(PROPORTIONAL),
    st.sampled_from(WITHIN),
    st.sampled_from(EXPONENTS),
    st.floats(8.0, 5_000.0),
)
def test_records_add_up_keep_their_bounds_and_their_proportions(
    reports, allocation, within, exponent, per_force
):
    frame = frame_of(reports)
    options = Records(allocation=allocation, within=within, per_force=per_force, exponent=exponent)
    records = allocate(reports, frame, options)
    least = np.minimum(LEAST, reports)
    assert records.dtype == np.int64
    assert (records >= least).all()
    assert (records <= reports).all()
    assert abs(records.sum() - min(per_force * len(reports), reports.sum())) <= 0.5 + 1e-6
    assert has_scale(records, sizes(reports, frame, options), least, reports)


def test_the_proportion_test_catches_two_records_moved_from_one_stratum_to_another():
    reports = np.array([[500, 900], [300, 4_000]])
    options = Records(allocation="proportional", per_force=100.0)
    records = allocate(reports, frame_of(reports), options)
    least = np.full_like(reports, LEAST)
    assert has_scale(records, reports.astype(float), least, reports)
    records[0, 0] += 2
    records[1, 1] -= 2
    assert not has_scale(records, reports.astype(float), least, reports)


@pytest.mark.parametrize(
    ("allocation", "within", "exponent", "expected"),
    [
        ("equal", "proportional", 0.5, [[6, 14], [4, 16]]),
        ("equal", "equal", 0.5, [[10, 10], [10, 10]]),
        ("proportional", "proportional", 0.5, [[2, 4], [7, 27]]),
        ("proportional", "equal", 0.5, [[3, 3], [17, 17]]),
        ("power", "proportional", 0.0, [[6, 14], [4, 16]]),
        ("power", "proportional", 0.5, [[3, 8], [6, 23]]),
        ("power", "power", 0.5, [[5, 7], [9, 19]]),
        ("power", "power", 1.0, [[2, 4], [7, 27]]),
    ],
)
def test_forty_records_are_shared_out_as_worked_by_hand(allocation, within, exponent, expected):
    """Forces hold 325 and 2000; roots 18.0 and 44.7; roots of their strata 10, 15, 20, 40."""
    reports = np.array([[100, 225], [400, 1600]])
    options = Records(allocation=allocation, within=within, per_force=20.0, exponent=exponent)
    assert allocate(reports, frame_of(reports), options).tolist() == expected


def test_a_census_reads_everything_and_so_does_a_total_that_is_more(frame, nation):
    reports = nation.law.reports
    census = allocate(reports, frame, Records(allocation="census"))
    np.testing.assert_array_equal(census, reports)
    assert not np.shares_memory(census, reports)
    for allocation in PROPORTIONAL:
        options = Records(allocation=allocation, per_force=1_000_000.0)
        np.testing.assert_array_equal(allocate(reports, frame, options), reports)


def test_small_strata_are_read_whole_and_the_others_share_what_is_left():
    """200 less 11 read whole: 189 to one third, a quarter and a quarter, 75.6, 56.7, 56.7."""
    reports = np.array([[1, 0, 3, 1_000], [2, 5, 1_000, 1_000]])
    options = Records(allocation="equal", within="equal", per_force=100.0)
    records = allocate(reports, frame_of(reports), options)
    assert records.tolist() == [[1, 0, 3, 75], [2, 5, 57, 57]]


def test_no_record_is_lost_whatever_the_layout_of_the_table_in_memory():
    """Columns picked from a table are in Fortran order: 40 of 3,225 records went missing there."""
    reports = np.array([[478, 23], [180, 18], [186, 10], [327, 10], [16, 1], [192, 8]])
    options = Records(allocation="equal", per_force=75.0)
    for table in (reports, np.asfortranarray(reports), np.repeat(reports, 2, axis=1)[:, ::2]):
        assert allocate(table, frame_of(table), options).sum() == 75 * 6
        assert allocate_evenly(table, 75.0).sum() == 75 * 6


def test_too_few_records_for_two_a_stratum_is_the_users_mistake(frame, nation):
    with pytest.raises(UserError, match=r"inspection\.records\.per_force: 11\.9 is fewer .* 12$"):
        allocate(nation.law.reports, frame, Records(allocation="equal", per_force=11.9))
    records = allocate(nation.law.reports, frame, Records(allocation="equal", per_force=12.0))
    assert (records == 2).all()


@settings(deadline=None)
@given(frames())
def test_the_number_that_the_message_gives_is_enough(reports):
    frame = frame_of(reports)
    with pytest.raises(UserError) as refused:
        allocate(reports, frame, Records(allocation="proportional", per_force=0.01))
    least = float(re.search(r"give at least ([\d.e+]+)$", str(refused.value))[1])
    allocate(reports, frame, Records(allocation="proportional", per_force=least))


def test_hmic_2014_follows_the_published_counts_of_due_crimes(frame, nation):
    records = allocate(nation.law.reports, frame, Records(allocation="hmic_2014", per_force=160.0))
    by_force = records.sum(axis=1)
    assert by_force.sum() == 160 * 43
    assert frame.forces[by_force.argmax()] == "Metropolitan"
    known = {row.force: row.due for row in force_audits_2014(load_published())}
    rate = [by_force[frame.forces.index(name)] / due for name, due in known.items()]
    # Rounding, and the two records that small strata are owed, are all that differs.
    assert np.ptp(rate) / np.mean(rate) < 0.08
    equal = allocate(nation.law.reports, frame, Records(allocation="equal", per_force=160.0))
    met = frame.forces.index("Metropolitan")
    assert by_force[met] > 3 * equal[met].sum()


def test_an_even_review_reads_alike_everywhere_and_by_size_within_a_force():
    decisions = np.array([[900, 90, 10], [500, 400, 100], [30, 20, 10], [40_000, 5_000, 5_000]])
    records = allocate_evenly(decisions, 40)
    assert records.sum() == 160
    assert np.abs(records.sum(axis=1) - 40).max() <= 2
    assert (records >= LEAST).all()
    assert records[1].tolist() == [20, 16, 4]


@settings(deadline=None, max_examples=200)
@given(frames(), st.floats(1.0, 500.0))
def test_an_even_review_keeps_its_bounds_and_its_total(decisions, per_force):
    records = allocate_evenly(decisions, per_force)
    # Where fewer are expected, two are asked for all the same.
    most = np.maximum(decisions, LEAST)
    wanted = max(per_force * len(decisions), float(LEAST * decisions.size))
    assert (records >= LEAST).all()
    assert (records <= most).all()
    assert abs(records.sum() - min(wanted, most.sum())) <= 0.5 + 1e-6


@settings(deadline=None, max_examples=100)
@given(frames(), st.sampled_from((*PROPORTIONAL, "neyman")), st.integers(1, 60))
def test_every_stratum_has_its_minimum_and_short_ones_are_counted(reports, allocation, minimum):
    frame = frame_of(reports)
    per_force = float(minimum * reports.shape[1])
    options = Records(allocation=allocation, per_force=per_force, minimum=minimum)
    records = allocate(reports, frame, options)
    assert (records >= np.minimum(minimum, reports)).all()
    assert (records <= reports).all()
    assert records.sum() == min(round(per_force * len(reports)), reports.sum())
    short = [n for row in reports.tolist() for n in row if 0 < n < minimum]
    assert short_strata(reports, frame, options) == len(short)


def test_a_minimum_moves_records_to_small_strata_and_keeps_their_number():
    """Two, and 38 in proportion to 90, 100 and 800: 3.45, 3.84, 30.71. Three times five, and 25."""
    reports = np.array([[10, 90], [100, 800]])
    frame = frame_of(reports)
    plain = Records(allocation="proportional", per_force=20.0)
    assert allocate(reports, frame, plain).tolist() == [[2, 3], [4, 31]]
    raised = Records(allocation="proportional", per_force=20.0, minimum=5)
    assert allocate(reports, frame, raised).tolist() == [[5, 5], [5, 25]]


def test_one_record_a_stratum_may_be_asked_for(frame, nation):
    options = Records(allocation="equal", per_force=6.0, minimum=1)
    assert (allocate(nation.law.reports, frame, options) == 1).all()
    with pytest.raises(UserError, match=r"5 is fewer than 1 record in each of 6 strata; .* 6$"):
        allocate(nation.law.reports, frame, options.model_copy(update={"per_force": 5.0}))


def test_nothing_is_short_by_default_nor_where_it_is_read_whole_by_design():
    reports = np.array([[3, 0, 50], [80, 7, 1]])
    frame = frame_of(reports)
    for options, expected in (
        (Records(allocation="equal"), 1),
        (Records(allocation="equal", minimum=10), 3),
        (Records(allocation="equal", minimum=10, census_groups=("violence",)), 2),
        (Records(allocation="census", minimum=10), 0),
    ):
        assert short_strata(reports, frame, options) == expected


@settings(deadline=None, max_examples=100)
@given(
    frames(),
    st.sampled_from((*PROPORTIONAL, "neyman", "optimal")),
    st.sampled_from(WITHIN),
    st.sets(st.sampled_from(OFFENCE_GROUPS[:4]), min_size=1),
)
def test_groups_read_whole_come_on_top_of_the_others(reports, allocation, within, whole):
    frame = frame_of(reports)
    columns = np.array([name in whole for name in frame.groups])
    within = "proportional" if allocation in ("neyman", "optimal") else within
    options = Records(
        allocation=allocation, within=within, per_force=20.0, census_groups=tuple(sorted(whole))
    )
    records = allocate(reports, frame, options)
    np.testing.assert_array_equal(records[:, columns], reports[:, columns])
    others = reports[:, ~columns]
    assert records[:, ~columns].sum() == min(20 * len(reports), others.sum())


def test_the_others_are_shared_out_as_if_groups_read_whole_were_not_there():
    reports = np.array([[100, 40, 225], [400, 50, 1600]])
    options = Records(allocation="power", per_force=20.0, census_groups=("sexual",))
    records = allocate(reports, frame_of(reports), options)
    assert records.tolist() == [[3, 40, 8], [6, 50, 23]]


def test_too_few_records_are_counted_over_the_strata_that_are_not_read_whole(frame, nation):
    options = Records(allocation="equal", per_force=7.0, census_groups=("robbery", "sexual"))
    with pytest.raises(UserError, match=r"7 is fewer than 2 records in each of 4 strata; .* 8$"):
        allocate(nation.law.reports, frame, options)


def test_a_census_of_every_group_is_called_by_its_name():
    with pytest.raises(ValueError, match="every offence group; give allocation: census"):
        Records(allocation="equal", census_groups=OFFENCE_GROUPS)


IDLE_GIVEN = {
    "equal": {"exponent", "anticipated_accuracy", "anticipated_due_share", "hours"},
    "power": {"anticipated_accuracy", "anticipated_due_share", "hours"},
    "neyman": {"within", "exponent", "hours"},
    "optimal": {"within", "exponent"},
    "census": {
        "per_force", "within", "minimum", "census_groups", "exponent", "anticipated_accuracy",
        "anticipated_due_share", "hours",
    },
}  # fmt: skip
EVERY_OPTION = {
    "within": "equal",
    "per_force": 100.0,
    "exponent": 0.7,
    "minimum": 3,
    "census_groups": ("robbery",),
    "anticipated_accuracy": {"violence": 0.7},
    "anticipated_due_share": 0.8,
    "hours": {"violence": 2.0},
}


@pytest.mark.parametrize("allocation", list(IDLE_GIVEN))
def test_options_that_an_allocation_does_not_read_are_idle(allocation):
    records = Records(allocation=allocation, **EVERY_OPTION)
    options = InspectionOptions(forces=SimpleRandom(design="srs", count=13), records=records)
    paths = {item.path for item in idle(options) if was_given(options, item.path)}
    assert paths == {f"inspection.records.{name}" for name in IDLE_GIVEN[allocation]}


@pytest.mark.parametrize("allocation", list(IDLE_GIVEN))
def test_an_option_is_idle_exactly_where_giving_it_changes_no_record(allocation, frame, nation):
    reports = nation.law.reports
    # Of power within there is an exponent to read; elsewhere `within` is its own option.
    changes = {**EVERY_OPTION, "per_force": 250.0, "minimum": 40}
    plain = allocate(reports, frame, Records(allocation=allocation, per_force=500.0))
    for name, value in changes.items():
        options = Records(allocation=allocation, **{"per_force": 500.0, name: value})
        same = np.array_equal(allocate(reports, frame, options), plain)
        assert same == (name in IDLE_GIVEN[allocation])


def test_within_power_reads_the_exponent_only_where_within_is_read():
    def exponent_is_idle(allocation):
        records = Records(allocation=allocation, within="power")
        options = InspectionOptions(forces=SimpleRandom(design="srs", count=13), records=records)
        return "inspection.records.exponent" in {item.path for item in idle(options)}

    assert not exponent_is_idle("equal")
    assert exponent_is_idle("neyman")
    assert exponent_is_idle("optimal")
