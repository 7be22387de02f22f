"""What the user asked for: a checked `Scenario` out of a YAML file."""

from underrecording.scenario.load import LoadedScenario, load_scenario
from underrecording.scenario.schema import Scenario

__all__ = ["LoadedScenario", "Scenario", "load_scenario"]
