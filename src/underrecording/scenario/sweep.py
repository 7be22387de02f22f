"""What a study varies: the cells that a scenario asks for, and what may be swept."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from underrecording.options import Section, mistake, mistakes

MAX_CELLS = 1_000

UNSWEPT = ("world.draw", "world.worlds", "world.fidelity")
"""Keys of the world that hold for a study as a whole."""

KINDS = ("one_at_a_time", "grid", "zip", "list")

Swept = dict[str, Annotated[tuple[Any, ...], Field(min_length=1, max_length=MAX_CELLS)]]
Listed = Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=MAX_CELLS)]


class Sweep(Section):
    """Cells of the study: values for dotted paths of the scenario. One kind of the four."""

    one_at_a_time: Swept | None = None
    """Each value in turn, all else as the scenario has it."""
    grid: Swept | None = None
    """Every combination of the values."""
    zip: Swept | None = None
    """The values in step: the first of every key, then the second of every key, ..."""
    list: Listed | None = None
    """Cells one by one: what each sets; what it leaves out is as the scenario has it."""

    @model_validator(mode="after")
    def _can_be_swept(self) -> Sweep:
        found = tuple(_faults(self))
        if found:
            raise mistakes(*found)
        return self

    @property
    def kind(self) -> str:
        """``one_at_a_time``, ``grid``, ``zip`` or ``list``; empty where nothing is swept."""
        return next((kind for kind in KINDS if getattr(self, kind)), "")

    @property
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Swept keys in the order of the file, and the values that each is given."""
        if self.list is not None:
            return _columns(self.list)
        return self.one_at_a_time or self.grid or self.zip or {}

    def changes(self) -> Iterator[dict[str, Any]]:
        """What each cell sets, in the order of the file; some may be as the scenario has it.

        >>> sweep = Sweep(zip={"inspection.forces.count": (5, 43), "world.staff.clerks": (1, 2)})
        >>> for change in sweep.changes(): print(change)
        {'inspection.forces.count': 5, 'world.staff.clerks': 1}
        {'inspection.forces.count': 43, 'world.staff.clerks': 2}
        """
        columns = self.columns
        match self.kind:
            case "one_at_a_time":
                for key, values in columns.items():
                    yield from ({key: value} for value in values)
            case "grid":
                for combination in itertools.product(*columns.values()):
                    yield dict(zip(columns, combination, strict=True))
            case "zip":
                for together in zip(*columns.values(), strict=True):
                    yield dict(zip(columns, together, strict=True))
            case "list":
                yield from (dict(item) for item in self.list or ())


def _columns(items: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    keys = dict.fromkeys(key for item in items for key in item)
    return {key: tuple(item[key] for item in items if key in item) for key in keys}


def _faults(sweep: Sweep) -> Iterator[PydanticCustomError]:
    """Everything that cannot be done, each at its key."""
    given = [kind for kind in KINDS if getattr(sweep, kind) is not None]
    if len(given) > 1:
        yield mistake(f"{' and '.join(given)} cannot be combined; give one of them")
        return
    if not sweep.kind:
        return
    for i, item in enumerate(sweep.list or ()):
        if not item:
            yield mistake("sets nothing; the scenario as written is a cell anyway", "list", i)
    yield from _keys_at_fault(sweep)
    uneven = tuple(_uneven(sweep.zip or {}))
    yield from uneven or (*_given_twice(sweep), *_too_many(sweep))


def _keys_at_fault(sweep: Sweep) -> Iterator[PydanticCustomError]:
    kind, columns = sweep.kind, sweep.columns
    for key in columns:
        place: tuple[str | int, ...] = (kind, key)
        if sweep.list is not None:
            place = (kind, next(i for i, item in enumerate(sweep.list) if key in item), key)
        above = [other for other in columns if key.startswith(f"{other}.")]
        if above:
            yield mistake(f"lies below {above[0]}, which is swept too", *place)
        if key in UNSWEPT or not key.startswith(("world.", "inspection.")):
            yield mistake("cannot be swept; sweep keys below world and inspection", *place)


def _uneven(columns: Mapping[str, Sequence[Any]]) -> Iterator[PydanticCustomError]:
    lengths = {key: len(values) for key, values in columns.items()}
    longest = max(lengths, key=lambda key: lengths[key], default="")
    for key, length in lengths.items():
        if length < lengths[longest]:
            yield mistake(
                f"{length} value{'s' * (length > 1)}, but {longest} has {lengths[longest]}; the "
                "keys of a zip go in step, so give each as many",
                "zip", key,
            )  # fmt: skip


def _given_twice(sweep: Sweep) -> Iterator[PydanticCustomError]:
    """Values, or cells, that say the same as an earlier one."""
    if sweep.kind in ("zip", "list"):
        first_key = next(iter(sweep.columns), "")
        for i, j in _repeats(tuple(sweep.changes())):
            place = ("zip", first_key, i) if sweep.kind == "zip" else ("list", i)
            yield mistake(f"cell {i + 1} repeats cell {j + 1}; give each cell once", *place)
        return
    for key, values in sweep.columns.items():
        for i, j in _repeats(values):
            yield mistake(
                f"value {i + 1} repeats value {j + 1}; give each value once", sweep.kind, key, i
            )


def _repeats(values: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Places whose value was there before, and where.

    >>> list(_repeats([5, {"a": 1, "b": 2}, 5, {"b": 2, "a": 1}]))
    [(2, 0), (3, 1)]
    """
    seen: dict[str, int] = {}
    for i, value in enumerate(values):
        j = seen.setdefault(json.dumps(value, sort_keys=True), i)
        if j != i:
            yield i, j


def _too_many(sweep: Sweep) -> Iterator[PydanticCustomError]:
    sizes = [len(values) for values in sweep.columns.values()]
    n_cells = {"one_at_a_time": sum(sizes), "grid": math.prod(sizes)}.get(sweep.kind, 0)
    if n_cells > MAX_CELLS:
        yield mistake(f"{n_cells:,} cells are more than the allowed {MAX_CELLS:,}")
