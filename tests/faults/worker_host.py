"""A worker host of a test's own, beside a running system that has none: a supervisor, its world, and what it holds."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.flow.running_system import ROOT
from tests.waiting import wait_for
from tilework.world.slots import Slot, SlotFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READY_SECONDS = 60.0
STOP_SECONDS = 110.0
LEASE_SECONDS = 3.0


class WorkerHost:
    """One supervisor with ``ranks``; ``environment`` is all it gets, ``folder`` takes its files and its log.

    ``within`` is a command that becomes the supervisor in the end.
    """

    def __init__(
        self, name: str, folder: Path, environment: Mapping[str, str], *, ranks: int = 2,
        within: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.log = self.folder / "host.log"
        directory = Path(environment.get("TILEWORK_DIRECTORY", self.folder / "host"))
        self.world_folder = directory / "world"
        self._within = within
        self._ready = self.folder / "ready"
        self._environment = {
            "TILEWORK_LEASE_SECONDS": str(LEASE_SECONDS),
            "TILEWORK_POLL_SECONDS": "1",
            **environment,
            "TILEWORK_RANKS": str(ranks),
            "TILEWORK_HOST_NAME": name,
            "TILEWORK_DIRECTORY": str(directory),
            "TILEWORK_READY_FILE": str(self._ready),
        }
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start it, also again after its death; wait for nothing."""
        self._ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._within, sys.executable, "-m", "worker_image.supervisor"], cwd=ROOT, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def await_ready(self) -> None:
        """Until it takes work."""
        wait_for(lambda: self._ready.exists() or self.process.poll() is not None, READY_SECONDS)
        assert self.process.poll() is None, self.log.read_text()[-3000:]

    @property
    def alive(self) -> bool:
        """Whether the supervisor lives, stopped or not."""
        return self.process.poll() is None

    @property
    def supervisor(self) -> psutil.Process:
        """The supervisor."""
        return psutil.Process(self.process.pid)

    def mpiexec(self) -> psutil.Process | None:
        """The world's mpiexec, if there is a world."""
        # mpiexec becomes prterun, and tells so by its name only
        found = [
            one for one in self._children() if any(word in _said(one) for word in ("mpiexec", "prterun"))
        ]
        return found[0] if found else None

    def slots(self) -> list[Slot]:
        """What each rank is doing, rank 0 first; empty where no world is."""
        try:
            file = SlotFile(self.world_folder / "slots")
        except (OSError, ValueError):
            return []
        try:
            return [file.read(rank) for rank in range(len(file))]
        finally:
            file.close()

    def busy(self) -> list[Slot]:
        """The slots of the ranks that are at work."""
        return [slot for slot in self.slots() if slot.running and slot.pid]

    def below(self) -> list[psutil.Process]:
        """All its descendants."""
        try:
            return self.supervisor.children(recursive=True)
        except psutil.Error:
            return []

    def _children(self) -> list[psutil.Process]:
        try:
            return self.supervisor.children()
        except psutil.Error:
            return []

    def kill(self) -> None:
        """End the supervisor with SIGKILL, as a host that is lost; its world goes with it."""
        below = self.below()
        self.process.kill()
        self.process.wait()
        psutil.wait_procs(below, timeout=10)

    def drain(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to leave; its exit status."""
        if self.alive:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """End it, whatever state it is in."""
        if self.alive:
            self.process.send_signal(signal.SIGCONT)
            self.kill()


def _said(process: psutil.Process) -> str:
    try:
        return f"{process.name()} {' '.join(process.cmdline())}"
    except psutil.Error:
        return ""
