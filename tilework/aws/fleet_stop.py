"""All hosts of an Auto Scaling group sent away, and no new one started until somebody allows it again."""

from __future__ import annotations

import logging
from typing import Any, Final, Protocol

import boto3

from tilework.aws.failures import told_as_ours
from tilework.aws.fleet_size import LAUNCH
from tilework.errors import TileworkError

log = logging.getLogger(__name__)

STAYING: Final = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")
"""Lifecycle states of hosts that are not on their way out yet."""


class AutoScaling(Protocol):
    """What is needed of an Auto Scaling client."""

    def suspend_processes(self, **request: Any) -> object:
        """SuspendProcesses."""
        ...

    def describe_auto_scaling_groups(self, **request: Any) -> Any:
        """DescribeAutoScalingGroups."""
        ...

    def terminate_instance_in_auto_scaling_group(self, **request: Any) -> object:
        """TerminateInstanceInAutoScalingGroup."""
        ...

    def set_desired_capacity(self, **request: Any) -> object:
        """SetDesiredCapacity."""
        ...


def stop_fleet(client: AutoScaling, group: str) -> list[str]:
    """Start no more hosts, and end those that are there; returns their ids.

    Each is asked to go by name, for a busy one is protected from a group that shrinks, but not from this ("Use instance
    scale-in protection", EC2 Auto Scaling user guide). The group's lifecycle hook waits while it drains: what it
    can end in time it ends, all else it hands back. May be done twice. Raises the first failure of a host once all have
    been asked, and at once what the client raises of the group.
    """
    client.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=[LAUNCH])
    (found,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    hosts = [each["InstanceId"] for each in found["Instances"] if each["LifecycleState"] in STAYING]
    failures = [failure for host in hosts if (failure := _end(client, host)) is not None]
    client.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=0, HonorCooldown=False)
    if failures:
        raise failures[0]
    log.warning("The budget is spent: %d hosts of %s go, and none starts", len(hosts), group)
    return hosts


def _end(client: AutoScaling, host: str) -> TileworkError | None:
    """End it, and return what failed: one that is gone already must not keep the others."""
    try:
        with told_as_ours(f"end the host {host}"):
            # lowering what is wanted is refused where more hosts are there than that; none starts in their place
            client.terminate_instance_in_auto_scaling_group(
                InstanceId=host, ShouldDecrementDesiredCapacity=False
            )
    except TileworkError as error:
        log.warning("%s", error.reason)
        return error
    return None


def connect_auto_scaling() -> AutoScaling:
    """Build the client of a process that may stop a fleet, in the region that it runs in."""
    client: AutoScaling = boto3.client("autoscaling")
    return client
