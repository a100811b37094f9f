"""The fleet for the API and the page: hosts, ranks, how busy they are, what waits, what was decided, what it costs."""

import threading
import time
from collections.abc import Callable

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from master.fleet_view import (
    HostView,
    PastView,
    Scaling,
    Seen,
    Today,
    busy_of,
    hosts_of,
    past_of,
    scaling_of,
    today_of,
)
from master.health import Waiting, waiting
from master.waker import Waker
from tilework.aws.fleet_size import Fleet
from tilework.errors import TileworkError
from tilework.jobs.signs import told
from tilework.jobs.statistics import today
from tilework.jobs.system import System
from tilework.service.conditional import tagged
from tilework.service.identity import Asking
from tilework.sign_in import Who

GROUP_SECONDS = 10.0
"""How long an answer of Auto Scaling is good for: pages are many, and it refuses whoever asks much."""


class FleetView(BaseModel):
    """The fleet at ``at`` (seconds since the epoch); ``group`` says whether it is an Auto Scaling group, or this machine alone.

    ``busy`` is the share (0 to 1) of all ranks' time that was work in the last minute, ``busy_hour`` in the last hour.
    ``jobs`` and ``units`` are the queues. Where people sign in, only operators are told which jobs ranks work on, and ``today``.
    ``scaling`` is null on one machine, and where the group could not be asked.
    """

    at: float
    group: bool
    ranks: int
    busy: float
    busy_hour: float
    hosts: list[HostView]
    jobs: Waiting
    units: Waiting
    scaling: Scaling | None
    today: Today | None
    past: PastView


class FleetReport:
    """Makes the view of ``system``, whose group ``waker`` knows, where there is one. For several threads."""

    def __init__(self, system: System, clock: Callable[[], float], waker: Waker | None) -> None:
        self._system = system
        self._clock = clock
        self._waker = waker
        self._asking = threading.Lock()
        self._group: Fleet | None = None
        self._asked = float("-inf")

    def view(self, who: Who) -> FleetView:
        """The fleet as it is now, as far as ``who`` may see it. Raises ServiceError where the table or a queue does not answer."""
        now, system = self._clock(), self._system
        seen = Seen(told(system.table), self._its_group(), today(system.table, now), now)
        hosts, past = hosts_of(seen, names_jobs=who.sees_all), past_of(seen.signs, now)
        shares = [share for share in past.busy if share is not None]
        return FleetView(
            at=now,
            group=self._waker is not None,
            ranks=sum(host.ranks for host in hosts),
            busy=busy_of(hosts),
            busy_hour=sum(shares) / len(shares) if shares else 0.0,
            hosts=hosts,
            jobs=waiting(system.jobs),
            units=waiting(system.units),
            scaling=scaling_of(seen.group, hosts),
            today=today_of(seen) if who.sees_all else None,
            past=past,
        )

    def _its_group(self) -> Fleet | None:
        if self._waker is None:
            return None
        with self._asking:
            if time.monotonic() - self._asked >= GROUP_SECONDS:
                self._asked = time.monotonic()
                try:
                    self._group = self._waker.fleet()
                except TileworkError:
                    # the hosts tell of themselves all the same
                    self._group = None
            return self._group


def routes(report: FleetReport) -> APIRouter:
    """``GET /api/fleet``."""
    router = APIRouter(tags=["fleet"])

    @router.get("/api/fleet", summary="Tell what the fleet does", response_model=FleetView)
    def fleet(request: Request, who: Asking) -> Response:
        """Tell hosts and what each rank works on, how busy they were, what waits, what scaling decided, and today's cost.

        With an ETag: whoever asks again by If-None-Match is told 304 while nothing has changed. Hosts tell every fifteen
        seconds while they work, every minute while they are idle.
        """
        view = report.view(who)
        # the time alone is no change
        return tagged(
            request,
            view.model_dump_json().encode(),
            tag_of=view.model_dump_json(exclude={"at"}).encode(),
            media_type="application/json",
        )

    return router
