"""What all tests share."""

from hypothesis import HealthCheck, settings

# How fast examples are drawn says how busy the machine is, not whether the code is right.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
