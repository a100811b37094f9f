"""What work can do wrong, each thing in its own way: functions for guarded children and for ranks."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import time

HUGE = 100 << 30


def segfault() -> None:
    ctypes.string_at(0)


def abort() -> None:
    os.abort()


def exit_hard(status: int) -> None:
    os._exit(status)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def loop_in_python() -> None:
    while True:
        pass


def loop_in_c() -> None:
    """OpenCV, at work for days: a kernel of a million pixels on each of nine million."""
    import cv2
    import numpy as np

    element = np.ones((1001, 1001), np.uint8)
    element[0, 0] = 0
    cv2.dilate(np.zeros((3000, 3000), np.uint8), element)


def sleep_with_the_gil() -> None:
    """A C call that hears nothing and lets no other thread of Python run."""
    ctypes.PyDLL(None).sleep(60)


def sleep() -> None:
    time.sleep(60)


def allocate_an_array() -> None:
    import numpy as np

    np.ones(HUGE, np.uint8)


def allocate_bit_by_bit() -> None:
    import numpy as np

    kept = []
    while True:
        kept.append(np.empty(64 << 20, np.uint8))


def map_shared_memory() -> None:
    mmap.mmap(-1, HUGE)


def fill_a_file_in_memory() -> None:
    descriptor = os.memfd_create("hoard")
    while True:
        os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, 16 << 20)


def abort_for_want_of_memory() -> None:
    """Operator new beyond every frame that could catch its std::bad_alloc: C++ aborts."""
    new = ctypes.CDLL("libstdc++.so.6")._Znwm
    new.argtypes = [ctypes.c_size_t]
    new(HUGE)


def exit_politely() -> None:
    sys.exit(3)


def raise_value_error() -> None:
    raise ValueError("on purpose")
