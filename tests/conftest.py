"""What all tests share.

Property tests draw the same examples each time, so that a run says something about
the code and not about its luck. `HYPOTHESIS_PROFILE=explore` draws new ones, many
more of them; what it finds is mended and kept as an example of its test.
"""

import os
from collections import Counter

from hypothesis import HealthCheck, settings

# How fast examples are drawn says how busy the machine is, not whether the code is right.
_CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_CALM)
settings.register_profile("explore", max_examples=1_000, **_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

COMPILED_FIRST = (
    "tests/cli/test_broken_scenarios.py",
    "tests/stream/test_equality.py",
    "tests/inspection/test_forces.py",
    "tests/inspection/test_auditor.py",
)
"""Files that compile much, and each something else."""


def pytest_collection_modifyitems(items):
    """Put files that compile much first, and those of many tests before those of few.

    Workers that share out files in this order begin with different things, and what one
    compiles the others find on the disk later; on small files they end at the same time.
    """
    tests = Counter(map(file_of, items))
    items.sort(key=lambda item: (_place(file_of(item)), -tests[file_of(item)], file_of(item)))


def file_of(item):
    """File of a test, as it is given on the command line."""
    return item.nodeid.partition("::")[0]


def _place(file):
    return COMPILED_FIRST.index(file) if file in COMPILED_FIRST else len(COMPILED_FIRST)
