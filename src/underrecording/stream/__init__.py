"""The truth II: a year of incidents, each on its way from the report to the record.

Settle what one force's period depends on, draw all its random numbers, send
every incident down the pathway, read off what became of it:
`force_stream`, `draw_stream`, `run_stream`, `outcome`. `make_world` counts the
outcomes of all forces into the ledger that inspections read.
"""

from underrecording.stream.draws import Draws, draw_stream
from underrecording.stream.engine import Engine, run_stream
from underrecording.stream.force import ForceStream, force_stream, luck_of
from underrecording.stream.outcome import Outcome, outcome
from underrecording.stream.schedule import Luck, Schedule
from underrecording.stream.stations import OverloadWarning
from underrecording.stream.times import NEVER, Times
from underrecording.stream.world import EventWorld, make_world

__all__ = [
    "NEVER",
    "Draws",
    "Engine",
    "EventWorld",
    "ForceStream",
    "Luck",
    "Outcome",
    "OverloadWarning",
    "Schedule",
    "Times",
    "draw_stream",
    "force_stream",
    "luck_of",
    "make_world",
    "outcome",
    "run_stream",
]
