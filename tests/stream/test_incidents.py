"""The table of a stream, the file it is written to, and the tables that sum it up."""

import datetime
import hashlib
import itertools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from underrecording.errors import UserError
from underrecording.ledger import Ledger
from underrecording.published import OFFENCE_GROUPS
from underrecording.stream import draw_stream, make_world, outcome, run_stream
from underrecording.stream.decisions import by_load
from underrecording.stream.incidents import COLUMNS, incident_schema, incidents
from underrecording.stream.outcome import count
from underrecording.stream.parquet import METADATA, write_stream
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import visits
from underrecording.stream.summary import summarise
from underrecording.stream.weeks import week_edges, weekly
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import STATIONS, Intervention, Pathway

CITY, WARWICKSHIRE = 4, 38
HALFWAY = datetime.date(2012, 11, 8)
PATHWAY = Pathway(
    days=16,
    warm_up_days=7,
    follow_up_days=2,  # So short that some reports are never decided on.
    interventions=(Intervention(date=HALFWAY, time_limit_hours=24.0, officers=0.6),),
)


def stream(number, pathway=PATHWAY, engine="compiled"):
    world = make_world(WorldOptions(fidelity="events", pathway=pathway))
    force = world.force(number, seed=3, world=2, replicate=0)
    draws = draw_stream(force, 3, 2, 0)
    return force, draws, run_stream(force, draws, engine)


@pytest.fixture(scope="module", params=[CITY, WARWICKSHIRE])
def made(request):
    return stream(request.param)


@pytest.fixture(scope="module")
def rows(made):
    return pa.Table.from_batches(incidents(*made), incident_schema()).to_pandas()


def test_a_row_is_an_incident_of_the_period_in_order_of_report(made, rows):
    _, draws, _ = made
    assert rows["incident"].tolist() == list(range(1, len(rows) + 1))
    assert rows["reported_at"].is_monotonic_increasing
    assert rows["reported_at"].between(0, 16 * 24, inclusive="left").all()
    assert len(rows) == (draws.reported >= 7 * 24 * HOUR_MS).sum()
    assert rows["force"].nunique() == 1


def test_the_columns_are_those_of_the_schema(rows):
    assert list(rows.columns) == [column.name for column in COLUMNS]


def test_the_table_counts_what_the_ledger_counts(made, rows):
    force, draws, times = made
    ledger = Ledger.empty(1, 43, len(OFFENCE_GROUPS))
    count(force, draws, times, ledger, 0)
    reports = rows[rows["offence_group"].notna()]
    due, recorded = reports["due"].astype(bool), reports["recorded"].astype(bool)
    parts = {
        "reports": slice(None),
        "due": due,
        "recorded": due & recorded,
        "over_recorded": ~due & recorded,
        "no_crimed": reports["no_crime"].fillna(False).astype(bool),
        "wrongly_no_crimed": reports["no_crime_wrong"].fillna(False).astype(bool),
    }
    for name, part in parts.items():
        by_group = reports[part].groupby("offence_group", observed=False).size()
        expected = dict(zip(OFFENCE_GROUPS, getattr(ledger, name)[0, force.number], strict=True))
        assert by_group.reindex(OFFENCE_GROUPS).to_dict() == expected, name
    assert recorded.sum() > 50
    assert parts["no_crimed"].sum() > 0


def test_values_are_null_where_what_they_tell_of_did_not_happen(rows):
    known = rows.notna()
    report, recorded = known["offence_group"], rows["recorded"].fillna(False).astype(bool)
    for name in ("force", "incident", "reported_at", "route", "emergency", "open_at_end"):
        assert known[name].all(), name
    for name in ("due", "recorded"):
        assert (known[name] == report).all(), name
    for name in ("load_at_decision", "reviewed"):
        assert (known[name] == known["decided_at"]).all(), name
    for name in ("recorded_at", "classified_as", "no_crime", "disposal", "late"):
        assert (known[name] == recorded).all(), name
    for name in ("no_crime", "disposal"):
        assert (known[f"{name}_wrong"] == rows[name].fillna(False).astype(bool)).all(), name
    assert not known["answered_at"][rows["route"] == "crime_bureau"].any()
    assert not known["decided_at"][~report].any()
    assert known["decided_at"].sum() < report.sum()
    assert (rows["route"] == "control_room")[~report].all()


def test_times_follow_each_other(rows):
    steps = ["reported_at", "answered_at", "attended_at", "decided_at", "recorded_at"]
    for earlier, later in itertools.pairwise(steps):
        both = rows[rows[earlier].notna() & rows[later].notna()]
        assert (both[earlier] <= both[later]).all()
    recorded = rows[rows["recorded_at"].notna()]
    assert (recorded["recorded_at"] == recorded["closed_at"]).all()


