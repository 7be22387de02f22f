from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.errors import UserError
from underrecording.scenario.overrides import apply_override, parse_override
from underrecording.scenario.yaml import Document, read_document


def read(folder: Path, content: str | bytes) -> Document:
    path = folder / "s.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path)


def refusals(folder: Path, content: str | bytes) -> list[str]:
    """What is wrong with *content*, whether or not reading stops at it."""
    try:
        document = read(folder, content)
    except UserError as error:
        return [line.removeprefix(f"{folder / 's.yaml'}:") for line in error.problems]
    return [
        f"{mark[0]}:{mark[1]}: {'.'.join(map(str, path))}: {message}"
        for mark, path, message in document.mistakes
    ]


def test_words_that_were_other_things_in_yaml_1_1_stay_words(tmp_path):
    words = ["no", "on", "yes", "off", "y", "n", "1_000", "2014-05-01", "12:30:45", "0b1"]
    assert read(tmp_path, f"a: [{', '.join(words)}]").data["a"] == words


def test_scalars_follow_the_core_schema(tmp_path):
    document = read(tmp_path, "a: [~, null, true, False, 7, -7, 0o17, 0x1F, 1.0e3, .5, 5., 007]")
    assert repr(document.data["a"]) == (
        "[None, None, True, False, 7, -7, 15, 31, 1000.0, 0.5, 5.0, 7]"
    )


def test_core_tags_are_obeyed(tmp_path):
    document = read(tmp_path, "a: !!str 1\nb: !!float 1\nc: !!seq [1]\nd: !!map {e: !!null ''}")
    assert document.data == {"a": "1", "b": 1.0, "c": [1], "d": {"e": None}}
    assert document.mistakes == ()


def test_marks_are_the_places_of_values_and_keys(tmp_path):
    document = read(tmp_path, "\ufeffa: 1\nb:\n  - c: x\n  - [2, 3]\nempty:\n")
    assert document.data == {"a": 1, "b": [{"c": "x"}, [2, 3]], "empty": None}
    assert document.marks[()] == (1, 1)
    assert document.marks["a",] == (1, 4)
    assert document.marks["b", 0, "c"] == (3, 8)
    assert document.key_marks["b", 0, "c"] == (3, 5)
    assert document.marks["b", 1, 1] == (4, 9)
    assert document.marks["empty",] == document.key_marks["empty",] == (5, 1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: !!python/object:os.system {}", "1:4: a: the tag"),
        ("a: !foo b", "1:4: a: the tag !foo is not allowed"),
        ("a: !!binary aGk=", "1:4: a: the tag"),
        ("a: !!timestamp 2014-05-01", "1:4: a: the tag"),
        ("a: !!set {b}", "1:4: a: the tag"),
        ("a: !!int x", "1:4: a: 'x' is not what its tag !!int says"),
        ("a: !!str [x]", "1:4: a: the tag"),
        ("a: &x 1", "1:4: a: aliases and anchors are not allowed: write the value out"),
        ("<<: {b: 1}", "1:1: <<: merge keys are not allowed: write the keys out"),
        ("a: 1\nb: 2\na: 3", "3:1: a: duplicate key; it stands in line 1 already"),
        ("1: a", "1:1: 1: a key must be text; put it in quotes"),
        ("no: a\ntrue: b", "2:1: true: a key must be text; put it in quotes"),
        ("? [a]\n: b", "1:3: : a key must be text, not a list, a mapping or an alias"),
        ("a: [1, .nan]", "1:8: a.1: NaN and infinity are not allowed"),
        ("a: -.inf", "1:4: a: NaN and infinity are not allowed"),
        ("a: 1e999", "1:4: a: NaN and infinity are not allowed"),
        ("a: " + "9" * 19, "1:4: a: a whole number of 19 digits; give at most 18"),
        ("a: " + "9" * 5000, "1:4: a: a whole number of 5000 digits"),
        ('a: "\\x1b[2J"', "1:4: a: the control character '\\x1b'; remove it"),
        ('a: "\\ud800"', "1:4: a: the control character '\\ud800'"),
        ("%YAML 1.1\n---\na: yes", "a %YAML line; scenarios are YAML 1.2"),
        ("", "1:1: empty"),
        ("# only talk\n", "empty"),
        ("---\n", "expected keys with values, got nothing"),
        ("- a\n", "1:1: expected keys with values, got a list"),
        ("word", "1:1: expected keys with values, got 'word'"),
        ("a: 1\n---\nb: 2", "2:1: a second document"),
        (b"a: 1\nb: \xff\xfe", "2:4: not UTF-8"),
        (b"\xef\xbb\xbfa: \xff", "1:4: not UTF-8"),
        ("a: 1".encode("utf-16"), "1:1: not UTF-8"),
        ("a: 1\nb: \0", "2:4: the control character '\\x00'"),
        ("a: x\u2028y", "1:5: the control character '\\u2028'"),
        ("a:\n\t- b", "2:1: not YAML: a tab; indent with spaces"),
        ("a: b: c", "1:5: not YAML: a ':' cannot stand here"),
        ("a:\n  b: 1\n c: 2", "3:2: not YAML: this line's indentation"),
        ("a: [1, 2", "not YAML: "),
        ("a: 'b", "not YAML: a quote that is never closed"),
        ('a: "\\UFFFFFFFF"', "not YAML from here on"),
        ("%YAML 1." + "1" * 5000 + "\n---\na: b", "not YAML from here on"),
        ("%YAML 1.21\n---\na: b", "not YAML from here on"),
        ("%YAML 1.3\n---\na: b", "1:"),
        ("a: " + "x" * 20_001, "1:1: a line of 20004 characters"),
        ("#" * 2**20 + "#", "larger than 1 MiB"),
        ("a:\n" + "- 1\n" * 20_000, "more than 20000 keys and values"),
        ("a: " + "[" * 21 + "]" * 21, "1:24: nested more than 20 deep"),
    ],
)
def test_what_no_scenario_needs_is_refused_at_its_place(tmp_path, content, expected):
    (found,) = refusals(tmp_path, content)
    assert expected in found
    assert found.isprintable()


