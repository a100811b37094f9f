"""The fleet: an Auto Scaling group of hosts that each run one worker container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.log_group import log_group
from stacks.worker_host import WorkerHost
from worker_image.membership import ENTRANCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.network import Network
    from stacks.settings import Settings
    from stacks.worker_container import WorkerContainer

DISK_GIB = 30
"""System, image and logs. Of images only a JPEG or WebP beyond memory is on it, decoded, while it is rewritten."""

WARM_UP = Duration.seconds(60)
"""From in service, which a host is once it takes work, until its work shows in metrics of a minute."""

METADATA_URL = "http://169.254.169.254"
"""Where every EC2 host asks about itself."""

ENTRANCE = "take-work"
"""The lifecycle hook that waits until a new host takes work: it is in service from then on, and no sooner."""

ENTRANCE_TIMEOUT = Duration.seconds(ENTRANCE_SECONDS)
"""A host that takes no work by then never will, and another takes its place: it has tried twice to reach services that do
not answer. So a worker that cannot start anywhere costs one host at a time, which does not count as in service."""

HOOK = "drain"
"""The lifecycle hook that waits for a host which drains."""

HOOK_TIMEOUT = Duration.seconds(60)
"""Without a sign of life: a host gives one every 20 s while it drains, and is gone after 100. So one whose supervisor is
dead goes a minute later."""

MACHINE_IMAGES = {
    "x86_64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "arm64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
}
"""Public parameters with the newest Amazon Linux 2023: it has the AWS command line and Session Manager's agent, and
fetches Docker at the start. The image that ECS is run with has Docker, but neither of the first, and starts an agent of its
own (aws/amazon-ecs-ami)."""

SESSION = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ssm:UpdateInstanceInformation",
)
"""What Session Manager's agent needs to offer a shell to whoever IAM lets have one: AWS's own least
(AWSCloud9SSMInstanceProfile). AmazonSSMManagedInstanceCore would add ec2messages, commands, associations, inventory and every
parameter of the account. None of these actions is about a resource that could be named before the host is there."""


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
        self.log_group = log_group(self, "Log", settings)
        container.grant_pull(self.role)
        # a name of our own: the hosts are told it by a template that the group itself depends on
        self.group_name = f"{settings.stack_name}-workers"
        host = WorkerHost(
            image_uri=container.uri,
            registry=container.registry,
            region=Aws.REGION,
            log_group=self.log_group.log_group_name,
            metadata_url=METADATA_URL,
            environment={**environment, **self._own_environment()},
        )
        self.group = self._group(network, self._template(network, host))
        self.group.add_lifecycle_hook(
            "TakeWork",
            lifecycle_hook_name=ENTRANCE,
            lifecycle_transition=autoscaling.LifecycleTransition.INSTANCE_LAUNCHING,
            heartbeat_timeout=ENTRANCE_TIMEOUT,
            default_result=autoscaling.DefaultResult.ABANDON,
        )
        self.group.add_lifecycle_hook(
            "Drain",
            lifecycle_hook_name=HOOK,
            lifecycle_transition=autoscaling.LifecycleTransition.INSTANCE_TERMINATING,
            heartbeat_timeout=HOOK_TIMEOUT,
            default_result=autoscaling.DefaultResult.CONTINUE,
        )
        self._grant_membership()
        self._grant_sessions()

    @property
    def group_arn(self) -> str:
        """The group's ARN as policies name it."""
        return group_arn(self.group_name)

    def _grant_membership(self) -> None:
        """Let hosts say of themselves, in this group and no other, that they work, are busy, drain, have drained; and go."""
        actions = (
            "SetInstanceProtection",
            "RecordLifecycleActionHeartbeat",
            "CompleteLifecycleAction",
            "TerminateInstanceInAutoScalingGroup",
        )
        statement = iam.PolicyStatement(
            sid="Membership",
            actions=[f"autoscaling:{action}" for action in actions],
            resources=[self.group_arn],
        )
        self.role.add_to_policy(statement)

    def _grant_sessions(self) -> None:
        """Let people in by Session Manager, whom IAM allows it, instead of by a key and an open port."""
        statement = iam.PolicyStatement(sid="SessionManager", actions=list(SESSION), resources=["*"])
        self.role.add_to_policy(statement)

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
            associate_public_ip_address=network.public_addresses,
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            ebs_optimized=True,
            # seven metrics a host by the minute, 2.10 USD a month each while it runs, and nothing here goes by them
            detailed_monitoring=False,
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
            auto_scaling_group_name=self.group_name,
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
                    on_demand_base_capacity=self._settings.on_demand_base,
                    on_demand_percentage_above_base_capacity=100 - self._settings.spot_percent,
                    spot_allocation_strategy=autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
                ),
            ),
        )

    def _own_environment(self) -> Mapping[str, str]:
        own = {
            "TILEWORK_LEASE_SECONDS": str(self._settings.lease_seconds),
            "TILEWORK_DEPLOYMENT_NAME": self._settings.stack_name,
            "TILEWORK_METADATA_URL": METADATA_URL,
            "TILEWORK_FLEET_GROUP": self.group_name,
            "TILEWORK_LAUNCH_HOOK": ENTRANCE,
            "TILEWORK_TERMINATION_HOOK": HOOK,
        }
        if self._settings.extra_operations is not None:
            own["TILEWORK_EXTRA_OPERATIONS"] = self._settings.extra_operations
        return own


def group_arn(name: str) -> str:
    """The ARN of a group of this account and region as policies name it: AWS puts an id of its own into the middle."""
    groups = f"arn:{Aws.PARTITION}:autoscaling:{Aws.REGION}:{Aws.ACCOUNT_ID}:autoScalingGroup"
    return f"{groups}:*:autoScalingGroupName/{name}"
