"""A worker host whose world is spread over other hosts as well."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tilework.world.spread.hosts import Hosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker_image.lease_board import LeaseBoard
    from worker_image.settings import WorkerSettings

log = logging.getLogger(__name__)


def hosts_of(
    settings: WorkerSettings, board: LeaseBoard, soon: Callable[[Callable[[], None]], None]
) -> Hosts | None:
    """The hosts of the settings, whose ranks ask ``board`` for leases; None where this host is alone.

    ``soon`` makes the main thread call a function: who is lost or back is said there, after which the feed looks whether
    a larger world can be had. Raises HostsError.
    """
    if not settings.hosts or settings.hosts_key is None:
        return None
    hosts = Hosts(
        settings.hosts, settings.hosts_key, lambda sentence: soon(lambda: log.warning("%s", sentence))
    )
    hosts.bulletin = board.left
    return hosts
