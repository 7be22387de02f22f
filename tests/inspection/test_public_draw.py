"""A public draw: recomputed by hand, independent of order, nested, and as good as chance."""

import hashlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from underrecording.errors import UserError
from underrecording.inspection import public_draw
from underrecording.inspection.draw_numbers import (
    LEAST,
    RULES,
    numbers_to_draw,
    share_out,
    stratum_sizes,
)
from underrecording.inspection.public_draw import (
    Drawn,
    differences,
    draw,
    fingerprint,
    random_number,
)

SEED = "04-17-23"
OFFENCES = ("violence", "robbery", "burglary")
RECORDS = {f"CR/{number:04}/26": OFFENCES[number % 3] for number in range(60)}
WHOLE = dict.fromkeys(RECORDS, "")

names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)
lists = st.dictionaries(names, st.sampled_from(OFFENCES), min_size=1, max_size=40)


def ids(drawn, status="sample"):
    return [one.id for one in drawn if one.status == status]


# What it is, recomputed.


def test_the_random_number_is_sha256_of_seed_comma_identifier():
    by_hand = hashlib.sha256(b"04-17-23,CR/0007/26").hexdigest()
    assert random_number(SEED, "CR/0007/26") == by_hand
    assert random_number("7", "é") == hashlib.sha256(b"7,\xc3\xa9").hexdigest()


def test_a_sample_is_the_smallest_numbers_of_each_stratum():
    sample = draw(RECORDS, {"violence": 4, "robbery": 2}, public_seed=SEED, reserve=1)
    for stratum, n in {"violence": 4, "robbery": 2}.items():
        ranked = sorted(
            (hashlib.sha256(f"{SEED},{name}".encode()).hexdigest(), name)
            for name, offence in RECORDS.items()
            if offence == stratum
        )
        right = [
            Drawn(order, name, stratum, number, "sample" if order <= n else "reserve")
            for order, (number, name) in enumerate(ranked[: n + 1], start=1)
        ]
        assert [one for one in sample if one.stratum == stratum] == right
    assert [one.stratum for one in sample] == ["robbery"] * 3 + ["violence"] * 5


def test_the_fingerprint_is_of_sorted_lines_each_ended():
    assert fingerprint({"b": "", "é": "", "a": ""}) == (
        hashlib.sha256(b"a\nb\n\xc3\xa9\n").hexdigest()
    )
    assert fingerprint({"b": "x", "a": "y"}) == hashlib.sha256(b"a\ty\nb\tx\n").hexdigest()


@given(lists)
def test_a_fingerprint_changes_with_every_identifier_and_stratum_and_not_with_the_order(strata):
    whole = fingerprint(strata)
    assert fingerprint(dict(reversed(strata.items()))) == whole
    first = next(iter(strata))
    assert fingerprint({**strata, first: "other"}) != whole
    assert fingerprint({**strata, first + "+": "robbery"}) != whole


# What follows from a number that belongs to the record.


