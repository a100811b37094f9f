"""When the fleet wakes and when it goes to sleep: what a look at the queues and at the group leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tilework.aws.fleet_size import Fleet

LOOK_SECONDS: Final = 60.0
"""Between two looks, as often as EventBridge can ask for."""

IDLE_SECONDS: Final = 600.0
"""Without anything to do, after which the fleet sleeps: a start costs a minute that somebody waits, ten idle minutes of a
host about a cent."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a look leads to: ``hosts`` to want from now on (None: as many as before), and since when the fleet is idle."""

    hosts: int | None
    idle_since: float | None


def step(fleet: Fleet, outstanding: int, now: float, idle_seconds: float = IDLE_SECONDS) -> Step:
    """What is to be done about ``fleet`` with so many messages ``outstanding`` at ``now`` (seconds since the epoch).

    A message counts whether it waits, is worked on or is delayed: the host of the last one must not go. A fleet that may
    have no host at all was stopped by somebody, and is left alone.
    """
    if fleet.wanted == 0:
        return Step(1 if outstanding and fleet.most > 0 else None, None)
    if outstanding or fleet.busy:
        return Step(None, None)
    # a clock that was ahead must not keep hosts for ever
    since = now if fleet.idle_since is None else min(now, fleet.idle_since)
    return Step(0, None) if now - since >= idle_seconds else Step(None, since)
