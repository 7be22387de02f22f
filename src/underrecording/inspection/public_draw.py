"""A sample that anyone can recompute: records ranked by a hash of a public seed and their name."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

COLUMNS = ("order", "id", "stratum", "random_number", "status")
"""Columns of a sample list, before those of the record list."""

DIGITS = 16
"""Hexadecimal digits shown of the 64 of a random number; the ranking uses all."""


class Drawn(NamedTuple):
    """A record that is in the sample or the reserve.

    Attributes
    ----------
    order : int
        Its place by random number in its stratum, from 1.
    id, stratum : str
    random_number : str
        64 hexadecimal digits.
    status : str
        ``reserve`` for those that replace records which cannot be read, in order.
    """

    order: int
    id: str
    stratum: str
    random_number: str
    status: Literal["sample", "reserve"]

    def cells(self) -> dict[str, str]:
        """Return its cells in a sample list, by column."""
        shown = self.random_number[:DIGITS]
        cells = (str(self.order), self.id, self.stratum, shown, self.status)
        return dict(zip(COLUMNS, cells, strict=True))


def random_number(public_seed: str, identifier: str) -> str:
    """Permanent random number of a record: SHA-256 of ``seed,identifier`` in UTF-8, 64 hex digits.

    It belongs to the record and not to its place in a list, so samples do not
    depend on the order of the list, are nested in their size, and change with
    the list only where what is added or removed ranks among the drawn.

    Source: Ohlsson (1995), in Cox et al. (eds), Business Survey Methods, p. 153
    (permanent random numbers); Rivest (2011), Sampler, a program for election
    audits (hash of a public seed). Assumes that nobody could know the seed
    while the list could still be changed.

    >>> random_number("04-17-23", "C/1042/26")[:16]
    '66e2460143fda854'
    """
    return hashlib.sha256(f"{public_seed},{identifier}".encode()).hexdigest()


def fingerprint(strata: Mapping[str, str]) -> str:
    r"""SHA-256 of a list, to be published before there is a seed; 64 hex digits.

    Parameters
    ----------
    strata : mapping of str to str
        Identifier of each record -> its stratum, ``""`` without strata. One
        line a record, the identifier and, if any, a tab and the stratum; the
        lines sorted by code point, each ended by a line feed, in UTF-8.

    >>> fingerprint({"b": "", "a": ""}) == hashlib.sha256(b"a\nb\n").hexdigest()
    True
    """
    lines = sorted(f"{name}\t{stratum}" if stratum else name for name, stratum in strata.items())
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def draw(
    strata: Mapping[str, str], numbers: Mapping[str, int], *, public_seed: str, reserve: int = 0
) -> list[Drawn]:
    """Records with the smallest random numbers of their stratum, then the reserve.

    Parameters
    ----------
    strata : mapping of str to str
        Identifier of each record -> its stratum; ``""`` without strata.
    numbers : mapping of str to int
        Records to draw in each stratum, at most as many as it holds.
    public_seed : str
    reserve : int
        Records to rank after them in each stratum, as far as there are any.

    Returns
    -------
    list of Drawn
        By stratum in the order of code points, in it by random number.

    A simple random sample without replacement of each stratum, as far as
    SHA-256 cannot be told from chance.

    >>> crimes = {"C1": "robbery", "C2": "violence", "C3": "violence", "C4": "robbery"}
    >>> sample = draw(crimes, {"robbery": 1, "violence": 1}, public_seed="04-17-23", reserve=1)
    >>> [(one.id, one.stratum, one.status) for one in sample if one.stratum == "robbery"]
    [('C4', 'robbery', 'sample'), ('C1', 'robbery', 'reserve')]
    """
    ranked = defaultdict(list)
    for identifier, stratum in strata.items():
        ranked[stratum].append((random_number(public_seed, identifier), identifier))
    return [
        Drawn(order, identifier, stratum, number, "sample" if order <= n else "reserve")
        for stratum, n in sorted(numbers.items())
        if n > 0
        for order, (number, identifier) in enumerate(
            heapq.nsmallest(n + reserve, ranked[stratum]), start=1
        )
    ]


def differences(
    given: Iterable[tuple[str, Mapping[str, str]]], drawn: Sequence[Drawn]
) -> list[str]:
    """Where a sample list is not what was drawn; none if it is, in any order of its rows.

    Parameters
    ----------
    given : iterable of (str, mapping of str to str)
        Place of each row, as it is to be named, and its cells; of the columns
        in `COLUMNS` ``id`` must be among them, and those that are get compared.
    drawn : sequence of Drawn

    >>> [drawn] = draw({"C1": ""}, {"": 1}, public_seed="5")
    >>> differences([("a.csv:2", {"id": "C1", "status": "reserve"})], [drawn])
    ["a.csv:2: C1: status: 'reserve', the seed gives 'sample'"]
    >>> differences([("a.csv:2", {"id": "C7"})], [drawn])
    ["a.csv:2: id: 'C7' was not drawn", 'missing: C1, order 1, sample']
    """
    expected = {one.id: one.cells() for one in drawn}
    found: dict[str, str] = {}
    problems = []
    for place, cells in given:
        name = cells["id"]
        if name not in expected:
            problems.append(f"{place}: id: '{name}' was not drawn")
        elif name in found:
            problems.append(f"{place}: id: '{name}' again, as in {found[name]}")
        else:
            found[name] = place
            problems += [
                f"{place}: {name}: {column}: '{cells[column]}', the seed gives '{right}'"
                for column, right in expected[name].items()
                if column in cells and cells[column] != right
            ]
    for one in drawn:
        if one.id not in found:
            stratum = f" of stratum '{one.stratum}'" if one.stratum else ""
            problems.append(f"missing: {one.id}, order {one.order}{stratum}, {one.status}")
    return problems
