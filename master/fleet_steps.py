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
    """What a look leads to: ``hosts`` to want from now on (None: as many as before), and since when some have been idle."""

    hosts: int | None
    idle_since: float | None


def step(fleet: Fleet, waiting: int, in_work: int, now: float, idle_seconds: float = IDLE_SECONDS) -> Step:
    """What is to be done about ``fleet`` with so many messages ``waiting`` and ``in_work`` at ``now`` (seconds since the epoch).

    No host goes while a message waits. Then those without work go at once, all but one: a host that works is busy for a minute
    longer than its work, so that the pause between two stages of a large image sends nobody away who took part. The last
    host goes when nothing is in work either: that of the last message is as wanted as that of the first. One that took its
    first work some seconds ago is not known to be busy yet; it drains, and loses nothing. A fleet that may have no host at all was stopped by somebody,
    and is left alone.
    """
    if fleet.wanted == 0:
        return Step(1 if waiting + in_work and fleet.most > 0 else None, None)
    kept = max(1, fleet.busy)
    if waiting or (kept >= fleet.wanted and in_work + fleet.busy):
        return Step(None, None)
    if kept < fleet.wanted:
        # those that go are the idle ones: the busy are protected
        return Step(kept, None)
    # a clock that was ahead must not keep hosts for ever
    since = now if fleet.idle_since is None else min(now, fleet.idle_since)
    return Step(0, None) if now - since >= idle_seconds else Step(None, since)
