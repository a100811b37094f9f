"""Hosts as they tell of themselves, for the tests of the fleet."""

from __future__ import annotations

from typing import Any

from tests.master.conftest import NOW
from tilework.jobs.signs import SPAN_SECONDS, HostSign, HostState, Past, RankWork

SPAN = int(NOW // SPAN_SECONDS)
MIDNIGHT = NOW // 86_400 * 86_400


def sign(host: str = "host-1", **changes: Any) -> HostSign:
    """A host at work."""
    told: dict[str, Any] = {
        "host": host, "state": HostState.WORKING, "since": NOW - 3600, "at": NOW, "again": 15.0, "ranks": 4, "busy": 0.5,
        "work": (RankWork(2, "decode", "ab" * 16, "", NOW - 3),), "jobs": 2, "waited": 1.5,
        "past": Past(SPAN - 1, (100, 50), (5, 7), (9, 3)),
    }  # fmt: skip
    return HostSign(**(told | changes))


def on_ec2(host: str = "i-1", **changes: Any) -> HostSign:
    """The same as a spot instance."""
    return sign(**({"host": f"ip-{host}", "instance": host, "kind": "c7i.xlarge", "spot": True} | changes))
