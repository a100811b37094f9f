"""Processes by their pidfds, which can neither miss a death nor hit a stranger."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def opened(pids: Iterable[int]) -> list[int]:
    """A pidfd of each process. Raises ProcessLookupError, and leaves none open, where one is gone."""
    pidfds: list[int] = []
    with contextlib.ExitStack() as undo:
        for pid in pids:
            pidfds.append(os.pidfd_open(pid))
            undo.callback(os.close, pidfds[-1])
        undo.pop_all()
    return pidfds


def kill(pidfd: int) -> None:
    """Kill a process; nothing where it has ended."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def ended(pidfds: Iterable[int], seconds: float) -> list[int]:
    """Those of the processes that have ended, as soon as one has, at the latest after ``seconds``."""
    poll = select.poll()
    for pidfd in pidfds:
        poll.register(pidfd, select.POLLIN)
    return [pidfd for pidfd, _ in poll.poll(seconds * 1000)]


def await_ends(pidfds: Iterable[int], seconds: float) -> None:
    """Wait until all of them have ended, at most ``seconds``."""
    end = time.monotonic() + seconds
    alive = set(pidfds)
    while alive and (left := end - time.monotonic()) > 0:
        alive -= set(ended(alive, left))
