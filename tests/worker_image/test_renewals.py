"""A renewal that is under way when its job or unit is given back, and renewals that hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.waiting import wait_for
from tests.worker_image.test_claims import Host
from tests.worker_image.test_leases import held_by, units_of
from tests.worker_image.test_unit_endings import LargeHost
from tilework.boottime import boottime
from tilework.errors import ServiceError
from tilework.jobs.queues import Message, Queue
from tilework.jobs.unit_work import UnitTerms, UnitWork
from worker_image.endings import Endings
from worker_image.held import Holding
from worker_image.lease_board import LeaseBoard
from worker_image.leases import Leases, LeaseTerms
from worker_image.unit_endings import UnitEndings

HIDDEN = 60.0
"""Seconds that a renewal hides a message; no pause after a failure is as long."""

HANG = 40


@pytest.fixture
def board(tmp_path: Path) -> LeaseBoard:
    return LeaseBoard(tmp_path / "leases", 8, create=True)


class SlowQueue:
    """A queue at which every message that is to be hidden waits until ``go``."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.reached, self.go = threading.Event(), threading.Event()

    def set_visibility(self, message: Message, seconds: float) -> bool:
        if seconds == HIDDEN:
            self.reached.set()
            assert self.go.wait(30)
        return self._queue.set_visibility(message, seconds)


def give_back_under_a_renewal(
    leases: Leases, slow: SlowQueue, held: Holding, give_back: Callable[[], None]
) -> None:
    leases.add(held)
    held.renewed = 0.0
    leases._renew_due(boottime())
    assert slow.reached.wait(30)
    giving = threading.Thread(target=give_back)
    giving.start()
    # without care it is over by now, and the renewal comes after it
    giving.join(0.2)
    slow.go.set()
    giving.join(10)
    leases._renewers.shutdown(wait=True)


def test_a_renewal_that_is_under_way_does_not_hide_a_job_again_that_is_to_be_tried_again(
    board: LeaseBoard,
) -> None:
    host = Host()
    slow, held = SlowQueue(host.system.jobs), held_by(host)
    leases = Leases(slow, host.life, board, LeaseTerms(HIDDEN), units_of(host))  # type: ignore[arg-type]
    endings = Endings(host.system, host.life, host.outbox, "host-1", let_go=leases.let_go)
    give_back_under_a_renewal(leases, slow, held, lambda: endings.failed(held, ServiceError("slow")))
    # the longest pause after a first failure
    host.clock.now += 1.0
    assert host.system.jobs.receive(1)


def test_a_renewal_that_is_under_way_does_not_hide_a_unit_again_that_is_to_be_tried_again(
    board: LeaseBoard,
) -> None:
    host = LargeHost()
    host.plan(host.held())
    held = host.unit()
    assert held is not None
    others = host.system.units.receive(10)
    slow, terms = SlowQueue(host.system.units), UnitTerms(HIDDEN, lambda _: 1.0)
    renewals = UnitWork(replace(host.system, units=slow), host.life, host.stages, terms)
    leases = Leases(host.system.jobs, host.life, board, LeaseTerms(HIDDEN), renewals)
    work = UnitWork(host.system, host.life, host.stages, terms)
    endings = UnitEndings(host.stages, work, host.outbox, "host-1", let_go=leases.let_go)
    give_back_under_a_renewal(leases, slow, held, lambda: endings.failed(held, ServiceError("slow")))
    host.clock.now += 1.0
    (again,) = host.system.units.receive(10)
    assert again.id == held.message.id not in {other.id for other in others}


def test_renewals_that_hang_hold_up_no_other(board: LeaseBoard) -> None:
    host = Host()
    slow = SlowQueue(host.system.jobs)
    leases = Leases(slow, host.life, board, LeaseTerms(HIDDEN), units_of(host))  # type: ignore[arg-type]
    hanging = [held_by(host, f"{number}.jpg") for number in range(HANG)]
    for held in hanging:
        leases.add(held)
        held.renewed = 0.0
    before = [host.row(held.job).serial for held in hanging]
    leases._renew_due(boottime())
    try:
        # the row is renewed first, and then the message hangs
        wait_for(
            lambda: all(
                host.row(held.job).serial > serial for held, serial in zip(hanging, before, strict=True)
            ),
            10,
        )
    finally:
        slow.go.set()
        leases.stop()
