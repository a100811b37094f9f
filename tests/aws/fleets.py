"""An Auto Scaling group to look at."""

from __future__ import annotations

from typing import Any


def make_fleet(scaling: Any, ec2: Any, name: str, *, hosts: int, most: int = 8) -> None:
    """A group of ``name`` that wants so many hosts, through these clients."""
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    scaling.create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="c7i.xlarge"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchConfigurationName=name, VPCZoneIdentifier=subnet,
        MinSize=0, MaxSize=most, DesiredCapacity=hosts,
    )  # fmt: skip
