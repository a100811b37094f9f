"""What looks at the queues each minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from master.fleet_steps import IDLE_SECONDS
from stacks.settings import Settings
from tests.stacks.reading import only, statements, text
from tilework.aws.fleet_size import IDLE_SINCE
from tilework.aws.settings import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable

from master.settings import MasterSettings

WAKER = "MasterWakerServiceRole"


def function(template: dict[str, Any], under: str = "MasterWaker") -> dict[str, Any]:
    return only(template, "AWS::Lambda::Function", under=under)


def environment(template: dict[str, Any], under: str = "MasterWaker") -> dict[str, str]:
    told = function(template, under)["Environment"]["Variables"]
    return {name: text(value) for name, value in told.items()} | {"AWS_REGION": "eu-central-1"}


def group(template: dict[str, Any]) -> str:
    """The group by reference: who is told it so is deployed after it, and never looks for one that is not there yet."""
    (name,) = (
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::AutoScaling::AutoScalingGroup"
    )
    return f"<{name}>"


def test_the_queues_are_looked_at_each_minute_and_a_look_that_fails_is_not_repeated_but_followed(
    template: dict[str, Any],
) -> None:
    rule = only(template, "AWS::Events::Rule", under="Waking")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    (target,) = rule["Targets"]
    assert text(target["Arn"]).startswith("<MasterWaker")
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert function(template)["Handler"] == "master.wake_handler.handler"


def test_a_look_ends_before_the_next_one(template: dict[str, Any]) -> None:
    assert function(template)["Timeout"] < 60


def test_it_is_told_which_fleet_and_when_ten_idle_minutes_are_over(template: dict[str, Any]) -> None:
    settings = MasterSettings.from_environment(environment(template))
    assert settings.fleet_group == group(template)
    assert settings.idle_seconds == IDLE_SECONDS == 600
    assert Deployment.from_environment(environment(template)).units_queue_url.startswith("<QueuesUnits")


def test_the_api_knows_the_fleet_that_it_wakes(template: dict[str, Any]) -> None:
    settings = MasterSettings.from_environment(environment(template, "MasterApi"))
    assert settings.fleet_group == group(template)


def test_it_may_change_no_tag_but_its_own(template: dict[str, Any]) -> None:
    (note,) = (one for one in statements(template, WAKER) if "CreateOrUpdateTags" in str(one["Action"]))
    assert note["Condition"] == {"ForAllValues:StringEquals": {"aws:TagKeys": [IDLE_SINCE]}}


def test_where_the_books_are_kept_elsewhere_the_look_is_taken_there(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    elsewhere = synthesize(Settings(keeper="elsewhere"))
    assert only(elsewhere, "AWS::Events::Rule", under="Waking")["State"] == "DISABLED"
