"""How the launcher is told to stop: signals, and the end of the `make` that started it."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

PR_SET_PDEATHSIG: Final = 1
"""Asks the kernel for a signal when the parent ends; source: prctl(2)."""

LIBC: Final = ctypes.CDLL(None, use_errno=True)

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(Exception):
    """Raised where the launcher waits, once it was told to stop."""


class Stopping:
    """Counts the requests to stop: the first ends everything in order, the second hurries, the third kills."""

    def __init__(self) -> None:
        self.requests = 0
        self._make: int | None = None

    def listen(self) -> None:
        """Take the signals over, in the main thread."""
        for number in SIGNALS:
            # nohup ignores the hangup on purpose
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._signalled)
        self._follow_make()

    def check(self) -> None:
        """Raise StopRequestedError once a request has come."""
        if not self.requests and self._make is not None and _was_interrupted(self._make):
            self.requests = 1
        if self.requests:
            raise StopRequestedError

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.requests += 1

    def _follow_make(self) -> None:
        parent = os.getppid()
        if "MAKELEVEL" in os.environ and _name(parent) in {"make", "gmake"}:
            self._make = parent
            # whoever kills make with a signal that cannot be caught means us, too
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _was_interrupted(make: int) -> bool:
    """Whether this GNU make has got a SIGINT that it does not pass on, and now waits for us.

    It then sits in the signal's handler, after it has given the signal back its default action: blocked, and not
    caught. A SIGTERM it does pass on.
    """
    interrupt = 1 << (signal.SIGINT - 1)
    try:
        lines = Path(f"/proc/{make}/status").read_text().splitlines()
    except OSError:
        return False
    masks = dict(line.split(":", 1) for line in lines if line.startswith(("SigBlk", "SigCgt")))
    blocked, caught = (int(masks.get(name, "0"), 16) for name in ("SigBlk", "SigCgt"))
    return bool(blocked & interrupt) and not caught & interrupt
