"""What a worker host must reach: table, queues, buckets; and a clock that the services agree with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tilework.aws.kinds import look_at_inputs, look_at_outputs, look_at_queue, look_at_table
from tilework.checks.check import Check
from tilework.errors import ServiceError, UnfitError

if TYPE_CHECKING:
    from tilework.aws.connect import Clients
    from tilework.aws.service_clock import ServiceClock
    from tilework.aws.settings import Deployment

CLOCK_SECONDS = 240.0
"""A wall clock that is further off has its requests refused soon: SQS and DynamoDB take signatures for five minutes, S3 for
fifteen ("Elements of an AWS API request signature"). Leases do not go by it."""

TABLE, QUEUES, BUCKETS, CLOCK = 10, 11, 12, 17
"""Exit statuses of a host that cannot reach what it needs, or finds it of the wrong kind."""


def service_checks(clients: Clients, deployment: Deployment, clock: ServiceClock) -> list[Check]:
    """What is to be looked at of ``deployment``; ``clock`` listens to the client of the table, which is asked first."""
    queues = (
        deployment.jobs_queue_url, deployment.units_queue_url, deployment.results_queue_url,
        deployment.dead_letter_queue_url,
    )  # fmt: skip
    return [
        Check("job table", TABLE, partial(look_at_table, clients, deployment.job_table)),
        *(
            Check(f"queue {url.rpartition('/')[2]}", QUEUES, partial(look_at_queue, clients, url))
            for url in queues
        ),
        Check("input bucket", BUCKETS, partial(look_at_inputs, clients, deployment.input_bucket)),
        Check("output bucket", BUCKETS, partial(look_at_outputs, clients, deployment.output_bucket)),
        Check("clock", CLOCK, lambda: clock_agrees(clock.wall_ahead)),
    ]


def clock_agrees(ahead: float | None) -> str:
    """By how much this machine's clock is off. Raises UnfitError where it is too much, ServiceError where none has told."""
    if ahead is None:
        raise ServiceError("No service has told the time yet.")
    if abs(ahead) > CLOCK_SECONDS:
        way = "ahead of" if ahead > 0 else "behind"
        raise UnfitError(
            f"This machine's clock is {abs(ahead):,.0f} s {way} that of the services, which refuse such requests.",
            advice="Set the clock, and keep it right: by NTP, or the time service of the cloud.",
        )
    return f"This machine's clock is right to {max(1.0, abs(ahead)):.0f} s."
