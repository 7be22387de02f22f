"""Repeat it: cells, blocks, moments, measures with their Monte Carlo error, the run folder."""

from underrecording.study.plan import StudyPlan, plan_study
from underrecording.study.results import Results
from underrecording.study.run import open_store, run_in_threads, run_study
from underrecording.study.stored_results import read_results
from underrecording.study.stored_rows import read_rows, rows_by_block
from underrecording.study.workers import Elsewhere, Threads

__all__ = [
    "Elsewhere",
    "Results",
    "StudyPlan",
    "Threads",
    "open_store",
    "plan_study",
    "read_results",
    "read_rows",
    "rows_by_block",
    "run_in_threads",
    "run_study",
]