def test_times_are_exact_to_the_millisecond(made, rows):
    force, draws, times = made
    ended = outcome(force, draws, times)
    begin = 7 * 24 * HOUR_MS
    taken = ended.recorded[(ended.recorded >= 0) & (draws.reported[: len(draws.group)] >= begin)]
    from_table = np.rint(rows["recorded_at"].dropna() * HOUR_MS).astype(int) + begin
    assert sorted(from_table) == sorted(taken)


def test_late_is_later_than_the_limit_in_force_at_the_report(rows):
    recorded = rows[rows["recorded_at"].notna()]
    limit = np.where(recorded["reported_at"] < 7 * 24, 72.0, 24.0)
    took = recorded["recorded_at"] - recorded["reported_at"]
    np.testing.assert_array_equal(recorded["late"].astype(bool), took > limit)
    assert 0 < recorded["late"].sum() < len(recorded)


def test_open_at_end_is_not_closed_when_the_period_ended(rows):
    open_ = rows["closed_at"].isna() | (rows["closed_at"] >= 16 * 24)
    assert (rows["open_at_end"] == open_).all()
    assert open_.any()
    assert rows["closed_at"].max() < 18 * 24


@pytest.mark.parametrize("size", [1_000, 10**9])
def test_batches_hold_no_more_rows_than_asked_for(made, rows, size):
    batches = list(incidents(*made, rows=size))
    assert [batch.num_rows for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 0 < batches[-1].num_rows <= size
    pd.testing.assert_frame_equal(pa.Table.from_batches(batches).to_pandas(), rows)


def test_a_batch_of_no_rows_is_refused(made):
    with pytest.raises(ValueError, match="at least 1"):
        next(incidents(*made, rows=0))


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_both_engines_give_the_same_bytes(tmp_path, ending):
    digests = set()
    for engine in ("compiled", "reference"):
        path = tmp_path / f"{engine}.{ending}"
        write_stream(path, incidents(*stream(CITY, engine=engine)), {"seed": 3})
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_row_group_is_a_batch(made, tmp_path):
    path = tmp_path / "a.parquet"
    write_stream(path, incidents(*made, rows=300), {})
    held = pq.ParquetFile(path).metadata
    assert held.num_row_groups == -(-held.num_rows // 300)
    assert held.row_group(0).num_rows == 300
    assert held.row_group(0).column(2).compression == "ZSTD"


def test_csv_holds_what_parquet_holds(made, tmp_path):
    for ending in ("csv", "parquet"):
        write_stream(tmp_path / f"a.{ending}", incidents(*made, rows=700), {})
    plain = {
        field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        for field in incident_schema()
    }
    options = pyarrow.csv.ConvertOptions(column_types=plain, strings_can_be_null=True)
    text = pyarrow.csv.read_csv(tmp_path / "a.csv", convert_options=options)
    table = pq.read_table(tmp_path / "a.parquet")
    for name, column in zip(text.column_names, text.columns, strict=True):
        ours = pc.cast(table[name], plain[name])
        assert ours.combine_chunks().equals(column.combine_chunks()), name


def test_a_file_says_what_it_is(made, tmp_path):
    path = tmp_path / "a.parquet"
    write_stream(path, incidents(*made), {"seed": 3, "force": made[0].name})
    schema = pq.read_schema(path)
    about = json.loads(schema.metadata[METADATA])
    assert about["seed"] == 3
    assert about["force"] == made[0].name
    assert "assumed" in about["basis"]
    assert {"underrecording", "results_version"} <= about.keys()
    assert list(about["columns"]) == schema.names
    for column in COLUMNS:
        assert about["columns"][column.name]["meaning"] == column.meaning
        assert schema.field(column.name).metadata[b"unit"].decode() == column.unit


def test_every_column_that_may_be_null_says_when(rows):
    for column in COLUMNS:
        assert ("null" in column.meaning) == bool(rows[column.name].isna().any()) or (
            column.name == "closed_at"
        ), column.name


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(made, tmp_path, ending):
    path = tmp_path / f"a.{ending}"

    def failing():
        yield from incidents(*made, rows=100)
        raise MemoryError

    with pytest.raises(MemoryError):
        write_stream(path, failing(), {})
    assert list(tmp_path.iterdir()) == []
    write_stream(path, incidents(*made), {})
    before = path.read_bytes()
    with pytest.raises(MemoryError):
        write_stream(path, failing(), {})
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["a.txt", "a", "folder/a.csv"])
def test_a_file_that_cannot_be_written_is_the_users_to_mend(made, tmp_path, name):
    with pytest.raises(UserError):
        write_stream(tmp_path / name, incidents(*made), {})


def test_the_summary_says_what_the_table_says(made, rows):
    summary = summarise(*made)
    reports = rows[rows["offence_group"].notna()]
    due = reports["due"].astype(bool)
    recorded = reports["recorded"].astype(bool)
    assert summary.incidents == len(rows)
    assert summary.crime_reports == len(reports)
    assert summary.due == due.sum()
    assert summary.recording_accuracy == (due & recorded).sum() / due.sum()
    assert summary.late_share == reports["late"].sum() / recorded.sum()


def test_weeks_cover_the_period_and_the_last_takes_what_is_left(made, rows):
    weeks = weekly(*made)
    assert weeks["days"].tolist() == [7, 9]
    assert weeks["begins"].tolist() == [PATHWAY.start, HALFWAY]
    assert weeks["reported"].sum() == len(rows)


@pytest.mark.parametrize(
    ("days", "expected"), [(7, [7]), (13, [13]), (14, [7, 7]), (30, [7, 7, 7, 9])]
)
def test_no_week_is_shorter_than_seven_days(made, days, expected):
    force = made[0]._replace(pathway=PATHWAY.model_copy(update={"days": days}))
    assert (np.diff(week_edges(force)) // (24 * HOUR_MS)).tolist() == expected


def test_weeks_hold_what_happened_in_them():
    whole = stream(CITY, PATHWAY.model_copy(update={"warm_up_days": 0}))
    rows = pa.Table.from_batches(incidents(*whole)).to_pandas()
    weeks = weekly(*whole).set_index("week")
    for week, (begin, end) in enumerate(((0, 168), (168, 384)), 1):
        within = lambda at, begin=begin, end=end: (at >= begin) & (at < end)  # noqa: E731
        decided = rows[within(rows["decided_at"]) & rows["due"].fillna(False).astype(bool)]
        made_here = rows[within(rows["recorded_at"])]
        hours = np.arange(begin, end)[:, None]
        closed = rows["closed_at"].fillna(np.inf).to_numpy()
        still = (rows["reported_at"].to_numpy() <= hours) & (closed > hours)
        assert weeks["open_incidents"][week] == pytest.approx(still.sum() / len(hours))
        assert weeks["decisions"][week] == len(decided)
        assert weeks["recorded"][week] == len(made_here)
        assert weeks["late"][week] == made_here["late"].sum()
        refused = decided["reviewed"].astype(bool) | ~decided["recorded"].astype(bool)
        # A decision to record that waits for the desk looks refused in the table.
        waiting = (decided["closed_at"].isna() & ~decided["reviewed"].astype(bool)).sum()
        assert weeks["accepted"][week] == (~refused).sum() + waiting


def test_utilisation_is_work_over_time_on_duty(made):
    force, draws, times = made
    weeks, edges = weekly(force, draws, times), week_edges(force)
    for s, (name, station) in enumerate(zip(STATIONS, visits(force, draws, times), strict=True)):
        begun = station.started >= 0
        starts = station.started[begun]
        ends = starts + station.work[begun]
        for week in range(2):
            low, high = edges[week], edges[week + 1]
            worked = np.clip(np.minimum(ends, high) - np.maximum(starts, low), 0, None).sum()
            on_duty = force.schedule.capacity[low // HOUR_MS : high // HOUR_MS, s].sum() * HOUR_MS
            assert weeks[f"utilisation_{name}"][week] == pytest.approx(worked / on_duty)


def test_officers_cut_by_two_fifths_are_overloaded_and_the_week_says_so():
    weeks = weekly(*stream(WARWICKSHIRE))
    assert weeks["overloaded_officers"].tolist() == [False, True]
    assert weeks["asked_officers"][1] > 1
    assert not weeks["overloaded_supervisors"].any()


def test_decisions_by_load_are_those_of_the_weeks(made):
    weeks, loads = weekly(*made), by_load(*made, bins=5)
    assert loads["decisions"].sum() == weeks["decisions"].sum()
    assert loads["accepted"].sum() == weeks["accepted"].sum()
    expected = (loads["expected"] * loads["decisions"]).sum()
    assert expected == pytest.approx((weeks["expected"] * weeks["decisions"]).sum())
    assert (loads["load"] >= loads["load_from"]).all()
    assert (loads["load"] <= loads["load_to"]).all()
    variance = (loads["expected"] * (1 - loads["expected"]) * loads["decisions"]).sum()
    assert abs(loads["accepted"].sum() - expected) < 4 * np.sqrt(variance)


def test_bins_of_load_are_about_equally_frequent(made):
    sizes = by_load(*made, bins=4).groupby("bin")["decisions"].sum()
    assert len(sizes) == 4
    assert sizes.max() < 1.5 * sizes.min()


def test_a_rule_without_an_effect_of_workload_expects_the_same_at_any_load(made):
    force, draws, times = made
    flat = force._replace(rule=force.rule._replace(omega=0.0))
    alone = by_load(flat, draws, times).groupby("offence_group")["load_alone"]
    assert (alone.max() - alone.min()).max() < 1e-12
    sloping = by_load(force, draws, times)
    heavy = sloping[sloping["load"] > force.rule.load_0 + 0.5]
    if len(heavy):
        assert heavy.groupby("offence_group")["load_alone"].is_monotonic_decreasing.all()
