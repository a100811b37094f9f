"""What a host tells its Auto Scaling group: that it takes work, is busy, still drains, may go.

No work depends on it: a host that is terminated all the same drains by its notice, and a hook that hears nothing runs
out by itself. So what fails here is logged, and tried again where there is time.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from tilework.boottime import boottime
from tilework.errors import AccessDeniedError, RefusedError, TileworkError
from worker_image.endings import back_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.aws.fleet_group import FleetGroup

log = logging.getLogger(__name__)

BUSY_LOOK_SECONDS = 5.0
"""Between two looks at whether this host is busy."""

QUIET_SECONDS = 30.0
"""Without work, after which the protection is taken back: not between two photos."""

HEARTBEAT_SECONDS = 20.0
"""Between two signs of life while it drains; the hook gives up after a minute without one."""

ENTRANCE_SECONDS = 600.0
"""From the host's start on, how long its group waits to hear that it takes work; then another host takes its place."""

ENTERING_LOOK_SECONDS = 1.0
"""Between two tries while the host is on its way into service: until it is there its group refuses to protect it."""

LAST_WORD_SECONDS = 5.0
"""How long a word to the group that is under way may take before the last one is said."""


class Protection:
    """When the host is to be protected from scale-in: from its first work on, until it has been quiet for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._protected_until = clock()

    def wanted(self, *, busy: bool) -> bool:
        """Whether it is, where the host is ``busy`` now or not."""
        if busy:
            self._protected_until = self._clock() + QUIET_SECONDS
        return self._clock() < self._protected_until


class Membership:
    """A thread that keeps the group informed; ``busy`` tells whether this host holds any work.

    ``find`` asks the host who it is; None where it does not say so now. It is asked again until it does. ``boottime``
    gives the seconds since the host started.
    """

    def __init__(
        self,
        find: Callable[[], FleetGroup | None],
        busy: Callable[[], bool],
        *,
        boottime: Callable[[], float] = boottime,
    ) -> None:
        self._boottime = boottime
        self._find = find
        self._group: FleetGroup | None = None
        self._busy = busy
        self._protection = Protection()
        # nobody knows: an earlier life of this host may have ended without a word
        self._is_protected: bool | None = None
        self._has_entered = False
        self._draining = threading.Event()
        self._leaving = threading.Event()
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="membership", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def drain(self) -> None:
        """The group has ordered this host to leave, and waits: say now and then that it still drains."""
        self._draining.set()
        self._changed.set()

    def leave(self) -> None:
        """The host has drained: where the group waits for that, tell it."""
        self._leaving.set()
        self._changed.set()
        self._thread.join(LAST_WORD_SECONDS)
        group = self._group
        if group is None:
            return
        if self._draining.is_set():
            _attempt(group.let_go)
        elif self._is_protected is not False:
            # whoever has stopped this worker may not want the host to stay for ever
            _attempt(lambda: group.protect(False))

    def _run(self) -> None:
        group = self._group = self._found()
        if group is None:
            return
        while not self._draining.is_set() and not self._leaving.is_set():
            self._enter(group)
            is_told = self._protect(group)
            self._changed.wait(BUSY_LOOK_SECONDS if is_told else ENTERING_LOOK_SECONDS)
        while not self._leaving.is_set():
            _attempt(group.keep)
            self._leaving.wait(HEARTBEAT_SECONDS)

    def _found(self) -> FleetGroup | None:
        """The group, whenever this host learns that it is in it; None where it leaves before."""
        tries = 0
        while True:
            # once more when it leaves: its group may wait for a word
            is_last = self._leaving.is_set()
            group = self._find()
            if group is not None or is_last:
                return group
            tries += 1
            if tries == 1:
                log.warning(
                    "The metadata of this host do not tell who it is: its group is told nothing until they do."
                )
            self._leaving.wait(min(HEARTBEAT_SECONDS, back_off(tries)))

    def _enter(self, group: FleetGroup) -> None:
        """Say it until it is heard: the group may not have come to wait for it yet, or have heard it from an earlier life."""
        if self._has_entered or self._is_old:
            return
        try:
            group.enter()
        except TileworkError as error:
            level = logging.DEBUG if _is_refused(error) else logging.WARNING
            log.log(level, "The Auto Scaling group was not told that this host works: %s", error.reason)
        else:
            self._has_entered = True

    def _protect(self, group: FleetGroup) -> bool:
        """Change the protection where that is due; False where the host is not in service yet, and soon will be."""
        wanted = self._protection.wanted(busy=self._busy())
        if wanted is self._is_protected:
            return True
        try:
            group.protect(wanted)
        except TileworkError as error:
            if _is_refused(error) and not self._is_old:
                log.debug("This host is not in service yet: %s", error.reason)
                return False
            log.warning("The Auto Scaling group was not told: %s", error.reason)
        else:
            self._is_protected = wanted
        return True

    @property
    def _is_old(self) -> bool:
        """Whether the host is in service or never will be."""
        return self._boottime() > ENTRANCE_SECONDS


def _is_refused(error: TileworkError) -> bool:
    """Whether the group does not take it now; what a role may not do it will never take."""
    return isinstance(error, RefusedError) and not isinstance(error, AccessDeniedError)


def _attempt(tell: Callable[[], None]) -> None:
    try:
        tell()
    except TileworkError as error:
        log.warning("The Auto Scaling group was not told: %s", error.reason)
