"""What a host tells its Auto Scaling group."""

from __future__ import annotations

import pytest

from tests.waiting import wait_for
from worker_image.membership import Membership


class Group:
    def __init__(self) -> None:
        self.told: list[bool] = []
        self.let_go_of = False

    def protect(self, wanted: bool) -> None:
        self.told.append(wanted)

    def let_go(self) -> None:
        self.let_go_of = True


def test_an_idle_host_takes_away_the_protection_that_an_earlier_life_has_left() -> None:
    group = Group()
    membership = Membership(lambda: group, lambda: False)  # type: ignore[arg-type]
    membership.start()
    wait_for(lambda: group.told)
    membership.leave()
    assert group.told == [False]


def test_a_host_that_does_not_learn_at_once_who_it_is_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker_image.membership.back_off", lambda _: 0.01)
    group, answers = Group(), [None, None]
    membership = Membership(lambda: answers.pop() if answers else group, lambda: False)  # type: ignore[arg-type]
    membership.start()
    wait_for(lambda: group.told)
    membership.leave()


def test_a_host_that_leaves_asks_once_more_who_it_is_and_waits_no_longer() -> None:
    group, answers = Group(), [None]
    membership = Membership(lambda: answers.pop() if answers else group, lambda: False)  # type: ignore[arg-type]
    membership.drain()
    membership.start()
    wait_for(lambda: not answers)
    membership.leave()
    assert group.let_go_of
