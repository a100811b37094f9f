"""A rank 0 that is stopped for ever makes nobody wait for it, and its world ends by itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psutil
import pytest
import rank_tasks
from mpi_processes import bytes_to_hear, wait_for_death, wait_until

from tilework.errors import WorldDiedError
from tilework.world import processes
from tilework.world import world as world_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from tilework.world import World

pytestmark = pytest.mark.timeout(60)


def await_mpiexec(world: World, folder: Path) -> None:
    """Until mpiexec has told the ranks the SIGCONT of the start: no later than what a rank prints now."""
    world.submit(print, "a line", flush=True).result(30)
    wait_until(lambda: "a line" in (folder / "world" / "world.log").read_text())


def stop_rank_zero(world: World) -> None:
    process = psutil.Process(world.pids[0])
    process.suspend()
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED)


def await_deafness(futures: list[Future[object]], monkeypatch: pytest.MonkeyPatch) -> None:
    # not before: on a busy machine a living rank may take longer than these looks
    for module in (processes, world_module):
        monkeypatch.setattr(module, "DEADLINE_LOOK_SECONDS", 0.05)
    for future in futures:
        error = future.exception(20)
        assert isinstance(error, WorldDiedError)
        assert not error.suspect
        assert "took up nothing" in error.reason


@pytest.mark.parametrize(("orders", "size"), [(400, 1000), (1, 4 << 20)], ids=["many", "large"])
def test_orders_that_a_stopped_rank_zero_has_no_room_for_keep_nobody_waiting(
    new_world: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: int, size: int
) -> None:
    world = new_world(ahead=500)
    await_mpiexec(world, tmp_path)
    stop_rank_zero(world)
    futures = [world.submit(rank_tasks.echo, bytes(size)) for _ in range(orders)]
    assert len(world.slots()) == 3
    await_deafness(futures, monkeypatch)
    wait_for_death(world)


def test_a_world_whose_stopped_rank_zero_has_no_room_is_killed_at_once(
    new_world: Callable[..., World], tmp_path: Path
) -> None:
    world = new_world()
    await_mpiexec(world, tmp_path)
    stop_rank_zero(world)
    future = world.submit(rank_tasks.echo, bytes(4 << 20))
    world.kill()
    error = future.exception(20)
    assert isinstance(error, WorldDiedError)
    assert "killed by its starter" in error.reason
    wait_for_death(world)


def test_a_rank_zero_that_is_stopped_in_the_middle_of_a_result_keeps_nobody_waiting(
    new_world: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, listening = new_world(), threading.Event()
    await_mpiexec(world, tmp_path)
    # while a callback holds up the world's thread, rank 0 has no room for all of the result
    world.submit(rank_tasks.echo, 0).add_done_callback(lambda _: listening.wait(20))
    future = world.submit(bytes, 64 << 20)
    wait_until(lambda: bytes_to_hear(world) > 100_000)
    stop_rank_zero(world)
    listening.set()
    await_deafness([future], monkeypatch)
    wait_for_death(world)
