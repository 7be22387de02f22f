"""Streams as files: Parquet with its meaning inside, or CSV; whole or not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from underrecording.errors import UserError
from underrecording.files import write_atomically, writing
from underrecording.rng import RESULTS_VERSION
from underrecording.stream.incidents import COLUMNS, incident_schema

ENDINGS = (".parquet", ".csv")

METADATA = b"underrecording"
"""Key under which a Parquet file holds its metadata, a JSON document."""

BASIS = (
    "Simulated, not observed. Volumes and officers are published; effect sizes of training, "
    "supervision, workload and pressure, service times, routes and rosters are assumed."
)


def slug(force: str) -> str:
    """The name of a force as files have it.

    >>> slug("Avon and Somerset")
    'avon-and-somerset'
    """
    return "-".join(force.lower().split())


def stream_metadata(**about: Any) -> dict[str, Any]:
    """What a file says of itself: *about*, versions, basis, and every column.

    >>> stream_metadata(seed=1)["columns"]["load_at_decision"]["unit"]
    'open incidents per officer on duty'
    """
    return {
        **about,
        "underrecording": version("underrecording"),
        "results_version": RESULTS_VERSION,
        "basis": BASIS,
        "columns": {
            column.name: {"unit": column.unit, "meaning": column.meaning} for column in COLUMNS
        },
    }


def write_stream(path: Path, batches: Iterable[Any], about: Mapping[str, Any]) -> None:
    """Write a table of incidents to *path*, whole or not at all.

    The same stream and the same *about* give the same bytes, whichever engine
    ran it: neither engine nor date is part of the file.

    Parameters
    ----------
    path : Path
        Ends in ``.parquet`` (zstd, one row group a batch) or ``.csv`` (header;
        null is empty, true and false in words; no metadata). Its folder is
        there. A file of that name is replaced once the new one is whole.
    batches : iterable of pyarrow RecordBatch
        With `incident_schema`; taken one at a time.
    about : mapping
        What the incidents come from: seed, world, force, scenario, ...

    Raises
    ------
    UserError
        If *path* has another ending or cannot be written.
    """
    if path.suffix not in ENDINGS:
        raise UserError(f"{path}: expected a name that ends in {' or '.join(ENDINGS)}")
    opened = _csv if path.suffix == ".csv" else _parquet

    def write(partial: Path) -> None:
        with opened(partial, stream_metadata(**about)) as writer:
            for batch in batches:
                writer.write_batch(batch)

    with writing(path.parent):
        write_atomically(path, write)


@contextmanager
def _parquet(path: Path, metadata: Mapping[str, Any]) -> Iterator[Any]:
    schema = incident_schema().with_metadata({METADATA: json.dumps(metadata).encode()})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield writer


@contextmanager
def _csv(path: Path, metadata: Mapping[str, Any]) -> Iterator[Any]:
    # CSV has no place for metadata, and pyarrow writes no dictionaries to it.
    plain = pa.schema(
        [
            pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
            for f in incident_schema()
        ]
    )
    with pyarrow.csv.CSVWriter(path, plain) as writer:
        yield _Plain(writer, plain)


class _Plain:
    def __init__(self, writer: Any, schema: Any) -> None:
        self._writer, self._schema = writer, schema

    def write_batch(self, batch: Any) -> None:
        self._writer.write_batch(batch.cast(self._schema))
