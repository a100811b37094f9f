"""What tells a host that it has to go: signals, a spot interruption, its Auto Scaling group; and what does not.

A rebalance recommendation is no order. It says that an interruption has become likelier, of many hosts at once, and most
of them are never interrupted. All that a host holds ends within seconds, or is cut into units that do, and a spot
interruption leaves two minutes; so a host goes on until it is told to go. The group has the recommendation as well: it
starts another host first (capacity rebalancing), and gives this one its order when that one is there.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.aws.instance_metadata import InstanceMetadata

log = logging.getLogger(__name__)

NOTICE_LOOK_SECONDS = 5.0
"""Between two looks, as AWS recommends ("Spot Instance interruption notices")."""

SPOT = "spot/instance-action"
REBALANCE = "events/recommendations/rebalance"
TARGET_STATE = "autoscaling/target-lifecycle-state"

IN_SERVICE = "InService"
"""The one target in which a host works; Terminated and those of a warm pool (Warmed:…) are reached by leaving."""


class NoticeKind(Enum):
    """Who gives the notice."""

    SIGNAL = "signal"
    SPOT = "spot interruption"
    GROUP = "Auto Scaling"


@dataclass(frozen=True, slots=True)
class Notice:
    """An order to leave: ``why`` as a sentence, ``until`` when the host is there (seconds since the epoch; None: unknown)."""

    kind: NoticeKind
    why: str
    until: float | None = None


def signalled(number: int) -> Notice:
    """The notice that a signal is."""
    return Notice(NoticeKind.SIGNAL, f"{signal.Signals(number).name} says so.")


def orders(get: Callable[[str], str | None]) -> list[Notice]:
    """The orders to leave that stand in the instance metadata now, where ``get`` reads them."""
    found = (_spot(get(SPOT)), _group(get(TARGET_STATE)))
    return [notice for notice in found if notice is not None]


def _spot(text: str | None) -> Notice | None:
    if text is None:
        return None
    # {"action": "terminate", "time": "2017-09-18T08:22:00Z"}; whatever else it may be, it is an end
    try:
        told = json.loads(text)
        action, moment = str(told["action"]), str(told["time"])
        until = datetime.fromisoformat(moment).timestamp()
    except (ValueError, KeyError, TypeError):
        return Notice(NoticeKind.SPOT, f"This spot host is taken back: {text[:100]}.")
    return Notice(NoticeKind.SPOT, f"This spot host is taken back ({action}) at {moment}.", until)


def _group(text: str | None) -> Notice | None:
    if not text or text == IN_SERVICE:
        return None
    return Notice(NoticeKind.GROUP, f"Its Auto Scaling group wants this host {text}.")


def wait_while_ordered(get: Callable[[str], str | None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait as long as an order to leave stands in the metadata, and say so.

    Whatever keeps a worker running starts it again when it has drained, and it would take work on a host that goes.
    """
    is_told = False
    while found := orders(get):
        if not is_told:
            log.info("This host takes nothing. %s", found[0].why)
            is_told = True
        sleep(NOTICE_LOOK_SECONDS)


class Watch:
    """A thread that looks into the instance metadata, and tells each order once."""

    def __init__(self, metadata: InstanceMetadata, tell: Callable[[Notice], None]) -> None:
        self._metadata = metadata
        self._tell = tell
        self._told: set[NoticeKind] = set()
        self._recommended = False
        self._thread = threading.Thread(target=self._run, name="host notices", daemon=True)

    def start(self) -> None:
        """Begin to look, at once."""
        self._thread.start()

    def look(self) -> None:
        """Look once."""
        for notice in orders(self._metadata.get):
            if notice.kind not in self._told:
                self._told.add(notice.kind)
                self._tell(notice)
        if not self._recommended and self._metadata.get(REBALANCE) is not None:
            self._recommended = True
            log.warning("This spot host may be taken back soon. It works on until it is told to go.")

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                log.exception("The instance metadata could not be understood.")
            time.sleep(NOTICE_LOOK_SECONDS)
