"""What photos and large images use: processors as measured, and requests as the way of an image makes them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from tilework.bill.usage import DISK_HOURS, MACHINE_HOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.bill.deployment import Deployment
    from tilework.bill.usage import Usage

PHOTO_WRITES: Final = 2
"""PUTs of a photo: the drop, which whoever drops it pays for, and the result."""

PHOTO_READS: Final = 2
"""The HEAD of the drop, and its GET."""

PHOTO_QUEUE_REQUESTS: Final = 1.5
"""S3 tells of one drop a request; receiving it, deleting it, its notice sent, received and deleted are shared by ten."""

PHOTO_WRITE_UNITS: Final = 5
"""Two writes of a row below 1 KB, at the claim and at the end, and three in the index by state, which the row enters, leaves
and enters. A batch's name costs three more, an owner's as well."""

FLEET_CORE_SECONDS: Final = 0.191
"""Of a host's processors for a photo where many hosts work together, waits for S3 and for each other among them: ten million
12-megapixel JPEGs through blur(9) take a host of 16 cores 119,338 s (docs/performance-fleet.md, reckoned with 98 ms of a rank
and 12 of a supervisor as measured, and 1.6 ranks a core)."""

PHOTO_LOG_BYTES: Final = 600
"""Two lines, and what CloudWatch counts on top (docs/logs-and-metrics.md)."""

NOTICES_AT_ONCE: Final = 100
NOTICES_SECONDS: Final = 1.0
"""Of the keeper, which folds so many notices in a call of so long."""

UNIT_QUEUE_REQUESTS: Final = 3
UNIT_WRITE_UNITS: Final = 4
"""A unit's number is added to the set in its job's row, which its index follows; with large sets both write two units."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What a dropped photo takes: seconds of one core (ranks and supervisor), and bytes in and out."""

    date: str
    pipeline: str
    megapixels: int
    core_seconds: float
    source_bytes: int
    result_bytes: int


@dataclass(frozen=True, slots=True)
class Gigapixel:
    """What a gigapixel of a large image takes, in stages: seconds of one core, units, requests to S3, bytes out."""

    date: str
    core_seconds: float
    units: int
    reads: int
    writes: int
    result_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``make bench`` has measured, on which machine; ``gigapixels`` by pipeline and kind of tiles."""

    machine: str
    photo: Photo
    gigapixels: Mapping[str, Gigapixel]


@functools.cache
def measured() -> Measured:
    """The figures that come with Tilework."""
    told: dict[str, Any] = json.loads((resources.files(__package__) / "measured.json").read_text())
    gigapixels = {name: Gigapixel(**each) for name, each in told["gigapixels"].items()}
    return Measured(told["machine"], Photo(**told["photo"]), gigapixels)


def of_photo(photo: Photo, deployment: Deployment, megapixels: float) -> Usage:
    """One photo, on a host that has enough to do; its processor time grows with its ``megapixels``."""
    return {
        **_hosts(photo.core_seconds * megapixels / photo.megapixels, deployment),
        **requests_of_photo(deployment.architecture, deployment.keeper_memory),
    }


def requests_of_photo(architecture: str, keeper_memory: float) -> Usage:
    """All but the host of one photo; the keeper has so many GB."""
    return {
        "s3_writes": PHOTO_WRITES,
        "s3_reads": PHOTO_READS,
        "queue_requests": PHOTO_QUEUE_REQUESTS,
        "write_units": PHOTO_WRITE_UNITS,
        "calls": 1 / NOTICES_AT_ONCE,
        f"gb_seconds_{architecture}": NOTICES_SECONDS * keeper_memory / NOTICES_AT_ONCE,
        "log_gb": PHOTO_LOG_BYTES / 1e9,
    }


def of_gigapixel(gigapixel: Gigapixel, deployment: Deployment) -> Usage:
    """One gigapixel of a large image, on hosts that have enough to do."""
    return {
        **_hosts(gigapixel.core_seconds, deployment),
        "s3_writes": gigapixel.writes,
        "s3_reads": gigapixel.reads,
        "queue_requests": gigapixel.units * UNIT_QUEUE_REQUESTS,
        "write_units": gigapixel.units * UNIT_WRITE_UNITS,
    }


def waking_hours(wakes: float, minutes: float) -> Usage:
    """Hosts that are there and do nothing: each time that the fleet was woken, so long until it sleeps."""
    return _hours(wakes * minutes / 60)


def _hosts(core_seconds: float, deployment: Deployment) -> Usage:
    return _hours(core_seconds / deployment.cpus / 3600)


def _hours(hours: float) -> Usage:
    return {MACHINE_HOURS: hours, "address_hours": hours, DISK_HOURS: hours}


COMPUTE: Final = (MACHINE_HOURS, "address_hours", DISK_HOURS)
"""Names of what hosts cost; all else that work uses are requests."""
