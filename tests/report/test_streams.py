"""Figures of a stream: what is drawn is what was counted."""

import datetime

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from underrecording.published import OFFENCE_GROUPS
from underrecording.report.figures.style import look
from underrecording.report.streams import workload, write_figures, year
from underrecording.stream import draw_stream, make_world, run_stream
from underrecording.stream.decisions import by_load
from underrecording.stream.weeks import weekly
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import Intervention, Pathway

CHANGES = (
    Intervention(name="Fewer officers", date=datetime.date(2012, 11, 10), officers=0.5),
    Intervention(
        name="Elsewhere", date=datetime.date(2012, 11, 12), clerks=2.0, forces=("Gwent",)
    ),
    Intervention(
        name="A pause", date=datetime.date(2012, 11, 2), until=datetime.date(2012, 11, 20),
        clerks=0.9,
    ),
)  # fmt: skip


def tables(days, interventions=()):
    pathway = Pathway(days=days, warm_up_days=2, follow_up_days=7, interventions=interventions)
    world = make_world(WorldOptions(fidelity="events", pathway=pathway))
    force = world.force(38, seed=1, world=0, replicate=0)
    draws = draw_stream(force, 1, 0, 0)
    times = run_stream(force, draws)
    return force, weekly(force, draws, times), by_load(force, draws, times)


@pytest.fixture(scope="module")
def month():
    return tables(28, CHANGES)


def texts(figure):
    return [text.get_text() for text in figure.texts]


def test_a_year_is_drawn_with_the_numbers_of_its_weeks(month):
    force, weeks, _ = month
    with look():
        drawing = year(force, weeks)
    pd.testing.assert_frame_equal(drawing.numbers[list(weeks.columns)], weeks)
    low, high = drawing.numbers["accuracy_low"], drawing.numbers["accuracy_high"]
    assert ((low < weeks["accuracy"]) & (weeks["accuracy"] < high)).all()
    assert drawing.name == "warwickshire_year"
    assert len(drawing.figure.axes) == 4
    accuracy = drawing.figure.axes[2].get_lines()[0].get_ydata()
    np.testing.assert_allclose(accuracy, 100 * weeks["accuracy"])


def test_interventions_of_the_force_are_dated_and_those_of_others_left_out(month):
    force, weeks, _ = month
    with look():
        drawing = year(force, weeks)
    small = "\n".join(texts(drawing.figure))
    assert "1 A pause: from 2 November 2012 until 20 November 2012." in small
    assert "2 Fewer officers: from 10 November 2012." in small
    assert "Elsewhere" not in small
    assert [note.get_text() for note in drawing.figure.axes[0].texts] == ["1", "2"]


def test_overload_is_shaded_and_said(month):
    force, weeks, _ = month
    assert weeks["overloaded_officers"].any()
    with look():
        drawing = year(force, weeks)
    assert len(drawing.figure.axes[0].patches) == weeks.filter(like="overloaded").any(axis=1).sum()
    assert "Shaded" in "\n".join(texts(drawing.figure))


def test_workload_is_drawn_group_by_group(month):
    force, _, loads = month
    with look():
        drawing = workload(force, loads)
    titles = [ax.get_title(loc="left") for ax in drawing.figure.axes]
    sizes = loads.groupby("offence_group")["decisions"].sum()
    assert titles == [f"{group}, n = {sizes[group]:,}" for group in OFFENCE_GROUPS]
    assert len(drawing.numbers) == len(loads)


@pytest.mark.parametrize("drawing", ["year", "workload"])
def test_every_figure_says_that_effect_sizes_are_assumed(month, drawing):
    force, weeks, loads = month
    with look():
        made = year(force, weeks) if drawing == "year" else workload(force, loads)
    assert "assumed" in "\n".join(texts(made.figure))


@pytest.mark.slow
def test_a_single_week_can_be_drawn(tmp_path):
    force, weeks, loads = tables(7)
    assert len(weeks) == 1
    paths = write_figures(tmp_path, force, weeks=weeks, loads=loads)
    assert sorted(path.suffix for path in paths) == [".csv", ".csv", ".png", ".png", ".svg", ".svg"]
    assert all(path.stat().st_size > 200 for path in paths)


@pytest.mark.slow
def test_a_force_without_decisions_can_be_drawn(tmp_path):
    force, weeks, loads = tables(7)
    nothing = weeks.assign(decisions=0, accepted=0, accuracy=np.nan, expected=np.nan)
    assert write_figures(tmp_path, force, weeks=nothing, loads=loads[:0])


@pytest.mark.slow
def test_files_are_the_same_bytes_each_time(month, tmp_path):
    force, weeks, loads = month
    for folder in ("a", "b"):
        write_figures(tmp_path / folder, force, weeks=weeks, loads=loads)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_pictures_are_not_blank(month, tmp_path):
    force, weeks, loads = month
    for path in write_figures(tmp_path, force, weeks=weeks, loads=loads):
        if path.suffix == ".png":
            assert matplotlib.image.imread(path)[..., :3].std() > 0.05
