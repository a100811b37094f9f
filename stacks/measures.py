"""Metrics that the dashboard and the alarms look at, named after what makes them: ours by the workers' own table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from worker_image.metrics import CODE, DEPLOYMENT, METRICS, NAMESPACE

if TYPE_CHECKING:
    from aws_cdk import aws_autoscaling as autoscaling
    from aws_cdk import aws_sqs as sqs

    from stacks.queues import Queues
    from stacks.settings import Settings

FIVE_MINUTES: Final = Duration.minutes(5)
"""What the alarms look at a time: SQS tells its metrics each minute, hosts theirs up to a minute later."""

QUARTER_HOUR: Final = Duration.minutes(15)

MASTER_ERRORS: Final = "MasterErrors"
"""Errors in the logs of the master's functions; a filter of lines knows no dimension, so the name bears the stack's."""

_KNOWN: Final = {metric.name: metric for metric in METRICS}


def of_workers(
    name: str, settings: Settings, *, statistic: str = "Sum", period: Duration = FIVE_MINUTES
) -> cloudwatch.Metric:
    """A metric that worker hosts write, over all of them. Raises KeyError where they write none of this name."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=_KNOWN[name].name,
        dimensions_map={DEPLOYMENT: settings.stack_name},
        statistic=statistic,
        period=period,
    )


def failed_by_code(settings: Settings) -> cloudwatch.MathExpression:
    """What failed, a line for each code that occurs; of a dashboard only, for alarms cannot search."""
    found = f'{{{NAMESPACE},{DEPLOYMENT},{CODE}}} MetricName="{_KNOWN["Failed"].name}" {DEPLOYMENT}="{settings.stack_name}"'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{found}', 'Sum', {FIVE_MINUTES.to_seconds()})",
        using_metrics={},
        label="",
        period=FIVE_MINUTES,
    )


def of_master(settings: Settings) -> cloudwatch.Metric:
    """Errors of the master's functions, as their logs tell them."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=f"{MASTER_ERRORS}-{settings.stack_name}",
        statistic="Sum",
        period=FIVE_MINUTES,
    )


def of_hosts(
    name: str, group: autoscaling.AutoScalingGroup, *, period: Duration = FIVE_MINUTES
) -> cloudwatch.Metric:
    """A metric of the Auto Scaling group, such as ``GroupInServiceInstances``."""
    return cloudwatch.Metric(
        namespace="AWS/AutoScaling",
        metric_name=name,
        dimensions_map={"AutoScalingGroupName": group.auto_scaling_group_name},
        statistic="Average",
        period=period,
        label=name,
    )


def waiting(queue: sqs.Queue, label: str = "", *, statistic: str = "Maximum") -> cloudwatch.Metric:
    """Messages that nobody has taken yet."""
    return queue.metric_approximate_number_of_messages_visible(
        statistic=statistic, period=FIVE_MINUTES, label=label or None
    )


def oldest(queue: sqs.Queue, label: str = "") -> cloudwatch.Metric:
    """Seconds that the oldest message has waited; SQS leaves out messages that were received three times."""
    return queue.metric_approximate_age_of_oldest_message(
        statistic="Maximum", period=FIVE_MINUTES, label=label or None
    )


def dead_letters(queues: Queues, label: str = "") -> cloudwatch.Metric:
    """Dead letters that came to the keeper, each time that they came.

    Not those that lie there: it takes one within milliseconds, and what it fails to judge comes again.
    """
    return queues.dead_letters.metric_number_of_messages_received(
        statistic="Sum", period=FIVE_MINUTES, label=label or None
    )
