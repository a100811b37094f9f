"""The MPI worlds of a worker host, one after the other; spread over other hosts as well where the settings name some."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tilework.world import World
from tilework.world.fork_server import ForkServer
from worker_image.metrics import WORLD_RESTART

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.world.slots import Slot
    from tilework.world.spread.hosts import Hosts
    from worker_image.lease_board import LeaseBoard
    from worker_image.settings import WorkerSettings
    from worker_image.tally import Tally

log = logging.getLogger(__name__)


class Worlds:
    """Starts worlds; from the second on each is counted as a restart. For the main thread.

    Ranks on other hosts ask ``board`` for leases. ``soon`` makes the main thread call a function: who is lost or back is
    said there, after which the feed looks whether a larger world can be had. Raises HostsError.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        tally: Tally,
        board: LeaseBoard,
        soon: Callable[[Callable[[], None]], None],
    ) -> None:
        self._settings = settings
        self._tally = tally
        self._started = 0
        self._latest: World | None = None
        self._folder = settings.directory / "world"
        self._fork_server = ForkServer(self._folder, "worker_image.rank")
        self._hosts = _hosts_of(settings, board, soon)

    def open(self) -> None:
        """Reach for the other hosts."""
        if self._hosts is not None:
            self._hosts.open()

    def close(self) -> None:
        """Let go of them, and end the fork server."""
        self._fork_server.close()
        if self._hosts is not None:
            self._hosts.close()

    def start(self) -> World:
        """Start the next one."""
        settings = self._settings
        world = World.start(
            ranks=settings.ranks,
            directory=self._folder,
            initializer="worker_image.rank:start_rank",
            initargs=(settings,),
            task_seconds=settings.limits.fetch_seconds,
            fork_server=None if self._hosts else self._fork_server,
            hosts=self._hosts,
        )
        log.info("A world of %d ranks is ready.", len(world.pids) - 1)
        self._latest = world
        self._started += 1
        if self._started > 1:
            self._tally.happened(WORLD_RESTART)
        return world

    def slots(self) -> tuple[Slot, ...]:
        """What each rank of the world is doing now; empty where there is none. For any thread."""
        return self._latest.slots() if self._latest is not None else ()

    def outgrown(self) -> bool:
        """Whether a larger world can be had: a host is back."""
        return self._hosts is not None and self._hosts.missed


def _hosts_of(
    settings: WorkerSettings, board: LeaseBoard, soon: Callable[[Callable[[], None]], None]
) -> Hosts | None:
    if not settings.hosts or settings.hosts_key is None:
        return None
    from tilework.world.spread.hosts import Hosts  # noqa: PLC0415 - a host alone shall not wait for what several need

    hosts = Hosts(
        settings.hosts, settings.hosts_key, lambda sentence: soon(lambda: log.warning("%s", sentence))
    )
    hosts.bulletin = board.left
    return hosts
