"""How much one person may order: so many requests that change or cost something, in so many seconds.

Functions share no memory, so the count is kept in the job table: one write unit an order (0.0000006 USD; the upload that it signs
costs ten times as much). What only reads is bounded by the gateway's own throttle, which is everybody's together: a count
for each read would cost more than the reads. Where nobody signs in there is nobody to count for.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import Request  # noqa: TC002 - FastAPI reads it

from tilework.service.identity import who_asks
from tilework.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

    from master.settings import MasterSettings
    from tilework.jobs.table import JobTable

WINDOW_SECONDS = 10

ORDERS_A_WINDOW = 200
"""Twenty a second: more than a page that uploads hundreds of files asks for, and than eight threads of the command line do."""

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Rates:
    """Counts orders by who gives them. ``clock`` gives seconds since the epoch."""

    def __init__(self, settings: MasterSettings, table: JobTable, clock: Callable[[], float]) -> None:
        self._counts = settings.sign_in is not None
        self._table = table
        self._clock = clock

    def check(self, request: Request) -> None:
        """Count the request. Raises ProblemError where it is one too many."""
        if not self._counts or request.method in READS:
            return
        now = self._clock()
        window, passed = divmod(now, WINDOW_SECONDS)
        name = f"orders#{who_asks(request).owner}#{window:.0f}"
        if self._table.count(name, expires=now + WINDOW_SECONDS) > ORDERS_A_WINDOW:
            raise ProblemError(_too_many(max(1, round(WINDOW_SECONDS - passed))))


def _too_many(seconds: int) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_requests",
        "Too many requests",
        f"You have ordered more than {ORDERS_A_WINDOW} things in {WINDOW_SECONDS} seconds.",
        f"Go on in {seconds} seconds.",
        {"seconds": seconds},
    )
