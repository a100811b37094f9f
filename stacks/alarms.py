"""What wakes a person: few alarms, each with a section in docs/alarms.md that says what to do.

CloudWatch bills an alarm by the metrics that it looks at (0.10 USD a month each), so each metric here is one that
nothing else can tell. What happens in the course of work (a refused image, a lost spot host, a throttled call) has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks import measures
from stacks.measures import FIVE_MINUTES
from stacks.topic_policy import let_publish
from worker_image.metrics import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stacks.queues import Queues
    from stacks.settings import Settings

RUNBOOK: Final = "docs/alarms.md"

BEHIND: Final = 10
"""So many times the wanted wait is far behind: scaling has had its time, and more hosts are not to be had or not allowed."""

SHORTEST_BEHIND: Final = 1800
"""Seconds. Whatever is wanted: a cold start, and hosts that the spot market gives only at the second try."""

MOST_RESTARTS: Final = 4
"""Of MPI worlds in a quarter of an hour, of all hosts. An image that kills its process costs one or two; more are no
single image."""

STALL_PERIODS: Final = 3
"""Of five minutes. A fleet starts from nothing in less than one of them, and what a rank works on ends in less than one
but for the rewriting of a large image, beside which the other ranks go on."""

LAMBDAS_OWN_WORDS: Final = (
    "[ERROR]",
    "Task timed out",
    "Runtime.ExitError",
    "Runtime.ImportModuleError",
)
"""How Lambda tells, in lines of its own, of an exception that nobody caught, of a function that took too long, that was
killed or ran out of memory, and that could not be loaded ("Troubleshoot invocation issues in Lambda")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One alarm: ``name`` is also its section of the runbook, ``sentence`` what is wrong when it sounds.

    It sounds when ``metric`` is at least ``threshold`` in each of ``periods``. Silence never sounds: see
    docs/alarms.md for why, alarm by alarm.
    """

    name: str
    sentence: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1


class Alarms(Construct):
    """``topic`` is told when an alarm begins and when it is over; ``alarms`` by name; ``on_math`` look at several metrics."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queues: Queues,
        logs_of_master: Mapping[str, logs.ILogGroup],
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.topic = self._topic()
        for name, group in logs_of_master.items():
            self._count_errors(name, group)
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        self.on_math: list[cloudwatch.Alarm] = []
        for watch in _watches(queues, settings):
            alarm = self.alarms[watch.name] = self._alarm(watch)
            if isinstance(watch.metric, cloudwatch.MathExpression):
                self.on_math.append(alarm)

    def _topic(self) -> sns.Topic:
        """Over TLS only, and under a key of one's own where one is set (docs/decisions/alarm-topic.md tells why else none)."""
        key_arn = self._settings.kms_key_arn
        topic = sns.Topic(
            self,
            "Topic",
            display_name=self._settings.stack_name,
            enforce_ssl=True,
            master_key=kms.Key.from_key_arn(self, "Key", key_arn) if key_arn else None,
        )
        ours = alarm_arn(f"{self._settings.stack_name}-*")
        let_publish(topic, "OurAlarms", "cloudwatch.amazonaws.com", ours)
        if self._settings.alarm_mail is not None:
            topic.add_subscription(subscriptions.EmailSubscription(self._settings.alarm_mail))
        return topic

    def _count_errors(self, name: str, group: logs.ILogGroup) -> None:
        """A function that catches what went wrong and answers with status 500 is no error to Lambda, but its log says it."""
        ours = logs.FilterPattern.any(
            *(logs.FilterPattern.string_value("$.level", "=", level) for level in ("ERROR", "CRITICAL"))
        )
        metric = measures.of_master(self._settings)
        for kind, pattern in (("Own", ours), ("Lambda", logs.FilterPattern.any_term(*LAMBDAS_OWN_WORDS))):
            logs.MetricFilter(
                self,
                f"{name}{kind}Errors",
                log_group=group,
                filter_pattern=pattern,
                metric_namespace=NAMESPACE,
                metric_name=metric.metric_name,
                # no default value: a metric without data costs nothing
                metric_value="1",
            )

    def _alarm(self, watch: Watch) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in watch.name.split("-")),
            alarm_name=f"{self._settings.stack_name}-{watch.name}",
            alarm_description=f"{watch.sentence} What to do: {RUNBOOK}#{watch.name}",
            metric=watch.metric,
            threshold=watch.threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=watch.periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        tell = actions.SnsAction(self.topic)
        alarm.add_alarm_action(tell)
        alarm.add_ok_action(tell)
        return alarm


def alarm_arn(name: str) -> str:
    """The ARN of an alarm of this account and region by its name."""
    return f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:{name}"


def behind_seconds(settings: Settings) -> int:
    """How old the oldest job's message may become before it is an alarm."""
    return max(BEHIND * settings.wanted_seconds, SHORTEST_BEHIND)


def _watches(queues: Queues, settings: Settings) -> Iterator[Watch]:
    yield Watch(
        name="dead-letters",
        sentence="A job has used up its attempts, or a message came twenty times without an end.",
        metric=measures.dead_letters(queues),
        threshold=1,
    )
    yield Watch(
        name="far-behind",
        sentence=f"The oldest job has waited for more than {behind_seconds(settings) // 60} minutes.",
        metric=measures.oldest(queues.jobs),
        threshold=behind_seconds(settings),
        periods=2,
    )
    yield Watch(
        name="world-restarts",
        sentence=f"MPI worlds have died more than {MOST_RESTARTS} times in a quarter of an hour.",
        metric=measures.of_workers("WorldRestarts", settings, period=measures.QUARTER_HOUR),
        threshold=MOST_RESTARTS + 1,
    )
    yield Watch(
        name="no-progress",
        sentence="Messages have waited for a quarter of an hour in which no rank has stored anything.",
        metric=_stalled(queues, settings),
        threshold=1,
        periods=STALL_PERIODS,
    )
    yield Watch(
        name="master-errors",
        sentence="A function of the master (API, keeper, clock or what wakes the fleet), or the preview, has failed.",
        metric=measures.of_master(settings),
        threshold=1,
    )


def _stalled(queues: Queues, settings: Settings) -> cloudwatch.MathExpression:
    """1 for a period with messages waiting at each of its minutes and nothing stored.

    Visible ones alone: what a host holds it works on, and its lease says so. ``SecondsStore`` is told by every host
    that stores results or what units leave, so that one metric speaks for photos and parts of large images alike.
    """
    return cloudwatch.MathExpression(
        expression="IF(FILL(jobs, 0) + FILL(units, 0) > 0 AND FILL(stored, 0) <= 0, 1, 0)",
        using_metrics={
            "jobs": measures.waiting(queues.jobs, statistic="Minimum"),
            "units": measures.waiting(queues.units, statistic="Minimum"),
            "stored": measures.of_workers("SecondsStore", settings),
        },
        period=FIVE_MINUTES,
        label="stalled",
    )
