"""Figures of a stream: one force's year, out of tables that `stream` made."""

from underrecording.report.streams.workload import workload
from underrecording.report.streams.write import write_figures
from underrecording.report.streams.year import year

__all__ = ["workload", "write_figures", "year"]
