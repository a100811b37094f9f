"""How many hosts there are: from none to one, by backlog to many, back to none.

Outstanding messages (visible and in flight) count, not visible ones alone: the host that works on the last message
must not go (aws-cdk#9242). Scale-in happens in one way only, to none when nothing has been outstanding for a while,
so that no busy host is ever ended by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from stacks.queues import Queues
    from stacks.settings import Settings

SECONDS_PER_PHOTO = 0.08
"""Of one host with four processors: a 12-megapixel JPEG takes about 0.3 s of one (decode, blur, encode, the store)."""

SECONDS_PER_UNIT = 1.25
"""Of one host with four processors: a unit of a large image is planned to take five seconds of one."""

IDLE_MINUTES = 10
"""Without anything outstanding, before the fleet goes to none."""

MINUTE = Duration.minutes(1)


class Scaling(Construct):
    """``alarms`` watch metric math: one wakes the fleet from none, one puts it to sleep."""

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
        for kind, queue, seconds in (
            ("Jobs", queues.jobs, SECONDS_PER_PHOTO),
            ("Units", queues.units, SECONDS_PER_UNIT),
        ):
            self._follow_backlog(kind, queue, target=round(settings.wanted_seconds / seconds))
        outstanding = {
            **_outstanding("jobs", queues.jobs),
            **_outstanding("units", queues.units),
        }
        self.alarms = (self._wake(outstanding), self._sleep(outstanding))

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
                            # no data at no hosts: what wakes the fleet then is the step below
                            expression="(queue_visible + queue_in_flight) / hosts",
                            label=f"Outstanding {kind.lower()} a host",
                            return_data=True,
                        ),
                    ]
                ),
            ),
        )

    def _wake(self, outstanding: dict[str, cloudwatch.IMetric]) -> cloudwatch.Alarm:
        """One host where there is work and none is wanted yet; desired, not running: a start takes minutes."""
        hosts = {"hosts": self._hosts("GroupDesiredCapacity")}
        return self._step(
            "Wake",
            expression=f"IF(FILL(hosts, 0) < 1, {_filled_sum(outstanding)}, 0)",
            metrics={**outstanding, **hosts},
            comparison=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            minutes=1,
            capacity=1,
        )

    def _sleep(self, outstanding: dict[str, cloudwatch.IMetric]) -> cloudwatch.Alarm:
        """No host after minutes in which the queues said that nothing is outstanding.

        A queue that was idle for six hours falls silent, and stays so for up to fifteen minutes after work came. One
        silent queue has no work while the other one speaks; two silent ones have told nothing, and a host that was
        just woken must not be put to sleep for that.
        """
        both_silent = "FILL(jobs_visible, -1) + FILL(units_visible, -1) < -1"
        return self._step(
            "Sleep",
            expression=f"IF({both_silent}, 1, {_filled_sum(outstanding)})",
            metrics=outstanding,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=0,
            minutes=IDLE_MINUTES,
            capacity=0,
        )

    def _step(
        self,
        kind: str,
        *,
        expression: str,
        metrics: dict[str, cloudwatch.IMetric],
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        minutes: int,
        capacity: int,
    ) -> cloudwatch.Alarm:
        action = autoscaling.StepScalingAction(
            self,
            f"{kind}Step",
            auto_scaling_group=self._group,
            adjustment_type=autoscaling.AdjustmentType.EXACT_CAPACITY,
        )
        rises = comparison == cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        action.add_adjustment(
            adjustment=capacity,
            lower_bound=0 if rises else None,
            upper_bound=None if rises else 0,
        )
        alarm = cloudwatch.Alarm(
            self,
            kind,
            metric=cloudwatch.MathExpression(expression=expression, using_metrics=metrics, period=MINUTE),
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=minutes,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.AutoScalingAction(action))
        return alarm

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


def _filled_sum(metrics: dict[str, cloudwatch.IMetric]) -> str:
    return " + ".join(f"FILL({name}, 0)" for name in metrics)


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
