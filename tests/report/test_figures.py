"""Figures draw whatever a study has, say what they show, and repeat to the byte."""

import inspect
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from underrecording.report.figures import FIGURES, draw_all
from underrecording.report.figures.sampling_distribution import sampling_distribution
from underrecording.report.figures.style import settle, spread
from underrecording.report.page import page

DOCS = Path(__file__).parents[2] / "docs" / "figures.md"
SVG = "{http://www.w3.org/2000/svg}"


def texts(drawing):
    """All that is written in a drawing; SVG keeps text as text."""
    return [node.text for node in ET.fromstring(drawing.svg).iter(f"{SVG}text") if node.text]


def said(drawing):
    return " ".join(texts(drawing))


def test_every_figure_says_how_to_read_it():
    assert len(FIGURES) >= 8
    for name, figure in FIGURES.items():
        text = inspect.getdoc(figure) or ""
        assert text.partition("\n")[0].endswith("."), name
        assert len(text) > 300, name


def test_the_docs_say_of_every_figure_what_its_docstring_says():
    docs = " ".join(DOCS.read_text("utf-8").split())
    for name, figure in FIGURES.items():
        assert " ".join((inspect.getdoc(figure) or "").split()) in docs, name


def test_the_page_of_any_study_is_complete(any_study):
    html = page(any_study.results, list(any_study.drawn.values()), any_study.store)
    assert html.rstrip().endswith("</html>")
    assert ">nan<" not in html.lower()
    for drawing in any_study.drawn.values():
        assert f"figures/{drawing.name}.csv" in html


def test_every_shape_of_study_is_drawn_whole(any_study):
    assert any_study.drawn
    for drawing in any_study.drawn.values():
        assert drawing.png.startswith(b"\x89PNG")
        assert drawing.title.split()[0] in said(drawing)
        assert len(drawing.numbers)
        assert drawing.plugin in FIGURES


def test_a_study_is_drawn_as_far_as_it_goes(studies):
    always = {"coverage", "sampling_distribution", "zip", "funnel"}
    assert set(studies("one_cell").drawn) == always
    assert set(studies("worlds").drawn) == always | {"worlds", "trajectory"}
    assert set(studies("swept").drawn) == always | {
        "trajectory",
        "sweep_inspection.forces.count",
        "sweep_inspection.records",
        "coverage_by_inspection.forces.count",
    }
    assert "sampling_distribution" not in studies("silent").drawn


@pytest.mark.slow
def test_figures_are_the_same_bytes_each_time(studies):
    study = studies("swept")
    for again in draw_all(study.results):
        first = study.drawn[again.name]
        assert again.svg == first.svg, again.name
        assert again.png == first.png, again.name
        pd.testing.assert_frame_equal(again.numbers, first.numbers)


def test_drawing_does_not_touch_the_settings_of_matplotlib(studies):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw_all(studies("one_cell").results)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("study", "name"),
    [
        ("swept", "sweep_inspection.forces.count"),
        ("swept", "sweep_inspection.records"),
        ("swept", "coverage_by_inspection.forces.count"),
        ("swept", "coverage"),
        ("grid", "sweep_inspection.records.per_force"),
        ("grid", "coverage_by_inspection.forces.count"),
        ("worlds", "coverage"),
    ],
)
def test_the_numbers_beside_a_figure_are_those_of_the_measures(studies, study, name):
    made = studies(study)
    results, drawn = made.results, made.drawn
    target = results.plan.targets[0]
    table = results.measures
    table = table[(table["estimand"] == target.estimand) & (table["domain"] == target.domain)]
    keyed = table.set_index(["measure", "cell", "estimator"])[["value", "mcse"]]
    for row in drawn[name].numbers.to_dict("records"):
        if row["measure"] == "variance":
            se, mcse = keyed.loc[("empirical_se", row["cell"], row["estimator"])]
            value, mcse, factor = se**2, 2 * se * mcse, 1e4
        else:
            value, mcse = keyed.loc[(row["measure"], row["cell"], row["estimator"])]
            factor = 100.0
        assert row["value"] == pytest.approx(value, nan_ok=True)
        assert row["mcse"] == pytest.approx(mcse, nan_ok=True)
        assert row["drawn"] == pytest.approx(factor * value, nan_ok=True)
        assert row["drawn_low"] == pytest.approx(factor * (value - 2 * mcse), nan_ok=True)


def test_a_sweep_draws_each_point_estimator_once(studies):
    numbers = studies("swept").drawn["sweep_inspection.forces.count"].numbers
    bias = numbers[numbers["measure"] == "bias"]
    assert set(bias["estimator"].str.split("/").str[0]) == {
        "pooled", "mean_of_forces", "combined_ratio",
    }  # fmt: skip
    assert len(bias) == 3 * 3
    assert list(bias["inspection.forces.count"][:3]) == [5, 13, 43]


