from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.reading import name_of, only, resources, text

if TYPE_CHECKING:
    from collections.abc import Callable


def tracking(template: dict[str, Any], kind: str) -> dict[str, Any]:
    policy = only(template, "AWS::AutoScaling::ScalingPolicy", under=f"Scaling{kind}Backlog")
    configuration: dict[str, Any] = policy["TargetTrackingConfiguration"]
    return configuration


@pytest.mark.parametrize("kind", ["Jobs", "Units"])
def test_hosts_are_added_by_outstanding_messages_of_each_queue_a_running_host(
    template: dict[str, Any], kind: str
) -> None:
    metrics = tracking(template, kind)["CustomizedMetricSpecification"]["Metrics"]
    (result,) = (item for item in metrics if item["ReturnData"])
    assert result["Expression"] == "(queue_visible + queue_in_flight) / hosts"
    of_queue = {
        item["MetricStat"]["Metric"]["MetricName"]
        for item in metrics
        if not item["ReturnData"] and item["Id"].startswith("queue")
    }
    assert of_queue == {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"}
    queue = name_of(template, "AWS::SQS::Queue", under=f"Queues{kind}")
    names = {
        dimension["Value"]["Fn::GetAtt"][0]
        for item in metrics
        if item["Id"].startswith("queue")
        for dimension in item["MetricStat"]["Metric"]["Dimensions"]
    }
    assert names == {queue[1:-1]}
    (hosts,) = (item for item in metrics if item["Id"] == "hosts")
    assert hosts["MetricStat"]["Metric"]["MetricName"] == "GroupInServiceInstances"


@pytest.mark.parametrize("kind", ["Jobs", "Units"])
def test_tracking_never_takes_a_host_away_since_it_may_be_busy(template: dict[str, Any], kind: str) -> None:
    assert tracking(template, kind)["DisableScaleIn"] is True


def test_who_wants_to_wait_less_gets_more_hosts(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    hasty = synthesize(Settings(lease_seconds=240, bucket_prefix="acme-lab", wanted_seconds=60))
    for kind in ("Jobs", "Units"):
        assert tracking(hasty, kind)["TargetValue"] == tracking(template, kind)["TargetValue"] / 2
    assert tracking(template, "Units")["TargetValue"] == 96


def step(template: dict[str, Any], kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    alarm = only(template, "AWS::CloudWatch::Alarm", under=f"Scaling{kind}")
    policy = only(template, "AWS::AutoScaling::ScalingPolicy", under=f"Scaling{kind}Step")
    assert [text(action) for action in alarm["AlarmActions"]] == [
        name_of(template, "AWS::AutoScaling::ScalingPolicy", under=f"Scaling{kind}Step")
    ]
    return alarm, policy


def expression(alarm: dict[str, Any]) -> str:
    (result,) = (item["Expression"] for item in alarm["Metrics"] if item.get("ReturnData", True))
    return str(result)


def test_one_host_is_woken_a_minute_after_work_came_where_none_is_wanted_yet(
    template: dict[str, Any],
) -> None:
    alarm, policy = step(template, "Wake")
    assert policy["AdjustmentType"] == "ExactCapacity"
    assert policy["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["EvaluationPeriods"] == 1
    assert expression(alarm).startswith("IF(FILL(hosts, 0) < 1,")
    measured = {
        item["MetricStat"]["Metric"]["MetricName"] for item in alarm["Metrics"] if "MetricStat" in item
    }
    assert "GroupDesiredCapacity" in measured


def test_the_fleet_sleeps_after_ten_minutes_without_anything_visible_or_in_flight(
    template: dict[str, Any],
) -> None:
    alarm, policy = step(template, "Sleep")
    assert policy["AdjustmentType"] == "ExactCapacity"
    assert policy["StepAdjustments"] == [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": 0}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanOrEqualToThreshold", 0)
    assert alarm["EvaluationPeriods"] == 10
    for name in ("jobs_visible", "jobs_in_flight", "units_visible", "units_in_flight"):
        assert f"FILL({name}, 0)" in expression(alarm)


def test_queues_that_say_nothing_put_no_host_to_sleep(template: dict[str, Any]) -> None:
    alarm, _policy = step(template, "Sleep")
    assert alarm["TreatMissingData"] == "notBreaching"
    # two silent queues fill to -2, and the answer is then 1, which is not idle
    assert expression(alarm).startswith("IF(FILL(jobs_visible, -1) + FILL(units_visible, -1) < -1, 1,")


def test_everything_is_measured_by_the_minute(template: dict[str, Any]) -> None:
    alarms = resources(template, "AWS::CloudWatch::Alarm", under="Scaling").values()
    periods = {
        item["MetricStat"]["Period"]
        for alarm in alarms
        for item in alarm["Properties"]["Metrics"]
        if "MetricStat" in item
    }
    assert periods == {60}
