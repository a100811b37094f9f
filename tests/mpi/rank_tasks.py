"""Tasks for the ranks of real worlds: importable by name here and there."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tilework.guard.child import Bounds, run_guarded
from tilework.imaging.phase import Phase, enter
from tilework.world.deadline import allow

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_started_with: list[object] = []


def start(*arguments: object) -> None:
    _started_with.extend(arguments)


def fail_to_start() -> None:
    raise LookupError("no such colour: mauve")


def started_with() -> list[object]:
    return _started_with


def who(seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return os.getpid()


def echo(value: T) -> T:
    return value


def nap(seconds: float) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


def leave_mark(path: str) -> None:
    Path(path).touch()


def environment(name: str) -> str | None:
    return os.environ.get(name)


class OddError(Exception):
    def __init__(self, *, colour: str) -> None:
        super().__init__(f"odd: {colour}")
        self.colour = colour


class PlainError(Exception):
    pass


def raise_plain() -> None:
    raise PlainError("plain", 7)


def raise_odd() -> None:
    raise OddError(colour="mauve")


def return_lambda() -> Callable[[], None]:
    return lambda: None


class Unreadable:
    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("not a number",)


def return_unreadable() -> Unreadable:
    return Unreadable()


def quit_python() -> None:
    sys.exit(3)


def quit_hard(code: int) -> None:
    os._exit(code)


def crash() -> None:
    ctypes.string_at(0)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash_under_guard() -> None:
    run_guarded(crash, Bounds(cpu_seconds=10, wall_seconds=30, memory=1 << 29))


def crash_at(phase: Phase) -> None:
    enter(phase)
    crash()


def nap_at(phase: Phase, seconds: float) -> None:
    enter(phase)
    time.sleep(seconds)


def nap_under_guard_at(phase: Phase, seconds: float) -> None:
    run_guarded(nap_at, Bounds(cpu_seconds=10, wall_seconds=60, memory=1 << 29), phase, seconds)


def hang() -> None:
    # holds the interpreter's lock: no thread of Python and no handler of a signal runs
    ctypes.PyDLL(None).sleep(60)


def nap_within(allowed: float, seconds: float) -> None:
    allow(allowed)
    time.sleep(seconds)


def add(array: np.ndarray) -> np.ndarray:
    return array + np.uint8(1)
