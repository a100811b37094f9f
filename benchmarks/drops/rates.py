"""Photos a second from drop to result, beside a strip-scattering worker, and beside the limit on what the emulator leaves.

The peer runs twice: as it is taught, started by a plain mpiexec, and tuned, with everything that makes the same shape
faster.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.drops.system import cpu_seconds, deployed, fresh, one_host, ranks_of, seconds_to_results
from benchmarks.photos import PIPELINE, photographs, seconds_alone, seconds_together
from benchmarks.scope import CORES, ROOT
from benchmarks.tables import head, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope
    from tests.flow.running_system import RunningSystem

RANKS = "ranks of a host"
TILEWORK, STRIPS, TUNED = "Tilework", "strips, as taught", "strips, tuned"
FLAGS = ("--bind-to", "none", "--mca", "pml", "ob1", "--mca", "btl", "self,sm")
"""Nothing bound, and shared memory named at once."""

SLOWER = 5
"""The peer gets so many times fewer photos, which tell its rate as well."""

START_SECONDS = 4.0
"""After which the peer waits for photos."""

END_SECONDS = 10.0


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Each side once a round, on a system of its own."""
    photos = photographs(*scope.photo)
    rates: dict[str, list[float]] = {name: [] for name in SIDES}
    runs: list[dict[str, float]] = []
    ranks = 0
    with deployed():
        for _ in range(scope.rounds):
            alone = {"alone": sum(seconds_alone(photos * 2).values())}
            alone["together"] = seconds_together(photos * 2, CORES)
            for name, side in SIDES.items():
                count = scope.drops if name == TILEWORK else max(len(photos), scope.drops // SLOWER)
                rate, told = side(photos, count, scope)
                rates[name].append(rate)
                if name == TILEWORK:
                    ranks = int(told.pop(RANKS))
                    runs.append(told | alone)
                print(f"drops: {name:20} {rate:6.2f} photos/s", flush=True)
    yield "", {
        "rates": rates, "runs": runs, "ranks": ranks, "photos": scope.drops, "megapixels": scope.megapixels,
    }  # fmt: skip


def told(rows: Rows) -> Iterator[str]:
    """The rates and ratios, where the CPU time goes, and the limit."""
    figures = rows[""].figures
    rates = {name: statistics.median(values) for name, values in figures["rates"].items()}
    yield (
        f"{figures['photos']} JPEGs of {figures['megapixels']} megapixels, {PIPELINE}, from the first PUT to the last"
        f" result; one host of {figures['ranks']} ranks, embedded AWS, dropper and master on the same {CORES} cores. The peer"
        f" has the shape that courses teach: one image at a time, scattered in strips over {CORES} ranks; as taught nobody"
        " thinks of threads, tuned each rank has one and nothing is bound."
    )
    yield "\n".join(_beside(rates))
    yield "\n".join(_where(figures["runs"], figures["photos"]))
    yield _limit(rates[TILEWORK], figures)


def _beside(rates: Mapping[str, float]) -> Iterator[str]:
    yield from head("who", "photos a second", "Tilework's ratio (6)")
    for name, rate in rates.items():
        ratio = "" if name == TILEWORK else f"{rates[TILEWORK] / rate:.2f}"
        yield from row(name, f"{rate:.2f}", ratio)


def _where(runs: Sequence[Mapping[str, float]], photos: int) -> Iterator[str]:
    yield from head("CPU of", "ms a photo", "cores used")
    for name in runs[0]:
        if name not in {"seconds", "alone", "together"}:
            used, cores = (_median(runs, name, over) for over in (None, "seconds"))
            yield from row(name, f"{used / photos * 1000:.1f}", f"{cores:.2f}")


def _limit(rate: float, figures: Figures) -> str:
    runs = figures["runs"]
    alone, together = _median(runs, "alone"), _median(runs, "together")
    emulator, dropper = (_median(runs, name, "seconds") for name in ("emulator", "dropper"))
    left = CORES - emulator
    limit = left / alone
    return (
        f"Decoder, kernel and encoder alone take {alone * 1000:.0f} ms a photo in one thread. The emulator uses"
        f" {emulator:.2f} of {CORES} cores and leaves {limit:.2f} photos a second. Reached: {rate / limit:.2f} (0.9)."
        f" The same on every core at once takes {together * 1000:.0f} ms; of that limit, and without the dropper's share, too,"
        f" {rate * together / (left - dropper):.2f} are reached."
    )


def _median(runs: Sequence[Mapping[str, float]], name: str, over: str | None = None) -> float:
    return statistics.median(run[name] / (run[over] if over else 1) for run in runs)


def dropped(system: RunningSystem, photos: Sequence[bytes], count: int) -> tuple[float, dict[str, float]]:
    """Photos a second of Tilework; CPU seconds of all parts meanwhile, seconds by the clock, and ranks of its host."""
    before = cpu_seconds(system)
    seconds = seconds_to_results(system, photos, count, "results/")
    after = cpu_seconds(system)
    used = {name: after[name] - before.get(name, 0) for name in after}
    return count / seconds, {**used, "seconds": seconds, RANKS: ranks_of(system)}


def _tilework(photos: list[bytes], count: int, scope: Scope) -> tuple[float, dict[str, float]]:
    with fresh(**one_host(scope)) as system:
        return dropped(system, photos, count)


def _strips(photos: list[bytes], count: int, _scope: Scope) -> tuple[float, dict[str, float]]:
    return _peer(photos, count, flags=(), arguments=()), {}


def _tuned_strips(photos: list[bytes], count: int, _scope: Scope) -> tuple[float, dict[str, float]]:
    return _peer(photos, count, FLAGS, ("--tuned",)), {}


def _peer(photos: list[bytes], count: int, flags: Sequence[str], arguments: Sequence[str]) -> float:
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    program = [sys.executable, "-m", "benchmarks.drops.strip_worker", str(count), *arguments]
    with fresh(SUPERVISORS="0") as system:
        worker = subprocess.Popen(
            [mpiexec, "-n", str(CORES), *root, *flags, *program],
            env=os.environ | system.environment, cwd=ROOT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            time.sleep(START_SECONDS)
            return count / seconds_to_results(system, photos, count, "strips/")
        finally:
            # it ends by itself after so many photos, unless something went wrong
            with suppress(subprocess.TimeoutExpired):
                worker.wait(END_SECONDS)
            worker.terminate()
            worker.wait()


SIDES: dict[str, Callable[[list[bytes], int, Scope], tuple[float, dict[str, float]]]] = {
    TILEWORK: _tilework,
    STRIPS: _strips,
    TUNED: _tuned_strips,
}
"""Who is measured, in this order in each round."""
