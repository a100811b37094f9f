"""Every operation that comes with Tilework keeps what every operation promises."""

from __future__ import annotations

import pytest

from tilework.imaging.operations import Operation, registry
from tilework.testing import check_operation

SECONDS = 0.3
"""A glance at each, of some dozen trials; `tilework operations --check` takes its time."""


@pytest.mark.parametrize("operation", registry().values(), ids=lambda operation: operation.name)
def test_an_operation_keeps_its_promises(operation: Operation) -> None:
    check_operation(operation, seconds=SECONDS)
