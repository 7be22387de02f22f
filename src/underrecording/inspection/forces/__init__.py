"""Which forces are inspected. One file, one design; putting it here registers it."""

import sys

from underrecording.inspection.forces.design import DESIGNS, ForceDesign, ForcePlan
from underrecording.registry import load_plugins

load_plugins(sys.modules[__name__])

__all__ = ["DESIGNS", "ForceDesign", "ForcePlan"]
