"""Ranks that are forked from a fork server are ranks like any other, and whoever ends takes along whom it should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import rank_tasks
from mpi_processes import HERE, lives, wait_for_death, wait_until

from tilework.errors import SetupError, WorldDiedError
from tilework.world import World
from tilework.world import fork_server as fork_server_module
from tilework.world.fork_server import ForkServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fork_server(tmp_path: Path) -> Iterator[ForkServer]:
    made = ForkServer(tmp_path / "world", "rank_tasks")
    yield made
    made.close()


def parent_of(pid: int) -> psutil.Process:
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


def test_one_world_after_another_is_forked_from_one_process(
    new_world: Callable[..., World], fork_server: ForkServer
) -> None:
    mothers = set()
    for number in range(2):
        world = new_world(
            fork_server=fork_server,
            initializer="rank_tasks:start",
            initargs=(number,),
            environment={"COLOUR": "mauve"},
        )
        mothers |= {parent_of(pid).pid for pid in world.pids}
        assert world.submit(rank_tasks.started_with).result(30) == [number]
        assert world.submit(rank_tasks.environment, "COLOUR").result(30) == "mauve"
        world.shutdown()
        wait_for_death(world)
    assert len(mothers) == 1


@pytest.mark.parametrize(
    ("culprit", "arguments", "number", "words"),
    [
        (rank_tasks.crash, (), signal.SIGSEGV, "signal 11 (SIGSEGV)"),
        (rank_tasks.kill_itself, (), signal.SIGKILL, "signal 9 (SIGKILL)"),
        (rank_tasks.quit_hard, (3,), None, "exited with status 3"),
    ],
    ids=["segfault", "kill", "os._exit(3)"],
)
def test_a_rank_that_ends_is_blamed_with_how_it_ended(
    new_world: Callable[..., World], fork_server: ForkServer,
    *, culprit: Callable[..., None], arguments: tuple[int, ...], number: int | None, words: str,
) -> None:  # fmt: skip
    world = new_world(fork_server=fork_server)
    nap = world.submit(rank_tasks.nap, 60)
    error = world.submit(culprit, *arguments).exception(10)
    assert isinstance(error, WorldDiedError)
    assert (error.suspect, error.signal) == (True, number)
    assert words in error.reason
    innocent = nap.exception(10)
    assert isinstance(innocent, WorldDiedError)
    assert not innocent.suspect
    wait_for_death(world)
    assert new_world(fork_server=fork_server).submit(rank_tasks.echo, 1).result(30) == 1


def test_no_rank_outlives_its_mpiexec(new_world: Callable[..., World], fork_server: ForkServer) -> None:
    world = new_world(fork_server=fork_server)
    nap = world.submit(rank_tasks.nap, 60)
    os.kill(world.mpiexec_pid, signal.SIGKILL)
    error = nap.exception(10)
    assert isinstance(error, WorldDiedError)
    assert not error.suspect
    wait_for_death(world)


def test_a_world_whose_fork_server_is_killed_blames_nobody_and_the_next_has_another(
    new_world: Callable[..., World], fork_server: ForkServer
) -> None:
    world = new_world(fork_server=fork_server)
    naps = [world.submit(rank_tasks.nap, 60) for _ in range(2)]
    wait_until(lambda: sum(slot.running for slot in world.slots()) == 2)
    parent_of(world.pids[1]).kill()
    for nap in naps:
        error = nap.exception(10)
        assert isinstance(error, WorldDiedError)
        assert not error.suspect
    wait_for_death(world)
    assert new_world(fork_server=fork_server).submit(rank_tasks.echo, 1).result(30) == 1


def test_a_fork_server_that_hears_nothing_any_more_costs_no_start(
    new_world: Callable[..., World], fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_server_module, "ANSWER_SECONDS", 0.3)
    world = new_world(fork_server=fork_server)
    deaf = parent_of(world.pids[0])
    deaf.suspend()
    world.kill()
    following = new_world(fork_server=fork_server, start_seconds=20)
    assert following.submit(rank_tasks.echo, 1).result(30) == 1
    assert parent_of(following.pids[0]) != deaf
    wait_until(lambda: not lives(deaf.pid))


def test_a_stand_in_that_finds_no_fork_server_becomes_the_rank(
    new_world: Callable[..., World], fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_server, "_start", lambda: setattr(fork_server, "_address", "nobody-there"))
    world = new_world(fork_server=fork_server)
    assert {parent_of(pid).pid for pid in world.pids} == {world.mpiexec_pid}
    assert world.submit(rank_tasks.echo, 1).result(30) == 1


def test_a_rank_that_fails_to_start_says_why(
    new_world: Callable[..., World], fork_server: ForkServer
) -> None:
    with pytest.raises(SetupError, match="no such colour: mauve"):
        new_world(fork_server=fork_server, initializer="rank_tasks:fail_to_start")


def test_what_a_terminal_or_a_service_tells_everybody_is_not_for_the_fork_server(
    new_world: Callable[..., World], fork_server: ForkServer
) -> None:
    world = new_world(fork_server=fork_server)
    for number in (signal.SIGINT, signal.SIGTERM):
        parent_of(world.pids[0]).send_signal(number)
    assert world.submit(rank_tasks.echo, 1).result(30) == 1


STARTER = """
    import sys, time
    from pathlib import Path
    import rank_tasks
    from tilework.world import World
    from tilework.world.fork_server import ForkServer
    folder = Path(sys.argv[1])
    world = World.start(ranks=2, directory=folder, fork_server=ForkServer(folder, "rank_tasks"))
    world.submit(rank_tasks.nap, 60)
    print(world.mpiexec_pid, *world.pids, flush=True)
    time.sleep(60)
"""


def test_nobody_survives_the_kill_of_their_starter(tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STARTER), str(tmp_path / "world")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    pids.append(parent_of(pids[1]).pid)
    starter.kill()
    starter.communicate()
    wait_until(lambda: not any(map(lives, pids)))
