from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from underrecording.errors import UserError
from underrecording.options import Section, mistake
from underrecording.scenario.mistakes import validate
from underrecording.scenario.overrides import apply_override
from underrecording.scenario.yaml import Document, read_document


class Srs(Section):
    design: Literal["srs"]
    count: int = Field(ge=1, le=43)


class Pps(Section):
    design: Literal["pps"]
    power: Annotated[float, Field(gt=0)] = 1.0


class Fidelity(Enum):
    RATES = "rates"
    EVENTS = "events"


class Inspection(Section):
    forces: Annotated[Srs | Pps, Field(discriminator="design")] = Srs(design="srs", count=13)
    routes: tuple[Annotated[tuple[int, ...], Field(min_length=1)], ...] = ()
    extra: tuple[Srs, ...] = ()


class Estimator(Section):
    point: str
    level: float = Field(default=0.95, gt=0, lt=1)


class Study(Section):
    """A stand-in for a scenario, with one of everything."""

    seed: int
    title: str = Field(default="", max_length=20)
    fixed: bool = False
    fidelity: Fidelity = Fidelity.RATES
    draw: Literal["fresh", "fixed"] = "fresh"
    inspection: Inspection = Inspection()
    estimators: Annotated[tuple[str | Estimator, ...], Field(max_length=3)] = ()
    replicates: int | Literal["auto"] | tuple[int, ...] = "auto"
    shares: dict[str, float] = Field(default_factory=dict)
    pair: tuple[int, int] = (1, 2)
    parent: Study | None = None

    @model_validator(mode="after")
    def _check(self) -> Study:
        if self.seed == 13:
            raise ValueError("13 is unlucky;\ngive another seed")
        forces = self.inspection.forces
        if isinstance(forces, Srs) and forces.count == 42:
            raise mistake("42 {is} the answer; give 1 to 41", "inspection", "forces", "count")
        return self


def read(folder: Path, text: str) -> Document:
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return replace(read_document(path), path=Path("s.yaml"))


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as raised:
        validate(Study, read(folder, text))
    return list(raised.value.problems)


def test_a_valid_document_becomes_its_model(tmp_path):
    text = """
seed: 1
fidelity: events
inspection: {forces: {design: pps, power: 2}, routes: [[1, 2], [3]]}
estimators: [pooled, {point: ratio}]
replicates: [5, 9]
parent: {seed: 2}
"""
    study = validate(Study, read(tmp_path, text))
    assert study == Study(
        seed=1,
        fidelity=Fidelity.EVENTS,
        inspection=Inspection(forces=Pps(design="pps", power=2.0), routes=((1, 2), (3,))),
        estimators=("pooled", Estimator(point="ratio")),
        replicates=(5, 9),
        parent=Study(seed=2),
    )
    assert hash(study.inspection)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("abc", "expected a whole number, got 'abc'"),
        ("5.0", "expected a whole number, got 5.0; write 5"),
        ("5.5", "expected a whole number, got 5.5"),
        ("true", "expected a whole number, got true"),
        ("'5'", "expected a whole number, got '5'; write 5"),
        ("1_000", "expected a whole number, got '1_000'; write 1000"),
        ("", "expected a whole number, got nothing"),
        ("[1]", "expected a whole number, got a list"),
        ("{a: 1}", "expected a whole number, got a mapping"),
    ],
)
def test_only_a_whole_number_is_a_whole_number(tmp_path, text, line):
    (found,) = mistakes(tmp_path, f"seed: {text}")
    assert found.split(": ", 2)[1:] == ["seed", line]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("fixed: no", "2:8: fixed: expected true or false, got 'no'; write false"),
        ("title: 2014", "2:8: title: expected text, got 2014; put it in quotes"),
        ("title: [a]", "2:8: title: expected text, got a list"),
        (f"title: {'a' * 21}", "2:8: title: 21 characters; give at most 20"),
        (
            "draw: fixd",
            "2:7: draw: unknown value 'fixd'; did you mean 'fixed'? (known: fresh, fixed)",
        ),
        (
            "fidelity: rate",
            "2:11: fidelity: unknown value 'rate'; did you mean 'rates'? (known: rates, events)",
        ),
        ("estimators: [a, b, c, d]", "2:13: estimators: 4 items; give at most 3"),
        ("pair: [1]", "2:7: pair.1: required item is missing"),
        ("pair: [1, 2, 3]", "2:7: pair: 3 items; give at most 2"),
        ("shares: {a: x}", "2:13: shares.a: expected a number, got 'x'"),
        ("inspection: {routes: [[1], [2, x]]}", "expected a whole number, got 'x'"),
        ("inspection: {routes: [[x]]}", "inspection.routes.0.0: expected a whole number"),
        ("inspection: {routes: [[]]}", "inspection.routes.0: 0 items; give at least 1"),
        ("parent: {seed: x}", "2:16: parent.seed: expected a whole number, got 'x'"),
        ("parent: {}", "2:9: parent.seed: required key is missing"),
        (
            "parent: {seed: 1, parent: {seed: 2, parent: 3}}",
            "2:45: parent.parent.parent: expected keys",
        ),
    ],
)
def test_each_kind_of_mistake_is_told_in_plain_words(tmp_path, line, expected):
    (found,) = mistakes(tmp_path, f"seed: 1\n{line}\n")
    assert expected in found


