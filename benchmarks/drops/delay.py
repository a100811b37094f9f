"""Photos a second from drop to result where each request to S3 takes 60 ms more, beside the same without."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.drops.system import OBSERVED, deployed, fresh, one_host, ranks_of, seconds_to_results
from benchmarks.photos import PIPELINE, photographs
from benchmarks.scope import CORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope

SECONDS = 0.06


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Once without and once with it a round, the same number of ranks, through the same emulator."""
    photos = photographs(*scope.photo)
    rates: dict[float, list[float]] = {0.0: [], SECONDS: []}
    ranks = 0
    with deployed():
        for _ in range(scope.rounds):
            for delay, measured in rates.items():
                with fresh(OBSERVED, BENCH_S3_DELAY=str(delay), **one_host(scope)) as system:
                    ranks = ranks_of(system)
                    seconds = seconds_to_results(system, photos, scope.drops, "results/")
                measured.append(scope.drops / seconds)
                print(f"delay: {delay * 1000:.0f} ms {measured[-1]:6.2f} photos/s", flush=True)
    yield "", {
        "near": rates[0.0], "far": rates[SECONDS], "ranks": ranks,
        "photos": scope.drops, "megapixels": scope.megapixels,
    }  # fmt: skip


def told(rows: Rows) -> Iterator[str]:
    """The two rates and their ratio."""
    figures = rows[""].figures
    near, far = statistics.median(figures["near"]), statistics.median(figures["far"])
    yield (
        f"{figures['photos']} JPEGs of {figures['megapixels']} megapixels, {PIPELINE}, from drop to result on one host of"
        f" {figures['ranks']} ranks, {CORES} cores: {near:.2f} photos a second; with {SECONDS * 1000:.0f} ms added to every"
        f" request to S3 (all but queues and table; the dropper's, too) {far:.2f}: {far / near:.2f} of it (0.85)."
    )
