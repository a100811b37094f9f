"""A fleet is stopped on a stand-in for EC2 Auto Scaling: what it must do, and that it may be done twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tilework.aws.fleet_stop import LAUNCH, stop_fleet

GROUP = "tilework-dev-workers"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        ec2 = boto3.client("ec2", region_name="us-east-1")
        (image, *_) = ec2.describe_images()["Images"]
        template = ec2.create_launch_template(
            LaunchTemplateName="workers",
            LaunchTemplateData={"ImageId": image["ImageId"], "InstanceType": "c7i.xlarge"},
        )["LaunchTemplate"]["LaunchTemplateId"]
        scaling = boto3.client("autoscaling", region_name="us-east-1")
        for name in (GROUP, "somebody-elses"):
            scaling.create_auto_scaling_group(
                AutoScalingGroupName=name,
                MinSize=0,
                MaxSize=8,
                DesiredCapacity=3,
                AvailabilityZones=["us-east-1a"],
                LaunchTemplate={"LaunchTemplateId": template},
                NewInstancesProtectedFromScaleIn=True,
            )
        yield scaling


def group(client: Any, name: str = GROUP) -> dict[str, Any]:
    (found,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)


def test_protected_hosts_go_and_none_is_wanted_or_started_any_more(client: Any) -> None:
    hosts = {each["InstanceId"] for each in group(client)["Instances"]}
    assert len(hosts) == 3
    assert all(each["ProtectedFromScaleIn"] for each in group(client)["Instances"])
    assert set(stop_fleet(client, GROUP)) == hosts
    stopped = group(client)
    assert stopped["Instances"] == []
    assert (stopped["DesiredCapacity"], stopped["MaxSize"]) == (0, 8)
    assert [each["ProcessName"] for each in stopped["SuspendedProcesses"]] == [LAUNCH]


def test_a_message_that_comes_twice_stops_it_once(client: Any) -> None:
    stop_fleet(client, GROUP)
    assert stop_fleet(client, GROUP) == []
    assert group(client)["DesiredCapacity"] == 0


def test_another_fleet_is_left_alone(client: Any) -> None:
    stop_fleet(client, GROUP)
    other = group(client, "somebody-elses")
    assert other["DesiredCapacity"] == len(other["Instances"]) == 3
    assert other["SuspendedProcesses"] == []


def test_the_command_of_the_runbook_lets_hosts_start_again(client: Any) -> None:
    stop_fleet(client, GROUP)
    client.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=[LAUNCH])
    assert group(client)["SuspendedProcesses"] == []
