"""A host that cannot work says why and exits with a status of its own; what may pass it waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.worker_image.whole_host import connect, drop, ended, wait_until, whole_host
from tests.worker_image.wire import free_address, wire
from tilework.checks import machine, services
from tilework.checks.check import Check
from tilework.errors import ServiceError, UnfitError
from tilework.jobs.job import State
from worker_image.start_checks import CannotStartError, make_sure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment


class Thing:
    """What is silent a few times, and then as told; its time passes only in sleep."""

    def __init__(self, silent: int, wrong: bool = False) -> None:
        self.silent, self.wrong, self.now, self.looks = silent, wrong, 0.0, 0

    def look(self) -> str:
        self.looks += 1
        if self.looks <= self.silent:
            raise ServiceError("It is silent.")
        if self.wrong:
            raise UnfitError("It is wrong.", advice="Mend it.")
        return "It is fine."

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def make_sure(self, patience: float) -> None:
        make_sure([Check("it", 42, self.look)], patience, sleep=self.sleep, clock=lambda: self.now)


def test_what_may_pass_is_looked_at_again_more_and_more_seldom() -> None:
    thing = Thing(silent=8)
    thing.make_sure(300)
    assert thing.looks == 9
    assert 60 < thing.now < 300


def test_patience_has_a_bound() -> None:
    thing = Thing(silent=1000)
    with pytest.raises(CannotStartError, match="It is silent") as caught:
        thing.make_sure(300)
    assert caught.value.status == 42
    assert thing.now <= 300


def test_what_is_wrong_is_told_at_once() -> None:
    thing = Thing(silent=0, wrong=True)
    with pytest.raises(CannotStartError, match="cannot start: It is wrong") as caught:
        thing.make_sure(300)
    assert (caught.value.advice, thing.looks) == ("Mend it.", 1)


STATUSES = {
    "job_table": services.TABLE,
    "jobs_queue_url": services.QUEUES,
    "output_bucket": services.BUCKETS,
}


def test_every_status_is_another_one() -> None:
    machines = (machine.MPIEXEC, machine.MEMORY, machine.SHARED_MEMORY, machine.DISK)
    assert len({*STATUSES.values(), services.CLOCK, *machines, 0, 1, 2, 3, 4}) == 13


@pytest.mark.parametrize("setting", STATUSES)
def test_a_host_that_finds_nothing_by_a_name_exits_with_a_status_that_says_what(
    embedded_aws: EmbeddedAws,
    deploy: Callable[[str | None], Deployment],
    tmp_path: Path,
    setting: str,
) -> None:
    deployment = deploy(embedded_aws.endpoint_url)
    wrong = replace(deployment, **{setting: getattr(deployment, setting) + "-not-there"})
    with whole_host(embedded_aws, wrong, tmp_path, ready=False) as host:
        assert host.exits(30) == STATUSES[setting]
        assert "This host cannot start" in host.told()
        assert "not-there" in host.told()


def test_a_host_that_starts_before_its_services_waits_for_them(
    embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment], tmp_path: Path
) -> None:
    deployment = deploy(embedded_aws.endpoint_url)
    late = free_address()
    # the same deployment, by an address where nobody listens yet
    with whole_host(embedded_aws, deployment, tmp_path, ready=False, AWS_ENDPOINT_URL=late) as host:
        wait_until(lambda: "Not ready to start" in host.told(), host)
        with wire(late, embedded_aws.endpoint_url):
            wait_until((tmp_path / "host.ready").exists, host, 60)
            system = connect(deployment)
            (row,) = ended(system, [drop(system, "a.png", "invert()")], host)
            assert row.state is State.DONE