def test_a_grid_has_a_line_for_each_value_of_the_second_key(studies):
    numbers = studies("grid").drawn["sweep_inspection.forces.count"].numbers
    cells = numbers.groupby("inspection.records.per_force")["inspection.forces.count"].unique()
    assert {key: list(values) for key, values in cells.items()} == {30: [5, 20], 120: [5, 20]}


def test_the_histogram_holds_every_replicate(any_study):
    if "sampling_distribution" not in any_study.drawn:
        return
    numbers = any_study.drawn["sampling_distribution"].numbers
    plan = any_study.results.plan
    total = plan.scenario.study.replicates * plan.worlds
    assert numbers.groupby("what")["replicates"].sum().to_dict() == {
        "estimate": total, "truth": total,
    }  # fmt: skip
    edges = numbers[numbers["what"] == "estimate"]
    np.testing.assert_allclose(edges["high_percent"][:-1], edges["low_percent"][1:])


def test_the_zip_plot_ranks_all_kept_intervals_and_agrees_on_coverage(studies):
    made = studies("swept")
    results, drawn = made.results, made.drawn
    numbers = drawn["zip"].numbers
    coverage = results.select("coverage", cell=0).set_index("estimator")["value"]
    for estimator, part in numbers.groupby("estimator"):
        assert part["z"].is_monotonic_increasing
        assert part["holds"].mean() == pytest.approx(coverage[estimator])
        holds = (part["low_minus_truth"] <= 1e-12) & (part["high_minus_truth"] >= -1e-12)
        assert (holds == part["holds"]).all()


def test_a_census_has_no_error_and_is_drawn_all_the_same(studies):
    numbers = studies("census").drawn["zip"].numbers
    recommended = numbers[numbers["estimator"] == "combined_ratio/linearised/t"]
    assert (recommended["z"] == 0.0).all()
    assert recommended["holds"].all()


def test_the_fan_is_of_estimate_minus_truth(studies):
    made = studies("swept")
    results, drawn = made.results, made.drawn
    numbers = drawn["trajectory"].numbers
    fan = numbers[numbers["estimator"] == "combined_ratio/linearised/t"].set_index("forces")
    table = results.trajectory
    part = table[(table["estimator"] == "combined_ratio/linearised/t") & (table["forces"] == 13)]
    error = part["estimate"] - part["truth"]
    assert fan.loc[13, "median"] == pytest.approx(error.median())
    assert fan.loc[13, "q05"] == pytest.approx(error.quantile(0.05))
    assert fan.loc[1, "answered"] == 0
    assert np.isnan(fan.loc[1, "median"])


def test_the_funnel_is_the_published_counts(studies):
    drawing = studies("one_cell").drawn["funnel"]
    numbers = drawing.numbers
    assert len(numbers) == 20
    assert numbers["recorded"].sum() == 3030
    assert numbers["due"].sum() == 3781
    words = said(drawing)
    assert "Metropolitan (interim)" in words
    assert "Essex" in words
    assert "not a random subset" in words
    assert "overdispersion" in words
    for force in numbers.loc[numbers["outside_99.8"], "force"]:
        assert force in words


def test_dots_of_the_worlds_figure_are_its_worlds(studies):
    made = studies("worlds")
    results, drawn = made.results, made.drawn
    numbers = drawn["worlds"].numbers
    assert numbers.groupby(["estimator", "measure"])["world"].nunique().unique() == [4]
    bias = numbers[numbers["measure"] == "bias"].groupby("estimator")["value"].mean()
    mean = results.select("bias", cell=0).set_index("estimator")["value"]
    for estimator, value in bias.items():
        assert value == pytest.approx(mean[estimator])


def test_axes_carry_units(studies):
    drawn = studies("swept").drawn
    assert "Bias (percentage points)" in said(drawn["sweep_inspection.forces.count"])
    assert "Variance (points²)" in said(drawn["sweep_inspection.forces.count"])
    assert "Forces inspected (of 43)" in said(drawn["sweep_inspection.forces.count"])
    assert "RMSE (percentage points)" in said(drawn["sweep_inspection.records"])
    assert "Coverage (per cent)" in said(drawn["coverage_by_inspection.forces.count"])
    assert "(per cent)" in said(drawn["sampling_distribution"])
    assert "(percentage points)" in said(drawn["zip"])
    assert "(percentage points)" in said(drawn["trajectory"])


