"""A job that takes longer than SQS hides a message is neither lost nor done twice, nor does its message die."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker_image.test_claims import Host
from tests.worker_image.test_leases import units_of
from tilework.errors import LeaseLostError
from tilework.jobs import quotas
from tilework.jobs.job import State
from worker_image.endings import Endings
from worker_image.held import Held
from worker_image.lease_board import LeaseBoard
from worker_image.leases import Leases, LeaseTerms
from worker_image.task import Worked

HOUR = 3600.0
LEASE = 60.0
DONE = Worked("results/photo.png", True, 4, 3, "uint8", 7, {"work": 0.25})


class LongHost(Host):
    """A host whose clocks a test turns, and which renews when it is told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        board = LeaseBoard(folder / "leases", 4, create=True)
        self.leases = Leases(self.system.jobs, self.life, board, LeaseTerms(LEASE), units_of(self))
        self.endings = Endings(self.system, self.life, self.outbox, "host-1", let_go=self.leases.let_go)
        monkeypatch.setattr("worker_image.leases.boottime", self.clock)

    def claimed(self) -> Held:
        self.drop()
        held = self.consider()
        assert held is not None
        self.leases.add(held)
        return held

    def work(self, held: Held, seconds: float) -> int:
        """Renew every twenty seconds, while another host receives whatever there is; how often it got something."""
        received, end = 0, self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now += LEASE / 3
            self.leases._renew(held)
            for message in self.system.jobs.receive(10, visibility=60):
                received += 1
                # the other host is refused, and does with the message what refusals say
                assert self.claims.consider(message, place=1) is None
        return received


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LongHost:
    return LongHost(tmp_path, monkeypatch)


def test_within_twelve_hours_its_own_message_carries_a_job(host: LongHost) -> None:
    held = host.claimed()
    assert host.work(held, 11.9 * HOUR) == 0
    assert held.carried is None
    assert host.queued() == 1


def test_beyond_twelve_hours_delayed_messages_carry_it_and_none_lives_long_enough_to_die(
    host: LongHost,
) -> None:
    held = host.claimed()
    host.work(held, 11.9 * HOUR)
    seen = host.work(held, 6 * HOUR)
    # one is sent every ten minutes, received once when its delay is over, and deleted
    assert 30 <= seen <= 37
    assert host.queued() <= 2
    assert host.system.dead_letters.backlog().total == 0
    assert host.row(held.job).lease_number == 1


def test_a_host_that_dies_then_loses_nothing_a_message_comes_within_a_quarter_of_an_hour(
    host: LongHost,
) -> None:
    held = host.claimed()
    host.work(held, 13 * HOUR)
    host.clock.now += quotas.DELAY_SECONDS + 1
    claims = [host.claims.consider(message, place=1) for message in host.system.jobs.receive(10)]
    (again,) = [claim for claim in claims if claim is not None]
    assert again.job.id == held.job.id
    assert again.job.losses == 1


def test_its_end_is_final_and_what_comes_late_is_deleted(host: LongHost) -> None:
    held = host.claimed()
    host.work(held, 13 * HOUR)
    host.endings.done(held, DONE)
    host.clock.now += HOUR
    while messages := host.system.jobs.receive(10):
        assert [host.claims.consider(message, place=1) for message in messages] == [None] * len(messages)
    assert host.row(held.job).state is State.DONE
    assert host.queued() == 0


def test_it_can_be_handed_back_at_once_all_the_same(host: LongHost) -> None:
    held = host.claimed()
    host.work(held, 13 * HOUR)
    host.endings.hand_back(held)
    again = [host.claims.consider(message, place=1) for message in host.system.jobs.receive(10)]
    assert [claim.job.attempts for claim in again if claim] == [1]


def test_a_message_that_another_host_received_still_carries_the_job(host: LongHost) -> None:
    held = host.claimed()
    # stopped for a while: its message is seen, its row's lease has not run out only because the table was quicker
    host.clock.now += 61
    host.life.renew(held.job, LEASE)
    (message,) = host.system.jobs.receive(1)
    assert host.claims.consider(message, place=1) is None
    host.leases._renew(held)
    assert held.carried is None
    assert host.queued() == 1
    # were this host to die now, the job would wait for a lease, and no longer
    host.clock.now += 61
    (message,) = host.system.jobs.receive(1)
    claimed = host.claims.consider(message, place=1)
    assert claimed is not None
    assert claimed.job.lease_number == held.job.lease_number + 1


def test_a_lease_that_was_lost_sends_nothing(host: LongHost) -> None:
    held = host.claimed()
    host.life.release(held.job)
    host.leases._renew(held)
    assert host.queued() == 1
    with pytest.raises(LeaseLostError):
        host.life.renew(held.job, LEASE, message="another")
