"""The memory of the largest process while it works on a large image and on one four times as large, seen from outside."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import psutil

from benchmarks.large import inputs
from benchmarks.large.contestants import TARGET, process
from benchmarks.large.works import WORKS, Input
from benchmarks.scope import CORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope

SECONDS = 0.1
"""Between two looks."""

MIB = 1 << 20


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Once each: a peak is a peak."""
    peaks, seconds = [], []
    for side in scope.memory_sides:
        given = Input("jpeg", side)
        source = inputs.make_repeated(given)
        TARGET.unlink(missing_ok=True)
        peak, took = peak_memory(process(source, TARGET, WORKS["blur"], CORES))
        print(f"memory: {given.name}: {peak:.0f} MiB, {took:.1f} s", flush=True)
        peaks.append(peak)
        seconds.append(took)
        source.unlink()
        TARGET.unlink()
    yield "", {"sides": scope.memory_sides, "peaks": peaks, "seconds": seconds}


def told(rows: Rows) -> Iterator[str]:
    """The two peaks."""
    figures = rows[""].figures
    (small, large), (one, four) = figures["sides"], figures["peaks"]
    yield (
        f"USS of the largest process, looked at from outside {1 / SECONDS:.0f} times a second, {WORKS['blur']} on JPEG tiles:"
        f" {one:.0f} MiB for an image of {small:,} pixels a side, {four:.0f} MiB for one of {large:,}:"
        f" {four / one:.2f} times as much (1.1 allowed). One run each, of {figures['seconds'][0]:.0f} and"
        f" {figures['seconds'][1]:.0f} s."
    )


def peak_memory(command: Sequence[str]) -> tuple[float, float]:
    """The most that any one process of a command has for itself (USS), and seconds it took; MiB."""
    began = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    top, peak = psutil.Process(running.pid), 0
    while running.poll() is None:
        for each in [top, *_below(top)]:
            try:
                peak = max(peak, each.memory_full_info().uss)
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
