"""Real runs on this machine for the model to be compared with: the whole local system with one, two and four worlds.

    python -m benchmarks.fleet.real --out benchmarks/fleet/runs.json

Each world has one rank. Photos, then one scan of 151 megapixels, are dropped into a system that is ready, and the clock
runs from the first drop to the last end. What all processes but the ranks compute meanwhile is told as well, for they
share the cores. Takes ten minutes, and wants the machine for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console

from benchmarks.fleet.checking import Run
from benchmarks.fleet.figures import UnitTimes
from benchmarks.fleet.measuring import SIDE, photographs
from benchmarks.fleet.planned import plan
from benchmarks.large.inputs import make
from benchmarks.large.works import Input
from tests.flow.running_system import ROOT, RunningSystem, start
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORLDS = (1, 2, 4)
ROUNDS = 3
PHOTOS = 40
PIXELS = SIDE**2
STATE = ROOT / ".tilework" / "bench-fleet"
REQUESTS = 50
SETTLED_SECONDS = 2.0
"""After the start, until nothing of it is still going on."""

WAIT_SECONDS = 300.0
"""For one job: a machine that takes longer has stopped."""

SCANS = ("blur(9), jpeg tiles", "canny(100, 200), jpeg tiles")
CORES = os.cpu_count() or 1
console = Console()


def main() -> None:
    """Run all, and write the file."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    runs = [run for worlds in WORLDS for run in with_worlds(worlds)]
    chosen.out.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n")


def with_worlds(worlds: int) -> list[Run]:
    """The runs of one system of so many worlds, each the median of several."""
    shutil.rmtree(STATE, ignore_errors=True)
    system = start(STATE, SUPERVISORS=str(worlds), RANKS="1", SAMPLES="0", ONCE="0")
    try:
        time.sleep(SETTLED_SECONDS)
        photos = photographs()
        scan = make(Input("jpeg", SIDE)).read_bytes()
        found = [
            _median([_run(system, worlds, "", lambda: _drop_photos(system, photos)) for _ in range(ROUNDS)])
        ]
        for name in SCANS:
            pipeline = name.rsplit(", ", 1)[0]
            drop = _dropping_scan(system, scan, pipeline)
            found.append(_median([_run(system, worlds, name, drop) for _ in range(ROUNDS)]))
        return found
    finally:
        system.stop()
        shutil.rmtree(STATE, ignore_errors=True)


def _drop_photos(system: RunningSystem, photos: Sequence[bytes]) -> list[str]:
    return [
        system.drop(f"a/{number}.jpg", photos[number % len(photos)], pipeline="blur(9)")
        for number in range(PHOTOS)
    ]


def _dropping_scan(system: RunningSystem, body: bytes, pipeline: str) -> Callable[[], list[str]]:
    return lambda: [system.drop("scan.tif", body, pipeline=pipeline)]


def _run(system: RunningSystem, worlds: int, name: str, drop: Callable[[], list[str]]) -> Run:
    first_byte, load = _request_seconds(system), os.getloadavg()[0]
    before, mine, began = _seconds(system), time.process_time(), time.monotonic()
    _wait(system, drop())
    seconds = time.monotonic() - began
    supervisors, others = (now - then for now, then in zip(_seconds(system), before, strict=True))
    others += time.process_time() - mine
    count = _units(name) if name else PHOTOS
    console.print(
        f"{worlds} worlds, {name or 'photos'}: {seconds:.2f} s, of which computed in supervisors {supervisors:.2f},"
        f" in others beside the ranks {others:.2f}"
    )
    return Run(
        "scan" if name else "photos", worlds, 1, CORES, PIXELS if name else PHOTOS, seconds, pipeline=name,
        service_cpu=(supervisors + others) / count, supervisor_cpu=supervisors / count, first_byte=first_byte,
        load=load,
    )  # fmt: skip


def _wait(system: RunningSystem, jobs: Sequence[str]) -> None:
    """Wait for all jobs, with one look at a time: looks cost the same cores."""
    for job in jobs:
        deadline = time.monotonic() + WAIT_SECONDS
        while (row := system.system.table.get(job)) is None or not row.state.is_end:
            if time.monotonic() > deadline:
                raise TimeoutError(f"The job {job} did not end.")
            time.sleep(0.05)
        if row.state is not State.DONE:
            raise RuntimeError(row.reason)


def _median(runs: Sequence[Run]) -> Run:
    seconds = [run.seconds for run in runs]
    return replace(
        runs[0],
        seconds=statistics.median(seconds),
        least=min(seconds),
        most=max(seconds),
        service_cpu=statistics.median(run.service_cpu for run in runs),
        supervisor_cpu=statistics.median(run.supervisor_cpu for run in runs),
        first_byte=statistics.median(run.first_byte for run in runs),
    )


def _units(name: str) -> int:
    pipeline = UnitTimes.load().pipelines[name]
    return sum(stage.units for stage in plan(PIXELS, pipeline.compression, pipeline.text, 1).stages)


def _request_seconds(system: RunningSystem) -> float:
    """What a request to the emulator takes that moves no bytes."""
    began = time.perf_counter()
    for _ in range(REQUESTS):
        list(system.system.outputs.list("nothing/"))
    return (time.perf_counter() - began) / REQUESTS


def _seconds(system: RunningSystem) -> tuple[float, float]:
    """Seconds of processor time of the supervisors, and of all else below the launcher but the ranks."""
    ranks = {process.pid for process in system.ranks()}
    supervisors = {process.pid for process in system.supervisors()}
    found = {True: 0.0, False: 0.0}
    for process in psutil.Process(system.launcher.pid).children(recursive=True):
        if process.pid not in ranks:
            used = process.cpu_times()
            found[process.pid in supervisors] += used.user + used.system
    return found[True], found[False]


if __name__ == "__main__":
    main()
