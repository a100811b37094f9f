"""What is said of an operation, in words, is the same everywhere."""

from __future__ import annotations

from tilework.imaging.operation_facts import facts
from tilework.imaging.operations import trying
from tilework.imaging.operations.point import Invert


def test_channels_may_be_declared_in_any_order() -> None:
    class Turned(Invert):
        name = "turned"
        channels = (3, 1)
        examples = ()

    with trying(Turned()):
        assert dict(facts(Turned()))["takes"].endswith("; grey and colour")
