"""A piece of work in a child process of its own: whatever it does, its parent lives, and says what became of it.

The child is forked, not started anew: it has everything that the parent has loaded and read, at no cost. It must do
nothing but compute: no MPI, no connection of the parent's. It dies with the parent, and leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import logging
import mmap
import os
import pickle
import resource
import select
import signal
import struct
import sys
import time
import warnings
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from tilework.errors import CrashedError, OutOfMemoryError, TooSlowError
from tilework.guard.memory import (
    be_taken_first,
    bound_growth,
    give_back_freed,
    kernel_kills,
    limit,
    unbound_growth,
)
from tilework.imaging.limits import MIB
from tilework.imaging.phase import current, while_at
from tilework.logs import become
from tilework.world.blame import signal_name
from tilework.world.parent_death import die_with
from tilework.world.pickled_calls import pack_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

DEAF_TO = (signal.SIGINT, signal.SIGTERM)
"""Signals for everybody in a terminal or a service: the parent decides what they mean to its child."""

DEADLY = (signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGXCPU)
"""Signals that shall end the child. MPI's handlers of them walk the stack, and may hang on what the crash has left."""

CHILD_SCORE = 1000
"""Nothing on the host is more easily replaced."""

MOST_WORDS = 1 << 16
"""Bytes of what the child printed last that its parent passes on."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the child may take: seconds of processor time and by the clock, bytes beyond what its parent has mapped.

    ``disk`` is what it may write into files on a disk, and map of them.
    """

    cpu_seconds: float
    wall_seconds: float
    memory: int
    disk: int = 0


class _Terms:
    """Time bounds that the child may move while it works, in memory that it shares with its parent.

    Seconds of processor time in all, seconds by the clock, and the moment on CLOCK_MONOTONIC that those end.
    """

    _fields = struct.Struct("ddd")

    def __init__(self, bounds: Bounds) -> None:
        self._shared = mmap.mmap(-1, self._fields.size)
        self.move(bounds.cpu_seconds, bounds.wall_seconds)

    def move(self, cpu_seconds: float, wall_seconds: float) -> None:
        self._fields.pack_into(self._shared, 0, cpu_seconds, wall_seconds, time.monotonic() + wall_seconds)

    def read(self) -> tuple[float, float, float]:
        cpu_seconds, wall_seconds, until = self._fields.unpack_from(self._shared)
        return cpu_seconds, wall_seconds, until


_terms: _Terms | None = None


def extend(cpu_seconds: float, wall_seconds: float) -> None:
    """Give what is left of the work so many seconds from now on: for a child that has learnt how much there is to do.

    Nothing where this is no guarded child.
    """
    if _terms is not None:
        in_all = sum(os.times()[:2]) + cpu_seconds
        _terms.move(in_all, wall_seconds)
        limit(resource.RLIMIT_CPU, _whole_seconds(in_all))


@dataclass(frozen=True, slots=True)
class _End:
    """How a child ended: by ``signal``, or by itself with ``status``; ``overdue`` where its parent killed it.

    ``short_of_memory`` where the kernel has killed on this host meanwhile.
    """

    signal: int | None
    status: int
    overdue: bool
    short_of_memory: bool = False


