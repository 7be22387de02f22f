"""The rows of a run that kept them (``study.keep: rows``), read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from underrecording.errors import UserError
from underrecording.study.kept import ESTIMATES, part_name
from underrecording.study.plan import blocks_of
from underrecording.study.recall import recall_scenario
from underrecording.study.store import DamagedError, Store


def read_rows(folder: Path | str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Every estimate of the run in *folder*: one row per cell, replicate, target and estimator.

    Parameters
    ----------
    folder : path
        Of a run with ``study.keep: rows``.
    columns : sequence of str, optional
        Those wanted, of: cell, the swept keys, world, replicate, estimand, domain,
        estimator, estimate, se, low, high, truth, reason. All if not given.

    Returns
    -------
    DataFrame
        In the order of the blocks, and in a block by cell, target, estimator and
        replicate. Rates are shares; columns of words are categorical.

    Raises
    ------
    UserError
        If the folder holds no run, or not the whole rows of all its replicates.

    Examples
    --------
    Between what errors nine inspections in ten lie::

        rows = read_rows("outputs/rows")
        error = rows["estimate"] - rows["truth"]
        errors = error.groupby([rows["cell"], rows["estimator"]], observed=True)
        print(errors.quantile([0.05, 0.95]))
    """
    return pd.concat(rows_by_block(folder, columns=columns), ignore_index=True)


def rows_by_block(
    folder: Path | str, *, columns: Sequence[str] | None = None
) -> Iterator[pd.DataFrame]:
    """Yield what `read_rows` returns block by block, so that one is in memory at a time."""
    folder = Path(folder)
    held, loaded = recall_scenario(folder)
    store = Store(folder, held["digest"], {})
    names = [part_name(ESTIMATES, block) for block in blocks_of(loaded.scenario)]
    missing = [name for name in names if name not in store.stored_parts()]
    if missing:
        raise UserError(
            f"{folder}: the rows of {len(missing)} of {len(names)} blocks are not kept; run it "
            "with --set study.keep=rows"
        )
    for name in names:
        try:
            table = store.whole_table(name)
        except DamagedError as error:
            raise UserError(f"{folder}: {name}: {error}; simulate run computes it again") from None
        yield table.select(columns or table.column_names).to_pandas()
