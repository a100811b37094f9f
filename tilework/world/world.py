"""The world as its starter sees it: an executor whose tasks run in MPI ranks."""

from __future__ import annotations

import atexit
import logging
import os
import selectors
import threading
import time
from collections import deque
from concurrent.futures import Executor, Future
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tilework.errors import UnexpectedError
from tilework.world.blame import Verdict
from tilework.world.launch import START_SECONDS, Plan, launched
from tilework.world.messages import Initializer, Leave, Order, Outcome
from tilework.world.pickled_calls import pack_call, unpack_outcome
from tilework.world.processes import DEADLINE_LOOK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tilework.world.fork_server import ForkServer
    from tilework.world.processes import WorldProcesses
    from tilework.world.slots import Slot
    from tilework.world.spread.hosts import Hosts

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

LEAVE_SECONDS = 10.0
"""How long the ranks may take to exit once they have nothing left to do; then they are killed."""

DEAF_LOOKS = 10
"""Looks in a row, DEADLINE_LOOK_SECONDS apart, that find a task lying although a rank has nothing to do: rank 0, or that one, has
been stopped or hangs, and no deadline runs for what nobody has begun. A living rank takes up a task within milliseconds.
Looks and not the clock, so that a host that was frozen whole and goes on finds nothing wrong."""

EXIT_SECONDS = 10.0
"""How long a world that was told to shut down may keep its starter from exiting."""


