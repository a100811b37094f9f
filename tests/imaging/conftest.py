"""Property tests of the imaging part run the same examples each time, and keep nothing on disk; OpenCV is as in a rank."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tilework.imaging import operations

settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def opencv_as_in_a_rank() -> None:
    """Whichever test comes first."""
    operations.prepare()
