"""How long a host does nothing after a rank's death: from the kill of a busy rank to the next task that is done.

The world is started as a supervisor does it, with ranks that have everything loaded; its tasks do nothing.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import tables
from benchmarks.scope import CORES
from tilework.aws.settings import Deployment
from tilework.world import World
from tilework.world.fork_server import ForkServer
from worker_image.lease_board import LeaseBoard, board_path
from worker_image.settings import WorkerSettings
from worker_image.shares import Shares, quarter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope

MOST_SECONDS = 2.0
"""That it may take with eight ranks."""

TASK_SECONDS = 600.0


def nothing(seconds: float = 0.0) -> None:
    """A task."""
    time.sleep(seconds)


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Each world dies several times."""
    for ranks in scope.worlds:
        with tempfile.TemporaryDirectory() as folder:
            yield f"{ranks}", {"seconds": _deaths(ranks, scope.deaths, Path(folder))}


def _deaths(ranks: int, deaths: int, folder: Path) -> list[float]:
    settings = WorkerSettings(_nowhere(), Shares(ranks, quarter(ranks), CORES), "bench", folder)
    LeaseBoard(board_path(folder), settings.leases, create=True).close()
    forks = ForkServer(folder / "world", "worker_image.rank")

    def start() -> World:
        return World.start(
            ranks=ranks, directory=folder / "world", initializer="worker_image.rank:start_rank",
            initargs=(settings,), task_seconds=TASK_SECONDS, fork_server=forks,
        )  # fmt: skip

    world, seconds = start(), []
    try:
        for _ in range(deaths):
            under_way = [world.submit(nothing, TASK_SECONDS) for _ in range(ranks)]
            while sum(slot.running for slot in world.slots()) < ranks:
                time.sleep(0.01)
            began = time.perf_counter()
            os.kill(world.pids[-1], signal.SIGKILL)
            for future in under_way:
                future.exception()
            world = start()
            world.submit(nothing).result()
            seconds.append(time.perf_counter() - began)
    finally:
        world.kill()
        world.shutdown()
        forks.close()
    return seconds


def _nowhere() -> Deployment:
    """Addresses of nobody: no task asks for anything."""
    nobody = "http://127.0.0.1:9"
    return Deployment(
        region="us-east-1", endpoint_url=nobody, input_bucket="in", output_bucket="out", jobs_queue_url=f"{nobody}/jobs",
        units_queue_url=f"{nobody}/units", results_queue_url=f"{nobody}/results",
        dead_letter_queue_url=f"{nobody}/dead", job_table="jobs",
    )  # fmt: skip


def told(rows: Rows) -> Iterator[str]:
    """A table of all worlds."""
    yield (
        "From the SIGKILL of a rank, while all are at work, to the next task that is done: the death is noticed, its task "
        f"named, the world buried, and another one stands, all its ranks with everything loaded. With 8 ranks in "
        f"[{MOST_SECONDS:g} s]."
    )
    lines = [*tables.head("ranks", "deaths", "median, s", "worst, s")]
    for ranks, row in sorted(rows.items(), key=lambda item: int(item[0])):
        seconds = row.figures["seconds"]
        lines += tables.row(
            ranks, str(len(seconds)), f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}"
        )
    yield "\n".join(lines)
