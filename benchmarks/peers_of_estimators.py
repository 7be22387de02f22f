"""One audit estimated by peers: R's survey, samplics, statsmodels, NumPy.

Each does what it offers: the ratio of two totals with its standard error,
forces as if drawn with replacement (`ultimate_cluster`), so that all of them can be held
against one number. R comes from the system's package manager (r-base-core and
r-cran-survey in Debian); the others from the extra ``bench``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from underrecording.audit import Audit

Peer = Callable[[np.ndarray, np.ndarray], tuple[float, float]]
"""From the forces' recorded and due totals, weighted: accuracy and standard error."""

HERE = Path(__file__).parent


def numpy_ratio(recorded: np.ndarray, due: np.ndarray) -> tuple[float, float]:
    """The formula in a few array operations."""
    m, total = len(due), due.sum()
    accuracy = recorded.sum() / total
    residual = recorded - accuracy * due
    return accuracy, float(np.sqrt(m / (m - 1) * (residual**2).sum()) / total)


def samplics_ratio() -> Peer:
    """Samplics' Taylor estimator. It is archived; its successor was not looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from samplics import PopParam
        from samplics.estimation import TaylorEstimator

    def ratio(recorded: np.ndarray, due: np.ndarray) -> tuple[float, float]:
        made = TaylorEstimator(PopParam.ratio)
        force, weight = np.arange(len(due)), np.ones(len(due))
        made.estimate(y=recorded, x=due, samp_weight=weight, psu=force)
        return float(made.point_est), float(made.stderror)

    return ratio


def statsmodels_ratio() -> Peer:
    """Weighted least squares through the origin with a cluster-robust variance."""
    import statsmodels.api as sm

    def ratio(recorded: np.ndarray, due: np.ndarray) -> tuple[float, float]:
        by = {"groups": np.arange(len(due))}
        made = sm.WLS(recorded, due, weights=1.0 / due).fit(cov_type="cluster", cov_kwds=by)
        return float(made.params[0]), float(made.bse[0])

    return ratio


def bootstrap_by_take(
    numerator: np.ndarray, denominator: np.ndarray, rng: np.random.Generator, resamples: int
) -> float:
    """Rao-Wu bootstrap variance of a ratio of sums by NumPy's take: m - 1 of m forces."""
    m = len(numerator)
    which = rng.integers(0, m, (resamples, m - 1))
    return float((numerator[which].sum(axis=1) / denominator[which].sum(axis=1)).var(ddof=1))


def survey_seconds(audit: Audit, repeats: int) -> dict[str, float] | None:
    """Seconds a call of R's ``survey::svyratio`` on the audit, or None where R is missing."""
    counts = audit.frame, audit.sampled, audit.due, audit.recorded
    return _told_by_r("survey_ratio.R", audit.force, counts, repeats)


def survey_replicates(
    frame: np.ndarray, records: np.ndarray, due: np.ndarray, recorded: np.ndarray, *,
    inspected: int, repeats: int,
) -> dict[str, float] | None:  # fmt: skip
    """Replicates in R of a world of which *records* are read, all (F, H): seconds, mean, sd."""
    forces, counts = np.arange(len(frame)), (frame, records, due, recorded)
    return _told_by_r("survey_replicate.R", forces, counts, inspected, repeats)


def _told_by_r(
    script: str, forces: np.ndarray, counts: tuple[np.ndarray, ...], *words: int
) -> dict[str, float] | None:
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        cells = Path(folder) / "cells.csv"
        lines = ["force,stratum,frame,sampled,due,recorded"]
        for i, h in np.ndindex(counts[0].shape):
            lines.append(",".join(str(int(x)) for x in (forces[i], h, *(c[i, h] for c in counts))))
        cells.write_text("\n".join(lines) + "\n", encoding="ascii")
        done = subprocess.run(
            ["Rscript", str(HERE / script), str(cells), *map(str, words)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        print(f"R is there but its part failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    told: dict[str, float] = json.loads(done.stdout)
    return told
