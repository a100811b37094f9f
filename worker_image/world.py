"""The MPI program of a world: rank 0 hands out the work, all other ranks compute.

Started by ``mpiexec … python -m worker_image.world`` (:mod:`tilework.world`), imported by the fork server only. Rank 0 reads calls from
the channel to the starter, gives each to an idle rank, first come first served, and sends the outcomes back; it
computes nothing. All ranks sleep in the kernel until a bell rings (:mod:`tilework.world.doorbell`), so an idle world
costs nothing and a call reaches its rank in a fraction of a millisecond.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import resource
import signal
import socket
import sys
import threading
from collections import deque
from multiprocessing.connection import Client, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpi4py

# MPI is started in main(), once this process is tied to its parent; only the main thread of a rank calls it
mpi4py.rc(initialize=False, finalize=False)

from mpi4py import MPI  # noqa: E402 - mpi4py reads its rc when MPI is imported

from tilework.imaging.phase import shown_in  # noqa: E402
from tilework.world.deadline import moved_by  # noqa: E402
from tilework.world.doorbell import Doorbell, NetworkDoorbell  # noqa: E402
from tilework.world.flags import shared_memory_folder  # noqa: E402
from tilework.world.messages import TICKET_VARIABLE, Initializer, Leave, Order, Outcome, Ready, Ticket  # noqa: E402
from tilework.world.parent_death import LAUNCHER_VARIABLE, die_with  # noqa: E402
from tilework.world.pickled_calls import perform  # noqa: E402
from tilework.world.slots import SlotFile  # noqa: E402

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

DISPATCHER = 0
"""The rank that hands out the work."""


class Post:
    """Messages between ranks: sent by MPI, announced by a bell."""

    def __init__(self, comm: MPI.Intracomm, bell: Doorbell | NetworkDoorbell) -> None:
        self._comm = comm
        self.bell = bell

    def send(self, message: object, rank: int) -> None:
        """Send a message; returns once it is on its way, or received if it is a large one."""
        request = self._comm.isend(message, rank)
        self.bell.ring(rank)
        request.wait()

    def waiting(self) -> bool:
        """Whether a message has arrived.

        Asked twice: Open MPI looks at what it has, and only then sees to the network, for the next who asks.
        """
        return self._comm.iprobe() or self._comm.iprobe()

    def receive(self) -> tuple[Any, int]:
        """The next message and its sender; sleeps until there is one."""
        while not self.waiting():
            wait([self.bell.fileno()], self.bell.pulse)
            self.bell.silence()
        status = MPI.Status()
        message = self._comm.recv(status=status)
        return message, status.source


# --- rank 0 ----------------------------------------------------------------------------------------------------------


class Dispatcher:
    """Rank 0's work: calls in from the channel, out to idle ranks; outcomes in from ranks, out to the channel."""

    def __init__(self, post: Post, channel: Connection[Any, Any], ranks: int) -> None:
        self._post = post
        self._channel = channel
        self._ranks = ranks
        self._idle: deque[int] = deque()
        self._waiting: deque[Order] = deque()
        self._leaving = False
        # a thread sends to the starter, so that this one always listens to it: two ends that only send would wait
        # for each other forever
        self._outbox: queue.SimpleQueue[Ready | Outcome | None] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send, name="sender", daemon=True)

    def run(self) -> None:
        """Until the starter says leave and everything is done. Raises EOFError where the starter is gone."""
        self._sender.start()
        self._muster()
        while not (self._leaving and not self._waiting and len(self._idle) == self._ranks):
            wait([self._channel, self._post.bell.fileno()], self._post.bell.pulse)
            self._post.bell.silence()
            self._take_orders()
            self._collect_outcomes()
            self._hand_out()
        for rank in self._idle:
            self._post.send(None, rank)
        self._outbox.put(None)
        self._sender.join()

    def _muster(self) -> None:
        pids = {DISPATCHER: os.getpid()}
        while len(pids) <= self._ranks:
            pid, rank = self._post.receive()
            pids[rank] = pid
            self._idle.append(rank)
        self._outbox.put(Ready(tuple(pids[rank] for rank in sorted(pids))))

    def _take_orders(self) -> None:
        while not self._leaving and self._channel.poll():
            message = self._channel.recv()
            if isinstance(message, Leave):
                self._leaving = True
            else:
                self._waiting.append(message)

    def _collect_outcomes(self) -> None:
        while self._post.waiting():
            outcome, rank = self._post.receive()
            self._idle.append(rank)
            self._outbox.put(outcome)

    def _hand_out(self) -> None:
        while self._waiting and self._idle:
            # the one that was busy last: its memory is warm, its connections are open, and others stay small
            self._post.send(self._waiting.popleft(), self._idle.pop())

    def _send(self) -> None:
        while (message := self._outbox.get()) is not None:
            self._channel.send(message)