def test_all_that_is_wrong_with_the_structure_is_reported_before_what_stops_the_reader(tmp_path):
    found = refusals(tmp_path, "a: .nan\na: !foo 1\nb: [1")
    assert [line.split(": ")[0] for line in found] == ["1:4", "2:1", "2:4", "3:6"]


LAUGHS = "a0: &a0 [lol]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        "[" * 100_000,
        "a: " + "[" * 10_000,
        "\n".join(["a: " + "[" * 60] * 10_000),
        "a: " + "{b: " * 4_000,
        "- " * 10_000,
        "? " * 10_000,
        "a: 1\n" * 200_000,
        "a: !<" + "x" * 2**20,
        "\n" * 2**20,
        "a: '" + "\n" * 2**19 + "'",
        "".join("  " * depth + f"a{depth}:\n" for depth in range(700)),
    ],
    ids=lambda content: content[:10],
)
def test_bombs_are_refused_quickly(tmp_path, content):
    start = time.perf_counter()
    assert refusals(tmp_path, content) or len(read(tmp_path, content).data) == 1
    assert time.perf_counter() - start < 5


def test_a_missing_file_is_named_as_it_was_typed():
    with pytest.raises(UserError, match=r"^no/such\.yaml: cannot be read: No such file"):
        read_document(Path("no/such.yaml"))


def test_a_folder_a_device_and_a_pipe_are_not_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(UserError, match=f"^{path}: not a file"):
            read_document(path)


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    # Not by chmod: root reads everything.
    def deny(*_args):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "s.yaml").write_text("a: 1")
    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(UserError, match="cannot be read: Permission denied"):
        read_document(tmp_path / "s.yaml")


@pytest.mark.parametrize("name", ["a\0b", "a" * 5000, "a\nb"])
def test_a_name_that_no_file_can_have_is_one_line(name):
    with pytest.raises(UserError) as raised:
        read_document(Path(name))
    assert str(raised.value).isprintable()


YAMLISH = st.text("ab1.:-? \n\t[]{},'\"|>&*!%<#~\\", max_size=40)


def problems(read, given):
    try:
        read(given)
    except UserError as error:
        return error.problems
    return ()


@given(st.one_of(st.binary(max_size=60), YAMLISH.map(str.encode), st.text().map(str.encode)))
def test_any_bytes_give_a_document_or_a_user_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    assert all(line.isprintable() for line in problems(read_document, path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed=7", ("seed", 7)),
        ("a.b=no", ("a.b", "no")),
        ("a=x=y", ("a", "x=y")),
        ("a.0.b={c: [1, 2.5]}", ("a.0.b", {"c": [1, 2.5]})),
        ("a='1'", ("a", "1")),
        ("a=null", ("a", None)),
    ],
)
def test_an_override_is_a_path_and_a_yaml_value(text, expected):
    assert parse_override(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "seed",
        "=1",
        "a..b=1",
        ".a=1",
        "a=",
        "a=# x",
        "a=- 1",
        "a=b: c",
        "a=.nan",
        "a=&x 1",
        "a=!!python/name:os.system",
        "a=[1",
        "a={b: 1, b: 2}",
        "a=" + "[" * 100_000,
        "a=\udcff",
        "a=1\n--- 2",
        "a=<<: 1",
        "a=" + "9" * 99,
    ],
)
def test_a_bad_override_is_one_line_that_quotes_it(text):
    with pytest.raises(UserError) as raised:
        parse_override(text)
    (line,) = raised.value.problems
    assert line.startswith(f"--set {text[:2]}")
    assert line.isprintable()


@given(st.text())
def test_any_text_is_an_override_or_a_user_error(text):
    lines = [*problems(parse_override, text), *problems(parse_override, f"a={text}")]
    assert all(line.startswith("--set") and line.isprintable() for line in lines)


def test_applying_an_override_leaves_the_original_alone():
    data = {"a": {"b": [1, {"c": 2}]}, "empty": None}
    value = [3]
    changed = apply_override(data, "a.b.1.c", value)
    value.append(4)
    assert changed == {"a": {"b": [1, {"c": [3]}]}, "empty": None}
    assert data == {"a": {"b": [1, {"c": 2}]}, "empty": None}
    assert changed["a"] is not data["a"]


def test_levels_that_are_missing_are_made():
    assert apply_override({"e": None}, "e.f.g", 1) == {"e": {"f": {"g": 1}}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("seed.x", "seed.x: seed is 1, which has no keys"),
        ("seed.x.y", "seed.x.y: seed is 1, which has no keys"),
        ("items.2", "items.2: items is a list and '2' no place in it; give 0 to 1"),
        ("items.-1", "items.-1: items is a list and '-1' no place in it; give 0 to 1"),
        ("items.x.y", "items.x.y: items is a list and 'x' no place in it; give 0 to 1"),
        ("a." * 100_000 + "a", "not a path"),
        ("", "not a path"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_user_error(path, expected):
    with pytest.raises(UserError) as raised:
        apply_override({"seed": 1, "items": [1, 2]}, path, 3)
    assert expected in str(raised.value)
    assert len(str(raised.value)) < 200
