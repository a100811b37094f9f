"""The processes of a world that is ready: mpiexec, the ranks, and the channel to rank 0."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

from tilework.world.blame import Verdict, judge
from tilework.world.pidfds import await_ends, ended, kill, opened

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from tilework.world.channel import Channel
    from tilework.world.directory import WorldDirectory
    from tilework.world.slots import Slot, SlotFile
    from tilework.world.words import Words

NOTICE_SECONDS = 0.1
"""How long a death is left alone: mpiexec notices it, so that it reports the one that counts, and whether rank 0 dies
as well shows who began. Ranks ignore the SIGTERM that mpiexec sends the survivors, and it waits longer than this."""

REPORT_SECONDS = 1.0
"""How long mpiexec may take to end by itself, and so to report, once its ranks are dead."""

DEADLINE_LOOK_SECONDS = 1.0
"""How often the deadlines of busy ranks are looked at, and so how late one may be noticed."""

BURY_SECONDS = 5.0
"""How long a killed process may take to be gone: one that writes much memory to a slow disk takes seconds."""

LAST_WORDS_SECONDS = 1.0
"""How long the last words of the world are waited for once all its processes are gone."""


class WorldProcesses:
    """``pids`` by rank; every process is held by a pidfd, which can neither miss a death nor hit a stranger.

    ``here`` are those of this host, the first ones; None for all. Raises ProcessLookupError where one of them is gone.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], pidfd: int, pids: Sequence[int], *,
        channel: Channel, slots: SlotFile, folder: WorldDirectory, words: Words | None = None,
        here: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        self._process = process
        self.mpiexec = pidfd
        self.pids = tuple(pids)
        self.channel = channel
        self.slots = slots
        self._folder = folder
        self._words = words
        self._closing = threading.Lock()
        self._closed = False
        self._next_look = 0.0
        self._overdue: dict[int, Slot] = {}
        self.ranks = opened(pids if here is None else here)

    @property
    def watched(self) -> tuple[int, ...]:
        """What becomes readable when a process ends: mpiexec, then the ranks."""
        return (self.mpiexec, *self.ranks)

    @property
    def mpiexec_pid(self) -> int:
        """The process id of mpiexec, a direct child of this process."""
        return self._process.pid

    def kill(self) -> None:
        """Kill every process that is left, mpiexec first, so that it has nothing to say. Any thread may, at any time."""
        with self._closing:
            if not self._closed:
                for pidfd in (self.mpiexec, *self.ranks):
                    kill(pidfd)

    def kill_overdue(self) -> bool:
        """Kill the ranks that are beyond their deadlines; looks once in DEADLINE_LOOK_SECONDS, however often it is called.

        Returns whether it did look.
        """
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + DEADLINE_LOOK_SECONDS
        for rank, pidfd in enumerate(self.ranks):
            slot = self.slots.read(rank)
            if slot.overdue(time.monotonic_ns()):
                self._overdue[rank] = slot
                kill(pidfd)
        return True

    def dead_ranks(self) -> set[int]:
        """The ranks whose process has ended."""
        gone = set(ended(self.ranks, 0.0))
        return {rank for rank, pidfd in enumerate(self.ranks) if pidfd in gone}

    def post_mortem(self) -> Verdict:
        """Whom a death that was just noticed concerns; the other ranks are killed."""
        dead = self.dead_ranks()
        at_work = {rank: slot for rank in dead if (slot := self.slots.read(rank)).running}
        running = {rank: slot.task for rank, slot in at_work.items()}
        phases = {rank: slot.phase for rank, slot in at_work.items()}
        headless = bool(ended(self.ranks[:1], NOTICE_SECONDS))
        code = self._end_processes()
        pids = {rank: self.pids[rank] for rank in sorted(dead)}
        overdue = {rank: slot.allowed for rank, slot in self._overdue.items() if rank in running}
        return judge(code, pids, running, headless=headless, overdue=overdue, phases=phases)

    def bury(self) -> None:
        """Wait until all processes are gone, killing those that linger; remove what they left."""
        self._end_processes()
        await_ends(self.ranks, BURY_SECONDS)
        with self._closing:
            self._closed = True
            for pidfd in self.ranks:
                _reap(pidfd)
            for pidfd in (*self.ranks, self.mpiexec):
                os.close(pidfd)
        self._clear()

    def _clear(self) -> None:
        if self._words is not None:
            self._words.settle(LAST_WORDS_SECONDS)
        self.channel.close()
        self.slots.close()
        self._folder.close()

    def _end_processes(self) -> int | None:
        """Kill the ranks, and mpiexec only if it does not end by that: it reports, and buries its children.

        Returns its exit code; None where it had to be killed, which says nothing about who began.
        """
        for pidfd in self.ranks:
            kill(pidfd)
        if not ended([self.mpiexec], REPORT_SECONDS):
            kill(self.mpiexec)
            self._process.wait()
            return None
        return self._process.wait()


def _reap(pidfd: int) -> None:
    """Ranks whose mpiexec was killed become children of init, which in a container may be this very process."""
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
