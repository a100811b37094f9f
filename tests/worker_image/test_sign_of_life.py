"""A host tells what it does: soon when that changes, seldom while it is idle, and never at the cost of its work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import wait_for
from tilework.errors import ServiceError
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Job, State
from tilework.jobs.queues import Message
from tilework.jobs.signs import HostSign, HostState, told
from tilework.jobs.system import System
from tilework.world.slots import Slot
from worker_image.feed import AtWork
from worker_image.held import Held
from worker_image.metrics import HeldCount
from worker_image.sign_of_life import Glances, Identity, SignOfLife
from worker_image.task import Task

SECONDS = 0.2


class Host:
    """Two ranks, which work or do not as the test says; its main thread does everything at once, unless it is busy."""

    def __init__(self, system: System | None = None) -> None:
        self.system = system or memory_system(time.time)
        self.busy = 0
        self.ended = 0
        self.has_world = True
        self.main_is_busy = False
        self.sign = SignOfLife(
            self.system,
            lambda: Identity("host-1", 1000.0, "i-1", "c7i.xlarge", spot=True),
            Glances(self.slots, self.at_work, lambda: HeldCount(self.busy, 0), lambda: self.ended),
            ranks=2, seconds=SECONDS, soon=self.soon, clock=time.time,
        )  # fmt: skip
        self.sign.start()

    def slots(self) -> list[Slot]:
        started = time.monotonic_ns() - 5_000_000_000
        working = [Slot(10 + rank, rank <= self.busy, rank, started, 0, "decode") for rank in (1, 2)]
        return [Slot(9), *working] if self.has_world else []

    def at_work(self) -> list[AtWork]:
        return [AtWork(rank, self.slots()[rank], held(f"job {rank}")) for rank in range(1, self.busy + 1)]

    def soon(self, call: Callable[[], None]) -> None:
        if not self.main_is_busy:
            call()

    @property
    def told(self) -> HostSign:
        (sign,) = told(self.system.table)
        return sign

    def tells(self, state: HostState) -> HostSign:
        wait_for(lambda: bool(told(self.system.table)) and self.told.state is state)
        return self.told


def held(name: str) -> Held:
    message = Message(name, "", name, 1, 0.0, {})
    return Held(
        message, Job(name, "in", name, "v", State.RUNNING), Task(name, name, "v", 1, "x", name, 0), 0.0
    )


@pytest.fixture
def host() -> Any:
    host = Host()
    yield host
    host.sign.stop()


def test_a_host_tells_who_it_is_and_what_each_rank_works_on(host: Host) -> None:
    host.busy = 2
    sign = host.tells(HostState.WORKING)
    assert (sign.host, sign.instance, sign.kind, sign.spot, sign.since, sign.ranks) == (
        "host-1", "i-1", "c7i.xlarge", True, 1000.0, 2,
    )  # fmt: skip
    assert [(each.rank, each.phase, each.job, each.unit) for each in sign.work] == [
        (1, "decode", "job 1", ""),
        (2, "decode", "job 2", ""),
    ]
    assert sign.work[0].since == pytest.approx(sign.at - 5, abs=1)


def test_a_host_is_starting_until_there_is_a_world_and_goes_with_a_word() -> None:
    host = Host()
    host.has_world = False
    host.tells(HostState.STARTING)
    host.has_world = True
    host.tells(HostState.IDLE)
    host.sign.drain()
    host.tells(HostState.DRAINING)
    host.sign.stop()
    assert (host.told.state, host.told.work) == (HostState.GONE, ())


def test_a_host_that_starts_again_still_tells_what_it_had_done_before(host: Host) -> None:
    host.ended = 3
    wait_for(lambda: bool(told(host.system.table)) and sum(host.told.past.ended) == 3)
    host.sign.stop()
    again = Host(host.system)
    again.ended = 2
    wait_for(lambda: sum(again.told.past.ended) == 5)
    again.sign.stop()


def test_an_idle_host_says_that_its_next_sign_comes_later(host: Host) -> None:
    assert host.tells(HostState.IDLE).again == pytest.approx(4 * SECONDS)
    host.busy = 1
    assert host.tells(HostState.WORKING).again == pytest.approx(SECONDS)


def test_a_main_thread_that_starts_a_world_keeps_no_sign_back(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker_image.sign_of_life.MAIN_SECONDS", 0.05)
    host.main_is_busy = True
    host.busy = 2
    sign = host.tells(HostState.WORKING)
    assert sign.work == ()


def test_a_table_that_fails_loses_signs_and_nothing_else(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fail(*names: object, **_: object) -> None:
        asked.append(str(names))
        raise ServiceError("the table is away")

    with monkeypatch.context() as patch:
        patch.setattr(host.system.table, "remember", fail)
        wait_for(lambda: len(asked) >= 2)
    host.busy = 1
    host.tells(HostState.WORKING)


def test_a_host_at_work_tells_how_much_waits_and_how_long_the_last_message_did(host: Host) -> None:
    for _ in range(3):
        host.system.jobs.send("x")
    host.system.units.send("x")
    host.ended = 7
    host.sign.took(time.time() - 12)
    host.busy = 1
    wait_for(lambda: host.told.past.waiting[-1:] == (4,))
    assert host.told.waited == pytest.approx(12, abs=1)
    assert sum(host.told.past.ended) == 7


def test_a_host_that_is_to_tell_nothing_tells_nothing() -> None:
    system = memory_system(time.time)
    nothing = Glances(list, list, lambda: HeldCount(0, 0), lambda: 0)
    sign = SignOfLife(
        system, lambda: Identity("h", 0.0), nothing, ranks=1, seconds=0.0, soon=lambda call: call(), clock=time.time
    )  # fmt: skip
    sign.start()
    sign.stop()
    assert told(system.table) == []
