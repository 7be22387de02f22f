"""What the user asked for: a checked `Scenario` out of a YAML file."""

from underrecording.scenario.load import LoadedScenario, load_scenario
from underrecording.scenario.schema import Scenario
from underrecording.scenario.shipped import find_scenario, shipped_scenarios

__all__ = ["LoadedScenario", "Scenario", "find_scenario", "load_scenario", "shipped_scenarios"]
