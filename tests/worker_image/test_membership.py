"""What a host tells its Auto Scaling group."""

from __future__ import annotations

from typing import cast

import pytest

from tests.faults.ec2_host import INSTANCE, ec2_host
from tests.waiting import wait_for
from tilework.aws.fleet_group import FleetGroup, connect_group
from tilework.errors import RefusedError
from worker_image import membership as module
from worker_image.membership import ENTRANCE_SECONDS, Membership


class Group:
    def __init__(self, refusals: int = 0) -> None:
        self.told: list[bool] = []
        self.let_go_of = False
        self.refusals = refusals
        self.entries: list[str] = []

    def enter(self) -> None:
        if self.refusals:
            self.refusals -= 1
            self.entries.append("refused")
            raise RefusedError("No active Lifecycle Action found with instance ID i-1.")
        self.entries.append("entered")

    def protect(self, wanted: bool) -> None:
        self.told.append(wanted)

    def let_go(self) -> None:
        self.let_go_of = True


def rounds(monkeypatch: pytest.MonkeyPatch, group: Group, *, age: float, count: int) -> None:
    """A host that started ``age`` seconds ago goes ``count`` rounds at least."""
    monkeypatch.setattr(module, "BUSY_LOOK_SECONDS", 0.01)
    looks: list[None] = []

    def busy() -> bool:
        looks.append(None)
        return False

    membership = Membership(lambda: cast("FleetGroup", group), busy, boottime=lambda: age)
    membership.start()
    wait_for(lambda: len(looks) > count)
    membership.leave()


def test_a_host_enters_its_group_once_however_late_that_comes_to_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Group(refusals=2)
    rounds(monkeypatch, group, age=30, count=6)
    assert group.entries == ["refused", "refused", "entered"]
    assert group.told  # and what else it has to tell did not wait


@pytest.mark.parametrize(("age", "levels"), [(30, set()), (ENTRANCE_SECONDS + 1, {"WARNING"})])
def test_a_new_host_that_is_not_in_service_yet_is_protected_once_it_is_and_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, age: float, levels: set[str]
) -> None:
    class Slow(Group):
        def protect(self, wanted: bool) -> None:
            if not self.told:
                self.told.append(wanted)
                raise RefusedError("The instance i-1 is not in InService or EnteringStandby or Standby.")
            super().protect(wanted)

    group = Slow()
    # it does not wait for the next look at whether it is busy
    monkeypatch.setattr(module, "ENTERING_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "BUSY_LOOK_SECONDS", 0.01 if levels else 3600)
    membership = Membership(lambda: cast("FleetGroup", group), lambda: True, boottime=lambda: age)
    membership.start()
    wait_for(lambda: len(group.told) == 2)
    membership.leave()
    assert group.told == [True, True, False]
    assert {record.levelname for record in caplog.records} == levels


def test_a_host_that_is_older_than_its_group_waits_has_entered_in_an_earlier_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Group()
    rounds(monkeypatch, group, age=ENTRANCE_SECONDS + 1, count=3)
    assert group.entries == []


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


def test_the_group_hears_that_a_new_host_takes_work_before_it_hears_anything_else(
    monkeypatch: pytest.MonkeyPatch, aws_credentials: None
) -> None:
    with ec2_host() as ec2:
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", ec2.url)
        group = connect_group(
            "eu-central-1", group="g", entrance="take-work", hook="drain", instance=INSTANCE
        )
        membership = Membership(lambda: group, lambda: True, boottime=lambda: 40.0)
        membership.start()
        ec2.wait_for("SetInstanceProtection", ProtectedFromScaleIn="true")
        membership.leave()
    entrance = ec2.calls[0]
    assert entrance["Action"] == "CompleteLifecycleAction"
    assert (entrance["LifecycleHookName"], entrance["LifecycleActionResult"]) == ("take-work", "CONTINUE")
    assert (entrance["AutoScalingGroupName"], entrance["InstanceId"]) == ("g", INSTANCE)
