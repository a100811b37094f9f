"""The dashboard: from top to bottom, is it working, how far behind is it, what fails, what does it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks import measures
from stacks.alarms import alarm_arn
from stacks.measures import FIVE_MINUTES
from stacks.workers import DISK_GIB
from tilework.bill.hosts import host_hour
from tilework.bill.prices import list_prices
from tilework.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_apigatewayv2 as apigateway
    from aws_cdk import aws_autoscaling as autoscaling
    from aws_cdk import aws_lambda as functions

    from stacks.alarms import Alarms
    from stacks.queues import Queues
    from stacks.settings import Settings

WIDTH: Final = 24
"""Columns of a dashboard."""

THIRD: Final = WIDTH // 3

HEIGHT: Final = 6

DAY: Final = Duration.days(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the dashboard is about; ``functions`` are the master's, by their kinds."""

    queues: Queues
    group: autoscaling.AutoScalingGroup
    functions: Mapping[str, functions.Function]
    api: apigateway.HttpApi
    alarms: Alarms


class Dashboard(Construct):
    """Four questions, a row each, under the alarms; each look at it is free of charge."""

    def __init__(self, scope: Construct, construct_id: str, *, shown: Shown, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._shown = shown
        board = cloudwatch.Dashboard(
            self,
            "Board",
            dashboard_name=settings.stack_name,
            default_interval=Duration.hours(12),
            period_override=cloudwatch.PeriodOverride.INHERIT,
        )
        for row in (
            self._alarms(),
            self._is_it_working(),
            self._how_far_behind(),
            self._what_fails(),
            self._what_it_costs(),
        ):
            board.add_widgets(*row)

    def _alarms(self) -> list[cloudwatch.IWidget]:
        # by name: the embedded AWS takes no alarm on metric math, but the dashboard that shows it
        named = [
            cloudwatch.Alarm.from_alarm_arn(self, name, alarm_arn(f"{self._settings.stack_name}-{name}"))
            for name in self._shown.alarms.alarms
        ]
        return [
            cloudwatch.AlarmStatusWidget(alarms=named, title="Alarms (docs/alarms.md)", width=WIDTH, height=3)
        ]

    def _is_it_working(self) -> list[cloudwatch.IWidget]:
        settings, group = self._settings, self._shown.group
        ended = [measures.of_workers(name, settings) for name in ("Done", "Failed", "Skipped")]
        phases = ("SecondsRead", "SecondsDecode", "SecondsKernels", "SecondsEncode", "SecondsStore")
        return [
            _graph("Is it working? Jobs that ended", ended),
            _graph(
                "Hosts: wanted and in service",
                [
                    measures.of_hosts(name, group)
                    for name in ("GroupDesiredCapacity", "GroupInServiceInstances")
                ],
            ),
            _graph(
                "What ranks do, seconds",
                [measures.of_workers(name, settings) for name in phases],
                stacked=True,
            ),
        ]

    def _how_far_behind(self) -> list[cloudwatch.IWidget]:
        queues = self._shown.queues
        kinds = (("jobs", queues.jobs), ("units", queues.units))
        in_flight = [
            queue.metric_approximate_number_of_messages_not_visible(
                statistic="Maximum", period=FIVE_MINUTES, label=f"{kind} in flight"
            )
            for kind, queue in kinds
        ]
        held = [
            measures.of_workers(name, self._settings, statistic="Maximum")
            for name in ("JobsHeld", "UnitsHeld")
        ]
        return [
            _graph(
                "How far behind? Messages that wait, and in flight",
                [*(measures.waiting(queue, f"{kind} waiting") for kind, queue in kinds), *in_flight],
            ),
            _graph("Oldest message, seconds", [measures.oldest(queue, kind) for kind, queue in kinds]),
            _graph("Held by the busiest host", held),
        ]

    def _what_fails(self) -> list[cloudwatch.IWidget]:
        settings, queues = self._settings, self._shown.queues
        troubles = [
            measures.of_workers(name, settings) for name in ("WorldRestarts", "LeaseLosses", "IntakePauses")
        ]
        letters = measures.dead_letters(queues, "dead letters")
        lost = measures.waiting(queues.dropped_notices, "notices nobody could fold")
        troubled = [
            metric(statistic="Sum", period=FIVE_MINUTES, label=f"{name} {word}")
            for name, function in self._shown.functions.items()
            for metric, word in ((function.metric_errors, "errors"), (function.metric_throttles, "throttles"))
        ]
        api = self._shown.api
        answers = [
            api.metric_client_error(statistic="Sum", period=FIVE_MINUTES, label="API 4xx"),
            api.metric_server_error(statistic="Sum", period=FIVE_MINUTES, label="API 5xx"),
        ]
        return [
            _graph("What fails? Jobs, by code", [measures.failed_by_code(settings)]),
            _graph("Workers' troubles, dead letters", [*troubles, letters, lost]),
            _graph("Master", [measures.of_master(settings), *answers, *troubled]),
        ]

    def _what_it_costs(self) -> list[cloudwatch.IWidget]:
        """Hosts times a price: the bill itself is told in us-east-1 only, hours late, and of the whole account."""
        settings = self._settings
        prices = list_prices()
        try:
            hour = host_hour(
                prices, settings.host_types, spot_percent=settings.spot_percent, disk_gb=DISK_GIB
            ).usd
        except SettingsError as error:
            return [
                cloudwatch.TextWidget(
                    markdown=f"**What does it cost?** {error.reason}", width=WIDTH, height=2
                )
            ]
        return [
            _graph(
                f"What does it cost? Hosts at {hour:.3f} USD an hour",
                [self._spent(hour, "USD an hour", Duration.hours(1))],
            ),
            cloudwatch.SingleValueWidget(
                title="Hosts, USD each day",
                metrics=[self._spent(24 * hour, "USD", DAY)],
                sparkline=True,
                width=THIRD,
                height=HEIGHT,
            ),
            cloudwatch.TextWidget(
                markdown=(
                    f"Estimated: hosts in service, at AWS's list prices of {prices.date} in {prices.region};"
                    f" spot ones at {prices.of('spot', 'share'):.0%} of them. Requests and storage come on top:"
                    " `tilework cost`, docs/cost.md."
                ),
                width=THIRD,
                height=HEIGHT,
            ),
        ]

    def _spent(self, price: float, label: str, period: Duration) -> cloudwatch.MathExpression:
        hosts = measures.of_hosts("GroupInServiceInstances", self._shown.group, period=period)
        return cloudwatch.MathExpression(
            expression=f"FILL(hosts, 0) * {price:.4f}",
            using_metrics={"hosts": hosts},
            label=label,
            period=period,
        )


def _graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, stacked: bool = False
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        stacked=stacked,
        left_y_axis=cloudwatch.YAxisProps(min=0),
        width=THIRD,
        height=HEIGHT,
    )
