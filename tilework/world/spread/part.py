"""One host's part of one world: its folder, MPI's daemon, its ranks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tilework.world import parent_death
from tilework.world.flags import shared_memory_folder, temporary_folder
from tilework.world.pidfds import await_ends, ended, kill
from tilework.world.slots import SlotFile
from tilework.world.spread.bulletin import AWAY_VARIABLE

if TYPE_CHECKING:
    from tilework.world.slots import Slot
    from tilework.world.spread.messages import Begin

AWAY = "/tmp/tilework-away-"  # noqa: S108 - made anew, for one user only, with a name that nobody can foresee
"""How the folder of a world begins on another host than its starter's: the same on each, and each has a /tmp of its own."""

GONE_SECONDS = 5.0
"""How long a killed rank may take to be gone."""


class HostPart:
    """Made where the world begins, before its daemon runs. Raises OSError where its folder cannot be made."""

    def __init__(self, begin: Begin) -> None:
        self.folder = Path(begin.folder)
        # nobody else may have made it: it lies where everybody may write
        self.folder.mkdir(mode=0o700)
        self._lock = (self.folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        for each in (shared_memory_folder(self.folder), temporary_folder(self.folder)):
            each.mkdir()
        self._initializer = self.folder / "initializer"
        self._initializer.write_bytes(begin.initializer)
        self._slots = SlotFile(self.folder / "slots", size=begin.size)
        self._ranks = begin.ranks
        self._environment = {**os.environ, **begin.environment}
        self._environment[AWAY_VARIABLE] = str(self.folder)
        self._environment["TMPDIR"] = str(temporary_folder(self.folder))
        self._run: subprocess.Popen[bytes] | None = None
        self._told_run = False
        self._pidfds: dict[int, int] = {}
        self._dead: set[int] = set()
        self._watching = False
        self.overdue: frozenset[int] = frozenset()

    def run(self, command: str) -> None:
        """Run MPI's daemon, which starts the ranks; tied to this process."""
        script = f"unset {parent_death.LAUNCHER_VARIABLE}; {command}"
        self._run = subprocess.Popen(
            [sys.executable, "-I", "-S", parent_death.__file__, str(os.getpid()), "/bin/sh", "-c", script],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self) -> bool:
        """Hold each rank of this host by a pidfd, once all have arrived; False where they are not the ranks foreseen.

        One that has died already is noticed so.
        """
        self._initializer.unlink(missing_ok=True)
        if not all(slot.pid for slot in self.slots().values()):
            return False
        self._watching = True
        self._hold()
        return True

    def _hold(self) -> None:
        for rank, slot in self.slots().items():
            if slot.pid and rank not in self._pidfds:
                with contextlib.suppress(ProcessLookupError):
                    self._pidfds[rank] = os.pidfd_open(slot.pid)

    def descriptors(self) -> list[int]:
        """Those that become readable when a rank dies."""
        return [pidfd for rank, pidfd in self._pidfds.items() if rank not in self._dead]

    def slots(self) -> dict[int, Slot]:
        """What each rank of this host does."""
        return {rank: self._slots.read(rank) for rank in self._ranks}

    def died(self) -> dict[int, Slot]:
        """The ranks that have died since the last call, and what they did."""
        if not self._watching:
            return {}
        gone = set(ended(self.descriptors(), 0))
        new = [
            rank for rank in self._ranks if rank not in self._dead and self._pidfds.get(rank) in {None, *gone}
        ]
        self._dead.update(new)
        return {rank: self._slots.read(rank) for rank in new}

    def kill_overdue(self) -> None:
        """Kill the ranks that are beyond their deadlines."""
        now = time.monotonic_ns()
        late = [rank for rank in self._pidfds if self._slots.read(rank).overdue(now)]
        self.overdue |= frozenset(late)
        for rank in late:
            kill(self._pidfds[rank])

    def ended_run(self) -> int | None:
        """The status of the daemon when it has ended, told once."""
        if self._run is None or self._told_run:
            return None
        status = self._run.poll()
        self._told_run = status is not None
        return status

    def end(self) -> None:
        """Kill all that is left, wait until it is gone, remove the folder."""
        if self._run is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._run.pid, signal.SIGKILL)
            self._run.wait()
        # those that arrived and were never watched: the world did not come to stand
        self._hold()
        for pidfd in self._pidfds.values():
            kill(pidfd)
        await_ends(self._pidfds.values(), GONE_SECONDS)
        for pidfd in self._pidfds.values():
            os.close(pidfd)
        self._slots.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def sweep() -> None:
    """Remove the folders that killed agents of this user have left on this host."""
    for lock in Path("/").glob(f"{AWAY[1:]}*/lock"):
        with contextlib.suppress(OSError), lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
