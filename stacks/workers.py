"""The fleet: an Auto Scaling group of hosts that each run one worker container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.worker_host import WorkerHost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.network import Network
    from stacks.settings import Settings
    from stacks.worker_container import WorkerContainer

DISK_GIB = 30
"""System, image and logs. Of images only a JPEG or WebP beyond memory is on it, decoded, while it is rewritten."""

WARM_UP = Duration.seconds(90)
"""From launch until the first message: start, packages, image, world."""

MACHINE_IMAGES = {
    "x86_64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "arm64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
}
"""Public parameters with the newest Amazon Linux 2023."""


class Workers(Construct):
    """``group`` starts at no hosts and has no desired capacity: a deploy must not reset what scaling has set."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        container: WorkerContainer,
        environment: Mapping[str, str],
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="Worker hosts: read inputs, write results, work the queues and the job table",
        )
        self.log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS if settings.is_prod else logs.RetentionDays.ONE_WEEK,
            removal_policy=RemovalPolicy.RETAIN if settings.is_prod else RemovalPolicy.DESTROY,
        )
        container.grant_pull(self.role)
        host = WorkerHost(
            image_uri=container.uri,
            registry=container.registry,
            region=Aws.REGION,
            log_group=self.log_group.log_group_name,
            environment={**environment, **_own_environment(settings)},
        )
        self.group = self._group(network, self._template(network, host))

    def _template(self, network: Network, host: WorkerHost) -> ec2.LaunchTemplate:
        parameter = self._settings.worker_ami_parameter or MACHINE_IMAGES[self._settings.architecture]
        user_data = ec2.UserData.custom(host.script())
        return ec2.LaunchTemplate(
            self,
            "Template",
            # read at each launch, so that new hosts are patched without a deploy
            machine_image=ec2.MachineImage.resolve_ssm_parameter_at_launch(parameter, user_data=user_data),
            user_data=user_data,
            role=self.role,
            security_group=network.workers,
            associate_public_ip_address=True,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            ebs_optimized=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        DISK_GIB, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )

    def _group(self, network: Network, template: ec2.LaunchTemplate) -> autoscaling.AutoScalingGroup:
        types = [
            autoscaling.LaunchTemplateOverrides(instance_type=ec2.InstanceType(kind))
            for kind in self._settings.host_types
        ]
        return autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=network.vpc,
            min_capacity=0,
            max_capacity=self._settings.maximum_hosts,
            default_instance_warmup=WARM_UP,
            capacity_rebalance=True,
            group_metrics=[autoscaling.GroupMetrics.all()],
            mixed_instances_policy=autoscaling.MixedInstancesPolicy(
                launch_template=template,
                launch_template_overrides=types,
                instances_distribution=autoscaling.InstancesDistribution(
                    on_demand_percentage_above_base_capacity=100 - self._settings.spot_percent,
                    spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
                ),
            ),
        )


def _own_environment(settings: Settings) -> Mapping[str, str]:
    own = {
        "TILEWORK_LEASE_SECONDS": str(settings.lease_seconds),
        "TILEWORK_DEPLOYMENT_NAME": settings.stack_name,
    }
    if settings.extra_operations is not None:
        own["TILEWORK_EXTRA_OPERATIONS"] = settings.extra_operations
    return own
