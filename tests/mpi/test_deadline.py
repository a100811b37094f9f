"""A rank that does not come back is found and killed; whoever works within its time is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import rank_tasks
from mpi_processes import wait_for_death

from tilework.errors import CrashedError, WorldDiedError
from tilework.world import World


def test_a_hanging_rank_is_killed_and_its_task_alone_is_suspect(new_world: Callable[..., World]) -> None:
    world = new_world(task_seconds=1.0)
    futures = [world.submit(rank_tasks.hang), world.submit(rank_tasks.nap_within, 60, 60)]
    began = time.monotonic()
    hung, napped = (future.exception(30) for future in futures)
    assert isinstance(hung, WorldDiedError)
    assert isinstance(napped, WorldDiedError)
    assert (hung.suspect, hung.overdue) == (True, True)
    assert (napped.suspect, napped.overdue) == (False, False)
    assert "for more than 1 s" in hung.reason
    assert time.monotonic() - began < 20
    wait_for_death(world)


def test_a_task_may_take_the_time_that_it_asks_for(new_world: Callable[..., World]) -> None:
    world = new_world(task_seconds=1.0)
    pids = world.pids
    assert world.submit(rank_tasks.nap_within, 60, 2.5).result(30) is None
    # idle for longer than a task may take
    time.sleep(2.1)
    assert world.submit(rank_tasks.who).result(30) in pids
    assert world.alive


def test_a_task_may_ask_for_less_time_than_it_was_given(new_world: Callable[..., World]) -> None:
    world = new_world()
    error = world.submit(rank_tasks.nap_within, 0.2, 60).exception(30)
    assert isinstance(error, WorldDiedError)
    assert error.overdue


def test_a_crash_in_a_guarded_child_leaves_the_world_as_it_was(world: World) -> None:
    pids = world.pids
    futures = [world.submit(rank_tasks.crash_under_guard) for _ in range(6)]
    echoes = [world.submit(rank_tasks.echo, number) for number in range(6)]
    for future in futures:
        with pytest.raises(CrashedError, match="SIGSEGV"):
            future.result(30)
    assert [future.result(30) for future in echoes] == list(range(6))
    assert world.alive
    assert {world.submit(rank_tasks.who).result(30) for _ in range(6)} <= set(pids)
