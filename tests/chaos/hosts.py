"""The worker hosts: kept running whatever is done to them, and asked to leave in order at the end."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from tests.faults.worker_host import WorkerHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.chaos.wire import WatchedProxy

RANKS = 2
LEASE_SECONDS = 3.0
DRAIN_SECONDS = 100.0
"""Within which a host that was told to leave is gone, in any case."""


@dataclass(slots=True, eq=False)
class Host:
    """One host behind its own proxy.

    ``told`` is when it was told to leave, and ``in_time`` whether it took work by then; ``back`` is when it is to be
    started again.
    """

    worker: WorkerHost
    proxy: WatchedProxy
    killed: bool = False
    told: float | None = None
    in_time: bool = True
    back: float | None = None
    pause: float = 0.0
    troubles: list[str] = field(default_factory=list)
    starts: int = 1

    def kill(self, pause: float) -> None:
        """SIGKILL to the supervisor; it is started again ``pause`` seconds after its end."""
        if self.worker.alive:
            self.killed, self.pause = True, pause
            self.worker.process.kill()

    def drain(self, pause: float) -> None:
        """SIGTERM to the supervisor."""
        if self.told is None:
            self.told, self.pause = time.monotonic(), pause
            self.in_time = self.worker._ready.exists()
            self.worker.process.send_signal(signal.SIGTERM)

    def look(self) -> None:
        """Start it again where it is time; note an end that nobody asked for, and a drain that takes too long."""
        if self.back is not None:
            if time.monotonic() >= self.back:
                self.back = None
                self.worker.start()
                self.starts += 1
            return
        status = self.worker.process.poll()
        if status is not None:
            self._judge(status)
            self.back = time.monotonic() + self.pause
            self.killed, self.told = False, None
        elif self.told is not None and time.monotonic() - self.told > DRAIN_SECONDS:
            self.troubles.append(f"{self.worker.name} had not left {DRAIN_SECONDS:.0f} s after SIGTERM")
            self.kill(0.0)

    def _judge(self, status: int) -> None:
        # a supervisor that is not there yet is ended by the signal as any program is, and holds nothing
        right = {0} if self.in_time else {0, -signal.SIGTERM}
        if self.killed or (self.told is not None and status in right):
            return
        what = "left" if self.told is not None else "ended by itself"
        self.troubles.append(f"{self.worker.name} {what} with status {status}; read {self.worker.log}")

    def busy_ranks(self) -> list[tuple[int, int]]:
        """(rank, pid) of the ranks at work, else of all that compute."""
        slots = list(enumerate(self.worker.slots()))[1:]
        busy = [(rank, slot.pid) for rank, slot in slots if slot.pid and slot.running]
        return busy or [(rank, slot.pid) for rank, slot in slots if slot.pid]

    def process_of(self, pid: int) -> psutil.Process | None:
        """A process of its world, None where it has ended."""
        return next((one for one in self.worker.below() if one.pid == pid), None)


def start(
    folder: Path, names: list[str], environment: Mapping[str, str], proxy: Callable[[], WatchedProxy]
) -> list[Host]:
    """Start hosts of these names, and wait until they take work."""
    hosts = []
    for name in names:
        made = proxy()
        temporary = folder / f"{name}-tmp"
        temporary.mkdir(parents=True)
        variables = {
            **environment, "AWS_ENDPOINT_URL": made.endpoint, "TMPDIR": str(temporary),
            "TILEWORK_LEASE_SECONDS": str(LEASE_SECONDS),
        }  # fmt: skip
        hosts.append(Host(WorkerHost(name, folder, variables, ranks=RANKS), made))
    for host in hosts:
        host.worker.await_ready()
    return hosts
