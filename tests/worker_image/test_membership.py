"""What a host tells its Auto Scaling group."""

from __future__ import annotations

from tests.waiting import wait_for
from worker_image.membership import Membership


class Group:
    def __init__(self) -> None:
        self.told: list[bool] = []

    def protect(self, wanted: bool) -> None:
        self.told.append(wanted)


def test_an_idle_host_takes_away_the_protection_that_an_earlier_life_has_left() -> None:
    group = Group()
    membership = Membership(group, lambda: False)  # type: ignore[arg-type]
    membership.start()
    wait_for(lambda: group.told)
    membership.leave()
    assert group.told == [False]
