"""The run itself: one host, so many drops under way at any time, a sample after each thousand results."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import psutil

from benchmarks.drops.dropper import Dropper
from benchmarks.drops.system import OBSERVED, cpu_seconds, fresh
from benchmarks.long_run.figures import Sample
from benchmarks.photos import photograph
from benchmarks.scope import FOLDER
from tilework.world.slots import SlotFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flow.running_system import RunningSystem

SIDES = (320, 240)
"""Of a job's photo: small, so that what is measured is the way of a job and not OpenCV."""

UNDER_WAY = 40
"""Drops that have no result yet; the host's places are fewer, so no rank ever waits for the dropper."""

RECORD = FOLDER / "long-run.jsonl"
LOOK_SECONDS = 0.02
SILENCE_SECONDS = 60.0


class Results:
    """Counts the results that were stored, from the embedded AWS's own record of its requests.

    Listing them would cost it more with each thousand, which is what is to be found out.
    """

    def __init__(self, record: Path) -> None:
        record.touch()
        self._file = record.open()
        self._rest = ""
        self.count = 0

    def look(self) -> int:
        """How many there are by now."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            if '"PUT"' in line and "/results/" in line:
                self.count += json.loads(line)["action"] == "PUT"
        return self.count

    def close(self) -> None:
        """Close the record."""
        self._file.close()


def run(jobs: int, every: int, tell: Callable[[Sample], None]) -> list[Sample]:
    """Samples at the start and after each ``every`` of ``jobs`` results. Raises TimeoutError where none come."""
    cv2.setNumThreads(1)
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.unlink(missing_ok=True)
    photos = [photograph(seed, *SIDES) for seed in range(6)]
    samples: list[Sample] = []
    with (
        fresh(OBSERVED, SUPERVISORS="1", BENCH_REQUESTS=str(RECORD)) as system,
        closing(Dropper(system)) as dropper,
        closing(Results(RECORD)) as results,
    ):
        dropped, began = 0, time.monotonic()
        heard = began
        while results.count < jobs:
            before = results.count
            if results.look() > before:
                heard = time.monotonic()
            elif time.monotonic() > heard + SILENCE_SECONDS:
                raise TimeoutError(f"no result in {SILENCE_SECONDS:.0f} s after {before}")
            if results.count >= len(samples) * every:
                samples.append(sampled(system, results.count, time.monotonic() - began))
                tell(samples[-1])
            while dropped < min(jobs + UNDER_WAY, results.count + UNDER_WAY):
                dropper.drop(f"long/{dropped:06}.jpg", photos[dropped % len(photos)])
                dropped += 1
            time.sleep(LOOK_SECONDS)
    RECORD.unlink()
    return samples


def sampled(system: RunningSystem, jobs: int, seconds: float) -> Sample:
    """What everything has used and holds by now."""
    parts = processes(system)
    memory = {name: process.memory_full_info().uss for name, process in parts.items()}
    times = psutil.cpu_times()
    busy = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
    descriptors = {name: process.num_fds() for name, process in parts.items()}
    return Sample(jobs, seconds, busy, cpu_seconds(system), memory, descriptors)


def processes(system: RunningSystem) -> dict[str, psutil.Process]:
    """Those whose growth would matter, and the emulator."""
    (supervisor,) = system.supervisors()
    ranks = {f"rank {number}": rank for number, rank in enumerate(by_rank(system))}
    # it runs the deployment's functions in processes of its own
    emulator = next(one for one in system.children("ministack") if one.ppid() == system.launcher.pid)
    return {"supervisor": supervisor, **ranks, "emulator": emulator}


def by_rank(system: RunningSystem) -> list[psutil.Process]:
    """The ranks' processes, rank 0 first."""
    (supervisor,) = system.supervisors()
    slots = SlotFile(Path(supervisor.environ()["TILEWORK_DIRECTORY"]) / "world" / "slots")
    return [psutil.Process(slots.read(rank).pid) for rank in range(len(slots))]
