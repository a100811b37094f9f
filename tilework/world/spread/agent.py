"""The agent of a world on one of its other hosts: run by ssh (``python -m tilework.world.spread.agent``), one a host.

It lives as long as its connection, over worlds: it makes the folder of each, runs MPI's daemon in it, and tells the
starter each second that this host is alive and what its ranks do, and at once when one dies. When the starter is gone,
or silent for too long, it ends its ranks and itself; so whatever happens to the network, nothing is left here.
"""

from __future__ import annotations

import os
import platform
import signal
import socket
import sys
import time
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tilework import __version__
from tilework.boottime import boottime
from tilework.world.spread.bulletin import Poke, write_bulletin
from tilework.world.spread.messages import (
    AGENT_PATIENCE,
    BEAT_SECONDS,
    GREETING,
    Beat,
    Begin,
    Begun,
    Died,
    End,
    Ended,
    Heard,
    Hello,
    Run,
    RunEnded,
    See,
    Seen,
    Watch,
    Watching,
)
from tilework.world.spread.networks import network_of
from tilework.world.spread.part import HostPart, sweep

if TYPE_CHECKING:
    from types import FrameType


class StarterSilentError(Exception):
    """Nothing was heard of the starter for too long."""


def version() -> str:
    """What must be the same on all hosts of a world."""
    return f"Tilework {__version__} on Python {platform.python_version()}"


def hello() -> Hello:
    """Tell of this host, as its ssh connection shows it."""
    starter, _, address, _ = os.environ["SSH_CONNECTION"].split()
    cores = len(os.sched_getaffinity(0))
    return Hello(socket.gethostname(), address, starter, network_of(address), version(), cores, os.geteuid())


class Agent:
    """Hears the starter through ``inbox`` and speaks to it through ``outbox``."""

    def __init__(self, inbox: Connection[Any, Any], outbox: Connection[Any, Any]) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._part: HostPart | None = None
        self._poke: Poke | None = None

    def run(self) -> None:
        """Until the starter is gone. Raises EOFError, OSError or StarterSilentError for that."""
        self._outbox.send(hello())
        next_beat = time.monotonic()
        try:
            while True:
                ready = wait(self._sources(), max(0.0, next_beat - time.monotonic()))
                if self._inbox in ready:
                    self._hear(self._inbox.recv())
                self._look()
                poked = self._poke is not None and self._poke.heard()
                if poked or time.monotonic() >= next_beat:
                    self._beat()
                    next_beat = time.monotonic() + BEAT_SECONDS
        finally:
            self._end()

    def _sources(self) -> list[Any]:
        part = [] if self._part is None else self._part.descriptors()
        return [self._inbox, *part, *([self._poke] if self._poke is not None else [])]

    def _hear(self, message: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGENT_PATIENCE)
        match message:
            case Heard(stamp, bulletin):
                if bulletin is not None and self._part is not None:
                    write_bulletin(self._part.folder, stamp, bulletin)
            case See(paths):
                self._outbox.send(Seen(tuple(path for path in paths if not Path(path).exists())))
            case Begin():
                self._outbox.send(Begun(self._begin(message)))
            case Run(command):
                if self._part is not None:
                    self._part.run(command)
            case Watch():
                if self._part is not None:
                    complete = self._part.watch()
                    self._outbox.send(Watching(complete, self._part.slots()))
            case End():
                self._end()
                self._outbox.send(Ended())

    def _begin(self, begin: Begin) -> str:
        self._end()
        try:
            self._part = HostPart(begin)
            self._poke = Poke(self._part.folder)
        except OSError as error:
            self._end()
            return f"{begin.folder} cannot be made: {error.strerror}"
        return ""

    def _end(self) -> None:
        part, self._part = self._part, None
        poke, self._poke = self._poke, None
        if poke is not None:
            poke.close()
        if part is not None:
            part.end()

    def _look(self) -> None:
        """Tell what has ended since the last look."""
        if self._part is None:
            return
        status = self._part.ended_run()
        if status is not None:
            self._outbox.send(RunEnded(status))
        dead = self._part.died()
        if dead:
            self._outbox.send(Died(dead, self._part.overdue))

    def _beat(self) -> None:
        slots = {}
        if self._part is not None:
            self._part.kill_overdue()
            slots = self._part.slots()
        self._outbox.send(Beat(boottime(), slots))


def _give_up(_number: int, _frame: FrameType | None) -> NoReturn:
    raise StarterSilentError


def main() -> int:
    """Serve the starter at the other end of standard input and output."""
    inbox: Connection[Any, Any] = Connection(os.dup(0), writable=False)
    outbox: Connection[Any, Any] = Connection(os.dup(1), readable=False)
    os.dup2(2, 1)
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    signal.signal(signal.SIGALRM, _give_up)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, AGENT_PATIENCE)
    try:
        os.write(outbox.fileno(), GREETING)
        sweep()
        Agent(inbox, outbox).run()
    except (EOFError, OSError, StarterSilentError):
        # whoever could be told is gone
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
