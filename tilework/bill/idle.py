"""What a deployment costs a month while nobody uses it: what its template holds, and what that does by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tilework.bill.prices import HOURS
from tilework.bill.usage import added

if TYPE_CHECKING:
    from tilework.bill.deployment import Clock, Deployment
    from tilework.bill.usage import Usage

POLLERS: Final = 5
"""Of Lambda for each queue that it takes messages from, when there are none; source: "Using Lambda with Amazon SQS"."""

POLL_SECONDS: Final = 20
"""Each waits so long for messages, SQS's longest."""

CALL_SECONDS: Final = 1.0
"""Of a call by the clock, taken generously: the look of a minute takes a fifth of it, an hour's look at empty buckets some
more, and most calls find their process still there."""

CALL_QUEUE_REQUESTS: Final = 3
"""How many messages the queues hold: one request each."""

CALL_LOG_BYTES: Final = 600
"""Lambda's own three lines."""

HOURLY_LISTS: Final = 4
HOURLY_READ_UNITS: Final = 100
HOURLY_METRICS: Final = 2
"""Of the hourly look: both buckets and their versions; each shelf of each state; how old the oldest messages are."""

IMAGE_GB: Final = 0.3
"""The workers' image, compressed."""

ASSETS_GB: Final = 0.1
"""What a deploy leaves in the bucket of CDK's bootstrap: two zips of the master, and templates."""


def idle(deployment: Deployment) -> Usage:
    """A month without a drop, a page that is open, or a host."""
    polls = deployment.polled_queues * POLLERS * 3600 / POLL_SECONDS * HOURS
    held = {
        "alarm_metrics": float(deployment.alarm_metrics),
        "dashboards": float(deployment.dashboards),
        "queue_requests": polls,
        "keys": float(deployment.keys),
        "nat_gateway_hours": float(deployment.nat_gateways * HOURS),
        "interface_endpoint_hours": float(deployment.interface_endpoints * HOURS),
        "image_gb": IMAGE_GB,
        "s3_gb": ASSETS_GB,
    }
    return added(held, *(_ticking(clock, deployment.architecture) for clock in deployment.clocks))


def _ticking(clock: Clock, architecture: str) -> Usage:
    calls = clock.calls * HOURS
    usage = {
        "calls": calls,
        f"gb_seconds_{architecture}": calls * CALL_SECONDS * clock.memory,
        "queue_requests": calls * CALL_QUEUE_REQUESTS,
        "log_gb": calls * CALL_LOG_BYTES / 1e9,
    }
    if clock.calls <= 1:
        usage |= {
            "s3_writes": calls * HOURLY_LISTS,
            "read_units": calls * HOURLY_READ_UNITS,
            "metrics_asked_for": calls * HOURLY_METRICS,
        }
    return usage
