"""Blows to processes: killed, stopped beyond their lease, told to leave."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from tests.chaos.hosts import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.chaos.hosts import Host

LONGEST_PAUSE = 2.0
"""Seconds at most until a supervisor that has ended is started again."""

BEYOND_LEASE = (LEASE_SECONDS + 0.5, 2 * LEASE_SECONDS + 2)
"""Seconds that a process is stopped for."""


@dataclass(slots=True)
class Later:
    """What is to be done at its time."""

    _due: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do ``act`` after ``seconds``."""
        self._due.append((time.monotonic() + seconds, act))

    def look(self, *, at_once: bool = False) -> None:
        """Do what is due, or everything."""
        now = time.monotonic()
        due = [one for one in self._due if at_once or one[0] <= now]
        self._due = [one for one in self._due if one not in due]
        for _, act in due:
            act()


@dataclass(frozen=True, slots=True)
class Blows:
    """Each is struck with random numbers of its own, and tells what it did: "" where there was nothing to strike."""

    hosts: list[Host]
    master: Callable[[], list[psutil.Process]]
    later: Later

    def rank(self, random: Random) -> str:
        """SIGKILL to a rank, a busy one if there is any."""
        return self._at_rank(random, lambda process, _: process.kill())

    def rank_0(self, random: Random) -> str:
        """SIGKILL to a rank 0."""
        host = random.choice(self.hosts)
        slots = host.worker.slots()
        process = host.process_of(slots[0].pid) if slots else None
        if process is None:
            return ""
        process.kill()
        return f"rank 0 of {host.worker.name}"

    def mpiexec(self, random: Random) -> str:
        """SIGKILL to an mpiexec."""
        host = random.choice(self.hosts)
        process = host.worker.mpiexec()
        if process is None:
            return ""
        process.kill()
        return f"mpiexec of {host.worker.name}"

    def supervisor(self, random: Random) -> str:
        """SIGKILL to a supervisor."""
        host = random.choice(self.hosts)
        if not host.worker.alive:
            return ""
        host.kill(random.uniform(0, LONGEST_PAUSE))
        return host.worker.name

    def both_supervisors(self, random: Random) -> str:
        """SIGKILL to all supervisors."""
        for host in self.hosts:
            host.kill(random.uniform(0, LONGEST_PAUSE))
        return "all hosts"

    def rank_stopped(self, random: Random) -> str:
        """SIGSTOP to a rank, and SIGCONT beyond its lease."""
        seconds = random.uniform(*BEYOND_LEASE)
        return self._at_rank(random, lambda process, _: self._stop(process, seconds))

    def supervisor_stopped(self, random: Random) -> str:
        """SIGSTOP to a supervisor, and SIGCONT beyond its leases."""
        host, seconds = random.choice(self.hosts), random.uniform(*BEYOND_LEASE)
        if not host.worker.alive:
            return ""
        self._stop(host.worker.supervisor, seconds)
        return f"{host.worker.name} for {seconds:.1f} s"

    def drain(self, random: Random) -> str:
        """SIGTERM to a supervisor, which is started again when it has left."""
        host = random.choice(self.hosts)
        if not host.worker.alive or host.told is not None:
            return ""
        host.drain(random.uniform(0, LONGEST_PAUSE))
        return host.worker.name

    def master_killed(self, _: Random) -> str:
        """SIGKILL to the master with its keeper; it is started again by `make run`'s own launcher."""
        found = self.master()
        for process in found:
            process.kill()
        return "the master" if found else ""

    def _at_rank(self, random: Random, strike: Callable[[psutil.Process, Host], object]) -> str:
        hosts = [host for host in self.hosts if host.worker.busy()] or self.hosts
        host, lot = random.choice(hosts), random.random()
        ranks = host.busy_ranks()
        if not ranks:
            return ""
        number, pid = ranks[int(lot * len(ranks))]
        process = host.process_of(pid)
        if process is None:
            return ""
        busy = any(slot.pid == pid for slot in host.worker.busy())
        with suppress(psutil.NoSuchProcess):
            strike(process, host)
        return f"rank {number} of {host.worker.name}, {'busy' if busy else 'idle'}"

    def _stop(self, process: psutil.Process, seconds: float) -> None:
        process.suspend()
        self.later.after(seconds, lambda: _resume(process))


def _resume(process: psutil.Process) -> None:
    # psutil knows a process by its begin as well: another one of its number hears nothing
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)
