"""What a host holds it keeps alive; what it lost it does not store; the next job's lease is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.waiting import wait_for
from tests.worker_image.test_claims import Host
from tilework.boottime import boottime
from tilework.errors import LeaseLostError, ServiceError
from tilework.jobs.job import Job
from tilework.jobs.stage_life import StageLife
from tilework.jobs.unit_work import UnitTerms, UnitWork
from worker_image.held import Held
from worker_image.lease_board import LeaseBoard
from worker_image.leases import Leases, LeaseTerms

SECONDS = 1.2


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def board(tmp_path: Path) -> LeaseBoard:
    return LeaseBoard(tmp_path / "leases", 4, create=True)


def held_by(host: Host, name: str = "photo.jpg") -> Held:
    host.drop(name)
    held = host.consider()
    assert held is not None
    return held


def units_of(host: Host) -> UnitWork:
    stages = StageLife(host.system, host.life.now)
    return UnitWork(host.system, host.life, stages, UnitTerms(SECONDS, lambda _: 0.0))


def leases_of(host: Host, board: LeaseBoard) -> Leases:
    return Leases(host.system.jobs, host.life, board, LeaseTerms(SECONDS), units_of(host))


def test_a_lease_is_renewed_ahead_of_time_in_row_and_board(host: Host, board: LeaseBoard) -> None:
    leases, held = leases_of(host, board), held_by(host)
    leases.add(held)
    first = host.row(held.job).serial
    leases.start()
    wait_for(lambda: host.row(held.job).serial >= first + 3, 30)
    assert board.holds(held.task.place)
    leases.stop()


def test_a_lease_that_passed_on_is_taken_off_the_board(host: Host, board: LeaseBoard) -> None:
    leases, held = leases_of(host, board), held_by(host)
    leases.add(held)
    host.life.release(held.job)
    leases.start()
    wait_for(lambda: not board.holds(held.task.place), 30)
    leases.stop()


def test_a_job_that_is_called_off_is_taken_off_the_board_so_that_its_rank_does_not_store(
    host: Host, board: LeaseBoard
) -> None:
    leases, held = leases_of(host, board), held_by(host)
    leases.add(held)
    leases.start()
    host.life.cancel(host.row(held.job))
    wait_for(lambda: not board.holds(held.task.place), 30)
    leases.stop()


def test_a_late_renewal_of_an_ended_job_leaves_the_next_jobs_lease_alone(
    host: Host, board: LeaseBoard
) -> None:
    leases, first, second = leases_of(host, board), held_by(host), held_by(host, "next.jpg")
    assert first.task.place == second.task.place
    leases.add(first)
    leases.drop(first)
    leases.add(second)
    host.life.release(first.job)
    leases._renew(first)
    assert board.holds(second.task.place)


def test_a_table_that_fails_for_a_while_loses_no_lease(host: Host, board: LeaseBoard) -> None:
    leases, held = leases_of(host, board), held_by(host)
    leases.add(held)
    renew, failures = host.life.renew, [ServiceError("slow"), ValueError("odd")]

    def failing(job: Job, seconds: float) -> Job:
        if failures:
            raise failures.pop()
        return renew(job, seconds)

    host.life.renew = failing  # type: ignore[method-assign]
    first = held.renewed
    leases.start()
    wait_for(lambda: not failures and held.renewed > first, 30)
    assert host.row(held.job).lease_number == 1
    leases.stop()


def test_a_job_may_be_stored_while_its_row_is_renewed_though_its_queue_does_not_answer(
    host: Host, board: LeaseBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise ServiceError("The queue is busy.")

    leases, held = leases_of(host, board), held_by(host)
    monkeypatch.setattr(host.system.jobs, "set_visibility", fail)
    held.renewed = boottime() - SECONDS - 1
    leases.add(held)
    assert not board.holds(held.place)
    leases._renew(held)
    assert board.holds(held.place)
    # and its message is still to be hidden
    assert held.renewed < boottime() - SECONDS


def test_the_board_is_read_by_others_and_forgets_what_ran_out(tmp_path: Path) -> None:
    writer = LeaseBoard(tmp_path / "leases", 2, create=True)
    reader = LeaseBoard(tmp_path / "leases", 2)
    assert not reader.holds(1)
    writer.post(1, boottime() + 2)
    assert reader.holds(1)
    assert not reader.holds(0)
    wait_for(lambda: not reader.holds(1), 30)


def test_a_lease_lost_says_so(host: Host) -> None:
    held = held_by(host)
    host.life.release(held.job)
    with pytest.raises(LeaseLostError):
        host.life.renew(held.job, 1)
