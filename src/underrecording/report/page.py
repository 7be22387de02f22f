"""The whole study on one page: a single HTML file that needs nothing else."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from underrecording.published import load_published
from underrecording.report.differences import differences_words
from underrecording.report.failures import failed_rows
from underrecording.report.figures import FIGURES, Drawn
from underrecording.report.glossary import COLUMNS, MEASURES, WORDS
from underrecording.report.headline import calibration_lines, target_line
from underrecording.report.provenance import (
    assumptions,
    calibration,
    departures,
    expected_when,
    how_run,
    what_it_rests_on,
)
from underrecording.report.ranking import CAPTION, EXPLAINED, ranking_words, with_all
from underrecording.report.sweeps import sweep_tables
from underrecording.report.tables import (
    MARKS,
    Table,
    headline_words,
    measures_words,
    split_words,
    worlds_words,
)
from underrecording.report.words import level_words, target_words
from underrecording.study.store import MANIFEST

if TYPE_CHECKING:
    from underrecording.study.results import Results
    from underrecording.study.store import Store

_ORDER = ("sampling_distribution", "coverage", "sweep", "coverage_by", "trajectory", "zip")
"""Figures in the order in which they tell the story; any others follow."""


class Chapter(NamedTuple):
    """One figure plug-in on the page: how to read it, and its drawings."""

    name: str
    lead: str
    paragraphs: list[str]
    drawings: list[tuple[str, str, str]]


def page(results: Results, drawn: Sequence[Drawn], store: Store) -> str:
    """Return report.html.

    Parameters
    ----------
    results : Results
    drawn : sequence of Drawn
        The figures, which the page holds as pictures within itself.
    store : Store
        Whose manifest says by what the run was computed.
    """
    plan = results.plan
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["breakable"] = _breakable
    template = environment.from_string(
        files("underrecording.report").joinpath("report.html").read_text("utf-8")
    )
    targets = [
        (target_line(results, index), headline_words(results, target=index, short=index > 0))
        for index in range(len(plan.targets))
    ]
    return template.render(
        plan=plan,
        scenario=plan.scenario,
        how_run=how_run(plan),
        rests_on=what_it_rests_on(plan),
        targets=targets,
        first_target=target_words(plan.targets[0]),
        marks=MARKS,
        level=level_words(plan),
        sweeps=sweep_tables(results),
        worlds=_worlds(results),
        chapters=_chapters(drawn),
        calibration=calibration(plan),
        calibration_lines=calibration_lines(plan)[1:],
        departures=departures(plan),
        expected_when=expected_when(plan),
        measures=measures_words(results),
        differences=differences_words(results),
        ranking=ranking_words(results),
        ranking_text=f"{EXPLAINED} {with_all(results)}",
        ranking_caption=CAPTION,
        failures=failed_rows(results),
        assumptions=assumptions(plan),
        glossary={"columns": COLUMNS, "measures": MEASURES, "words": WORDS},
        manifest=_manifest(store),
        digest=store.digest,
        attribution=load_published().attribution,
    )


def _chapters(drawn: Sequence[Drawn]) -> list[Chapter]:
    def place(drawing: Drawn) -> tuple[int, str]:
        known = drawing.plugin in _ORDER
        return (_ORDER.index(drawing.plugin) if known else len(_ORDER), drawing.plugin)

    chapters = []
    for name, group in groupby(sorted(drawn, key=place), key=lambda drawing: drawing.plugin):
        lead, *rest = (inspect.getdoc(FIGURES[name]) or "").split("\n\n")
        drawings = [
            (drawing.name, drawing.title, base64.b64encode(drawing.svg).decode())
            for drawing in group
        ]
        chapters.append(Chapter(name, lead, rest, drawings))
    return chapters


def _worlds(results: Results) -> tuple[Table, list[tuple[str, str, str, str]]] | None:
    if results.plan.worlds < 2:
        return None
    return worlds_words(results), split_words(results)


def _manifest(store: Store) -> dict[str, Any]:
    path = store.folder / MANIFEST
    if not path.exists():
        return {}
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return manifest


def _breakable(text: object) -> Markup:
    """Let a browser break long names after a slash or a dot."""
    escaped = str(Markup.escape(str(text)))
    return Markup(escaped.replace("/", "/<wbr>").replace(".", ".<wbr>"))
