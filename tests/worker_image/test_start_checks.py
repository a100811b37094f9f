"""A host that cannot work says why and exits with a status of its own; what may pass it waits for."""

from __future__ import annotations

import pytest

from tilework.checks import machine, services
from tilework.checks.check import Check
from tilework.errors import ServiceError, UnfitError
from worker_image.start_checks import CannotStartError, make_sure
from worker_image.supervisor import CANNOT, UNFINISHED


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


def test_every_status_is_another_one() -> None:
    machines = (machine.MPIEXEC, machine.MEMORY, machine.SHARED_MEMORY, machine.DISK)
    reached = (services.TABLE, services.QUEUES, services.BUCKETS, services.CLOCK)
    others = {0, 1, 2, CANNOT, UNFINISHED}
    assert len({*machines, *reached, *others}) == 13