def run_guarded(function: Callable[P, T], bounds: Bounds, /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``function`` returns, or raise what it raises, from a child process; for the main thread.

    Arguments reach the child as they are, its value comes back pickled. Raises
    :class:`~tilework.errors.CrashedError` where the child's process ended otherwise,
    :class:`~tilework.errors.TooSlowError` and :class:`~tilework.errors.OutOfMemoryError` where it met its bounds.
    """
    global _terms  # noqa: PLW0603 - only the child sets it, which is one piece of work's process
    terms, kills = _Terms(bounds), kernel_kills()
    give_back_freed()
    with _memory_file("outcome") as outcome, _memory_file("words") as words:
        with _unsignalled():
            parent = os.getpid()
            pid = _fork()
            if pid == 0:
                _terms = terms
                _be_child(parent, bounds, outcome, words, lambda: function(*args, **kwargs))
        end = _end_of(pid, terms)
        if end.signal == signal.SIGKILL:
            end = replace(end, short_of_memory=kernel_kills() > kills)
        said = _pass_on(words)
        if outcome.seek(0, os.SEEK_END) and end.signal is None and end.status == 0:
            outcome.seek(0)
            succeeded, value = pickle.load(outcome)  # noqa: S301 - our own child's, as far as anything here is our own
            if succeeded:
                return value  # type: ignore[no-any-return]
            raise value
        cpu_seconds, wall_seconds, _ = terms.read()
        raise _failure(end, said, replace(bounds, cpu_seconds=cpu_seconds, wall_seconds=wall_seconds))


# --- the parent ------------------------------------------------------------------------------------------------------


def _memory_file(name: str) -> IO[bytes]:
    """An anonymous file in memory, which the child inherits: large results pass through it without a pipe's pace."""
    return os.fdopen(os.memfd_create(name), "w+b")


@contextlib.contextmanager
def _unsignalled() -> Iterator[None]:
    """Hold signals back: a handler of the parent's must not run in the child."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns that locks of other threads stay locked in the child; it takes none of theirs
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _end_of(pid: int, terms: _Terms) -> _End:
    """Wait for the child, and kill it when its time is over, or when this process is interrupted."""
    overdue = False
    pidfd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        while not overdue and not poll.poll(max(0.0, terms.read()[2] - time.monotonic()) * 1000):
            # it may have moved that meanwhile
            overdue = terms.read()[2] <= time.monotonic()
    finally:
        # harmless to one that has ended
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        os.close(pidfd)
    if result is None or result.si_code == os.CLD_EXITED:
        return _End(None, result.si_status if result else 0, overdue)
    return _End(result.si_status, 0, overdue)


def _pass_on(words: IO[bytes]) -> bytes:
    """Say what the child printed, in its stead: the last of it, where it is much."""
    length = words.seek(0, os.SEEK_END)
    words.seek(max(0, length - MOST_WORDS))
    said = words.read()
    if said:
        with contextlib.suppress(OSError):
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, said)
    return said


def _failure(end: _End, said: bytes, bounds: Bounds) -> CrashedError | TooSlowError | OutOfMemoryError:
    # the child wrote where this process does
    at = while_at(current())
    if end.overdue:
        return TooSlowError(
            f"The work on this image was not done after {bounds.wall_seconds:.3g} s, and was ended{at}."
        )
    if end.signal == signal.SIGXCPU:
        return TooSlowError(
            f"The work on this image needs more than {_whole_seconds(bounds.cpu_seconds)} s of processor time, and was ended{at}."
        )
    if end.signal == signal.SIGABRT and b"bad_alloc" in said:
        return _too_much(bounds)
    if end.signal is not None:
        return CrashedError(
            f"The process working on this image was killed by {signal_name(end.signal)}{at}.",
            signal=end.signal,
            short_of_memory=end.short_of_memory,
        )
    return CrashedError(f"The process working on this image exited with status {end.status}{at}.")


def _too_much(bounds: Bounds) -> OutOfMemoryError:
    return OutOfMemoryError(
        f"The work on this image needs more than the {bounds.memory / MIB:,.0f} MiB of memory it may have."
    )


# --- the child -------------------------------------------------------------------------------------------------------


def _be_child(
    parent: int, bounds: Bounds, outcome: IO[bytes], words: IO[bytes], work: Callable[[], Any]
) -> NoReturn:
    """Live the child's life; nothing of the parent's program runs here after it."""
    status = 1
    try:
        die_with(parent)
        become("guarded child")
        _settle_in(bounds, words)
        _work(work, bounds, outcome)
        status = 0
    finally:
        os._exit(status)


def _settle_in(bounds: Bounds, words: IO[bytes]) -> None:
    for number in DEAF_TO:
        signal.signal(number, signal.SIG_IGN)
    faulthandler.disable()
    for number in DEADLY:
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(-1)
    for descriptor in (1, 2):
        os.dup2(words.fileno(), descriptor)
    # the parent's own may be locked by a thread that is not here, and hold words that are its own to say
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    faulthandler.enable(file=2)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, _whole_seconds(bounds.cpu_seconds))
    # files in memory are no mappings, and would escape the bounds on those
    limit(resource.RLIMIT_FSIZE, max(bounds.memory, bounds.disk))
    bound_growth(bounds.memory, bounds.disk)
    be_taken_first(CHILD_SCORE)


def _whole_seconds(seconds: float) -> int:
    """As the kernel has it; at least one."""
    return max(1, round(seconds))


def _lacks_memory(error: BaseException) -> bool:
    """Whether the bounds stopped it: refused mappings, or a file in memory that was to grow beyond them."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) in (errno.ENOMEM, errno.EFBIG)


def _work(work: Callable[[], Any], bounds: Bounds, outcome: IO[bytes]) -> None:
    """Do it, and leave (True, value) or (False, exception) for the parent."""
    log.debug("A guarded child works.")
    try:
        # large bytes go from where they are to the file, and from there into the parent's: two copies in all
        pickle.dump((True, work()), outcome, pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # noqa: BLE001 - work may raise anything, sys.exit included; the parent gets it
        unbound_growth()
        told = _too_much(bounds) if _lacks_memory(error) else error
        outcome.seek(0)
        outcome.truncate()
        outcome.write(pack_failure(told, f"Guarded child (pid {os.getpid()})"))
    outcome.flush()
