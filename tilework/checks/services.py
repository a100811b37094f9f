"""What a worker host must reach: table, queues, buckets; and a clock that the services agree with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tilework.aws.kinds import look_at_inputs, look_at_outputs, look_at_queue, look_at_table
from tilework.checks.check import Check
from tilework.errors import TileworkError, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.aws.connect import Clients
    from tilework.aws.service_clock import ServiceClock
    from tilework.aws.settings import Deployment

CLOCK_SECONDS = 240.0
"""A wall clock that is further off has its requests refused soon: SQS and DynamoDB take signatures for five minutes, S3 for
fifteen ("Elements of an AWS API request signature"). Leases do not go by it."""

TABLE, QUEUES, BUCKETS, CLOCK = 10, 11, 12, 17
"""Exit statuses of a host that cannot reach what it needs, or finds it of the wrong kind."""


def service_checks(clients: Clients, deployment: Deployment, clock: ServiceClock) -> list[Check]:
    """What is to be looked at of ``deployment``; ``clock`` listens to the client of the table."""
    queues = (
        deployment.jobs_queue_url, deployment.units_queue_url, deployment.results_queue_url,
        deployment.dead_letter_queue_url,
    )  # fmt: skip
    table = partial(look_at_table, clients, deployment.job_table)
    return [
        # first: whoever is refused for its clock shall not look for a table
        Check("clock", CLOCK, partial(clock_agrees, table, clock)),
        Check("job table", TABLE, table),
        *(
            Check(f"queue {url.rpartition('/')[2]}", QUEUES, partial(look_at_queue, clients, url))
            for url in queues
        ),
        Check("input bucket", BUCKETS, partial(look_at_inputs, clients, deployment.input_bucket)),
        Check("output bucket", BUCKETS, partial(look_at_outputs, clients, deployment.output_bucket)),
    ]


def clock_agrees(ask: Callable[[], object], clock: ServiceClock) -> str:
    """By how much this machine's clock is off, once a service was asked and has told the time.

    Raises UnfitError where it is too much, and the service refuses what it is asked. One that answers all the same is
    enough: leases go by its clock.
    """
    refused = False
    try:
        ask()
    except TileworkError:
        # why else it may be refused is another check's to tell
        refused = True
    ahead = clock.wall_ahead
    if ahead is None:
        return "The clock: no service has told the time."
    if abs(ahead) <= CLOCK_SECONDS:
        return f"This machine's clock is right to {max(1.0, abs(ahead)):.0f} s."
    told = f"This machine's clock is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} that of the services"
    if refused:
        raise UnfitError(
            f"{told}, which refuse such requests.",
            advice="Set the clock, and keep it right: by NTP, or the time service of the cloud.",
        )
    return f"{told}. They answer all the same; AWS itself would not for long."
