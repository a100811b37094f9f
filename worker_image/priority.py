"""Photos before units on a host's cores: a rank yields while it works on a unit, as far as the kernel lets it come back."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

YIELD = 10
"""Steps of niceness: beside a photo a unit gets a ninth of what that gets of a core. So it goes on even beside a heap of
photos, within its deadline."""


@contextlib.contextmanager
def yielding() -> Iterator[None]:
    """Let others go first on the cores meanwhile; nothing at all where this thread could not come back from that.

    Threads and processes that are started meanwhile do the same.
    """
    if not can_come_back():
        yield
        return
    usual = _niceness()
    _be(usual + YIELD)
    try:
        yield
    finally:
        _be(usual)


@cache
def can_come_back() -> bool:
    """Whether a thread may take its niceness back: it takes CAP_SYS_NICE, or ``ulimit -e`` of 20 and more."""
    # niceness is a thread's own: this one is spoilt for the test
    with ThreadPoolExecutor(1) as spoilt:
        return spoilt.submit(_there_and_back).result()


def _there_and_back() -> bool:
    usual = _niceness()
    _be(usual + 1)
    with contextlib.suppress(PermissionError):
        _be(usual)
    return _niceness() == usual


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def _be(niceness: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, niceness)
