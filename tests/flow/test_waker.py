"""The waker as it is deployed: the function of the stack, called by Lambda, on the queues and the group of the stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from tests.conftest import REGION
from tilework.aws.fleet_size import connect_fleet

if TYPE_CHECKING:
    from tests.flow.running_system import RunningSystem

FORGOTTEN = '{"Service": "Amazon S3", "Event": "s3:TestEvent"}'
"""A message that a host acknowledges, and that is about no image."""

LATER = 900.0
"""Seconds: outstanding, and nobody takes it while the test runs."""


def test_the_deployed_function_wakes_the_stacks_group_for_a_message_in_the_stacks_queue(
    running: RunningSystem,
) -> None:
    endpoint = running.environment["AWS_ENDPOINT_URL"]
    functions, groups = (
        boto3.client(kind, REGION, endpoint_url=endpoint) for kind in ("lambda", "autoscaling")
    )
    (name,) = (
        each["FunctionName"]
        for each in functions.list_functions()["Functions"]
        if "MasterWaker" in each["FunctionName"]
    )
    (group,) = groups.describe_auto_scaling_groups()["AutoScalingGroups"]
    fleet = connect_fleet(REGION, group["AutoScalingGroupName"], endpoint)
    # whoever asked for an upload before has woken it
    fleet.want(0)
    running.system.units.send(FORGOTTEN, delay=LATER)

    def look() -> dict[str, Any]:
        answer = functions.invoke(FunctionName=name, Payload=b"{}")
        told: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, told
        return told

    try:
        assert look() == {"hosts": 1, "idle_since": None}
        assert fleet.look().wanted == 1
        assert look() == {"hosts": None, "idle_since": None}
    finally:
        fleet.want(0)
