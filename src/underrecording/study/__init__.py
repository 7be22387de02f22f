"""Repeat it: cells, blocks, moments, measures with their Monte Carlo error, the run folder."""

from underrecording.study.plan import StudyPlan, plan_study
from underrecording.study.results import Results
from underrecording.study.run import open_store, read_results, run_in_threads, run_study

__all__ = [
    "Results",
    "StudyPlan",
    "open_store",
    "plan_study",
    "read_results",
    "run_in_threads",
    "run_study",
]
