"""Leases end by the clock of the table's service: no step of a host's own clock takes a job, or keeps one."""

from __future__ import annotations

import time
from dataclasses import replace
from email.utils import formatdate

import pytest

from tests.aws.conftest import Script
from tilework.aws.connect import build_clients, join
from tilework.aws.service_clock import DATE_SECONDS, STALE_SECONDS, ServiceClock, date_of
from tilework.aws.settings import Deployment
from tilework.errors import ServiceError

NOBODY = Deployment(
    "us-east-1", "in", "out", "http://q/jobs", "http://q/units", "http://q/r", "http://q/d", "jobs"
)
EPOCH = 1_800_000_000.0


class Time:
    """A host's two clocks beside the service's."""

    def __init__(self) -> None:
        self.boot = 100.0
        self.step = 0.0
        self.clock = ServiceClock(lambda: self.boot, self.wall)

    def service(self) -> float:
        return EPOCH + self.boot - 100.0

    def wall(self) -> float:
        return self.service() + self.step

    def answer(self, *, after: float = 0.02, stale: float = 0.0) -> None:
        """The service answers in the middle of ``after`` seconds."""
        asked = self.boot
        self.boot += after / 2
        told = float(int(self.service() - stale))
        self.boot += after / 2
        self.clock.heard(told, asked, self.boot)

    @property
    def off(self) -> float:
        return self.clock.now() - self.service()


@pytest.fixture
def hours() -> Time:
    return Time()


def test_until_the_service_has_answered_the_wall_clock_is_all_there_is(hours: Time) -> None:
    hours.step = -3600
    assert hours.clock.now() == hours.wall()
    assert hours.clock.wall_ahead is None


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_step_of_the_wall_clock_moves_nothing(hours: Time, step: float) -> None:
    hours.answer()
    before = hours.off
    hours.step = step
    assert hours.off == before
    hours.answer()
    assert abs(hours.off) <= DATE_SECONDS
    assert hours.clock.wall_ahead == pytest.approx(step, abs=DATE_SECONDS)


def test_a_host_that_started_with_a_wrong_clock_is_right_after_one_answer(hours: Time) -> None:
    hours.step = 3600
    hours.answer()
    assert -DATE_SECONDS - 0.02 <= hours.off <= 0.02


def test_answers_in_different_parts_of_a_second_make_it_exact_to_the_time_that_one_takes(hours: Time) -> None:
    for _ in range(50):
        hours.boot += 0.37
        hours.answer()
    assert abs(hours.off) <= 0.03


def test_a_long_poll_whose_answer_tells_an_early_time_spoils_nothing(hours: Time) -> None:
    for _ in range(50):
        hours.boot += 0.37
        hours.answer()
    hours.answer(after=20)
    assert abs(hours.off) <= 0.03


def test_a_server_that_was_busy_and_tells_an_old_date_does_not_turn_time_back(hours: Time) -> None:
    for _ in range(50):
        hours.boot += 0.37
        hours.answer()
    hours.answer(stale=3)
    assert abs(hours.off) <= 0.03


@pytest.mark.parametrize("drift", [1.001, 0.999])
def test_a_clock_that_runs_fast_or_slow_is_followed(hours: Time, drift: float) -> None:
    true = hours.service

    def service() -> float:
        return EPOCH + (true() - EPOCH) * drift

    hours.service = service  # type: ignore[method-assign]
    for _ in range(1000):
        hours.boot += 100
        hours.answer()
    assert -0.2 - DATE_SECONDS < hours.off < DATE_SECONDS + STALE_SECONDS + 0.2


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_step_of_the_service_itself_is_followed_by_all(hours: Time, step: float) -> None:
    hours.answer()
    true = hours.service
    hours.service = lambda: true() + step  # type: ignore[method-assign]
    hours.answer()
    assert -DATE_SECONDS - 0.02 <= hours.off <= DATE_SECONDS + STALE_SECONDS + 0.02


def test_the_date_of_each_answer_is_heard_also_of_a_failure(script: Script) -> None:
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    script.answers = [
        f"HTTP/1.1 500 Odd\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    ]
    clock = ServiceClock()
    clients = build_clients("us-east-1", script.endpoint_url)
    clock.listen(clients.dynamodb)
    system = join(clients, replace(NOBODY, endpoint_url=script.endpoint_url))
    with pytest.raises(ServiceError):
        system.table.get("a job")
    told = date_of(date)
    assert told is not None
    assert 0 <= clock.now() - told < 60
    assert clock.wall_ahead == pytest.approx(time.time() - told, abs=60)


@pytest.mark.parametrize("header", ["", "soon", "Wed, 99 Oct 2015 07:28:00 GMT"])
def test_a_date_that_is_none_is_not_believed(header: str) -> None:
    assert date_of(header) is None
    assert date_of(formatdate(EPOCH, usegmt=True)) == EPOCH
