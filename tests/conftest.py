"""What all tests share.

Property tests draw the same examples each time, so that a run says something about
the code and not about its luck. `HYPOTHESIS_PROFILE=explore` draws new ones, many
more of them; what it finds is mended and kept as an example of its test.
"""

import gc
import os
from collections import Counter
from itertools import zip_longest

from hypothesis import HealthCheck, settings

# How fast examples are drawn says how busy the machine is, not whether the code is right.
_CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_CALM)
settings.register_profile("explore", max_examples=1_000, **_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# The compiler makes objects by the million that live on; to look for garbage among them
# after every 700 takes a tenth of the time.
gc.set_threshold(50_000, 20, 20)

FIRST = (
    "tests/cli/test_broken_scenarios.py",
    "tests/stream/test_equality.py",
    "tests/scenario/test_yaml.py",
    "tests/inspection/test_forces.py",
    "tests/inspection/test_auditor.py",
)
"""While one worker compiles the main job, the other compiles what that needs none of."""
COMPILING = ("tests/estimation", "tests/inspection", "tests/stream", "tests/variates", "src")
"""Tests that compile much of what no study needs."""


def pytest_collection_modifyitems(items):
    """Put files in the order in which two workers seldom compile the same thing.

    Two that begin a file each of the same kind compile what both need twice. So files
    of either kind come in turn, large ones before small ones, on which the workers end
    at the same time.
    """
    tests = Counter(map(file_of, items))
    rest = sorted(tests.keys() - set(FIRST), key=lambda file: (-tests[file], file))
    kinds = [[file for file in rest if file.startswith(COMPILING) == kind] for kind in (0, 1)]
    in_turn = [file for pair in zip_longest(*kinds) for file in pair if file is not None]
    place = {file: i for i, file in enumerate([*FIRST, *in_turn])}
    items.sort(key=lambda item: place[file_of(item)])


def file_of(item):
    """File of a test, as it is given on the command line."""
    return item.nodeid.partition("::")[0]
