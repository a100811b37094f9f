"""What an open page uses, where people sign in: it asks for the list of jobs, and how much waits, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tilework.bill.deployment import Deployment
    from tilework.bill.usage import Usage

BUSY_LISTS: Final = 720
QUIET_LISTS: Final = 120
PULSES: Final = 240
"""Requests an hour of a page that is looked at: for the list while a job in it is under way, and while none is (from the fourth
look on); for how much waits. master/static/polling.js and pulse.js have the pauses. A hidden page asks for nothing."""

LIST_READ_UNITS: Final = 60.0
"""Of a list of a hundred jobs: one query for each part of each state in the index, half a unit at least, those of DONE with twenty
rows below a kilobyte each. Whether anything has changed is known only then."""

LIST_SECONDS: Final = 0.7
"""Of the function, reckoned and not measured: 64 queries of some 3 ms of a processor, of which half a gigabyte has 0.3."""

PULSE_READ_UNITS: Final = 1.0
PULSE_SECONDS: Final = 0.2
PULSE_QUEUE_REQUESTS: Final = 3
"""A strongly consistent look at the table, and a request for each queue that is told."""

REQUEST_LOG_BYTES: Final = 900
"""Lambda's own three lines, and the gateway's."""


def of_page_hour(deployment: Deployment, *, busy: bool = True) -> Usage:
    """One page, open and looked at for an hour in which jobs of its list are under way, or none is."""
    lists = BUSY_LISTS if busy else QUIET_LISTS
    requests = lists + PULSES
    seconds = lists * LIST_SECONDS + PULSES * PULSE_SECONDS
    return {
        "api_requests": requests,
        "calls": requests,
        f"gb_seconds_{deployment.architecture}": seconds * deployment.keeper_memory,
        "read_units": lists * LIST_READ_UNITS + PULSES * PULSE_READ_UNITS,
        "queue_requests": PULSES * PULSE_QUEUE_REQUESTS,
        "log_gb": requests * REQUEST_LOG_BYTES / 1e9,
    }