@given(lists, st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_order_of_the_list_does_not_matter(strata, shuffler, reserve):
    shuffled = list(strata.items())
    shuffler.shuffle(shuffled)
    numbers = {name: (size + 1) // 2 for name, size in stratum_sizes(strata).items()}
    assert draw(dict(shuffled), numbers, public_seed=SEED, reserve=reserve) == draw(
        strata, numbers, public_seed=SEED, reserve=reserve
    )


@given(lists, st.integers(0, 5))
def test_a_larger_sample_holds_the_smaller_and_takes_its_reserve_first(strata, more):
    few = dict.fromkeys(strata.values(), 1)
    many = dict.fromkeys(few, 1 + more)
    small = draw(strata, few, public_seed=SEED, reserve=more)
    large = draw(strata, many, public_seed=SEED)
    assert [one._replace(status="sample") for one in small] == large


def test_records_added_later_push_out_only_those_they_rank_before():
    added = {f"CR/{number:04}/26": "" for number in range(60, 90)}
    before = ids(draw(WHOLE, {"": 20}, public_seed=SEED))
    after = ids(draw(WHOLE | added, {"": 20}, public_seed=SEED))
    new = set(after) - set(before)
    assert new
    assert new <= set(added)
    kept = [name for name in after if name not in new]
    assert kept == before[: len(kept)]


def test_another_seed_gives_another_sample():
    samples = {tuple(ids(draw(WHOLE, {"": 20}, public_seed=str(seed)))) for seed in range(50)}
    assert len(samples) == 50


def test_a_reserve_ends_where_the_stratum_does():
    drawn = draw({"a": "", "b": "", "c": ""}, {"": 2}, public_seed=SEED, reserve=5)
    assert [one.status for one in drawn] == ["sample", "sample", "reserve"]


def test_a_stratum_of_which_none_is_drawn_has_no_reserve():
    drawn = draw(RECORDS, {"robbery": 1, "violence": 0}, public_seed=SEED, reserve=2)
    assert {one.stratum for one in drawn} == {"robbery"}


# Is it as good as chance? Each test has a twin that shows what it would find.


def by_place(monkeypatch, number, *, size, n, seeds, cells):
    """Chi-square statistic of how often each tenth, say, of a list was drawn; df = cells - 1."""
    monkeypatch.setattr(public_draw, "random_number", number)
    place = {f"CR/{at:04}/26": at * cells // size for at in range(size)}
    strata = dict.fromkeys(place, "")
    counts = np.zeros(cells)
    for seed in range(seeds):
        for one in draw(strata, {"": n}, public_seed=str(seed)):
            counts[place[one.id]] += 1
    expected = seeds * n / cells
    # Without replacement counts vary less than multinomial ones, by (size - n) / (size - 1).
    return ((counts - expected) ** 2).sum() / expected * (size - 1) / (size - n)


def first_byte(seed, name):
    return random_number(seed, name)[:2]


def without_the_identifier(seed, name):
    return random_number(seed, "")


def without_the_seed(seed, name):
    return random_number("", name)


def digits_of_the_reference_first(seed, name):
    return name[3] + random_number(seed, name)


FAULTS = [first_byte, without_the_identifier, without_the_seed, digits_of_the_reference_first]
STUDY = {"size": 1000, "n": 3, "seeds": 500, "cells": 20}
LIMIT = chi2.isf(6e-5, STUDY["cells"] - 1)
"""Passed by chance once in 16,000, as 4 standard errors are."""


def test_every_part_of_a_list_is_drawn_equally_often(monkeypatch):
    assert by_place(monkeypatch, random_number, **STUDY) < LIMIT


@pytest.mark.parametrize("fault", FAULTS[:3])
def test_a_ranking_that_is_not_chance_is_caught(monkeypatch, fault):
    assert by_place(monkeypatch, fault, **STUDY) > LIMIT


def test_a_ranking_by_a_digit_of_the_reference_is_caught(monkeypatch):
    study = {"size": 3000, "n": 3, "seeds": 100, "cells": 3}
    limit = chi2.isf(6e-5, 2)
    assert by_place(monkeypatch, digits_of_the_reference_first, **study) > limit
    assert by_place(monkeypatch, random_number, **study) < limit


def pairs_together(number, monkeypatch, seeds=4000):
    """How often two neighbours of twenty are both among ten: z against 10 * 9 / (20 * 19)."""
    monkeypatch.setattr(public_draw, "random_number", number)
    strata = {f"CR/{at:04}/26": "" for at in range(20)}
    first, second = list(strata)[:2]
    together = sum(
        {first, second} <= set(ids(draw(strata, {"": 10}, public_seed=str(seed))))
        for seed in range(seeds)
    )
    p = 10 * 9 / (20 * 19)
    return (together - seeds * p) / (seeds * p * (1 - p)) ** 0.5


def in_twos(seed, name):
    """A fault that draws each record as often as any, but neighbours together."""
    return random_number(seed, str(int(name[3:7]) // 2)) + name


def test_neighbours_are_drawn_together_as_often_as_by_chance(monkeypatch):
    assert abs(pairs_together(random_number, monkeypatch)) < 4
    assert pairs_together(in_twos, monkeypatch) > 4


# How many from where.


def test_numbers_are_those_named_and_in_the_others_each():
    sizes = {"burglary": 5, "robbery": 9, "violence": 70}
    assert numbers_to_draw(sizes, 5, {}) == {"burglary": 5, "robbery": 5, "violence": 5}
    assert numbers_to_draw(sizes, 5, {"violence": 70, "robbery": 0}) == {
        "burglary": 5, "robbery": 0, "violence": 70,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("each", "named", "told"),
    [
        (6, {}, ["stratum 'burglary': 6 records asked for, it holds 5"]),
        (10, {}, ["'burglary': 10", "'robbery': 10 records asked for, it holds 9"]),
        (None, {"robbery": 2}, ["'burglary' has no number", "'violence' has no number"]),
        (1, {"robery": 2}, ["no record is of stratum 'robery'; did you mean 'robbery'?"]),
        (None, dict.fromkeys(OFFENCES, 0), ["0 records in every stratum"]),
    ],
)
def test_numbers_that_cannot_be_are_told_all_at_once(each, named, told):
    with pytest.raises(UserError) as caught:
        numbers_to_draw({"burglary": 5, "robbery": 9, "violence": 70}, each, named)
    assert len(caught.value.problems) == len(told)
    for problem, words in zip(caught.value.problems, told, strict=True):
        assert words in problem


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=8),
    st.floats(0, 1),
    st.sampled_from(list(RULES)),
)
def test_what_is_shared_out_adds_up_within_bounds(records, share, rule):
    sizes = {f"s{number}": size for number, size in enumerate(records)}
    least = sum(min(size, LEAST) for size in records)
    total = round(least + share * (sum(records) - least))
    numbers = share_out(sizes, total, rule)
    assert sum(numbers.values()) == total
    assert all(min(LEAST, sizes[name]) <= n <= sizes[name] for name, n in numbers.items())


def test_rules_share_out_as_they_say():
    sizes = {"robbery": 100, "violence": 900}
    assert share_out(sizes, 100, "proportional") == {"robbery": 10, "violence": 90}
    assert share_out(sizes, 100, "equal") == {"robbery": 50, "violence": 50}
    assert share_out(sizes, 100, "power") == {"robbery": 25, "violence": 75}


@pytest.mark.parametrize("total", [1, 3, 1001])
def test_a_total_that_cannot_be_is_told_with_its_bounds(total):
    with pytest.raises(UserError, match="give 4 to 1000"):
        share_out({"robbery": 100, "violence": 900}, total, "equal")


# The check.


def given_rows(drawn):
    return [(f"sample.csv:{line}", one.cells()) for line, one in enumerate(drawn, start=2)]


def test_a_sample_checks_in_any_order_of_its_rows():
    drawn = draw(RECORDS, dict.fromkeys(OFFENCES, 3), public_seed=SEED, reserve=2)
    rows = given_rows(drawn)
    random.Random(5).shuffle(rows)
    assert differences(rows, drawn) == []
    assert differences([(place, {"id": row["id"]}) for place, row in rows], drawn) == []


@pytest.mark.parametrize("column", ["order", "stratum", "random_number", "status"])
def test_each_cell_that_was_changed_is_found(column):
    drawn = draw(RECORDS, dict.fromkeys(OFFENCES, 3), public_seed=SEED, reserve=2)
    rows = given_rows(drawn)
    right = rows[4][1][column]
    rows[4][1][column] = "0"
    (told,) = differences(rows, drawn)
    assert told == f"sample.csv:6: {drawn[4].id}: {column}: '0', the seed gives '{right}'"


def test_a_record_exchanged_is_found_twice_as_what_came_and_what_went():
    drawn = draw(RECORDS, dict.fromkeys(OFFENCES, 3), public_seed=SEED)
    rows = given_rows(drawn)
    other = next(name for name in RECORDS if name not in ids(drawn))
    rows[1][1]["id"] = other
    came, went = differences(rows, drawn)
    assert came == f"sample.csv:3: id: '{other}' was not drawn"
    assert went == f"missing: {drawn[1].id}, order 2 of stratum 'burglary', sample"


def test_a_row_that_is_there_twice_is_found():
    drawn = draw(WHOLE, {"": 3}, public_seed=SEED)
    (told,) = differences(given_rows([*drawn, drawn[0]]), drawn)
    assert told == f"sample.csv:5: id: '{drawn[0].id}' again, as in sample.csv:2"
