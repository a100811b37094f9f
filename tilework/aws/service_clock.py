"""The time by the clock of the job table's service, whatever happens to this host's own.

Leases are times in rows, written by one host and read by others. Their clocks differ, and are stepped: by NTP after a
start, by hand, by a hypervisor. The service that holds the rows tells the time with each answer (the Date header), and
CLOCK_BOOTTIME, which nobody can step, tells how long ago that was.
"""

from __future__ import annotations

import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from tilework.boottime import boottime

if TYPE_CHECKING:
    from collections.abc import Callable

DATE_SECONDS = 1.0
"""A Date header is cut to whole seconds (RFC 9110, 5.6.7)."""

STALE_SECONDS = 5.0
"""How old a Date may be when it is sent: many servers make one a second, and one that was busy sends the old one. So far
this clock may go ahead of the service's."""


class ServiceClock:
    """Seconds since the epoch by a service's clock; by this host's, until the service has answered once. Thread-safe.

    An answer says of the service's clock, less ours since the start, that it lies between two bounds: it told the time
    ``date`` after it was ``asked`` and before it ``answered``. The estimate stays where it is as long as it agrees with
    that, and moves as little as it must else. So it is exact to the time that an answer takes, never behind by more, and
    follows a drift of either clock, and the service's own steps.
    """

    def __init__(self, clock: Callable[[], float] = boottime, wall: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._wall = wall
        self._ahead: float | None = None
        self._changing = threading.Lock()
        self._asking = threading.local()

    def now(self) -> float:
        """The time."""
        return self._wall() if self._ahead is None else self._clock() + self._ahead

    @property
    def wall_ahead(self) -> float | None:
        """Seconds by which this host's wall clock is ahead of the service's; None until that has answered."""
        return None if self._ahead is None else self._wall() - self.now()

    def heard(self, date: float, asked: float, answered: float) -> None:
        """The service said ``date`` (seconds since the epoch) to what was asked and answered then (of our clock)."""
        least = date - answered
        most = date + DATE_SECONDS + STALE_SECONDS - asked
        with self._changing:
            self._ahead = least if self._ahead is None else min(max(self._ahead, least), most)

    def listen(self, client: Any) -> None:
        """Hear what every answer to ``client`` (a boto3 client) tells, tries again included."""
        name = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-send.{name}", self._asked)
        client.meta.events.register(f"response-received.{name}", self._answered)

    def _asked(self, **_: Any) -> None:
        self._asking.since = self._clock()

    def _answered(self, *, response_dict: dict[str, Any] | None = None, **_: Any) -> None:
        date = date_of(str((response_dict or {}).get("headers", {}).get("date", "")))
        asked = getattr(self._asking, "since", None)
        if date is not None and asked is not None:
            self.heard(date, asked, self._clock())


def date_of(header: str) -> float | None:
    """The seconds since the epoch that a Date header tells, None where it tells none."""
    try:
        return parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None
