"""A run that is there, laid out again from its manifest alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from underrecording.errors import UserError
from underrecording.rng import RESULTS_VERSION
from underrecording.scenario import LoadedScenario, Scenario
from underrecording.scenario.mistakes import validate
from underrecording.scenario.yaml import Document
from underrecording.study.plan import StudyPlan, plan_study
from underrecording.study.store import MANIFEST, Store, differences


def recall(
    folder: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[StudyPlan, Store, list[str]]:
    """Lay out the run in *folder* again.

    Parameters
    ----------
    folder : Path
    say : callable
        Told in one line if this takes more than a moment.

    Returns
    -------
    plan : StudyPlan
    store : Store
        Not opened: it is only to be read.
    faults : list of str
        Fields of the manifest that do not follow from the scenario in it.

    Raises
    ------
    UserError
        If the folder holds no run that this program can compute again.
    """
    held, loaded = recall_scenario(folder)
    with _told_of(folder):
        plan = plan_study(loaded, say)
    version = {by["results_version"] for by in held["computed_by"] if by}
    if version - {RESULTS_VERSION}:
        raise UserError(
            f"{folder}: was computed by version {max(version - {RESULTS_VERSION})} of the results, "
            f"this program computes version {RESULTS_VERSION}; use the program that computed it"
        )
    digest, settings = plan.scenario.digest(), plan.scenario.settings()
    stated: dict[str, Any] = {
        "title": plan.scenario.title,
        "digest": digest,
        "seed": plan.scenario.seed,
        "replicates": plan.scenario.study.replicates,
        "cells": len(plan.cells),
        "settings": settings,
    }
    faults = list(differences({key: held.get(key) for key in stated}, stated))
    return plan, Store(folder, digest, settings), [f"{MANIFEST}: {fault}" for fault in faults]


def recall_scenario(folder: Path) -> tuple[dict[str, Any], LoadedScenario]:
    """The manifest of the run in *folder*, and the scenario that was run.

    Raises
    ------
    UserError
        If the folder holds no run, or one of a scenario that is none today.
    """
    held = _read(folder)
    # The name of the document is what mistakes are told of, and the name of the study.
    path = folder / f"{held.get('name')}.yaml"
    given = held["given"]
    if isinstance(held.get("until"), dict):
        # It may have ended before its cap: what was run is what is there.
        given = {**given, "study": {**given["study"], "replicates": held["replicates"]}}
    document = Document(path, held["scenario"], given, {(): (1, 1)}, {})
    with _told_of(folder):
        return held, LoadedScenario(validate(Scenario, document), document, {})


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    """Tell mistakes as those of what the manifest says was given."""
    try:
        yield
    except UserError as error:
        where = f"{folder / MANIFEST}: given"
        raise UserError([f"{where}: {problem}" for problem in error.problems]) from None


def _read(folder: Path) -> dict[str, Any]:
    manifest, advice = folder / MANIFEST, "give the folder of a run"
    try:
        held = json.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "cannot be read as a manifest"
        raise UserError(f"{folder}: holds no run ({MANIFEST}: {reason}); {advice}") from None
    needed = {"digest": str, "given": dict, "scenario": str, "computed_by": list}
    for key, kind in needed.items():
        if not isinstance(held, dict) or not isinstance(held.get(key), kind):
            raise UserError(f"{folder}: holds no run ({MANIFEST}: no {key}); {advice}")
    checked: dict[str, Any] = held
    return checked
