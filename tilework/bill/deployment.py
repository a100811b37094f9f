"""What a synthesized template holds that costs something."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINUTES: Final = {"minute": 1, "hour": 60, "day": 24 * 60}

CPUS: Final = {"medium": 1, "large": 2, "xlarge": 4}
"""Virtual processors by an instance's size; an ``Nxlarge`` has N times four."""

FREE: Final = frozenset({
    "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage", "AWS::AutoScaling::AutoScalingGroup",
    "AWS::AutoScaling::LifecycleHook", "AWS::Budgets::Budget", "AWS::CDK::Metadata", "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain", "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer", "AWS::DynamoDB::Table", "AWS::EC2::InternetGateway", "AWS::EC2::LaunchTemplate",
    "AWS::EC2::Route", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::Subnet", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPC", "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::InstanceProfile", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::Role",
    "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup", "AWS::Logs::MetricFilter", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription",
    "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Scheduler::ScheduleGroup",
})  # fmt: skip
"""Cost nothing as long as nobody uses them: they are billed by requests, hours of hosts, or what they hold. A Cognito pool
is free up to ten thousand people a month, a budget without actions always."""

COUNTED: Final = frozenset({
    "AWS::AutoScaling::ScalingPolicy", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard",
    "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::Events::Rule", "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping", "AWS::Scheduler::Schedule",
})  # fmt: skip
"""Cost something even then, and are counted."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A function that is called again and again: ``calls`` an hour, each with ``memory`` GB."""

    calls: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """``kinds`` of hosts with ``cpus`` virtual processors each, ``spot_percent`` of them spot, ``disk_gb`` each.

    Of ``alarm_metrics`` those that AWS's own alarms for target tracking look at are ``tracked_metrics`` as well. ``unpriced`` are types of resources that nothing here knows a price of.
    """

    kinds: tuple[str, ...]
    cpus: int
    spot_percent: float
    disk_gb: float
    architecture: str
    keeper_memory: float
    alarm_metrics: int
    tracked_metrics: int
    dashboards: int
    polled_queues: int
    clocks: tuple[Clock, ...]
    nat_gateways: int
    interface_endpoints: int
    keys: int
    unpriced: tuple[str, ...]


def read(template: Mapping[str, Any]) -> Deployment:
    """Read a template of this project, as CDK writes it. Raises SettingsError where it is no such template."""
    try:
        return _read(template)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise SettingsError(
            f"This is no template of Tilework: {type(error).__name__}: {error}.",
            advice="Run `make synth` first.",
        ) from error


def _read(template: Mapping[str, Any]) -> Deployment:
    (group,) = _of(template, "AWS::AutoScaling::AutoScalingGroup")
    mixed = group["MixedInstancesPolicy"]
    kinds = tuple(each["InstanceType"] for each in mixed["LaunchTemplate"]["Overrides"])
    (host,) = _of(template, "AWS::EC2::LaunchTemplate")
    (disk,) = host["LaunchTemplateData"]["BlockDeviceMappings"]
    functions = [each for each in _of(template, "AWS::Lambda::Function") if "MemorySize" in each]
    keeper = next(each for each in functions if each.get("Handler", "").endswith("keeper_handler"))
    alarms = sum(_metrics(alarm) for alarm in _of(template, "AWS::CloudWatch::Alarm"))
    tracked = sum(map(_tracked, _of(template, "AWS::AutoScaling::ScalingPolicy")))
    endpoints = [
        each for each in _of(template, "AWS::EC2::VPCEndpoint") if each.get("VpcEndpointType") == "Interface"
    ]
    types = {resource["Type"] for resource in template["Resources"].values()}
    return Deployment(
        kinds=kinds,
        cpus=min(map(cpus_of, kinds)),
        spot_percent=100
        - float(mixed["InstancesDistribution"].get("OnDemandPercentageAboveBaseCapacity", 100)),
        disk_gb=float(disk["Ebs"]["VolumeSize"]),
        architecture=keeper["Architectures"][0],
        keeper_memory=keeper["MemorySize"] / 1024,
        alarm_metrics=alarms + tracked,
        tracked_metrics=tracked,
        dashboards=len(_of(template, "AWS::CloudWatch::Dashboard")),
        polled_queues=sum(
            each.get("Enabled", True) for each in _of(template, "AWS::Lambda::EventSourceMapping")
        ),
        clocks=tuple(_clocks(template)),
        nat_gateways=len(_of(template, "AWS::EC2::NatGateway")),
        interface_endpoints=sum(len(each.get("SubnetIds", [1])) for each in endpoints),
        keys=len(_of(template, "AWS::KMS::Key")),
        unpriced=tuple(sorted(each for each in types - FREE - COUNTED if not each.startswith("Custom::"))),
    )


def cpus_of(kind: str) -> int:
    """Virtual processors of an instance type such as ``c7i.2xlarge``. Raises SettingsError for a size that does not tell."""
    family, _, size = kind.partition(".")
    # the small ones of T are two threads of a core that is shared with others
    if size in CPUS:
        return max(2, CPUS[size]) if family.startswith("t") else CPUS[size]
    if match := re.fullmatch(r"(\d+)xlarge|metal-(\d+)xl", size):
        return int(match[1] or match[2]) * CPUS["xlarge"]
    raise SettingsError(
        f"{kind} is of a size whose processors are not known.",
        advice="Take hosts of medium size or larger; of bare metal those that tell how large they are, as metal-24xl does.",
    )


def _of(template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each.get("Properties", {}) for each in template["Resources"].values() if each["Type"] == kind]


def _metrics(alarm: Mapping[str, Any]) -> int:
    """An alarm on metric math is billed for each metric that it looks at."""
    if "MetricName" in alarm:
        return 1
    return sum("MetricStat" in each for each in alarm["Metrics"])


def _tracked(policy: Mapping[str, Any]) -> int:
    """Target tracking makes an alarm for more hosts, and one for fewer unless that is switched off."""
    tracking = policy.get("TargetTrackingConfiguration")
    if tracking is None:
        return 0
    own = tracking.get("CustomizedMetricSpecification", {}).get("Metrics", [{"MetricStat": {}}])
    return _metrics({"Metrics": own}) * (1 if tracking.get("DisableScaleIn") else 2)


def _clocks(template: Mapping[str, Any]) -> Iterator[Clock]:
    memory = {
        name: each["Properties"].get("MemorySize", 128) / 1024
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::Lambda::Function"
    }
    rules = [(each, each.get("Targets", [])) for each in _of(template, "AWS::Events::Rule")]
    rules += [(each, [each["Target"]]) for each in _of(template, "AWS::Scheduler::Schedule")]
    for rule, targets in rules:
        if "ScheduleExpression" not in rule or rule.get("State") == "DISABLED":
            continue
        for target in targets:
            match target["Arn"]:
                case {"Fn::GetAtt": [str(name), "Arn"]} if name in memory:
                    yield Clock(calls_an_hour(rule["ScheduleExpression"]), memory[name])


def calls_an_hour(schedule: str) -> float:
    """Of a rule with such a schedule: ``rate(5 minutes)`` calls twelve times. Raises ValueError for what is no rate."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    if match is None:
        raise ValueError(f"{schedule} is no rate")
    return 60 / (int(match[1]) * MINUTES[match[2]])
