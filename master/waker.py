"""Wakes the fleet where there is work and no host is wanted, and sends it to sleep when it has long had nothing to do.

It asks the queues themselves: CloudWatch, which an alarm would go by, tells their lengths minutes late, and a quarter of
an hour late where a queue was silent for hours. Between one host and many the group's own scaling decides.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from master.fleet_steps import IDLE_SECONDS, Step, step
from tilework.aws.fleet_size import WAIT, connect_fleet
from tilework.errors import TileworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from master.settings import MasterSettings
    from tilework.aws.fleet_size import Fleet
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

ASKED_SECONDS: Final = 20.0
"""Between two looks at the group because somebody asks for an upload: a page asks for hundreds at once."""


class Group(Protocol):
    """The fleet's group; :class:`tilework.aws.fleet_size.FleetSize` is it."""

    def look(self) -> Fleet:
        """The group as it stands now."""
        ...

    def want(self, hosts: int) -> None:
        """Have so many hosts."""
        ...

    def note_idle(self, since: float | None) -> None:
        """Note since when the fleet is idle; None: it is not."""
        ...


class Waker:
    """Looks at the queues of ``system`` and at ``group``, and does what :func:`step` says. For several threads.

    ``hasty`` is the same group for when somebody waits; None: ``group`` itself.
    """

    def __init__(
        self,
        system: System,
        group: Group,
        *,
        hasty: Group | None = None,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._system = system
        self._group = group
        self._hasty = hasty or group
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._asking = threading.Lock()
        self._asked: float | None = None

    def look(self) -> Step:
        """Look once. Raises ServiceError and the like; a step that fails in the middle is taken anew by the next look."""
        backlogs = (self._system.jobs.backlog(), self._system.units.backlog())
        in_work = sum(backlog.in_flight for backlog in backlogs)
        waiting = sum(backlog.total for backlog in backlogs) - in_work
        fleet = self._group.look()
        if waiting and fleet.most == 0:
            log.warning(
                "%d messages wait, and the fleet may start no host: Launch is suspended, or the maximum is 0.",
                waiting,
            )
        taken = step(fleet, waiting, in_work, self._clock(), self._idle_seconds)
        # first the note: one that is left behind would send the next fleet to sleep at once
        if taken.idle_since != fleet.idle_since:
            self._group.note_idle(taken.idle_since)
        if taken.hosts is not None:
            log.info(
                "The fleet is to have %d hosts: %d messages wait, %d are in work.",
                taken.hosts,
                waiting,
                in_work,
            )
            self._group.want(taken.hosts)
        return taken

    def fleet(self) -> Fleet:
        """The group as it stands now, for somebody who waits for the answer. Raises ServiceError and the like."""
        return self._hasty.look()

    def asked(self) -> None:
        """Somebody asks for an upload: have a host on its way before the image is there. Raises nothing."""
        if not self._asking.acquire(blocking=False):
            return
        try:
            now = self._clock()
            if self._asked is None or not 0 <= now - self._asked < ASKED_SECONDS:
                self._asked = now
                self._wake()
        except TileworkError as error:
            # the look of the next minute does it
            log.warning("The fleet was not woken: %s", error.reason)
        except Exception:
            # no upload is to fail for it
            log.exception("The fleet was not woken, by an error that was not expected")
        finally:
            self._asking.release()

    def _wake(self) -> None:
        # as if the image waited already
        taken = step(self._hasty.look(), 1, 0, self._clock(), self._idle_seconds)
        if taken.hosts is not None:
            log.info("The fleet is to have a host: somebody asks for an upload.")
            self._hasty.want(taken.hosts)


def waker_of(settings: MasterSettings, deployment: Deployment, system: System) -> Waker | None:
    """The waker of the fleet that ``settings`` name; None where they name none, as on one machine."""
    if not settings.fleet_group:
        return None
    told = (deployment.region, settings.fleet_group, deployment.endpoint_url)
    hasty = connect_fleet(*told, wait=WAIT)
    return Waker(system, connect_fleet(*told), hasty=hasty, idle_seconds=settings.idle_seconds)
