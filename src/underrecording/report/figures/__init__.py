"""Plug-ins: one figure a file. matplotlib is imported here and in `report.streams` only."""

import sys

from underrecording.registry import load_plugins
from underrecording.report.figures.drawing import FIGURES, Drawing, Drawn, draw_all

load_plugins(sys.modules[__name__])

__all__ = ["FIGURES", "Drawing", "Drawn", "draw_all"]
