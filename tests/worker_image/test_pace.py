"""Throttling slows the intake of a host, and fails no job; it recovers as work ends well."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.worker_image.test_claims import Host
from tilework.errors import DiskFullError, ThrottledError
from tilework.jobs.job import State
from worker_image.endings import Endings, named
from worker_image.pace import FIRST_PAUSE, LONGEST_PAUSE, ROOM_SECONDS, Pace, room_in


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def pace(clock: Time) -> Pace:
    return Pace(lambda: True, clock)


def throttle(pace: Pace, clock: Time, times: int) -> list[float]:
    """The pauses after so many throttlings, each when the one before is over."""
    pauses = []
    for _ in range(times):
        pace.throttled()
        pauses.append(pace.hold())
        clock.now += pauses[-1]
    return pauses


def test_the_pause_doubles_while_it_goes_on_up_to_a_minute_and_is_never_the_same(
    pace: Pace, clock: Time
) -> None:
    pauses = throttle(pace, clock, 10)
    for number, pause in enumerate(pauses):
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**number)
        assert longest / 2 <= pause <= longest
    assert len(set(pauses)) == 10


def test_many_ranks_that_are_throttled_at_once_count_as_one(pace: Pace, clock: Time) -> None:
    for _ in range(50):
        pace.throttled()
    assert 0 < pace.hold() <= FIRST_PAUSE


def test_what_ends_well_brings_the_pace_back(pace: Pace, clock: Time) -> None:
    throttle(pace, clock, 6)
    for _ in range(6):
        pace.eased()
    assert throttle(pace, clock, 1)[0] <= FIRST_PAUSE
    assert pace.hold() == 0


def test_without_throttling_nothing_waits(pace: Pace) -> None:
    pace.eased()
    assert pace.hold() == 0


def test_a_full_disk_holds_everything_until_there_is_room(clock: Time, tmp_path: Path) -> None:
    room = [False]
    pace = Pace(lambda: room[0], clock)
    assert pace.hold() == ROOM_SECONDS
    clock.now += 1000
    assert pace.hold() == ROOM_SECONDS
    room[0] = True
    assert pace.hold() == 0
    assert room_in(tmp_path)()


def test_a_job_that_is_throttled_as_long_as_its_message_lasts_spends_neither_attempts_nor_losses() -> None:
    host = Host()
    job = host.drop()
    endings = Endings(host.system, host.life, host.outbox, "host-1", let_go=lambda _: None)
    for _ in range(19):
        held = host.consider()
        assert held is not None
        endings.failed(held, ThrottledError("SlowDown"))
        assert host.row(job).state is State.QUEUED
        host.clock.now += 61
    row = host.row(job)
    assert (row.attempts, row.losses, row.code, row.reason) == (0, 0, "throttled", "SlowDown")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_what_it_is_and_costs_the_job_a_loss(number: int) -> None:
    host = Host()
    job = host.drop()
    held = host.consider()
    assert held is not None
    Endings(host.system, host.life, host.outbox, "host-1", let_go=lambda _: None).failed(
        held, OSError(number, "No room")
    )
    row = host.row(job)
    assert (row.state, row.attempts, row.losses, row.code) == (State.QUEUED, 0, 1, "disk_full")
    assert isinstance(named(OSError(number, "No room")), DiskFullError)