# --- the other ranks -------------------------------------------------------------------------------------------------


def compute(post: Post, slots: SlotFile, rank: int, task_seconds: float | None) -> None:
    """Do one call after another until rank 0 says that there will be no more."""
    moved_by(lambda seconds: slots.allow(rank, seconds))
    shown_in(slots.phase_byte(rank))
    where = f"Rank {rank} (pid {os.getpid()}) on {socket.gethostname()}"
    post.send(os.getpid(), DISPATCHER)
    while True:
        order, _ = post.receive()
        if order is None:
            return
        slots.begin(rank, order.task, task_seconds)
        outcome = perform(order.call, where)
        slots.end(rank)
        post.send(Outcome(order.task, outcome), DISPATCHER)


# --- every rank ------------------------------------------------------------------------------------------------------


def settle_in() -> Ticket:
    """Make this process a rank: tied to its launcher, deaf to what a terminal sends, leaving no core files."""
    # on another host than the starter's the launcher is MPI's daemon there, whose process id nobody could foresee
    die_with(int(os.environ.pop(LAUNCHER_VARIABLE, os.getppid())))
    for number in (signal.SIGINT, signal.SIGTERM):
        # the starter decides when a world ends: Ctrl-C and a service manager signal every process they see, and
        # mpiexec sends SIGTERM to the survivors of a death, which must not look like culprits
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    ticket = Ticket.from_environment(os.environ)
    del os.environ[TICKET_VARIABLE]
    if ticket.address:
        # another folder on each host, which no command line can say
        os.environ["OMPI_MCA_btl_sm_backing_directory"] = str(  # noqa: SIM112 - Open MPI's own name
            shared_memory_folder(Path(ticket.directory))
        )
    return ticket


def hang_bell(comm: MPI.Intracomm, ticket: Ticket) -> Doorbell | NetworkDoorbell:
    """Make the bell of this rank, and learn the way to all others."""
    rank = comm.Get_rank()
    if not ticket.address:
        return Doorbell(ticket.token, rank)
    bell = NetworkDoorbell(ticket.address)
    # by way of rank 0, which so has a connection to each before anybody sleeps
    if rank == DISPATCHER:
        bell.learn([bell.address, *(comm.recv(source=other) for other in range(1, comm.Get_size()))])
    else:
        comm.send(bell.address, DISPATCHER)
    bell.learn(comm.bcast(bell.known, root=DISPATCHER))
    return bell


def main() -> int:
    """Run this process's part of the world."""
    ticket = settle_in()
    MPI.Init_thread(MPI.THREAD_FUNNELED)
    faulthandler.enable()  # after MPI, whose own handler knows nothing of Python
    comm = MPI.COMM_WORLD
    rank = comm.Get_rank()
    slots = SlotFile(ticket.slots)
    slots.arrive(rank, os.getpid())
    post = Post(comm, hang_bell(comm, ticket))
    if rank == DISPATCHER:
        with Client(ticket.channel, authkey=ticket.authkey) as channel:
            Dispatcher(post, channel, comm.Get_size() - 1).run()
    else:
        Initializer.load(ticket.initializer).run()
        compute(post, slots, rank, ticket.task_seconds)
    MPI.Finalize()
    return 0


if __name__ == "__main__":
    sys.exit(main())
