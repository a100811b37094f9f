"""What a world promises when one of its processes dies: only the guilty are suspect, and nobody hangs."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import rank_tasks
from mpi_processes import bytes_to_hear, lives, wait_for_death, wait_until

from tilework.errors import WorldDiedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from tilework.world import World


def busy_world(
    new_world: Callable[..., World],
    culprit: Callable[..., object] | None = None,
    arguments: tuple[object, ...] = (),
) -> tuple[World, list[Future[Any]]]:
    """A world at work on two naps (or a nap and the culprit), with more waiting; and all futures by their order."""
    world = new_world()
    futures = [world.submit(rank_tasks.nap, 60)]
    wait_until(lambda: sum(slot.running for slot in world.slots()) == 1)
    if culprit is None:
        futures.append(world.submit(rank_tasks.nap, 60))
        wait_until(lambda: sum(slot.running for slot in world.slots()) == 2)
        futures += [world.submit(rank_tasks.echo, 1) for _ in range(5)]
    else:
        futures.append(world.submit(culprit, *arguments))
        futures += [world.submit(rank_tasks.echo, 1) for _ in range(5)]
    return world, futures


def deaths(futures: list[Future[Any]]) -> list[WorldDiedError]:
    """How each future failed."""
    errors = [future.exception(60) for future in futures]
    died = [error for error in errors if isinstance(error, WorldDiedError)]
    assert len(died) == len(errors)
    return died


def suspects(futures: list[Future[Any]]) -> list[int]:
    """The suspects, by their place in the order of submission."""
    return [index for index, error in enumerate(deaths(futures)) if error.suspect]


def test_only_the_task_of_a_killed_rank_is_suspect(new_world: Callable[..., World]) -> None:
    world, futures = busy_world(new_world)
    slots = world.slots()
    victim = next(slot for slot in slots if slot.running and slot.task == 2)
    os.kill(victim.pid, signal.SIGKILL)
    assert suspects(futures) == [1]
    assert futures[0].exception().signal == signal.SIGKILL
    assert f"pid {victim.pid}" in futures[0].exception().reason
    assert not world.alive
    wait_for_death(world)


def test_a_death_is_noticed_at_once(new_world: Callable[..., World]) -> None:
    world, futures = busy_world(new_world)
    began = time.monotonic()
    os.kill(world.pids[1], signal.SIGKILL)
    wait_until(lambda: not world.alive)
    deaths(futures)
    # against its being found by the naps' end; `make bench` tells the milliseconds
    assert time.monotonic() - began < 30


def test_an_idle_rank_that_dies_makes_nobody_suspect(new_world: Callable[..., World]) -> None:
    world = new_world()
    nap = world.submit(rank_tasks.nap, 60)
    wait_until(lambda: any(slot.running for slot in world.slots()))
    idle = next(slot for slot in world.slots()[1:] if not slot.running)
    os.kill(idle.pid, signal.SIGKILL)
    assert suspects([nap]) == []


def test_nobody_is_suspect_when_rank_zero_dies(new_world: Callable[..., World]) -> None:
    world, futures = busy_world(new_world)
    os.kill(world.pids[0], signal.SIGKILL)
    assert suspects(futures) == []
    wait_for_death(world)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nobody_is_suspect_when_mpiexec_is_ended(
    new_world: Callable[..., World], number: signal.Signals
) -> None:
    world, futures = busy_world(new_world)
    os.kill(world.mpiexec_pid, number)
    assert suspects(futures) == []
    wait_for_death(world)


def test_the_task_of_a_dead_rank_is_suspect_though_mpiexec_reports_nothing_in_time(
    new_world: Callable[..., World],
) -> None:
    world, futures = busy_world(new_world)
    victim = next(slot for slot in world.slots() if slot.running and slot.task == 2)
    os.kill(world.mpiexec_pid, signal.SIGSTOP)
    os.kill(victim.pid, signal.SIGSEGV)
    assert suspects(futures) == [1]
    assert "mpiexec did not tell" in futures[1].exception().reason
    wait_for_death(world)


@pytest.mark.parametrize(
    ("culprit", "arguments", "number", "words"),
    [
        (rank_tasks.crash, (), signal.SIGSEGV, "signal 11 (SIGSEGV)."),
        (rank_tasks.crash_at, ("decode",), signal.SIGSEGV, "signal 11 (SIGSEGV) while decoding."),
        (rank_tasks.quit_hard, (3,), None, "exited with status 3"),
        (rank_tasks.quit_hard, (0,), None, "exited"),
    ],
    ids=["segfault", "segfault while decoding", "os._exit(3)", "os._exit(0)"],
)
def test_a_task_that_ends_its_rank_is_the_only_suspect(
    new_world: Callable[..., World],
    culprit: Callable[..., object],
    arguments: tuple[object, ...],
    number: int | None,
    words: str,
) -> None:
    world, futures = busy_world(new_world, culprit, arguments)
    errors = [future.exception(10) for future in futures]
    guilty = errors[1]
    assert isinstance(guilty, WorldDiedError)
    assert [error for error in errors if isinstance(error, WorldDiedError) and error.suspect] == [guilty]
    assert guilty.signal == number
    assert words in guilty.reason
    wait_for_death(world)


@pytest.mark.parametrize("task", [rank_tasks.nap_at, rank_tasks.nap_under_guard_at])
def test_what_a_rank_or_its_guarded_child_is_at_is_seen_and_told_when_it_is_killed(
    new_world: Callable[..., World], task: Callable[..., object]
) -> None:
    world = new_world()
    future = world.submit(task, "encode", 60)
    wait_until(lambda: any(slot.phase == "encode" for slot in world.slots()))
    (victim,) = [slot for slot in world.slots() if slot.running]
    assert victim.phase == "encode"
    os.kill(victim.pid, signal.SIGKILL)
    (death,) = deaths([future])
    assert death.reason.endswith(f"(pid {victim.pid}) was killed by signal 9 (SIGKILL) while encoding.")


def test_results_that_came_before_the_death_are_kept(new_world: Callable[..., World]) -> None:
    world, held_up, listening = new_world(), threading.Event(), threading.Event()

    def hold_up(_: Future[int]) -> None:
        held_up.set()
        listening.wait(60)

    world.submit(rank_tasks.echo, 0).add_done_callback(hold_up)
    # while a callback holds up the world's thread, results pile up in the channel
    assert held_up.wait(30)
    results = [bytes([number]) * 10_000 for number in range(3)]
    futures = [world.submit(rank_tasks.echo, result) for result in results]
    nap = world.submit(rank_tasks.nap, 60)
    wait_until(lambda: bytes_to_hear(world) > sum(map(len, results)))
    wait_until(lambda: any(slot.running and slot.task == 5 for slot in world.slots()))
    os.kill(world.pids[0], signal.SIGKILL)
    wait_until(lambda: not any(map(lives, world.pids)))
    listening.set()
    assert [future.result(30) for future in futures] == results
    deaths([nap])


def test_a_dead_world_fails_new_tasks_without_suspicion(new_world: Callable[..., World]) -> None:
    world = new_world()
    world.kill()
    wait_until(lambda: not world.alive)
    assert suspects([world.submit(rank_tasks.echo, 1)]) == []
    world.shutdown()


def test_a_callback_of_a_failed_future_finds_the_directory_free(
    new_world: Callable[..., World], tmp_path: Path
) -> None:
    world, futures = busy_world(new_world)
    seen: list[object] = []
    futures[0].add_done_callback(
        lambda _: seen.append((world.alive, sorted(path.name for path in (tmp_path / "world").iterdir())))
    )
    os.kill(world.pids[1], signal.SIGKILL)
    wait_until(lambda: seen)
    assert seen == [(False, ["lock", "world.log"])]


def test_an_idle_world_that_died_can_be_replaced_as_soon_as_that_is_noticed(
    new_world: Callable[..., World],
) -> None:
    world = new_world()
    os.kill(world.pids[1], signal.SIGKILL)
    wait_until(lambda: not world.alive)
    assert new_world().submit(rank_tasks.echo, 1).result() == 1


def test_ctrl_c_and_sigterm_to_the_ranks_change_nothing(new_world: Callable[..., World]) -> None:
    world = new_world()
    future = world.submit(rank_tasks.who, 0.5)
    for pid in world.pids:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    assert future.result(30) in world.pids
    assert all(map(lives, world.pids))


def test_a_stopped_world_does_not_make_the_shutdown_hang(new_world: Callable[..., World]) -> None:
    world = new_world()
    future = world.submit(rank_tasks.nap, 0.1)
    for pid in (*world.pids, world.mpiexec_pid):
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    world.shutdown(timeout=0.5)
    assert time.monotonic() - began < 30
    assert isinstance(future.exception(), WorldDiedError)
    wait_for_death(world)


def test_the_next_world_is_ready_soon_after_a_death(new_world: Callable[..., World]) -> None:
    world, futures = busy_world(new_world)
    began = time.monotonic()
    os.kill(world.pids[1], signal.SIGKILL)
    deaths(futures)
    assert new_world().submit(rank_tasks.echo, 1).result() == 1
    # measured: 0.4 s
    assert time.monotonic() - began < 30
