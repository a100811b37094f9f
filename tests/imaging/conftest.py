"""OpenCV is as in a rank."""

from __future__ import annotations

import pytest

from tilework.imaging import operations


@pytest.fixture(autouse=True, scope="session")
def opencv_as_in_a_rank() -> None:
    """Whichever test comes first."""
    operations.prepare()
