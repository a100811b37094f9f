"""A desk claims what comes, writes ends with patience, and gives back what comes after it was closed."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.worker_image.test_claims import Host
from tests.worker_image.test_leases import leases_of
from tests.worker_image.test_settings import read
from tilework.errors import ThrottledError
from tilework.jobs.in_memory import memory_system
from tilework.jobs.queues import Message
from worker_image.claims import Claims
from worker_image.desk import Desk
from worker_image.held import Held
from worker_image.lease_board import LeaseBoard
from worker_image.pace import Pace


@dataclass
class Office:
    """A desk, and the main thread's part of its life, played by the test."""

    host: Host
    desk: Desk
    pace: Pace
    inbox: queue.SimpleQueue[Callable[[], None]]
    held: list[Any]

    def answer(self, condition: Callable[[], object], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end
            try:
                self.inbox.get(timeout=0.05)()
            except queue.Empty:
                continue


class Failing:
    """Claims that fail so many times before they succeed."""

    def __init__(self, claims: Claims, failures: list[Exception]) -> None:
        self.claims, self.failures = claims, failures

    def __call__(self, message: Message, place: int) -> Held | None:
        if self.failures:
            raise self.failures.pop()
        return self.claims.consider(message, place)


@pytest.fixture
def failures() -> list[Exception]:
    return []


@pytest.fixture
def office(tmp_path: Path, failures: list[Exception]) -> Iterator[Office]:
    host = Host()
    # by the real clock, so that receives wait
    host.system = memory_system(visibility=60.0)
    host.life._table = host.system.table
    host.claims = Claims(
        host.system, host.life, host.outbox, host="host-1", lease_seconds=60.0, presets={}, default="blur(9)"
    )
    leases = leases_of(host, LeaseBoard(tmp_path / "leases", 4, create=True))
    inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    pace = Pace(lambda: True)
    settings = read(TILEWORK_RANKS="1", TILEWORK_POLL_SECONDS="1")
    desk = Desk(
        host.system.jobs, Failing(host.claims, failures), places=2, first=0, settings=settings, leases=leases,
        pace=pace, soon=inbox.put, paused=lambda: None,
    )  # fmt: skip
    held: list[Any] = []
    made = Office(host, desk, pace, inbox, held)
    desk.open(held.append)
    yield made
    desk.close()
    desk.join()


def test_what_comes_is_claimed_and_its_place_is_free_when_its_end_is_written(office: Office) -> None:
    for number in range(3):
        office.host.drop(f"{number}.jpg")
    office.answer(lambda: len(office.held) == 2)
    office.desk.write_end(office.held[0], lambda held: None)
    office.answer(lambda: len(office.held) == 3)
    assert sorted({held.place for held in office.held}) == [0, 1]


def test_an_end_is_tried_again_while_a_service_throttles_and_the_host_slows_down(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker_image.desk.back_off", lambda _: 0.0)
    office.host.drop()
    office.answer(lambda: office.held)
    tries: list[int] = []

    def write(held: object) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ThrottledError("too many")

    office.desk.write_end(office.held[0], write)
    assert office.desk.busy
    office.answer(lambda: not office.desk.busy)
    assert len(tries) == 3
    assert office.pace.hold() > 0


def test_a_claim_that_is_throttled_slows_the_host_and_leaves_the_message_in_the_queue(
    office: Office, failures: list[Exception]
) -> None:
    failures.append(ThrottledError("too many"))
    office.host.drop()
    office.answer(lambda: not failures and not office.desk.busy)
    assert office.pace.hold() > 0
    assert office.held == []
    assert office.host.queued() == 1


def test_an_end_that_fails_in_a_way_without_a_name_frees_its_place_all_the_same(office: Office) -> None:
    office.host.drop()
    office.answer(lambda: office.held)

    def write(held: object) -> None:
        raise ZeroDivisionError("odd")

    office.desk.write_end(office.held[0], write)
    office.answer(lambda: not office.desk.busy)


def test_what_comes_after_the_desk_was_closed_is_another_hosts_at_once_and_unclaimed(office: Office) -> None:
    job = office.host.drop()
    end = time.monotonic() + 30
    while office.inbox.empty():
        # received, and the main thread has not come to it
        assert time.monotonic() < end
        time.sleep(0.01)
    office.desk.close()
    office.answer(lambda: office.host.system.jobs.backlog().visible == 1)
    assert office.held == []
    assert office.host.system.table.get(job.id) is None
