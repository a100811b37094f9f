"""Photos a second from drop to result, beside a strip-scattering worker, through the same emulator on the same cores.

    make bench            # or: python -m benchmarks.drop_to_result --photos 60 --rounds 3

Each round starts the local system anew for every side, drops the photos, and stops the clock when the last result is
stored. The peer runs twice: as it is taught, started by a plain mpiexec, and tuned, with everything that makes the same
shape faster. Then it tells where the CPU time went, and what single-threaded OpenCV takes for the same work: the limit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.photos import twelve_megapixels
from tests.flow.running_system import ROOT, RunningSystem, start

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = ROOT / ".tilework" / "bench"
PIPELINE = "blur(9)"
DISTINCT = 6
CORES = os.cpu_count() or 1
console = Console()


def main() -> None:
    """Measure both sides in turn, and print the tables."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--photos", type=int, default=60)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument(
        "--ranks", type=int, default=CORES, help="of Tilework's world; the peer has one a core"
    )
    chosen = options.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    console.print(f"Making {DISTINCT} photos of 12 megapixels …")
    photos = [twelve_megapixels(seed) for seed in range(DISTINCT)]
    rates: dict[str, list[float]] = {name: [] for name in SIDES}
    shares: dict[str, float] = {}
    for number in range(chosen.rounds):
        for name, measure in SIDES.items():
            # the peer is several times slower: fewer photos tell its rate as well
            count = chosen.photos if name == "tilework" else max(6, chosen.photos // 5)
            rate, cpu = measure(photos, count, chosen.ranks)
            rates[name].append(rate)
            shares = cpu or shares
            console.print(f"round {number + 1}: {name:16} {rate:6.2f} photos/s")
    report(rates, shares, limit(photos))


def limit(photos: list[bytes]) -> dict[str, float]:
    """Single-threaded seconds a photo for decode, kernel and encode, the median over all photos."""
    cv2.setNumThreads(1)
    times: dict[str, list[float]] = {"decode": [], "kernel": [], "encode": []}
    for body in photos * 2:
        marks = [time.perf_counter()]
        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        marks.append(time.perf_counter())
        image = cv2.GaussianBlur(image, (9, 9), 0)
        marks.append(time.perf_counter())
        cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
        marks.append(time.perf_counter())
        for name, begin, end in zip(times, marks, marks[1:], strict=False):
            times[name].append(end - begin)
    return {name: statistics.median(values) for name, values in times.items()}


def tilework(photos: list[bytes], count: int, ranks: int) -> tuple[float, dict[str, float]]:
    """Photos a second of Tilework with one supervisor, and CPU seconds a photo by process."""
    with_system = fresh(SUPERVISORS="1", RANKS=str(ranks))
    try:
        time.sleep(2)
        before = cpu_seconds(with_system)
        rate = drop_and_wait(with_system, photos, count, "results/")
        after = cpu_seconds(with_system)
        cpu = {name: (after[name] - before.get(name, 0)) / count for name in after}
        return rate, cpu
    finally:
        with_system.stop()


def strips(photos: list[bytes], count: int, _ranks: int) -> tuple[float, dict[str, float]]:
    """Photos a second of the strip-scattering worker as it is taught: a rank a core, and no thought of threads."""
    return _peer(photos, count, flags=[], arguments=[]), {}


def tuned_strips(photos: list[bytes], count: int, _ranks: int) -> tuple[float, dict[str, float]]:
    """Photos a second of the same worker with one thread a rank, nothing bound, and shared memory named at once."""
    flags = ["--bind-to", "none", "--mca", "pml", "ob1", "--mca", "btl", "self,sm"]
    return _peer(photos, count, flags, ["--tuned"]), {}


def _peer(photos: list[bytes], count: int, flags: list[str], arguments: list[str]) -> float:
    system = fresh(SUPERVISORS="0", RANKS="1")
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    program = [sys.executable, "-m", "benchmarks.strip_worker", str(count), *arguments]
    worker = subprocess.Popen(
        [mpiexec, "-n", str(CORES), *root, *flags, *program],
        env=os.environ | system.environment, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(4)
        return drop_and_wait(system, photos, count, "strips/")
    finally:
        worker.wait(30)
        system.stop()


SIDES = {"tilework": tilework, "strips": strips, "strips, tuned": tuned_strips}
"""Who is measured, in this order in each round."""


def fresh(**settings: str) -> RunningSystem:
    """Start a system of its own, without samples."""
    shutil.rmtree(STATE, ignore_errors=True)
    return start(STATE, SAMPLES="0", **settings)


def drop_and_wait(system: RunningSystem, photos: list[bytes], count: int, prefix: str) -> float:
    """Photos a second from the first PUT to the last result stored under ``prefix``."""
    inputs, outputs = system.system.inputs, system.system.outputs

    def put(number: int) -> None:
        body = photos[number % len(photos)]
        inputs.put(f"photo {number}.jpg", body, metadata={"pipeline": PIPELINE}, content_type="image/jpeg")

    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, range(count)))
    until(lambda: sum(1 for _ in outputs.list(prefix)) >= count)
    return count / (time.perf_counter() - began)


def until(condition: Callable[[], bool], seconds: float = 600) -> None:
    """Wait for ``condition``, looking ten times a second."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the results did not come")
        time.sleep(0.1)


def cpu_seconds(system: RunningSystem) -> dict[str, float]:
    """CPU seconds used so far by each part of the system, and by this program."""
    ranks = {process.pid for process in system.ranks()}
    supervisors = {process.pid for process in system.supervisors()}
    used = {"ranks": 0.0, "supervisor": 0.0, "emulator": 0.0, "master": 0.0, "dropper": own_seconds()}
    for process in psutil.Process(system.launcher.pid).children(recursive=True):
        line = " ".join(process.cmdline())
        known = [("ranks", process.pid in ranks), ("supervisor", process.pid in supervisors),
                 ("master", "-m master" in line), ("emulator", "ministack" in line)]  # fmt: skip
        name = next((name for name, matches in known if matches), "other")
        times = process.cpu_times()
        used[name] = used.get(name, 0.0) + times.user + times.system
    return used


def own_seconds() -> float:
    """CPU seconds of this program."""
    times = psutil.Process().cpu_times()
    return times.user + times.system


def report(rates: dict[str, list[float]], shares: dict[str, float], single: dict[str, float]) -> None:
    """Print the rates and where the time goes."""
    table = Table("who", "photos/s (median)", "least", "most", title=f"12-MP JPEG, {PIPELINE}, {CORES} cores")
    for name, values in rates.items():
        table.add_row(name, f"{statistics.median(values):.2f}", f"{min(values):.2f}", f"{max(values):.2f}")
    console.print(table)
    for name in list(rates)[1:]:
        ratio = statistics.median(rates["tilework"]) / statistics.median(rates[name])
        console.print(f"tilework / {name}: {ratio:.2f}")
    where = Table("where", "ms CPU a photo", title="Where the time goes")
    for name, seconds in shares.items():
        where.add_row(name, f"{seconds * 1000:.1f}")
    console.print(where)
    alone = sum(single.values())
    parts = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in single.items())
    console.print(f"OpenCV alone, one thread: {parts}; limit on {CORES} cores {CORES / alone:.2f} photos/s")


if __name__ == "__main__":
    main()