@pytest.mark.parametrize(
    ("forces", "expected"),
    [
        (
            "{design: srs, count: 50}",
            "1:53: inspection.forces.count: 50 is more than the allowed 43; give 1 to 43",
        ),
        (
            "{design: srs, count: 0}",
            "1:53: inspection.forces.count: 0 is less than the allowed 1; give 1 to 43",
        ),
        (
            "{design: pps, power: 0}",
            "1:53: inspection.forces.power: 0 is not more than 0; give more than 0",
        ),
        (
            "{design: srss, count: 5}",
            "1:41: inspection.forces.design: unknown design 'srss'; did you mean 'srs'?"
            " (known: pps, srs)",
        ),
        ("{design: , count: 5}", "inspection.forces.design: unknown design nothing"),
        ("{count: 5}", "1:32: inspection.forces.design: required key is missing (known: pps, srs)"),
        ("srs", "1:32: inspection.forces: expected keys with values, got 'srs'"),
        ("{design: srs}", "1:32: inspection.forces.count: required key is missing"),
        (
            "{design: pps, powr: 5}",
            "1:46: inspection.forces.powr: unknown key; did you mean 'power'?"
            " (known: design, power)",
        ),
    ],
)
def test_a_chosen_kind_of_section_is_checked_by_its_own_fields(tmp_path, forces, expected):
    (found,) = mistakes(tmp_path, f"{{seed: 1, inspection: {{forces: {forces}}}}}")
    assert expected in found
    assert found.startswith("s.yaml:1:")


def test_a_key_that_is_spelt_like_a_tag_keeps_its_place(tmp_path):
    class Count(Section):
        design: Literal["count"]
        count: int

    class World(Section):
        forces: Annotated[Count | Srs, Field(discriminator="design")]

    document = read(tmp_path, "forces: {design: count, count: x}")
    with pytest.raises(UserError, match=r"^s.yaml:1:32: forces.count: expected a whole number"):
        validate(World, document)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("estimators: [3]", ["expected text or keys with values, got 3; put it in quotes"]),
        (
            "estimators: [{point: a, level: 2}]",
            ["2 is not less than 1; give more than 0 and"],
        ),
        ("estimators: [{pont: a}]", ["unknown key; did you mean 'point'?", "required key"]),
        ("replicates: x", ["expected a whole number, 'auto' or a list, got 'x'"]),
        ("replicates: [1, x]", ["replicates.1: expected a whole number, got 'x'"]),
    ],
)
def test_of_a_union_only_the_member_that_comes_nearest_is_reported(tmp_path, line, expected):
    found = mistakes(tmp_path, f"seed: 1\n{line}")
    assert len(found) == len(expected)
    assert all(any(words in one for one in found) for words in expected)


def test_what_a_validator_says_is_reported_verbatim_on_one_line(tmp_path):
    assert mistakes(tmp_path, "seed: 13") == ["s.yaml:1:1: 13 is unlucky; give another seed"]


def test_a_validator_can_point_at_a_key_below_its_model(tmp_path):
    text = "seed: 1\nparent:\n  seed: 1\n  inspection: {forces: {design: srs, count: 42}}\n"
    assert mistakes(tmp_path, text) == [
        "s.yaml:4:45: parent.inspection.forces.count: 42 {is} the answer; give 1 to 41"
    ]


def test_all_mistakes_are_reported_in_the_order_of_the_file(tmp_path):
    text = """
inspection:
  forces: {design: srss, count: 50}
  extra: [{design: srs, count: 44}]
  routs: []
seed: abc
seed: 3
fixed: !!python/name:os.system
shares: {a: .nan, b: x}
replicats: 5
"""
    found = mistakes(tmp_path, text)
    assert [line.split(": ")[:2] for line in found] == [
        ["s.yaml:3:20", "inspection.forces.design"],
        ["s.yaml:4:32", "inspection.extra.0.count"],
        ["s.yaml:5:3", "inspection.routs"],
        ["s.yaml:6:7", "seed"],
        ["s.yaml:7:1", "seed"],
        ["s.yaml:8:8", "fixed"],
        ["s.yaml:9:13", "shares.a"],
        ["s.yaml:9:22", "shares.b"],
        ["s.yaml:10:1", "replicats"],
    ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("inspection.forces.count", 50, "ORIGIN: inspection.forces.count: 50 is more than"),
        ("inspection.forces", {"design": "srs"}, "ORIGIN: inspection.forces.count: required"),
        ("inspection.forces.cont", 5, "ORIGIN: inspection.forces.cont: unknown key"),
        ("inspecton.forces.count", 5, "ORIGIN: inspecton: unknown key"),
        ("inspection.forces.design", "pps", "s.yaml:3:25: inspection.forces.count: unknown key"),
        ("parent.title", "a", "ORIGIN: parent.seed: required key"),
    ],
)
def test_a_mistake_in_an_override_names_the_override(tmp_path, path, value, expected):
    document = read(tmp_path, "seed: 1\ninspection:\n  forces: {design: srs, count: 5}\n")
    changed = replace(document, data=apply_override(document.data, path, value))
    with pytest.raises(UserError) as raised:
        validate(Study, changed, overrides={"seed.s": "no", path: "ORIGIN"})
    (found,) = raised.value.problems
    assert found.startswith(expected)


def test_a_shown_value_is_short_and_on_one_line(tmp_path):
    (found,) = mistakes(tmp_path, "seed: |\n" + "  a\u202eb\n" * 500)
    assert len(found) < 140
    assert found.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Study.model_fields, "forces", "design", "count", "point", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*Study.model_fields, "x"]), JSON))
def test_any_data_give_a_model_or_printable_lines_at_known_places(data):
    document = Document(Path("s.yaml"), "", data, {(): (1, 1)}, {})
    try:
        validate(Study, document)
        lines = []
    except UserError as error:
        lines = error.problems
    assert all(line.startswith("s.yaml:1:1: ") and line.isprintable() for line in lines)
    assert not any("Input should" in line for line in lines)
