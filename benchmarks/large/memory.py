"""The memory of the largest process of a command, seen from outside."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 0.1
"""Between two looks."""

MIB = 1 << 20


def peak_memory(command: Sequence[str]) -> tuple[float, float]:
    """The most that any one process of a command has for itself (USS), and seconds it took; MiB."""
    began = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    top, peak = psutil.Process(running.pid), 0
    while running.poll() is None:
        for process in [top, *_below(top)]:
            try:
                peak = max(peak, process.memory_full_info().uss)
            except psutil.Error:
                continue
        time.sleep(SECONDS)
    if running.returncode:
        raise RuntimeError(f"{command} ended with {running.returncode}")
    return peak / MIB, time.perf_counter() - began


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
