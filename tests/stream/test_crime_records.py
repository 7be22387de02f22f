"""Late and misclassified records and disposals of a stream: the ledger against the table."""

import numpy as np
import pyarrow as pa
import pytest

from underrecording.ledger import Ledger, late_share
from underrecording.published import OFFENCE_GROUPS
from underrecording.stream import make_world, run_stream
from underrecording.stream.incidents import incidents
from underrecording.stream.outcome import count
from underrecording.world.options import CrimeRecords, WorldOptions
from underrecording.world.pathway import Duration, Durations, Intervention, Pathway

PERIOD = {"days": 60, "warm_up_days": 7, "follow_up_days": 30}
SLOW = Durations(enquiries=Duration(mean_hours=60.0, cv=1.2))
# A limit that changes within the period, so that it matters whose limit is taken.
CHANGE = Intervention(date="2012-12-01", time_limit_hours=24.0)


@pytest.fixture(scope="module")
def counted(stream_of):
    """A force's stream counted into a ledger, and the same as a table."""

    def made(reports=6.0, **pathway):
        options = WorldOptions(
            fidelity="events", pathway=Pathway(**PERIOD, durations=SLOW, **pathway)
        )
        force, draws = stream_of(options, reports=reports)
        times = run_stream(force, draws)
        ledger = Ledger.empty(1, 43, 6)
        count(force, draws, times, ledger, 0)
        table = pa.Table.from_batches(list(incidents(force, draws, times))).to_pandas()
        return ledger, table[table["offence_group"].notna()], force.number

    return made


def by_group(rows):
    return rows["offence_group"].value_counts().reindex(OFFENCE_GROUPS, fill_value=0).tolist()


def test_the_ledger_counts_what_the_table_of_incidents_says(counted):
    ledger, table, f = counted(interventions=(CHANGE,), misclassified_share=0.2)
    columns = ("recorded", "due", "late", "disposal", "disposal_wrong")
    yes = {name: table[name].fillna(False).astype(bool) for name in columns}
    good = yes["recorded"] & yes["due"]
    at_bureau = table["route"] == "crime_bureau"
    elsewhere = table["classified_as"].astype(str) != table["offence_group"].astype(str)
    expected = {
        "recorded": good,
        "late": good & yes["late"],
        "misclassified": good & elsewhere,
        "disposals": yes["disposal"],
        "wrong_disposals": yes["disposal"] & yes["disposal_wrong"],
        "bureau_reports": at_bureau,
        "bureau_due": at_bureau & yes["due"],
        "bureau_recorded": at_bureau & good,
        "bureau_over_recorded": at_bureau & yes["recorded"] & ~yes["due"],
    }
    for name, rows in expected.items():
        counts = getattr(ledger, name)[0, f]
        assert counts.tolist() == by_group(table[rows]), name
        assert counts.sum() > (0 if name == "bureau_over_recorded" else 20)
    assert (yes["recorded"] & ~yes["due"]).sum() > 0  # Of these none may be counted as late.


def test_the_late_share_of_the_ledger_is_that_of_the_table(counted):
    ledger, table, f = counted()
    only = ledger._replace(**{n: getattr(ledger, n)[:, f : f + 1] for n in ledger._fields})
    good = table[table["recorded"].fillna(False).astype(bool) & table["due"].astype(bool)]
    share = good["late"].astype(bool).mean()
    assert late_share(only, tuple(range(6)))[0] == pytest.approx(share, rel=1e-15)
    hours = good["recorded_at"] - good["reported_at"]
    assert share == pytest.approx((hours > 72).mean(), rel=1e-15)
    assert abs((hours > 60).mean() - share) > 0.01


def test_a_stricter_limit_makes_more_records_late(counted):
    plain, _, _ = counted()
    strict, _, _ = counted(interventions=(CHANGE,))
    assert strict.late.sum() > 1.3 * plain.late.sum()
    np.testing.assert_array_equal(strict.recorded, plain.recorded)


def test_wrong_disposals_follow_the_option_at_both_fidelities():
    pathway = Pathway(days=7, warm_up_days=0, follow_up_days=30, disposal_share=0.5)
    for fidelity in ("rates", "events"):
        world = make_world(
            WorldOptions(
                fidelity=fidelity, pathway=pathway,
                crime_records=CrimeRecords(wrong_disposal_share=1.0),
            )
        )  # fmt: skip
        ledger = world.fixed(1, 1)
        np.testing.assert_array_equal(ledger.wrong_disposals, ledger.disposals)
        standing = ledger.recorded + ledger.over_recorded - ledger.no_crimed
        assert ledger.disposals.sum() == pytest.approx(0.5 * standing.sum(), rel=0.02)
