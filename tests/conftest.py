"""What all tests share.

Property tests draw the same examples each time, so that a run says something about
the code and not about its luck. `HYPOTHESIS_PROFILE=explore` draws new ones, many
more of them; what it finds is mended and kept as an example of its test.
"""

import os

from hypothesis import HealthCheck, settings

# How fast examples are drawn says how busy the machine is, not whether the code is right.
_CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_CALM)
settings.register_profile("explore", max_examples=1_000, **_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
