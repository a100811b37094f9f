"""A fleet is stopped on a stand-in for EC2 Auto Scaling: what it must do, and that it may be done twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tilework.aws.fleet_size import LAUNCH
from tilework.aws.fleet_stop import stop_fleet
from tilework.errors import RefusedError

GROUP = "tilework-dev-workers"


class Strict:
    """moto's client, with what AWS refuses and moto does not, and starting no host while it may not."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.gone = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def terminate_instance_in_auto_scaling_group(self, **request: Any) -> object:
        found = group(self._client)
        if request["ShouldDecrementDesiredCapacity"] and found["DesiredCapacity"] <= found["MinSize"]:
            raise refused("Currently, desiredSize equals minSize (0).")
        if request["InstanceId"] == self.gone:
            raise refused(f"Instance Id not found - No managed instance found for instance ID: {self.gone}")
        if found["SuspendedProcesses"]:
            # moto starts another one in its place all the same, if the number is not lowered
            request["ShouldDecrementDesiredCapacity"] = True
        return self._client.terminate_instance_in_auto_scaling_group(**request)


def refused(why: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": "ValidationError", "Message": why}}, "TerminateInstanceInAutoScalingGroup"
    )


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
        yield Strict(scaling)


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


def test_hosts_that_are_more_than_are_wanted_go_as_well(client: Any) -> None:
    client.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=[LAUNCH])
    # all are protected, and stay
    client.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)
    assert len(group(client)["Instances"]) == 3
    assert len(stop_fleet(client, GROUP)) == 3
    assert group(client)["Instances"] == []


def test_a_host_that_cannot_be_ended_keeps_no_other_and_is_told(client: Any) -> None:
    gone, *others = (each["InstanceId"] for each in group(client)["Instances"])
    client.gone = gone
    with pytest.raises(RefusedError, match=gone):
        stop_fleet(client, GROUP)
    stopped = group(client)
    assert not {each["InstanceId"] for each in stopped["Instances"]} & set(others)
    assert stopped["DesiredCapacity"] == 0


def test_another_fleet_is_left_alone(client: Any) -> None:
    stop_fleet(client, GROUP)
    other = group(client, "somebody-elses")
    assert other["DesiredCapacity"] == len(other["Instances"]) == 3
    assert other["SuspendedProcesses"] == []


def test_the_command_of_the_runbook_lets_hosts_start_again(client: Any) -> None:
    stop_fleet(client, GROUP)
    client.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=[LAUNCH])
    assert group(client)["SuspendedProcesses"] == []
