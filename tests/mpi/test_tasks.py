"""What a world promises about tasks that end in order, and about those that fail."""

from __future__ import annotations

import os
import pickle
import time
from concurrent.futures import wait
from typing import TYPE_CHECKING

import numpy as np
import psutil
import rank_tasks

from tilework.errors import UnexpectedError, WorldDiedError

if TYPE_CHECKING:
    from pathlib import Path

    from tilework.world import World


def test_the_ranks_work_side_by_side_each_in_a_process_of_its_own(world: World) -> None:
    pids = {future.result() for future in [world.submit(rank_tasks.who, 1) for _ in range(2)]}
    assert pids == set(world.pids[1:])
    naps = [future.result() for future in [world.submit(rank_tasks.nap, 1) for _ in range(2)]]
    assert max(began for began, _ in naps) < min(ended for _, ended in naps)


def test_rank_zero_computes_nothing(world: World) -> None:
    pids = {future.result() for future in [world.submit(rank_tasks.who) for _ in range(50)]}
    assert world.pids[0] not in pids


def test_a_task_goes_to_the_rank_that_was_busy_last_and_is_warm(world: World) -> None:
    pids = {world.submit(rank_tasks.who).result() for _ in range(10)}
    assert len(pids) == 1


def test_mpiexec_is_a_direct_child_and_the_ranks_are_its_children(world: World) -> None:
    assert psutil.Process(world.mpiexec_pid).ppid() == os.getpid()
    assert {child.pid for child in psutil.Process(world.mpiexec_pid).children()} == set(world.pids)


def test_each_rank_was_initialized_before_its_first_task(world: World) -> None:
    futures = [world.submit(rank_tasks.started_with) for _ in range(6)]
    assert [future.result() for future in futures] == [[7]] * 6


def test_map_keeps_the_order_of_its_arguments(world: World) -> None:
    assert list(world.map(rank_tasks.echo, range(200))) == list(range(200))


def test_tasks_begin_in_the_order_of_their_submission(world: World) -> None:
    futures = [world.submit(rank_tasks.nap, 0.01) for _ in range(20)]
    begun = [future.result()[0] for future in futures]
    # two ranks take turns, so neighbours may begin at the same moment; nobody is overtaken by two
    assert all(earlier < later for earlier, later in zip(begun, begun[2:], strict=False))


def test_large_arguments_and_results_go_both_ways_at_once(world: World) -> None:
    array = np.arange(6_000_000, dtype=np.uint8)
    futures = [world.submit(rank_tasks.add, array) for _ in range(8)]
    for future in futures:
        np.testing.assert_array_equal(future.result(), array + np.uint8(1))


def test_an_exception_arrives_as_it_was_raised_with_the_remote_traceback(world: World) -> None:
    error = world.submit(rank_tasks.raise_plain).exception()
    assert type(error) is rank_tasks.PlainError
    assert error.args == ("plain", 7)
    assert "in raise_plain" in error.__notes__[0]
    assert "Rank " in error.__notes__[0]


def test_an_exception_that_cannot_be_pickled_arrives_in_words(world: World) -> None:
    error = world.submit(rank_tasks.raise_odd).exception()
    assert type(error) is UnexpectedError
    assert "odd: mauve" in error.reason
    assert "in raise_odd" in error.__notes__[0]


def test_a_result_that_cannot_be_pickled_fails_only_its_own_future(world: World) -> None:
    error = world.submit(rank_tasks.return_lambda).exception()
    assert isinstance(error, (AttributeError, pickle.PicklingError))
    assert world.submit(rank_tasks.echo, 1).result() == 1


def test_a_result_that_cannot_be_read_fails_only_its_own_future(world: World) -> None:
    error = world.submit(rank_tasks.return_unreadable).exception()
    assert type(error) is UnexpectedError
    assert world.submit(rank_tasks.echo, 1).result() == 1


def test_an_argument_that_cannot_be_pickled_fails_only_its_own_future(world: World) -> None:
    assert world.submit(rank_tasks.echo, lambda: None).exception() is not None
    assert world.submit(rank_tasks.echo, 1).result() == 1


def test_a_function_that_the_ranks_do_not_have_fails_only_its_own_future(world: World) -> None:
    def unknown() -> None:
        pass

    assert world.submit(unknown).exception() is not None
    assert world.submit(rank_tasks.echo, 1).result() == 1


