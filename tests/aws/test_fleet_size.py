"""Looking at an Auto Scaling group and setting it, on moto, which knows protection and suspended processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.aws.fleets import make_fleet
from tests.conftest import REGION
from tilework.aws.fleet_size import IDLE_SINCE, WAIT, Fleet, FleetSize, connect_fleet
from tilework.errors import ServiceError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.aws.conftest import Script

GROUP = "workers"


@pytest.fixture
def scaling(aws_credentials: None) -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("autoscaling", REGION)
        make_fleet(client, boto3.client("ec2", REGION), GROUP, hosts=2)
        yield client


def described(scaling: Any) -> dict[str, Any]:
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
    return dict(group)


def test_a_fleet_tells_its_size_its_bound_and_whether_somebody_is_busy(scaling: Any) -> None:
    size = connect_fleet(REGION, GROUP)
    assert size.look() == Fleet(wanted=2, most=8)
    host = described(scaling)["Instances"][0]["InstanceId"]
    scaling.set_instance_protection(AutoScalingGroupName=GROUP, InstanceIds=[host], ProtectedFromScaleIn=True)
    assert size.look().busy


class Leaving:
    """The same group once its first host has begun to drain, a state that moto has not."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_auto_scaling_groups(self, **request: Any) -> Any:
        answer = self._client.describe_auto_scaling_groups(**request)
        answer["AutoScalingGroups"][0]["Instances"][0]["LifecycleState"] = "Terminating:Wait"
        return answer


def test_a_protected_host_that_is_on_its_way_out_is_not_counted_as_busy(scaling: Any) -> None:
    hosts = [host["InstanceId"] for host in described(scaling)["Instances"]]
    scaling.set_instance_protection(AutoScalingGroupName=GROUP, InstanceIds=hosts, ProtectedFromScaleIn=True)
    assert FleetSize(scaling, GROUP).look().busy == 2
    assert FleetSize(Leaving(scaling), GROUP).look().busy == 1


def test_so_many_hosts_are_wanted_as_was_said(scaling: Any) -> None:
    size = connect_fleet(REGION, GROUP)
    size.want(0)
    assert size.look().wanted == described(scaling)["DesiredCapacity"] == 0
    size.want(1)
    assert size.look().wanted == 1


def test_a_fleet_that_may_start_no_host_has_room_for_none(scaling: Any) -> None:
    scaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    assert connect_fleet(REGION, GROUP).look().most == 0


def test_the_note_is_the_groups_own_and_no_hosts_and_leaves_other_tags_alone(scaling: Any) -> None:
    other = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "Key": "tilework", "Value": "dev"}
    scaling.create_or_update_tags(Tags=[{**other, "PropagateAtLaunch": True}])
    size = connect_fleet(REGION, GROUP)
    size.note_idle(1_764_000_000.4)
    assert size.look().idle_since == 1_764_000_000
    (note,) = (tag for tag in described(scaling)["Tags"] if tag["Key"] == IDLE_SINCE)
    assert note["PropagateAtLaunch"] is False
    size.note_idle(None)
    assert size.look().idle_since is None
    assert [tag["Key"] for tag in described(scaling)["Tags"]] == ["tilework"]


def test_a_note_that_makes_no_sense_is_none(scaling: Any) -> None:
    tag = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "Key": IDLE_SINCE, "Value": "noon"}
    scaling.create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])
    assert connect_fleet(REGION, GROUP).look().idle_since is None


def test_a_group_that_is_not_there_is_named(scaling: Any) -> None:
    with pytest.raises(SettingsError, match="no Auto Scaling group named elsewhere"):
        connect_fleet(REGION, "elsewhere").look()


UNAVAILABLE = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def test_a_service_that_fails_is_asked_once_where_somebody_waits(script: Script) -> None:
    script.answers = [UNAVAILABLE]
    with pytest.raises(ServiceError):
        connect_fleet(REGION, GROUP, script.endpoint_url, wait=WAIT).look()
    assert len(script.requests) == 1


def test_a_service_that_fails_is_asked_three_times_where_nobody_waits(script: Script) -> None:
    script.answers = [UNAVAILABLE]
    with pytest.raises(ServiceError):
        connect_fleet(REGION, GROUP, script.endpoint_url).look()
    assert len(script.requests) == 3