def test_simulated_figures_say_what_is_unchecked_and_assumed(any_study):
    for name, drawing in any_study.drawn.items():
        if name == "funnel":
            continue
        words = said(drawing)
        assert "recalled, unchecked" in words, name
        assert "assumed" in words, name


def test_the_published_figures_are_marked_on_the_national_rate(studies):
    words = said(studies("swept").drawn["sampling_distribution"])
    assert "HMIC interim, May 2014: 20 %" in words
    assert "HMIC final, Nov. 2014: 19 %" in words


def test_published_figures_off_the_drawing_are_pointed_at(studies):
    words = said(studies("far_off").drawn["sampling_distribution"])
    assert "HMIC interim, May 2014: 20 % →" in words
    assert "HMIC final, Nov. 2014: 19 % →" in words
    assert "→" not in said(studies("swept").drawn["sampling_distribution"])


def test_labels_of_the_published_figures_stay_on_the_drawing_and_apart(studies):
    for name in ("far_off", "grid", "swept"):
        (drawing,) = sampling_distribution(studies(name).results)
        settle(drawing.figure)
        axes = drawing.figure.axes[0]
        frame = axes.get_window_extent()
        boxes = [text.get_window_extent() for text in axes.texts if "HMIC" in text.get_text()]
        assert len(boxes) == 2
        assert not boxes[0].overlaps(boxes[1]), name
        for box in boxes:
            assert frame.x0 <= box.x0 < box.x1 <= frame.x1, name


def test_the_truth_of_a_fixed_world_is_drawn_where_it_is(studies):
    made = studies("grid")
    results, drawn = made.results, made.drawn
    numbers = drawn["sampling_distribution"].numbers
    (truth,) = numbers[numbers["what"] == "truth"].to_dict("records")
    exact = 100 * results.select("mean_truth", cell=0)["value"].iloc[0]
    assert truth["low_percent"] == truth["high_percent"] == pytest.approx(exact, abs=1e-9)
    (drawing,) = sampling_distribution(results)
    (line,) = [line for line in drawing.figure.axes[0].lines if "truth" in str(line.get_label())]
    assert list(line.get_xdata()) == pytest.approx([exact, exact], abs=1e-9)


@pytest.mark.slow
def test_a_grid_of_three_keys_says_what_its_figures_hold(studies):
    drawn = studies("cube").drawn
    assert "Held: How the records are shared out hmic_2014." in said(
        drawn["sweep_inspection.forces.count"]
    )
    assert "Held: How the records are shared out hmic_2014." in said(
        drawn["coverage_by_inspection.forces.count"]
    )
    allocation = drawn["sweep_inspection.records.allocation"]
    assert "Held: Forces inspected (of 43) 5; Records read per force (mean) 60." in said(allocation)
    assert set(allocation.numbers["inspection.records.allocation"]) == {"equal", "hmic_2014"}
    assert allocation.numbers["cell"].nunique() == 2


def test_controls_are_marked(studies):
    drawing = studies("swept").drawn["coverage"]
    assert drawing.numbers.groupby("estimator")["control"].first().to_dict() == {
        "combined_ratio/linearised/t": False,
        "mean_of_forces/linearised/t": False,
        "pooled/binomial/wald": True,
    }
    assert "control" in said(drawing)


def test_replicates_without_an_answer_are_mentioned(studies):
    words = said(studies("silent").drawn["sweep_inspection.forces.count"])
    assert "failures.csv" in words
    assert "failures.csv" not in said(studies("swept").drawn["coverage"])


def test_labels_are_moved_apart_and_kept_in_order():
    assert spread([1.0, 1.0, 1.0], least=2.0) == [-1.0, 1.0, 3.0]
    assert spread([], least=1.0) == []
    moved = spread([5.0, 0.0, 5.2, 5.1], least=1.0)
    assert sorted(range(4), key=lambda i: moved[i]) == [1, 0, 3, 2]
    assert moved[1] == 0.0


def test_the_truths_of_a_few_fixed_worlds_are_lines_where_they_are(studies):
    made = studies("worlds")
    results, drawn = made.results, made.drawn
    numbers = drawn["sampling_distribution"].numbers
    lines = numbers[numbers["what"] == "truth"]
    table = results.worlds
    truths = table[(table["measure"] == "mean_truth") & (table["cell"] == 0)]
    expected = 100 * np.unique(truths["value"])
    np.testing.assert_allclose(np.sort(lines["low_percent"]), expected, atol=1e-9)
    assert len(expected) == 4
    assert lines["replicates"].sum() == results.plan.scenario.study.replicates * 4
    assert "truth (4 fixed worlds)" in said(drawn["sampling_distribution"])
