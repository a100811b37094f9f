"""What is used, and what that costs: amounts of things that AWS bills, each with its price and what is free of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.bill.hosts import HostHour
    from tilework.bill.prices import Prices

Usage: TypeAlias = "Mapping[str, float]"
"""Amounts by the names of :data:`THINGS` and of the parts of a host's hour."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What AWS bills: ``label`` for people, and where the price table has its price and its free amount."""

    label: str
    section: str
    price: str
    free: str | None = None


THINGS: Final[Mapping[str, Thing]] = {
    "s3_writes": Thing("requests to S3 that write or list", "s3", "writes"),
    "s3_reads": Thing("requests to S3 that read", "s3", "reads"),
    "s3_gb": Thing("GB-months in S3", "s3", "gb_month"),
    "queue_requests": Thing("requests to SQS", "sqs", "requests", "free_requests"),
    "write_units": Thing("write units of the job table", "table", "write_units"),
    "read_units": Thing("read units of the job table", "table", "read_units"),
    "table_gb": Thing("GB-months in the job table", "table", "gb_month", "free_gb"),
    "api_requests": Thing("requests to the API", "api", "requests"),
    "calls": Thing("calls of functions", "functions", "calls", "free_calls"),
    "gb_seconds_x86_64": Thing(
        "GB-seconds of functions", "functions", "gb_seconds_x86_64", "free_gb_seconds"
    ),
    "gb_seconds_arm64": Thing("GB-seconds of functions", "functions", "gb_seconds_arm64", "free_gb_seconds"),
    "alarm_metrics": Thing("metrics that alarms look at", "watching", "alarm_metrics", "free_alarm_metrics"),
    "metrics": Thing("metrics of our own, months", "watching", "metrics", "free_metrics"),
    "dashboards": Thing("dashboards", "watching", "dashboards", "free_dashboards"),
    "log_gb": Thing("GB of logs", "watching", "log_gb", "free_log_gb"),
    "metrics_asked_for": Thing("metrics that are asked for", "watching", "metrics_asked_for"),
    "image_gb": Thing("GB-months of container images", "images", "gb_month"),
    "nat_gateway_hours": Thing("hours of NAT gateways", "network", "nat_gateway_hour"),
    "interface_endpoint_hours": Thing("hours of interface endpoints", "network", "interface_endpoint_hour"),
    "address_hours": Thing("hours of public addresses of hosts", "host", "public_address_hour"),
    "keys": Thing("keys of our own", "keys", "month"),
    "out_gb": Thing("GB that leave AWS", "out", "gb", "free_gb"),
}

MACHINE_HOURS: Final = "machine_hours"
DISK_HOURS: Final = "disk_hours"
"""Of a host: their price depends on what the deployment takes."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill: ``amount`` of something at ``price`` USD each, of which ``free`` cost nothing."""

    name: str
    label: str
    amount: float
    price: float
    free: float

    @property
    def listed(self) -> float:
        """USD before any free tier."""
        return self.amount * self.price

    @property
    def usd(self) -> float:
        """USD beyond what is free for ever."""
        return max(0.0, self.amount - self.free) * self.price


def added(*usages: Usage) -> Usage:
    """All of them together."""
    names = {name: None for usage in usages for name in usage}
    return {name: sum(usage.get(name, 0.0) for usage in usages) for name in names}


def times(usage: Usage, factor: float) -> Usage:
    """So many times all of it."""
    return {name: factor * amount for name, amount in usage.items()}


def lines(usage: Usage, prices: Prices, hour: HostHour, *, free_tier: bool = True) -> list[Line]:
    """The bill of ``usage``, of a month where the free tier is taken off. Raises KeyError for a name that is none."""
    found = []
    for name, amount in usage.items():
        if not amount:
            continue
        if name in {MACHINE_HOURS, DISK_HOURS}:
            price = hour.machine if name == MACHINE_HOURS else hour.disk
            label = "hours of hosts" if name == MACHINE_HOURS else "hours of their disks"
            found.append(Line(name, label, amount, price, 0.0))
            continue
        thing = THINGS[name]
        free = prices.of(thing.section, thing.free) if thing.free and free_tier else 0.0
        found.append(Line(name, thing.label, amount, prices.of(thing.section, thing.price), free))
    return found


def total(bill: list[Line]) -> float:
    """USD beyond what is free for ever."""
    return sum(line.usd for line in bill)


def listed(bill: list[Line]) -> float:
    """USD before any free tier."""
    return sum(line.listed for line in bill)
