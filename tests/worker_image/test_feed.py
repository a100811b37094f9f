"""Whom a dead world blames: never the innocent, and nobody for one death."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from tilework.errors import (
    CrashedError,
    DamagedImageError,
    OutOfMemoryError,
    SetupError,
    TileworkError,
    TooSlowError,
    WorldDiedError,
)
from tilework.jobs.job import Job, State
from tilework.jobs.queues import Message
from tilework.jobs.stages import Plan, Stage
from tilework.jobs.units import Unit, UnitTask
from worker_image.feed import CROWD_DEATHS, KILLED_CHILDREN, START_TRIES, STARVED_CHILDREN, Feed
from worker_image.held import Held, HeldUnit, Holding
from worker_image.shares import Shares, quarter
from worker_image.task import Task, UnitOrder, Worked
from worker_image.unrest import MANY_DEATHS, UNREST_SECONDS

WORKED = Worked("r", True, 1, 1, "uint8", 1, {})


class ScriptedWorld:
    """An executor whose tasks end, and which dies, when the test says so (the real one: tests/mpi)."""

    def __init__(self, ranks: int) -> None:
        self.alive = True
        self.pids = range(1 + ranks)
        self.tasks: dict[str, Future[Any]] = {}
        self.guarded: set[str] = set()

    def submit(self, _work: object, task: Task | UnitOrder, *, suspect: bool) -> Future[Any]:
        if isinstance(task, UnitOrder):
            return self.submit(_work, task.task, suspect=suspect)  # type: ignore[arg-type]
        self.tasks[task.job] = Future()
        if suspect:
            self.guarded.add(task.job)
        return self.tasks[task.job]

    def finish(self, job: str) -> None:
        self.tasks.pop(job).set_result(WORKED)

    def fail(self, job: str, error: TileworkError) -> None:
        self.tasks.pop(job).set_exception(error)

    def die(self, suspect: str | None = None) -> None:
        self.alive = False
        for job, future in self.tasks.items():
            future.set_exception(WorldDiedError("killed by signal 9", suspect=job == suspect))

    def kill(self) -> None:
        self.die()

    def shutdown(self, *, wait: bool, timeout: float) -> None:
        self.alive = False


class Host:
    """Records every verdict; ``turn`` does what the main thread would do next."""

    def __init__(self, ranks: int = 2) -> None:
        self.worlds: list[ScriptedWorld] = []
        self.verdicts: dict[str, object] = {}
        self.inbox: list[Callable[[], None]] = []
        self.struck: set[str] = set()
        self.failing_starts = 0
        self.seconds = 0.0
        self.outgrown = False
        self.ranks = ranks
        self.timers: list[Callable[[], None]] = []
        self.feed = Feed(
            self._start, Shares(ranks, quarter(ranks), cores=2), self, self.inbox.append,
            pause=lambda _: None, clock=lambda: self.seconds, outgrown=lambda: self.outgrown,
            later=lambda _, call: self.timers.append(call),
        )  # type: ignore[arg-type]  # fmt: skip
        self.feed.advance()

    def _start(self) -> ScriptedWorld:
        if self.failing_starts:
            self.failing_starts -= 1
            raise SetupError("the disk is full")
        self.outgrown = False
        self.worlds.append(ScriptedWorld(self.ranks))
        return self.worlds[-1]

    def turn(self) -> None:
        while self.inbox:
            self.inbox.pop(0)()
            self.feed.advance()

    def add(self, *names: str) -> None:
        for name in names:
            job = Job(name, "in", name, "v", State.RUNNING)
            message = Message(name, "", name, 1, 0.0, {})
            self.feed.add(Held(message, job, Task(name, name, "v", 1, "invert()", name, 0), 0.0))
        self.feed.advance()

    def add_units(self, *names: str) -> None:
        for name in names:
            message = Message(name, "", name, 1, 0.0, {})
            unit = Unit(name, 0, 0, 0)
            plan = Plan((Stage("write", 1), Stage("assemble", 1)))
            task = UnitTask(unit, "0-write", "a", plan, name, "v", 1, "invert()", name, stores_result=False)
            self.feed.add(HeldUnit(message, UnitOrder(task, 0), 0.0))
        self.feed.advance()

    @property
    def world(self) -> ScriptedWorld:
        return self.worlds[-1]

    def done(self, held: Holding, worked: Worked) -> None:
        self.verdicts[held.task.job] = worked

    def failed(self, held: Holding, error: BaseException) -> None:
        self.verdicts[held.task.job] = error

    def strike_out(self, held: Holding, failure: TileworkError) -> None:
        self.verdicts[held.task.job] = failure
        self.struck.add(held.task.job)


def test_the_world_gets_one_task_more_than_it_has_ranks() -> None:
    host = Host(ranks=2)
    host.add("a", "b", "c", "d")
    assert list(host.world.tasks) == ["a", "b", "c"]
    host.world.finish("a")
    host.turn()
    assert "d" in host.world.tasks
    assert host.verdicts == {"a": WORKED}


def test_after_a_death_all_are_fed_again_at_once_and_only_the_suspect_is_guarded() -> None:
    host = Host(ranks=2)
    host.add("good", "bad", "later")
    host.world.die(suspect="bad")
    host.turn()
    assert set(host.world.tasks) == {"good", "bad", "later"}
    assert host.world.guarded == {"bad"}


def test_a_job_whose_rank_was_killed_from_outside_succeeds_under_guard() -> None:
    host = Host()
    host.add("unlucky")
    for _ in range(3):
        host.world.die(suspect="unlucky")
        host.turn()
    assert host.world.guarded == {"unlucky"}
    host.world.finish("unlucky")
    host.turn()
    assert host.verdicts == {"unlucky": WORKED}


def test_a_death_under_guard_blames_the_suspect_and_costs_no_world() -> None:
    host = Host(ranks=2)
    host.add("bad", "good")
    host.world.die(suspect="bad")
    host.turn()
    host.world.fail("bad", CrashedError("killed by signal 11"))
    host.turn()
    assert isinstance(host.verdicts["bad"], CrashedError)
    assert host.struck == {"bad"}
    assert len(host.worlds) == 2
    assert list(host.world.tasks) == ["good"]


def test_one_death_blames_nobody_even_under_guard() -> None:
    host = Host()
    host.add("guarded by its format")
    host.world.fail("guarded by its format", CrashedError("killed by signal 9"))
    host.turn()
    assert host.verdicts == {}
    assert host.world.guarded == {"guarded by its format"}
    host.world.finish("guarded by its format")
    host.turn()
    assert host.verdicts == {"guarded by its format": WORKED}


@pytest.mark.parametrize(("starved", "children"), [(False, KILLED_CHILDREN), (True, STARVED_CHILDREN)])
def test_children_killed_from_outside_or_by_a_kernel_without_memory_need_more_proof(
    starved: bool, children: int
) -> None:
    host = Host()
    host.add("unlucky")
    host.world.die(suspect="unlucky")
    host.turn()
    killed = CrashedError("killed by signal 9", signal=9, short_of_memory=starved)
    for _ in range(children - 1):
        host.world.fail("unlucky", killed)
        host.turn()
        assert host.verdicts == {}
    host.world.fail("unlucky", killed)
    host.turn()
    assert host.struck == {"unlucky"}


@pytest.mark.parametrize("error", [TooSlowError("90 s"), OutOfMemoryError("100 GB")])
def test_what_goes_beyond_its_time_or_memory_under_guard_is_told_once(error: TileworkError) -> None:
    host = Host()
    host.add("endless")
    host.world.die(suspect="endless")
    host.turn()
    host.world.fail("endless", error)
    host.turn()
    assert host.verdicts == {"endless": error}
    assert host.struck == {"endless"}


def test_while_many_end_their_ranks_every_job_is_guarded_until_it_is_quiet_again() -> None:
    host = Host(ranks=4)
    for number in range(MANY_DEATHS):
        assert not host.world.guarded - {f"bad {n}" for n in range(number)}
        host.add(f"bad {number}")
        host.world.die(suspect=f"bad {number}")
        host.turn()
    host.add("stranger")
    assert "stranger" in host.world.guarded
    host.seconds += UNREST_SECONDS
    host.add("friend")
    assert "friend" not in host.world.guarded


def test_a_world_that_dies_with_nobody_to_blame_blames_nobody() -> None:
    host = Host(ranks=2)
    host.add("a", "b")
    for _ in range(CROWD_DEATHS - 1):
        host.world.die()
        host.turn()
    host.world.finish("a")
    host.world.finish("b")
    host.turn()
    assert host.verdicts == {"a": WORKED, "b": WORKED}


def test_an_ordinary_failure_is_passed_on_and_the_world_lives() -> None:
    host = Host()
    host.add("a")
    error = DamagedImageError("cut")
    host.world.tasks.pop("a").set_exception(error)
    host.turn()
    assert host.verdicts == {"a": error}
    assert len(host.worlds) == 1


def test_a_world_that_dies_idle_is_replaced() -> None:
    host = Host()
    host.world.die()
    host.feed.advance()
    assert len(host.worlds) == 2


def test_a_world_that_never_starts_ends_the_host_after_a_few_tries() -> None:
    def refuse() -> ScriptedWorld:
        raise SetupError("no mpiexec")

    later: list[Callable[[], None]] = []
    feed = Feed(refuse, Shares(2, 1, cores=2), Host(), later.append, pause=lambda _: None)  # type: ignore[arg-type]
    for _ in range(START_TRIES - 1):
        feed.advance()
    with pytest.raises(SetupError):
        feed.advance()


def test_what_waits_can_be_taken_back_and_what_runs_cannot() -> None:
    host = Host(ranks=1)
    host.add("a", "b", "c", "d")
    assert [held.job.id for held in host.feed.take_back()] == ["c", "d"]
    assert host.feed.busy
    host.world.finish("a")
    host.world.finish("b")
    host.turn()
    assert not host.feed.busy


@pytest.mark.parametrize("suspect", [None, "a"])
def test_a_world_that_fails_to_start_once_holds_up_nothing(suspect: str | None) -> None:
    host = Host(ranks=2)
    host.add("a", "b", "c", "d")
    host.failing_starts = 2
    host.world.die(suspect=suspect)
    host.turn()
    while host.world.tasks:
        host.world.finish(next(iter(host.world.tasks)))
        host.turn()
    assert host.verdicts == dict.fromkeys("abcd", WORKED)


def test_an_attempt_ends_after_many_worlds_though_nobody_blames_the_job() -> None:
    host = Host(ranks=2)
    host.add("unlucky")
    for number in range(2 * CROWD_DEATHS):
        assert host.verdicts == {}
        assert host.world.guarded == ({"unlucky"} if number >= CROWD_DEATHS else set())
        host.world.die()
        host.turn()
    assert isinstance(host.verdicts["unlucky"], WorldDiedError)
    assert host.struck == set()


def test_units_take_the_ranks_that_photos_leave() -> None:
    host = Host(ranks=4)
    host.add_units("u1", "u2", "u3", "u4", "u5")
    assert set(host.world.tasks) == {"u1", "u2", "u3"}
    host.add("photo")
    assert "photo" in host.world.tasks
    for name in ("u1", "u2", "photo"):
        host.world.finish(name)
        host.turn()
    assert set(host.world.tasks) == {"u3", "u4", "u5"}


def test_a_unit_that_ends_its_rank_and_its_child_is_struck_out_and_its_neighbour_is_not() -> None:
    host = Host(ranks=2)
    host.add_units("bad", "good")
    host.world.die(suspect="bad")
    host.turn()
    assert host.world.guarded == {"bad"}
    host.world.fail("bad", CrashedError("killed", signal=11))
    host.world.finish("good")
    host.turn()
    assert host.struck == {"bad"}
    assert host.verdicts["good"] == WORKED


def test_a_drain_takes_back_what_waits_of_both() -> None:
    host = Host(ranks=1)
    host.add("a", "b", "c", "d")
    host.add_units("u1", "u2")
    assert {held.task.job for held in host.feed.take_back()} == {"c", "d", "u1", "u2"}
    assert host.feed.take_back() == []


def test_an_outgrown_world_ends_what_it_works_on_before_another_takes_its_place() -> None:
    host = Host()
    host.add("a", "b", "c", "d")
    host.outgrown = True
    host.world.finish("a")
    host.turn()
    assert len(host.worlds) == 1
    assert set(host.world.tasks) == {"b", "c"}
    host.world.finish("b")
    host.world.finish("c")
    host.turn()
    assert [world.alive for world in host.worlds] == [False, True]
    assert set(host.world.tasks) == {"d"}
    assert set(host.verdicts) == {"a", "b", "c"}


def test_what_takes_long_in_an_outgrown_world_is_begun_again_in_the_larger_one_if_others_wait() -> None:
    host = Host()
    host.add("a", "b", "c")
    host.outgrown = True
    host.world.finish("a")
    host.turn()
    host.timers.pop()()
    host.turn()
    assert host.world.alive
    assert len(host.worlds) == 1
    host.add("d")
    host.timers.pop()()
    host.turn()
    assert [world.alive for world in host.worlds] == [False, True]
    assert set(host.world.tasks) == {"b", "c", "d"}
    assert not host.world.guarded


def test_a_world_that_is_not_outgrown_any_more_goes_on() -> None:
    host = Host()
    host.add("a", "b")
    host.outgrown = True
    host.feed.advance()
    (timer,) = host.timers
    host.outgrown = False
    timer()
    host.turn()
    assert host.world.alive
    assert len(host.worlds) == 1


def test_the_shares_are_those_of_the_world_that_is_there() -> None:
    host = Host(ranks=8)
    host.ranks = 4
    host.world.die()
    host.feed.advance()
    host.add(*"abcdefgh")
    assert len(host.world.tasks) == 5
    host.ranks = 8
    host.world.die()
    host.turn()
    assert len(host.world.tasks) == 8
