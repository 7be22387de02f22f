"""Each lever moves what it should, beyond chance, and costs what it should."""

from itertools import pairwise

import numpy as np
import pytest

from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    OFFICERS,
    SUPERVISORS,
)
from underrecording.world.options import (
    Effects,
    Pressure,
    Staff,
    Supervision,
    Training,
    Workload,
    WorldOptions,
)
from underrecording.world.pathway import (
    Pathway,
)

PERIOD = Pathway(days=56, warm_up_days=14, follow_up_days=60)


def options(**more):
    return WorldOptions(fidelity="events", pathway=more.pop("pathway", PERIOD), **more)


@pytest.fixture(scope="session")
def grid(year):
    """Return what a lever is judged by at each of its settings, with five times the reports."""
    return lambda settings: [year(made, reports=5) for made in settings]


BATCHES = 20


def rises(rows, key):
    """Whether a mean over reports rises over a grid, each step beyond chance.

    Reports are the same throughout, so their differences count; what they meet in queues they
    meet together, so the error comes from means over batches of neighbours.
    """
    for before, after in pairwise(rows):
        change = after[key] - before[key]
        change = change[~np.isnan(change)]
        batches = np.array([batch.mean() for batch in np.array_split(change, BATCHES)])
        if not batches.mean() > 4 * batches.std(ddof=1) / np.sqrt(BATCHES):
            return False
    return True


def busier(rows, station):
    return all(before["busy"][station] < after["busy"][station] for before, after in pairwise(rows))


def test_training_raises_accuracy_and_takes_officers_off_duty(grid):
    rows = grid(
        options(training=Training(rate_per_year=rate, course_days=60)) for rate in (0.1, 0.5, 3.0)
    )
    assert rises(rows, "accuracy")
    assert rows[0]["on_duty"] > rows[1]["on_duty"] > rows[2]["on_duty"]
    # No more is asked of those who are left.
    assert busier(rows, OFFICERS)


def test_what_does_not_rise_is_not_found_to_rise(grid):
    rows = grid(options(training=Training(rate_per_year=rate)) for rate in (0.5, 3.0))
    assert rises(rows, "accuracy")
    assert not rises(rows[::-1], "accuracy")
    assert not rises([rows[0], rows[0]], "accuracy")
    # Luck alone: what is recorded of the same reports in another order.
    random = np.random.default_rng(1)
    shuffled = {"accuracy": random.permutation(rows[0]["accuracy"])}
    assert not rises([rows[0], shuffled], "accuracy")


def test_review_raises_accuracy_and_keeps_supervisors_busy(grid):
    rows = grid(
        options(supervision=Supervision(review_share=share), staff=Staff(supervisors=30))
        for share in (0.0, 0.3, 0.9)
    )
    assert rises(rows, "accuracy")
    assert rows[0]["busy"][SUPERVISORS] == 0.0
    assert busier(rows, SUPERVISORS)


def test_pressure_lowers_the_accuracy_of_the_groups_it_acts_on_alone(grid):
    rows = grid(
        options(pressure=Pressure(level=level), effects=Effects(pressure=2.0, workload=0))
        for level in (0.9, 0.5, 0.1)
    )
    acted_on = np.isin(rows[0]["group"], (0, 2, 3))
    for row in rows:
        row["acted_on"] = np.where(acted_on, row["accuracy"], np.nan)
        row["others"] = np.where(acted_on, np.nan, row["accuracy"])
    assert rises(rows, "acted_on")
    for group in (0, 2, 3):
        in_group = rows[0]["group"] == group
        shares = [np.nanmean(row["accuracy"][in_group]) for row in rows]
        assert shares[0] < shares[1] < shares[2]
    # Without an effect of workload the others meet just what they met.
    for row in rows[1:]:
        np.testing.assert_array_equal(row["others"], rows[0]["others"])


def test_fewer_officers_raise_load_and_waits_and_lower_accuracy(grid):
    rows = grid(
        options(staff=Staff(officers=level), effects=Effects(workload=1.0))
        for level in (2.0, 0.45, 0.3)
    )
    assert rises(rows, "load")
    assert rises(rows, "wait")
    assert rises(rows[::-1], "accuracy")
    assert busier(rows, OFFICERS)


def test_more_demand_raises_the_load(grid):
    rows = grid(options(workload=Workload(relative=level)) for level in (6.0, 8.0, 10.0))
    assert rises(rows, "load")
    assert busier(rows, CALL_TAKERS)
    assert busier(rows, OFFICERS)


def test_fewer_clerks_record_later(grid):
    rows = grid(options(staff=Staff(clerks=level)) for level in (2.0, 0.85, 0.75))
    assert rises(rows, "late")
    assert busier(rows, CLERKS)


def test_without_their_effects_drivers_move_nothing(year):
    nothing = Effects(knowledge=0, workload=0, pressure=0, review_detection=0)
    usual = year(options(effects=nothing))
    driven = year(
        options(effects=nothing, training=Training(rate_per_year=3), pressure=Pressure(level=1.0))
    )
    np.testing.assert_array_equal(usual["accuracy"], driven["accuracy"])
