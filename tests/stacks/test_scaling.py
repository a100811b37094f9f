from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.reading import name_of, only, resources
from tilework.fleet.planning import UNIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


ROOT = Path(__file__).resolve().parents[2]


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
    hasty = synthesize(
        Settings(lease_seconds=240, bucket_prefix="acme-lab", wanted_seconds=60, wanted_scan_seconds=900)
    )
    for kind in ("Jobs", "Units"):
        ratio = tracking(hasty, kind)["TargetValue"] / tracking(template, kind)["TargetValue"]
        assert ratio == pytest.approx(1 / 2, rel=0.01)


def test_a_target_is_the_wanted_latency_over_the_seconds_that_a_message_was_measured_to_take(
    template: dict[str, Any],
) -> None:
    page = (ROOT / "docs" / "performance-fleet.md").read_text()
    photos = section(page, "Ten million photos")
    one_host = re.search(r"^\| 1 \| ([\d,]+) \|", photos, re.MULTILINE)
    assert one_host
    # of the page's host with 16 processors; ours have four
    a_photo = int(one_host[1].replace(",", "")) / 10_000_000 * 16 / 4
    assert tracking(template, "Jobs")["TargetValue"] == pytest.approx(120 / a_photo, rel=0.02)
    shares = [
        float(row[1])
        for name in ("100 GP, canny", "100 GP, blur", "A thousand of 10 GP")
        for row in re.finditer(r"^\| 1 \| [\d,]+ \| 1.00 \| ([\d.]+) \|", section(page, name), re.MULTILINE)
    ]
    slowest, quickest = (1800 / (UNIT_SECONDS / share / 4) for share in (min(shares), max(shares)))
    assert slowest <= tracking(template, "Units")["TargetValue"] <= quickest


def section(page: str, title: str) -> str:
    return page.partition(f"\n## {title}")[2].partition("\n## ")[0]


def test_larger_hosts_have_more_of_the_backlog_each_and_the_smallest_counts(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    large = synthesize(Settings(instance_types=("c7i.8xlarge", "c7i.2xlarge")))
    for kind in ("Jobs", "Units"):
        ratio = tracking(large, kind)["TargetValue"] / tracking(template, kind)["TargetValue"]
        assert ratio == pytest.approx(2, rel=0.01)


def test_no_alarm_of_ours_stands_between_the_queues_and_the_fleet(template: dict[str, Any]) -> None:
    assert {
        policy["Properties"]["PolicyType"]
        for policy in resources(template, "AWS::AutoScaling::ScalingPolicy").values()
    } == {"TargetTrackingScaling"}
    assert not resources(template, "AWS::CloudWatch::Alarm", under="Scaling")


def test_everything_is_measured_by_the_minute(template: dict[str, Any]) -> None:
    periods = {
        item["MetricStat"]["Period"]
        for kind in ("Jobs", "Units")
        for item in tracking(template, kind)["CustomizedMetricSpecification"]["Metrics"]
        if "MetricStat" in item
    }
    assert periods == {60}