class World(Executor):
    """An executor over the ranks of one MPI world on this host; made by :meth:`start`.

    Who has something to do while it starts makes it of a :class:`~tilework.world.launch.Launch` instead. ``capacity`` is
    how many tasks are handed to rank 0 at once.

    Task functions must be importable by name in the ranks; arguments and results are pickled. A future is RUNNING, and
    cannot be cancelled any more, once its task has been handed to rank 0: as many tasks as there are ranks, and
    ``ahead`` more, which wait in rank 0 so that no rank waits for this process. All others wait here, PENDING.

    A task's exception arrives as it was raised, with the remote traceback as a note; what would end this process
    (SystemExit) or cannot be pickled arrives as UnexpectedError. When any process of the world dies, all unfinished
    futures fail with WorldDiedError, ``suspect`` where the dead rank was working on that task; tasks submitted later
    fail alike. A dead world stays dead: start another.
    """

    def __init__(self, processes: WorldProcesses, capacity: int) -> None:
        self._processes = processes
        self._capacity = capacity
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Order, Future[Any]]] = deque()
        self._running: dict[int, Future[Any]] = {}
        self._tasks = 0
        self._alive = True
        self._closing = False
        self._leaving = False
        self._lying: dict[int, int] = {}
        self._abandoned = ""
        self._deadline: float | None = None
        self._overdue = ""
        self._verdict = Verdict("The MPI world has been shut down.")
        self._interest: int = selectors.EVENT_READ
        self._nudge = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._live, name=f"world-{processes.mpiexec_pid}", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    @classmethod
    def start(
        cls, *, ranks: int, directory: Path, initializer: str = "", initargs: tuple[Any, ...] = (),
        environment: Mapping[str, str] = MappingProxyType({}), ahead: int | None = None,
        start_seconds: float = START_SECONDS, inherit_output: bool = False, task_seconds: float | None = None,
        hosts: Hosts | None = None, fork_server: ForkServer | None = None,
    ) -> World:  # fmt: skip
        """Start a world of ``ranks`` computing ranks, from the main thread; it is ready when this returns.

        ``directory`` takes everything that the world leaves on disk, for one world at a time. Each computing rank calls
        ``initializer`` ("module:function") with ``initargs`` once. ``environment`` adds variables to this process's.
        ``ahead`` tasks (as many as ranks, by default) wait in rank 0. What the ranks print goes to ``world.log`` in
        the directory, and is logged here (:mod:`tilework.world.words`), or with ``inherit_output`` to this process's
        stderr. A rank is killed that works on one task for longer than ``task_seconds`` (None: never), or than the
        task asks for (:mod:`tilework.world.deadline`). With a ``fork_server``, which may serve many worlds, the ranks are
        forked from it; with ``hosts`` the world has the ranks of those of them that are there.

        Raises SetupError where the world does not stand after ``start_seconds``; RuntimeError on another thread.
        """
        if ranks < 1:
            raise ValueError(f"A world needs at least one rank, not {ranks}.")
        first_call = Initializer(initializer, initargs)
        plan = Plan(
            ranks,
            directory,
            first_call,
            environment,
            start_seconds,
            inherit_output,
            task_seconds,
            fork_server=fork_server,
            hosts=hosts,
        )
        launch = launched(plan)
        return cls(launch.ready(), launch.ranks + (launch.ranks if ahead is None else ahead))

    # --- what can be asked -------------------------------------------------------------------------------------------

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids by rank; rank 0 computes nothing."""
        return self._processes.pids

    @property
    def mpiexec_pid(self) -> int:
        """The process id of mpiexec, a direct child of this process."""
        return self._processes.mpiexec_pid

    @property
    def alive(self) -> bool:
        """Whether tasks can still be done. False before the futures of a dead world fail."""
        return self._alive

    def slots(self) -> tuple[Slot, ...]:
        """What each rank is doing now. Empty for a world that is no more."""
        with self._lock:
            if not self._alive:
                return ()
            return tuple(self._processes.slots.read(rank) for rank in range(len(self._processes.slots)))

    def at_work(self) -> list[tuple[int, Slot, Future[Any]]]:
        """What each rank that works is doing now: the rank, its slot, and the future of its task."""
        with self._lock:
            slots = self._processes.slots if self._alive else ()
            told = [(rank, self._processes.slots.read(rank)) for rank in range(1, len(slots))]
            return [
                (rank, slot, self._running[slot.task])
                for rank, slot in told
                if slot.running and slot.task in self._running
            ]

    # --- tasks -------------------------------------------------------------------------------------------------------

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have ``fn(*args, **kwargs)`` done by a rank. Raises RuntimeError after shutdown."""
        future: Future[T] = Future()
        try:
            call = pack_call(fn, args, kwargs)
        except Exception as error:  # noqa: BLE001 - pickling raises whatever the arguments raise; the future has it
            _settle(future, succeeded=False, value=error)
            return future
        with self._lock:
            if self._closing:
                raise RuntimeError("This world was shut down, and takes no more tasks.")
            if self._alive:
                self._tasks += 1
                self._waiting.append((Order(self._tasks, call), future))
                was_idle = not self._running
                self._hand_out()
                if was_idle or self._processes.channel.interest & selectors.EVENT_WRITE:
                    # the thread sleeps until something happens, and from now on there are deadlines to keep, or
                    # there is more to be sent
                    os.eventfd_write(self._nudge, 1)
                return future
        _settle(future, succeeded=False, value=self._verdict.error(0))
        return future

    def shutdown(
        self, wait: bool = True, *, cancel_futures: bool = False, timeout: float | None = None
    ) -> None:  # fmt: skip
        """Take no more tasks, finish what there is, and let all ranks leave in order.

        ``cancel_futures`` cancels the tasks that are PENDING. Where the tasks take longer than ``timeout`` seconds (None:
        as long as they like), or leaving takes longer than LEAVE_SECONDS, the world is killed, and unfinished futures
        fail with WorldDiedError. With ``wait`` all processes are gone on return.
        """
        with self._lock:
            self._closing = True
            cancelled = [future for _, future in self._waiting] if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
            if timeout is not None:
                self._end_within(timeout, f"its tasks took longer than {timeout:g} s to finish")
            if self._alive:
                self._hand_out()
                os.eventfd_write(self._nudge, 1)
        for future in cancelled:
            future.cancel()
            future.set_running_or_notify_cancel()
        if wait and threading.current_thread() is not self._thread:
            self._thread.join()

    def kill(self) -> None:
        """End the world at once; unfinished futures fail with WorldDiedError, none of them suspect."""
        self._abandon("it was killed by its starter")

    # --- with the lock held ------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give rank 0 what it may have; once all is done and no more will come, tell it to leave."""
        while self._alive and self._waiting and len(self._running) < self._capacity:
            order, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                self._running[order.task] = future
                self._processes.channel.send(order)
        if self._closing and not self._waiting and not self._running and not self._leaving:
            self._leaving = True
            self._end_within(LEAVE_SECONDS, f"its ranks took longer than {LEAVE_SECONDS:g} s to leave")
            self._processes.channel.send(Leave())

    def _end_within(self, seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        if self._deadline is None or deadline < self._deadline:
            self._deadline, self._overdue = deadline, otherwise

    # --- the world's thread ------------------------------------------------------------------------------------------

    def _live(self) -> None:
        """Hear outcomes until the world has left or died."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._processes.channel, self._interest)
            for descriptor in (*self._processes.watched, self._nudge):
                selector.register(descriptor, selectors.EVENT_READ)
            try:
                while self._turn(selector):
                    pass
            finally:
                self._end()

    def _turn(self, selector: selectors.BaseSelector) -> bool:
        """One wait and what it brought; False when a process has ended that should not, or the last has."""
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        ready = {key.fileobj: events for key, events in selector.select(self._until_look(left))}
        if self._running and self._processes.kill_overdue():
            self._listen_for_the_deaf()
        if left == 0.0 and not ready:
            self._abandon(self._overdue)
            self._deadline = None
        if self._nudge in ready:
            os.eventfd_read(self._nudge)
        self._converse(selector, ready.get(self._processes.channel, 0))
        ended = [descriptor for descriptor in self._processes.watched if descriptor in ready]
        if self._leaving:
            # ranks exit in any order now; mpiexec is the last
            for descriptor in ended:
                selector.unregister(descriptor)
            return self._processes.mpiexec not in ended
        return not ended

    def _converse(self, selector: selectors.BaseSelector, events: int) -> None:
        """Send and hear as far as rank 0 takes and tells, while it is at the channel."""
        channel = self._processes.channel
        if events & selectors.EVENT_WRITE:
            with self._lock:
                channel.flush()
        if events & selectors.EVENT_READ and not self._hear():
            selector.unregister(channel)
            self._interest = 0
        elif self._interest not in {0, channel.interest}:
            self._interest = channel.interest
            selector.modify(channel, self._interest)

    def _listen_for_the_deaf(self) -> None:
        """End a world in which tasks lie while a rank is idle, look after look."""
        working = {slot.task for slot in self.slots()[1:] if slot.running}
        with self._lock:
            given = set(self._running)
        lying = given - working if len(working) < len(self._processes.slots) - 1 else set()
        self._lying = {task: self._lying.get(task, 0) + 1 for task in lying}
        if max(self._lying.values(), default=0) > DEAF_LOOKS:
            self._abandon(f"a rank took up nothing for {DEAF_LOOKS * DEADLINE_LOOK_SECONDS:g} s")

    def _until_look(self, left: float | None) -> float | None:
        """Seconds to sleep: ``left``, and while ranks work no longer than until their deadlines are looked at."""
        if not self._running:
            return left
        return DEADLINE_LOOK_SECONDS if left is None else min(left, DEADLINE_LOOK_SECONDS)

    def _hear(self) -> bool:
        """Take the outcomes that are in the channel; False where there are none, and will be no more."""
        try:
            outcomes: list[Outcome] = self._processes.channel.receive()
        except (EOFError, OSError):
            return False
        for message in outcomes:
            self._take(message)
        return True

    def _take(self, message: Outcome) -> None:
        with self._lock:
            future = self._running.pop(message.task)
            self._hand_out()
        try:
            succeeded, value = unpack_outcome(message.outcome)
        except Exception as error:  # noqa: BLE001 - unpickling raises whatever the result's class raises
            succeeded, value = False, UnexpectedError(f"The task's result could not be read: {error!r}.")
        _settle(future, succeeded=succeeded, value=value)

    def _end(self) -> None:
        with self._lock:
            self._alive = False
        try:
            if not self._leaving:
                self._inquire()
        finally:
            try:
                self._processes.bury()
            finally:
                os.close(self._nudge)
                atexit.unregister(self._at_exit)
                self._fail_unfinished()

    def _inquire(self) -> None:
        """Find out why the world died, and take the outcomes that had been sent before."""
        self._verdict = self._processes.post_mortem()
        if self._abandoned:
            self._verdict = Verdict(f"The MPI world was ended: {self._abandoned}.")
        while self._hear():
            pass

    def _fail_unfinished(self) -> None:
        with self._lock:
            unfinished = list(self._running.items())
            waiting = [future for _, future in self._waiting]
            self._running.clear()
            self._waiting.clear()
        if unfinished or waiting:
            log.debug("%s %d futures fail.", self._verdict.reason, len(unfinished) + len(waiting))
        for task, future in unfinished:
            _settle(future, succeeded=False, value=self._verdict.error(task))
        for future in waiting:
            _settle(future, succeeded=False, value=self._verdict.error(0))

    def _abandon(self, why: str) -> None:
        with self._lock:
            self._abandoned = self._abandoned or why
        self._processes.kill()

    def _at_exit(self) -> None:
        """Leave no process behind when the starter exits without a word, and let one that was told to leave do so."""
        if self._closing:
            self._thread.join(EXIT_SECONDS)
        self.kill()
        self._thread.join(EXIT_SECONDS)


def _settle(future: Future[Any], *, succeeded: bool, value: Any) -> None:
    """Give the future its end, unless it was cancelled before it started."""
    if not future.running() and not future.set_running_or_notify_cancel():
        return
    if succeeded:
        future.set_result(value)
    else:
        future.set_exception(value)
