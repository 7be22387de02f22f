"""A run folder: parts that are whole or absent, a manifest, one writer at a time.

A part is written under a temporary name, flushed to the disk and renamed; it
carries the digest of its study and a hash of its content, and a part that does
not match both is not there. So a crash at any moment loses no finished block.
The digest covers the version of results: parts of two versions never meet. By
which program it was computed is written into each part too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from underrecording.errors import UserError
from underrecording.files import write_atomically, writing
from underrecording.study.moments import Moments
from underrecording.study.plan import Block
from underrecording.study.program import program

_META = b"underrecording"
_UNREADABLE = (OSError, pa.ArrowException, KeyError, ValueError, TypeError, MemoryError)
MANIFEST, LOCK, PARTS = "manifest.json", ".lock", "parts"
_UNLIKE = ("estimate", "se", "low", "high", "truth")
"""Columns whose numbers hardly repeat."""
_PLACE = ("cell", "world", "replicate")
"""Columns by which rows are found."""


class DamagedError(Exception):
    """A part that is not there, not whole, or not of this study."""


class Store:
    """The folder of one run.

    Parameters
    ----------
    folder : Path
        Made when it is opened.
    digest : str
        Of the study; parts of any other are refused.
    settings : mapping
        What the digest covers, to say how another study differs.
    """

    def __init__(self, folder: Path, digest: str, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.digest = digest
        self.settings = settings

    @property
    def parts(self) -> Path:
        """Folder of the parts."""
        return self.folder / PARTS

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Make the folder if need be and hold it alone.

        Raises
        ------
        UserError
            If it cannot be written, holds another study, or another process
            is writing to it.
        """
        with writing(self.folder):
            # Before anything is made in a folder that may be somebody else's.
            self._refuse_strangers()
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise UserError(
                    f"{self.folder}: another process is writing this run; wait for it to end"
                ) from None
        try:
            with writing(self.folder):
                # Again: another process may have come and gone before the lock was ours.
                self._refuse_strangers()
                self.parts.mkdir(exist_ok=True)
            self._sweep_up()
            yield self
        finally:
            lock.release()

    def _refuse_strangers(self) -> None:
        """Refuse a folder that holds something else than this study."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise UserError(f"{self.folder}: is a file; give a folder for the run")
        manifest = self.folder / MANIFEST
        if not manifest.exists():
            if any(path.name not in (LOCK, PARTS) for path in self.folder.iterdir()):
                raise UserError(
                    f"{self.folder}: is not empty and holds no run; give a new or an empty folder"
                )
            return
        try:
            held = json.loads(manifest.read_text("utf-8"))
            digest, settings = held["digest"], held["settings"]
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{manifest}: cannot be read as a manifest; remove the folder or give another"
            ) from None
        if digest != self.digest:
            different = "; ".join(differences(settings, self.settings)) or "other results version"
            raise UserError(
                f"{self.folder}: holds another study ({different}); give another folder"
            )

    def _sweep_up(self) -> None:
        """Remove what a crash left half written."""
        for path in self.folder.rglob(".*.partial"):
            path.unlink(missing_ok=True)

    def read_block(self, block: Block) -> Moments | None:
        """Return the summary of a block, or None where no whole part holds it."""
        table = self.read_table(block.name)
        return None if table is None else _from_table(table)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Keep a table as a part under *name*, with its hash.

        When this returns it survives a crash.
        """
        mark = {**self._mark(name, table), "computed_by": program()}
        marked = table.replace_schema_metadata({_META: json.dumps(mark).encode()})
        with writing(self.folder):
            write_atomically(
                self._path(name),
                lambda path: pq.write_table(marked, path, **_layout(marked.schema)),
            )

    def read_table(self, name: str) -> pa.Table | None:
        """Return the part *name*, or None where it is absent, damaged or of another study."""
        try:
            return self.whole_table(name)
        except DamagedError:
            return None

    def whole_table(self, name: str) -> pa.Table:
        """Return the part *name*.

        Raises
        ------
        DamagedError
            If it is absent, damaged or of another study; says which, and by what field.
        """
        path = self._path(name)
        if not path.exists():
            raise DamagedError("is missing")
        try:
            # Into memory, not mapped: a file that shrinks while it is read must not crash us.
            table = pq.read_table(
                pa.BufferReader(path.read_bytes()), page_checksum_verification=True
            )
            mark = _mark_of(table.schema)
            mark.pop("computed_by", None)
            wanted = self._mark(name, table)
        # Bytes that are not what they were may end in any of these.
        except _UNREADABLE as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise DamagedError(f"cannot be read ({reason})") from None
        wrong = [key for key in sorted(mark.keys() | wanted) if mark.get(key) != wanted.get(key)]
        if wrong:
            raise DamagedError(
                "; ".join(f"{key}: {mark.get(key)!r}, not {wanted.get(key)!r}" for key in wrong)
            )
        return table

    def computed_by(self, blocks: Iterable[Block]) -> list[Any]:
        """Programs that computed those of *blocks* that are there, each once.

        None stands for parts of a version that did not write itself into them.
        """
        found: list[Any] = []
        for block in blocks:
            try:
                by = _mark_of(pq.read_schema(self._path(block.name))).get("computed_by")
            except _UNREADABLE:
                continue
            if by not in found:
                found.append(by)
        return found

    def stored_parts(self) -> set[str]:
        """Names of all parts, whole or damaged."""
        return {path.stem for path in self.parts.glob("*.parquet")}

    def stored_blocks(self) -> set[str]:
        """Names of the blocks that have a part, whole or damaged, those of earlier runs too."""
        return {path.stem for path in self.parts.glob("world-*-replicates-*.parquet")}

    def _path(self, name: str) -> Path:
        return self.parts / f"{name}.parquet"

    def _mark(self, name: str, table: pa.Table) -> dict[str, str]:
        return {"digest": self.digest, "part": name, "sha256": _content_hash(table)}

    def discard_reports(self) -> None:
        """Remove the tables and the page of an earlier, shorter run: they would be stale."""
        with writing(self.folder):
            for pattern in ("*.csv", "report.html"):
                for path in self.folder.glob(pattern):
                    path.unlink(missing_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file of the run, whole or not at all."""
        with writing(self.folder):
            write_atomically(
                self.folder / name, lambda path: path.write_text(text, "utf-8", newline="\n")
            )


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield ``path: old -> new`` for each value that differs.

    >>> list(differences({"seed": 1, "world": {"a": 2}}, {"seed": 1, "world": {"a": 3}}))
    ['world.a: 2 -> 3']
    """
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from differences(before, after, f"{prefix}{key}.")
        elif before != after:
            yield f"{prefix}{key}: {json.dumps(before)} -> {json.dumps(after)}"


def _mark_of(schema: pa.Schema) -> dict[str, Any]:
    mark = json.loads((schema.metadata or {})[_META])
    if not isinstance(mark, dict):
        raise ValueError("no mark of a part")
    return mark


def moments_table(moments: Moments) -> pa.Table:
    """The summary of a block as it is stored: a row a cell, target and estimator."""
    shape = moments.sums.shape[:-1]
    index = np.indices(shape).reshape(len(shape), -1)
    columns: dict[str, Any] = dict(zip(("cell", "target", "estimator"), index, strict=True))
    for name, field in zip(Moments._fields, moments, strict=True):
        flat = pa.array(np.ascontiguousarray(field).reshape(-1))
        columns[name] = pa.FixedSizeListArray.from_arrays(flat, field.shape[-1])
    return pa.table(columns)


def _from_table(table: pa.Table) -> Moments:
    shape = tuple(int(table[name].to_numpy().max()) + 1 for name in ("cell", "target", "estimator"))
    fields = []
    for name in Moments._fields:
        column = table[name].combine_chunks()
        flat = column.flatten().to_numpy(zero_copy_only=False)
        fields.append(flat.reshape(*shape, -1))
    return Moments(*fields)


def _layout(schema: pa.Schema) -> dict[str, Any]:
    """How a table is laid out in its file.

    Fast path: a dictionary of numbers that hardly repeat would be as long as the
    column, and the smallest and largest of a page help to find a row by its place
    only. ``benchmarks/rows.py`` has the gain over Parquet's defaults.
    """
    running = [name for name in schema.names if name == "replicate"]
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [name for name in schema.names if name not in (*_UNLIKE, *running)],
        "write_statistics": [name for name in schema.names if name in _PLACE],
        # What goes up by one from row to row takes no room.
        "column_encoding": dict.fromkeys(running, "DELTA_BINARY_PACKED"),
        "write_page_checksum": True,
    }


def _content_hash(table: pa.Table) -> str:
    """SHA-256 of the values of a table, column by column.

    Of a dictionary the words, and which of them each row has. As an array of NumPy
    it would be pointers to words, and those are others in every process.
    """
    digest = hashlib.sha256()
    for name in table.column_names:
        digest.update(name.encode())
        column = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            column = column.flatten()
        if pa.types.is_dictionary(column.type):
            digest.update("\0".join(column.dictionary.to_pylist()).encode())
            column = column.indices
        if pa.types.is_string(column.type):
            digest.update("\0".join(column.to_pylist()).encode())
        else:
            values = np.ascontiguousarray(column.to_numpy(zero_copy_only=False))
            digest.update(values.data)
    return digest.hexdigest()
