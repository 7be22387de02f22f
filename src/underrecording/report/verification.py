"""Whether a run is what it says, from the manifest to the tables, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Protocol

from underrecording.errors import UserError
from underrecording.report.write import csv_text, tables_of
from underrecording.study import read_results
from underrecording.study.kept import part_names as names_of
from underrecording.study.recall import recall
from underrecording.study.store import MANIFEST
from underrecording.study.verify import (
    faults_of_block,
    faults_of_parts,
    part_names,
    sample_of_blocks,
)

UNCHECKED = "Not compared: figures and report.html, which are drawn from the tables and parts."


class Progress(Protocol):
    """Who is told how it gets on."""

    def say(self, text: str) -> None:
        """Something happens that takes a while."""

    def start(self, done: int, total: int) -> None:
        """Replicates are counted from here."""

    def advance(self, count: int) -> None:
        """So many more replicates are done."""


class Verification(NamedTuple):
    """What was checked of a run, and what is wrong with it.

    Attributes
    ----------
    folder : Path
    parts : int
        That a finished run has.
    tables : tuple of str
        Compared byte for byte with what the parts say; none where parts are wrong.
    blocks : tuple of str
        Computed again and compared bit by bit.
    blocks_there : int
        Of which these were taken.
    replicates : int
        In the blocks computed again.
    faults : tuple of str
        File or part, field, what it is and what it should be.
    """

    folder: Path
    parts: int
    tables: tuple[str, ...]
    blocks: tuple[str, ...]
    blocks_there: int
    replicates: int
    faults: tuple[str, ...]


def verify(folder: Path, *, blocks: int, seed: int, progress: Progress) -> Verification:
    """Check the run in *folder*; nothing is written.

    Parameters
    ----------
    folder : Path
    blocks : int
        How many to compute again, taken at random.
    seed : int
        Of that choice.
    progress : Progress

    Raises
    ------
    UserError
        If there is no finished run, or this program cannot compute it again.
    """
    plan, store, faults = recall(folder, progress.say)
    if not json.loads((folder / MANIFEST).read_text("utf-8")).get("ended"):
        raise UserError(f"{folder}: the run has not finished; carry on with simulate run")
    wrong_parts = faults_of_parts(plan, store)
    faults += wrong_parts
    tables: tuple[str, ...] = ()
    if not wrong_parts:
        expected = tables_of(read_results(plan, store))
        tables = tuple(expected)
        for name, table in expected.items():
            faults += _faults_of_table(folder / name, csv_text(table))
    bad = {fault.partition(".parquet")[0].rpartition("/")[2] for fault in wrong_parts}
    sample = sample_of_blocks(plan.blocks(), blocks, seed)
    # A part that cannot be read has nothing to be compared with.
    sample = [block for block in sample if not bad & set(names_of(plan, block))]
    if sample:
        progress.say("Computing blocks again ...")
    progress.start(0, sum(block.stop - block.start for block in sample))
    for block in sample:
        faults += faults_of_block(plan, store, block, progress=progress.advance)
    return Verification(
        folder,
        len(part_names(plan)),
        tables,
        tuple(block.name for block in sample),
        len(plan.blocks()),
        sum(block.stop - block.start for block in sample),
        tuple(faults),
    )


def _faults_of_table(path: Path, expected: str) -> list[str]:
    """Where a table first differs from what the parts say, and in how many lines."""
    try:
        held = path.read_bytes()
    except OSError as error:
        return [f"{path.name}: cannot be read ({error.strerror})"]
    if held == expected.encode():
        return []
    old, new = held.decode(errors="backslashreplace").split("\n"), expected.split("\n")
    if len(old) != len(new):
        return [f"{path.name}: {len(old)} lines, the parts give {len(new)}"]
    different = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    line = different[0]
    fields = zip(new[0].split(","), old[line].split(","), new[line].split(","), strict=False)
    field = next(
        (f"{n}: {a!r}, the parts give {b!r}" for n, a, b in fields if a != b), "its length"
    )
    return [
        f"{path.name}: differs in {len(different)} line{'s' * (len(different) > 1)}, first in "
        f"line {line + 1}, {field}"
    ]


def verification_text(found: Verification) -> str:
    """What was checked, and what is wrong, as lines."""
    tables = ", ".join(found.tables) or "none, as parts are missing or damaged"
    lines = [
        f"Run folder: {found.folder}",
        "Checked:",
        f"- {MANIFEST}: title, seed, replicates, cells, settings and digest follow from the "
        "scenario in it",
        f"- {found.parts} parts: each is there, is of this study, and has the hash that is "
        "written in it",
        f"- tables, byte for byte as the parts give them: {tables}",
        f"- computed again and compared bit by bit: {len(found.blocks)} of "
        f"{found.blocks_there} blocks, {found.replicates:,} replicates in every cell",
        *(f"    {name}" for name in found.blocks),
        UNCHECKED,
    ]
    if not found.faults:
        return "\n".join([*lines, "", "No difference."])
    return "\n".join([*lines, "", f"Differences: {len(found.faults)}", *found.faults])


def verification_json(found: Verification) -> str:
    """The same as one JSON document."""
    return json.dumps(
        {**found._asdict(), "folder": str(found.folder), "same": not found.faults}, indent=2
    )
