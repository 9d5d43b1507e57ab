"""What every run of the tests has in common, whatever the machine, its load and its terminal."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Laws are tried with the same examples each time, and none fails because it took long.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

os.environ["COLUMNS"] = "80"  # runs within the tests would print as wide as the terminal is
