"""Records for the least variance: what residuals vary by, and that no other choice does better."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underrecording.audit import ForceFrame
from underrecording.errors import UserError
from underrecording.inspection.anticipated import anticipated_sd, residual_variance
from underrecording.inspection.options import Records
from underrecording.inspection.records import allocate
from underrecording.inspection.sharing import share_for_least_variance
from underrecording.published import OFFENCE_GROUPS, load_published

CLOSE = 1e-9
"""Relative; rounding of sums of a few hundred terms is a million times less."""


def frame_of(reports):
    n_forces, n_strata = reports.shape
    return ForceFrame(
        forces=load_published().forces.name[:n_forces],
        regions=("r",) * n_forces,
        force_types=("county",) * n_forces,
        interim=("unknown",) * n_forces,
        groups=OFFENCE_GROUPS[:n_strata],
        recorded_volume=np.maximum(1.0, 0.8 * reports),
    )


def second_stage_variance(reports, records, sd):
    """Variance of an expansion total over strata sampled at random, each by itself."""
    return sum(
        N**2 * (1 / n - 1 / N) * s**2
        for N, n, s in zip(
            reports.flat, records.flat, np.broadcast_to(sd, reports.shape).flat, strict=True
        )
    )


def best_of_all(size, price, least, most):
    """Least sum(size**2 / n) at each price that some allocation within bounds has."""
    best = {}
    for n in itertools.product(*(range(a, b + 1) for a, b in zip(least, most, strict=True))):
        spent = sum(c * k for c, k in zip(price, n, strict=True))
        value = sum(s**2 / k for s, k in zip(size, n, strict=True))
        best[spent] = min(value, best.get(spent, np.inf))
    return best


def an_exchange_pays(size, price, records, least, most):
    """Whether reading a few less here and a few more there, no dearer, lowers the sum."""
    total = (size**2 / records).sum()
    for i, j in itertools.permutations(range(len(size)), 2):
        other = records.copy()
        other[i] -= max(1, math.ceil(price[j] / price[i]))
        other[j] += max(1, math.floor(price[i] / price[j]))
        bounded = other[i] >= least[i] and other[j] <= most[j]
        if bounded and (size**2 / other).sum() < total * (1 - CLOSE):
            return True
    return False


@st.composite
def strata(draw, n_strata, most):
    """Sizes, whole prices, bounds and a budget that pays for the least."""

    def several(values):
        return np.array(draw(st.lists(values, min_size=n_strata, max_size=n_strata)))

    size = several(st.integers(1, 1_000)).astype(float)
    price = several(st.integers(1, 5)).astype(float)
    held = several(st.integers(1, most))
    least = np.minimum(draw(st.integers(1, 3)), held)
    budget = draw(st.integers(int(price @ least), int(price @ held)))
    return size, price, least, held, float(budget)


@st.composite
def frames(draw):
    n_forces, n_strata = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    counts = st.integers(1, draw(st.sampled_from([20, 1_000, 100_000])))
    rows = st.lists(counts, min_size=n_strata, max_size=n_strata)
    return np.array(draw(st.lists(rows, min_size=n_forces, max_size=n_forces)))


accuracies = st.fixed_dictionaries({name: st.floats(0.05, 0.95) for name in OFFENCE_GROUPS})
hours_of_groups = st.fixed_dictionaries(
    {name: st.sampled_from([0.25, 0.5, 1.0, 2.5, 8.0]) for name in OFFENCE_GROUPS}
)


@pytest.mark.parametrize(
    ("recorded", "missed", "others", "national"),
    [(66, 20, 14, 0.8), (10, 30, 60, 0.8), (50, 0, 0, 0.3), (1, 2, 3, 0.5)],
)
def test_the_residual_variance_is_that_of_a_population_of_reports(
    recorded, missed, others, national
):
    residuals = [1 - national] * recorded + [-national] * missed + [0.0] * others
    due = recorded + missed
    found = residual_variance(np.array([recorded / due]), national, due / (due + others))
    assert found[0] == pytest.approx(np.var(residuals))


def test_the_national_accuracy_is_that_of_the_groups_by_their_reports():
    """Two groups of 0.6 and 0.9, three to one: 0.675; all due, so S**2 is p (1 - p)."""
    options = Records(
        allocation="neyman",
        anticipated_accuracy={"violence": 0.6, "sexual": 0.9},
        anticipated_due_share=1.0,
    )
    reports = np.array([[100, 50], [200, 50]])
    sd = anticipated_sd(reports, ("violence", "sexual"), options)
    assert sd**2 == pytest.approx([0.24, 0.09])
    half = options.model_copy(update={"anticipated_due_share": 0.5})
    mean = Fraction(1, 2) * (Fraction(6, 10) - Fraction(675, 1000))
    square = Fraction(1, 2) * (
        Fraction(6, 10) * Fraction(325, 1000) ** 2 + Fraction(4, 10) * Fraction(675, 1000) ** 2
    )
    sd = anticipated_sd(reports, ("violence", "sexual"), half)
    assert sd[0] ** 2 == pytest.approx(float(square - mean**2))


@settings(deadline=None, max_examples=60)
@given(strata(3, 12))
def test_nothing_cheaper_or_as_dear_has_less_variance(made):
    size, price, least, most, budget = made
    records = share_for_least_variance(budget, size, price, least, most)
    assert (records >= least).all()
    assert (records <= most).all()
    spent = price @ records
    assert spent <= budget
    # What is left does not pay for some record that could still be read.
    assert (records == most).all() or budget - spent < price[records < most].max()
    found = (size**2 / records).sum()
    affordable = best_of_all(size, price, least, most)
    assert found <= min(v for c, v in affordable.items() if c <= spent) * (1 + CLOSE)


@settings(deadline=None, max_examples=60)
@given(strata(4, 8))
def test_at_equal_prices_the_whole_budget_is_spent_as_well_as_can_be(made):
    size, price, least, most, _ = made
    one = np.ones_like(price)
    table = best_of_all(size, one, least, most)
    for budget in (least.sum(), (least.sum() + most.sum()) // 2, most.sum()):
        records = share_for_least_variance(float(budget), size, one, least, most)
        assert records.sum() == budget
        assert (size**2 / records).sum() == pytest.approx(table[budget], rel=CLOSE)


@settings(deadline=None, max_examples=60)
@given(strata(8, 3_000))
def test_no_exchange_of_records_pays(made):
    size, price, least, most, budget = made
    records = share_for_least_variance(budget, size, price, least, most)
    assert not an_exchange_pays(size, price, records, least, most)


@pytest.mark.parametrize(
    ("ranked_by", "priced_at"),
    [([1, 1, 1, 1], [1, 2, 4, 4]), ([3, 4, 9, 20], [1, 4, 16, 16]), ([3, 4, 9, 20], [1, 1, 1, 1])],
    ids=["size forgotten", "price not under a root", "price forgotten"],
)
def test_the_exchange_test_catches_a_wrong_allocation(ranked_by, priced_at):
    size, price = np.array([300.0, 400.0, 900.0, 2_000.0]), np.array([1.0, 2.0, 4.0, 4.0])
    least, most = np.full(4, 2), np.full(4, 10_000)
    wrong = np.array(ranked_by, float), np.array(priced_at, float)
    records = share_for_least_variance(1_000.0, *wrong, least, most)
    assert an_exchange_pays(size, price, records, least, most)
    right = share_for_least_variance(price @ records, size, price, least, most)
    assert not an_exchange_pays(size, price, right, least, most)


@settings(deadline=None, max_examples=60)
@given(frames(), accuracies, st.floats(0.05, 1.0), st.floats(12.0, 3_000.0))
def test_neyman_beats_every_other_allocation_of_as_many_records(
    reports, accuracy, due_share, per_force
):
    frame = frame_of(reports)
    plans = {"anticipated_accuracy": accuracy, "anticipated_due_share": due_share}
    neyman = Records(allocation="neyman", per_force=per_force, **plans)
    records = allocate(reports, frame, neyman)
    assert records.dtype == np.int64
    assert (records >= np.minimum(reports, 2)).all()
    assert (records <= reports).all()
    assert records.sum() == min(round(per_force * len(reports)), reports.sum())
    sd = anticipated_sd(reports, frame.groups, neyman)
    least = second_stage_variance(reports, records, sd)
    for allocation in ("proportional", "equal", "power", "hmic_2014"):
        for within in ("proportional", "equal", "power"):
            options = Records(allocation=allocation, within=within, per_force=per_force)
            other = allocate(reports, frame, options)
            # Others round halves of a record by largest remainders, so may read one more.
            if other.sum() == records.sum():
                assert least <= second_stage_variance(reports, other, sd) * (1 + CLOSE)


@settings(deadline=None, max_examples=60)
@given(frames(), accuracies, hours_of_groups, st.floats(12.0, 1_000.0))
def test_optimal_beats_neyman_in_the_same_hours(reports, accuracy, hours, per_force):
    frame = frame_of(reports)
    plan = {"anticipated_accuracy": accuracy}
    neyman = allocate(reports, frame, Records(allocation="neyman", per_force=per_force, **plan))
    price = np.array([hours[name] for name in frame.groups])
    spent = (neyman * price).sum()
    # What optimal leaves over does not pay for one record; with that on top it spends no less.
    budget = (spent + price.max()) / len(reports)
    options = Records(allocation="optimal", per_force=budget, hours=hours, **plan)
    optimal = allocate(reports, frame, options)
    assert (optimal * price).sum() <= (spent + price.max()) * (1 + CLOSE)
    assert (optimal >= np.minimum(reports, 2)).all()
    assert (optimal <= reports).all()
    sd = anticipated_sd(reports, frame.groups, options)
    most = second_stage_variance(reports, neyman, sd)
    assert second_stage_variance(reports, optimal, sd) <= most * (1 + CLOSE) + CLOSE


def test_optimal_beats_neyman_clearly_where_hours_differ_much(frame, nation):
    reports = nation.law.reports
    hours = {"violence": 4.0, "sexual": 8.0, "other": 0.5}
    price = np.array([hours.get(name, 1.0) for name in frame.groups])
    neyman = allocate(reports, frame, Records(allocation="neyman"))
    budget = (neyman * price).sum() / len(reports)
    options = Records(allocation="optimal", per_force=budget, hours=hours)
    optimal = allocate(reports, frame, options)
    sd = anticipated_sd(reports, frame.groups, options)
    ratio = second_stage_variance(reports, optimal, sd) / second_stage_variance(reports, neyman, sd)
    # Without bounds, finite corrections and rounding it is the one of Cauchy and Schwarz.
    size = reports * sd
    bound = (size * np.sqrt(price)).sum() ** 2 / (size.sum() * (size * price).sum())
    assert ratio == pytest.approx(bound, abs=0.01)
    assert ratio < 0.9


@settings(deadline=None, max_examples=30)
@given(frames(), st.integers(12, 500), st.sampled_from([0.01, 0.1, 0.3, 1.0, 7.0, 1000.0]))
def test_at_the_same_hours_for_all_records_optimal_is_neyman(reports, per_force, each):
    frame = frame_of(reports)
    hours = dict.fromkeys(OFFENCE_GROUPS, each)
    optimal = Records(allocation="optimal", per_force=per_force * each, hours=hours)
    neyman = Records(allocation="neyman", per_force=float(per_force))
    np.testing.assert_array_equal(
        allocate(reports, frame, optimal), allocate(reports, frame, neyman)
    )


def test_records_are_in_proportion_to_size_and_spread_and_to_the_root_of_price():
    reports = np.array([[20_000, 10_000], [40_000, 80_000]])
    plan = {
        "anticipated_accuracy": {"violence": 0.5, "sexual": 0.9},
        "anticipated_due_share": 1.0,
        "per_force": 4_000.0,
    }
    size = reports * np.array([0.5, 0.3])
    neyman = allocate(reports, frame_of(reports), Records(allocation="neyman", **plan))
    assert neyman == pytest.approx(8_000 * size / size.sum(), abs=1)
    options = Records(allocation="optimal", hours={"sexual": 4.0}, **plan)
    optimal = allocate(reports, frame_of(reports), options)
    size /= np.array([1.0, 2.0])
    hours = (size * np.array([1.0, 4.0])).sum()
    assert optimal == pytest.approx(8_000 * size / hours, abs=1)


def test_groups_read_whole_still_count_in_the_national_accuracy():
    reports = np.array([[5_000, 5_000, 5_000], [8_000, 2_000, 5_000]])
    plan = {"allocation": "neyman", "per_force": 500.0, "census_groups": ("robbery",)}
    records = allocate(reports, frame_of(reports), Records(**plan))
    assert (records[:, 2] == 5_000).all()
    accuracy = {"robbery": 0.05}
    moved = allocate(reports, frame_of(reports), Records(**plan, anticipated_accuracy=accuracy))
    assert records.sum() == moved.sum() == 1_000 + 10_000
    assert not np.array_equal(moved, records)


def test_too_few_hours_are_the_users_mistake(frame, nation):
    options = {"allocation": "optimal", "hours": {"sexual": 2.5}}
    with pytest.raises(
        UserError,
        match=r"per_force: 14\.9 hours do not pay for 2 records in each of 6 strata; .* 15$",
    ):
        allocate(nation.law.reports, frame, Records(per_force=14.9, **options))
    records = allocate(nation.law.reports, frame, Records(per_force=15.0, **options))
    assert (records == 2).all()


def test_hours_that_do_not_add_up_exactly_still_pay_for_what_they_pay_for(frame, nation):
    hours = dict.fromkeys(OFFENCE_GROUPS, 0.9)
    options = Records(allocation="optimal", per_force=10.8, hours=hours)
    assert (allocate(nation.law.reports, frame, options) == 2).all()


def test_more_hours_than_there_are_records_read_everything(frame, nation):
    reports = nation.law.reports
    options = Records(allocation="optimal", per_force=1e6, hours={"violence": 0.01})
    np.testing.assert_array_equal(allocate(reports, frame, options), reports)


def test_neyman_has_the_least_variance_in_worlds_that_record_as_published(frame, nation):
    """Planned with the nation's accuracies, judged by the true ones of every force."""
    ledger = nation.fresh(20140501, 0, 40)
    reports, due, recorded = ledger.reports, ledger.due, ledger.recorded
    accuracy = (recorded.sum(axis=(1, 2)) / due.sum(axis=(1, 2)))[:, None, None]
    square = recorded * (1 - accuracy) ** 2 + (due - recorded) * accuracy**2
    true_sd = np.sqrt(square / reports - ((recorded - accuracy * due) / reports) ** 2)

    def variance(**options):
        records = allocate(nation.law.reports, frame, Records(**options))
        pairs = zip(reports, true_sd, due, strict=True)
        return np.array([second_stage_variance(N, records, s) / x.sum() ** 2 for N, s, x in pairs])

    neyman = variance(allocation="neyman")
    badly = {"violence": 0.99, "sexual": 0.99, "other": 0.5}
    for other in (
        {"allocation": "proportional"},
        {"allocation": "hmic_2014"},
        {"allocation": "equal"},
        {"allocation": "neyman", "anticipated_accuracy": badly},
    ):
        more = variance(**other) - neyman
        assert more.mean() > 4 * more.std(ddof=1) / math.sqrt(len(more))
