"""The manifest of a run: what was asked, by what it was computed, and when."""

from __future__ import annotations

import json
import math
import platform
from datetime import datetime
from importlib.metadata import version
from typing import Any

from underrecording.study.plan import StudyPlan
from underrecording.study.program import commit
from underrecording.study.store import MANIFEST, Store

_LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "pandas", "pyarrow", "pydantic")


def is_complete(plan: StudyPlan, store: Store) -> bool:
    """Whether the manifest says that what *plan* asks for has been run."""
    path = store.folder / MANIFEST
    if not path.exists():
        return False
    held = json.loads(path.read_text("utf-8"))
    asked = {"replicates": plan.scenario.study.replicates, "until": until_of(plan)}
    return bool(held.get("ended")) and all(held.get(key) == asked[key] for key in asked)


def write_manifest(
    plan: StudyPlan, store: Store, started: datetime, *, ended: datetime | None
) -> None:
    """Write the manifest of *plan* into its run folder; *ended* is None while it runs.

    ``versions`` and ``commit`` are of the program that wrote it, ``computed_by``
    lists the programs that computed the parts which are there by now.
    """
    store.write_text(
        MANIFEST,
        json.dumps(
            {
                "name": plan.name,
                "title": plan.scenario.title,
                "digest": store.digest,
                "seed": plan.scenario.seed,
                "replicates": plan.scenario.study.replicates,
                "until": until_of(plan),
                "cells": len(plan.cells),
                "started": started.isoformat(timespec="seconds"),
                "ended": ended.isoformat(timespec="seconds") if ended else None,
                "versions": {
                    "underrecording": version("underrecording"),
                    "python": platform.python_version(),
                    **{name: version(name) for name in _LIBRARIES},
                },
                "machine": platform.machine(),
                "cpu_features": _cpu_features(),
                "commit": commit(),
                "computed_by": store.computed_by(plan.blocks()),
                "settings": store.settings,
                "given": plan.given,
                "scenario": plan.text,
            },
            indent=2,
        )
        + "\n",
    )


def until_of(plan: StudyPlan) -> dict[str, Any] | None:
    """Where a study that may stop before its cap did, and how small its errors were then."""
    if plan.stand is None:
        return None
    errors = {
        # NaN is no JSON.
        name: {"mcse": None if math.isnan(mcse) else mcse, "asked": asked}
        for name, (mcse, asked) in plan.stand.errors.items()
    }
    return {"reached": plan.stand.reached, "cap": plan.stand.cap, "errors": errors}


def _cpu_features() -> str:
    from llvmlite import binding

    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
