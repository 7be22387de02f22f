"""By what results are computed: version of the package and of its results, commit, libraries."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from underrecording.compiling import source_digest
from underrecording.rng import RESULTS_VERSION


def program() -> dict[str, Any]:
    """What is running: written into each part that it computes.

    >>> sorted(program())
    ['commit', 'results_version', 'underrecording']
    """
    return {
        "underrecording": version("underrecording"),
        "results_version": RESULTS_VERSION,
        "commit": commit(),
    }


def ingredients() -> dict[str, str]:
    """What results depend on besides the scenario: equal where results are, byte for byte.

    >>> sorted(ingredients())
    ['numba', 'numpy', 'scipy', 'source', 'underrecording']
    """
    names = ("underrecording", "numba", "numpy", "scipy")
    return {name: version(name) for name in names} | {"source": source_digest()}


@cache
def commit() -> str | None:
    """Commit of the source, where it is run from a clone that git can read."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words],
            cwd=Path(__file__).parent, capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip

    try:
        # An installed package may lie in somebody else's repository.
        git("ls-files", "--error-unmatch", Path(__file__).name)
        dirty = "-dirty" if git("status", "--porcelain", "--untracked-files=no") else ""
        return git("rev-parse", "HEAD") + dirty
    except (OSError, subprocess.SubprocessError):
        return None
