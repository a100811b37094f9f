"""How many hosts there are between one and many: by the backlog of each queue a host.

Outstanding messages (visible and in flight) count, not visible ones alone: the host that works on the last message
must not go (aws-cdk#9242). Nothing here takes a host away, and so no busy one: the fleet goes to none in one step, when
nothing has been outstanding for a while, and what does that wakes it as well (stacks/waking.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from tilework.bill.deployment import cpus_of
from tilework.bill.work import FLEET_CORE_SECONDS

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from stacks.queues import Queues
    from stacks.settings import Settings

CORE_SECONDS_PER_UNIT: Final = 7.1
"""A unit is planned to take five seconds of a rank; 0.70 of a host's processors compute while it has units (docs/performance-fleet.md:
0.67 to 0.82)."""

MINUTE = Duration.minutes(1)


class Scaling(Construct):
    """A policy for each queue, whose target is the latency that is wanted over the seconds that a message takes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group: autoscaling.AutoScalingGroup,
        queues: Queues,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._group = group
        processors = min(map(cpus_of, settings.host_types))
        for kind, queue, wanted, seconds in (
            ("Jobs", queues.jobs, settings.wanted_seconds, FLEET_CORE_SECONDS),
            ("Units", queues.units, settings.wanted_scan_seconds, CORE_SECONDS_PER_UNIT),
        ):
            target = max(1, round(wanted * processors / seconds))
            self._follow_backlog(kind, queue, target=target)

    def _follow_backlog(self, kind: str, queue: sqs.Queue, *, target: float) -> None:
        """Add hosts while each has more than ``target`` messages of ``queue`` outstanding; never take one away."""
        policy = autoscaling.CfnScalingPolicy
        metrics = {**_outstanding("queue", queue), "hosts": self._hosts("GroupInServiceInstances")}
        policy(
            self,
            f"{kind}Backlog",
            auto_scaling_group_name=self._group.auto_scaling_group_name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration=policy.TargetTrackingConfigurationProperty(
                target_value=target,
                disable_scale_in=True,
                customized_metric_specification=policy.CustomizedMetricSpecificationProperty(
                    metrics=[
                        *(_query(name, metric) for name, metric in metrics.items()),
                        policy.TargetTrackingMetricDataQueryProperty(
                            id="backlog",
                            # no data at no hosts: what wakes the fleet looks at the queues itself
                            expression="(queue_visible + queue_in_flight) / hosts",
                            label=f"Outstanding {kind.lower()} a host",
                            return_data=True,
                        ),
                    ]
                ),
            ),
        )

    def _hosts(self, metric_name: str) -> cloudwatch.IMetric:
        return cloudwatch.Metric(
            namespace="AWS/AutoScaling",
            metric_name=metric_name,
            dimensions_map={"AutoScalingGroupName": self._group.auto_scaling_group_name},
            statistic="Average",
            period=MINUTE,
        )


def _outstanding(name: str, queue: sqs.Queue) -> dict[str, cloudwatch.IMetric]:
    return {
        f"{name}_visible": queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=MINUTE
        ),
        f"{name}_in_flight": queue.metric_approximate_number_of_messages_not_visible(
            statistic="Maximum", period=MINUTE
        ),
    }


def _query(
    name: str, metric: cloudwatch.IMetric
) -> autoscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty:
    policy = autoscaling.CfnScalingPolicy
    stat = metric.to_metric_config().metric_stat
    if stat is None:
        raise TypeError(f"{name} is no metric of its own")
    return policy.TargetTrackingMetricDataQueryProperty(
        id=name,
        return_data=False,
        metric_stat=policy.TargetTrackingMetricStatProperty(
            stat=stat.statistic,
            period=MINUTE.to_seconds(),
            metric=policy.MetricProperty(
                namespace=stat.namespace,
                metric_name=stat.metric_name,
                dimensions=[
                    policy.MetricDimensionProperty(name=dimension.name, value=dimension.value)
                    for dimension in stat.dimensions or []
                ],
            ),
        ),
    )