def test_an_argument_that_cannot_be_read_in_the_rank_fails_only_its_own_future(world: World) -> None:
    assert isinstance(world.submit(rank_tasks.echo, rank_tasks.Unreadable()).exception(), ValueError)
    assert world.submit(rank_tasks.echo, 1).result() == 1


def test_sys_exit_in_a_task_ends_neither_the_world_nor_its_starter(world: World) -> None:
    error = world.submit(rank_tasks.quit_python).exception()
    assert type(error) is UnexpectedError
    assert "SystemExit: 3" in error.reason
    assert world.alive


def test_a_rank_computes_with_one_thread_and_has_no_secrets_in_its_environment(world: World) -> None:
    assert world.submit(rank_tasks.environment, "OMP_NUM_THREADS").result() == "1"
    assert world.submit(rank_tasks.environment, "OPENBLAS_NUM_THREADS").result() == "1"
    assert world.submit(rank_tasks.environment, "TILEWORK_WORLD_TICKET").result() is None


def test_the_slots_tell_which_process_has_been_at_which_task_since_when(world: World) -> None:
    before = time.monotonic_ns()
    future = world.submit(rank_tasks.who, 1)
    while not (busy := [slot for slot in world.slots() if slot.running]):
        time.sleep(0.005)
    assert [slot.pid for slot in busy] == [future.result()]
    assert before <= busy[0].started <= time.monotonic_ns()
    assert not any(slot.running for slot in world.slots())


def test_who_asks_is_told_which_rank_works_on_which_future(world: World) -> None:
    futures = [world.submit(rank_tasks.nap, 1.0) for _ in range(4)]
    deadline = time.monotonic() + 60
    while len(told := world.at_work()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [rank for rank, _, _ in told] == [1, 2]
    assert {future for _, _, future in told} == set(futures[:2])
    assert all(slot.running and slot.pid == world.pids[rank] for rank, slot, _ in told)
    wait(futures)
    assert world.at_work() == []


def test_a_future_is_running_once_its_task_was_handed_over_and_pending_before(world: World) -> None:
    futures = [world.submit(rank_tasks.nap, 0.2) for _ in range(6)]
    assert [future.running() for future in futures] == [True] * 4 + [False] * 2
    assert not futures[3].cancel()
    assert futures[5].cancel()
    wait(futures)
    assert [future.cancelled() for future in futures] == [False] * 5 + [True]


def test_a_cancelled_task_never_runs(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    futures = [world.submit(rank_tasks.nap, 0.1) for _ in range(4)]
    cancelled = world.submit(rank_tasks.leave_mark, str(mark))
    assert cancelled.cancel()
    wait(futures)
    world.submit(rank_tasks.echo, 1).result()
    assert not mark.exists()


def test_an_idle_world_costs_almost_nothing(world: World) -> None:
    world.submit(rank_tasks.echo, 1).result()
    processes = [psutil.Process(pid) for pid in (*world.pids, world.mpiexec_pid)]

    def slept() -> int:
        return sum(process.num_ctx_switches().voluntary for process in processes)

    before = slept()
    time.sleep(3)
    # mpiexec looks around twice a second; who polled would wake hundreds of times
    assert slept() - before < 60


def test_an_idle_world_begins_a_task_in_a_moment(world: World) -> None:
    began = time.monotonic()
    for _ in range(100):
        time.sleep(0.005)
        world.submit(rank_tasks.echo, 1).result()
    # measured: 1 ms each; polling with a back-off cheap enough would take 60, and a look now and then a second
    assert time.monotonic() - began < 30


def test_a_world_listens_to_this_host_only(world: World) -> None:
    addresses = {
        connection.laddr.ip
        for pid in (*world.pids, world.mpiexec_pid)
        for connection in psutil.Process(pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses <= {"127.0.0.1", "::1"}


def test_the_death_of_a_world_crosses_process_borders_as_it_was() -> None:
    error = pickle.loads(pickle.dumps(WorldDiedError("It died.", suspect=True, signal=9)))  # noqa: S301 - our own bytes
    assert (error.reason, error.suspect, error.signal) == ("It died.", True, 9)
