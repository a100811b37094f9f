"""A budget a month: who is told when it runs out, and, where that is asked for, the fleet that stops then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.topic_policy import let_publish
from stacks.workers import group_arn

if TYPE_CHECKING:
    from stacks.settings import Settings

EARLY: Final = 80
"""Percent of the budget that are spent: time enough to look."""

ALL: Final = 100

TAG: Final = "tilework"
"""Every resource bears it, with the stack's name. It must be made a cost allocation tag once in an account, and until
then the budget sees nothing: docs/alarms.md#budget."""

STOPS: Final = ("SuspendProcesses", "TerminateInstanceInAutoScalingGroup", "SetDesiredCapacity")
"""What tilework.aws.fleet_stop asks of the group."""

STOP_SECONDS: Final = 300
"""The largest fleet has a thousand hosts, one call each."""


class Budget(Construct):
    """``budget_usd`` a month of what bears this deployment's tag; ``spent`` is told when all of it is used."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.spent = self._topic() if settings.budget_stops_fleet else None
        # it has no name of its own: whom it tells cannot be changed without another one, which must not meet the first
        self.month = budgets.CfnBudget(
            self,
            "Month",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=settings.budget_usd or 0, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{TAG}${settings.stack_name}"]},
            ),
            notifications_with_subscribers=self._notifications(),
        )

    def stop(self, group_name: str, function: functions.Function) -> None:
        """Let ``function`` send the hosts of the group away when the budget is spent, and do nothing else."""
        if self.spent is None:
            return
        self.spent.add_subscription(subscriptions.LambdaSubscription(function))
        for actions, resource in (
            (STOPS, group_arn(group_name)),
            # it knows no resource ("Actions, resources, and condition keys for Amazon EC2 Auto Scaling"), and only reads
            (("DescribeAutoScalingGroups",), "*"),
        ):
            statement = iam.PolicyStatement(
                actions=[f"autoscaling:{action}" for action in actions], resources=[resource]
            )
            function.add_to_role_policy(statement)

    def _topic(self) -> sns.Topic:
        topic = sns.Topic(self, "Spent", enforce_ssl=True)
        ours = f"arn:{Aws.PARTITION}:budgets::{Aws.ACCOUNT_ID}:*"
        let_publish(topic, "OurBudget", "budgets.amazonaws.com", ours)
        return topic

    def _notifications(self) -> list[budgets.CfnBudget.NotificationWithSubscribersProperty]:
        mail = self._settings.alarm_mail
        people = [] if mail is None else [_subscriber("EMAIL", mail)]
        function = [] if self.spent is None else [_subscriber("SNS", self.spent.topic_arn)]
        told = (("ACTUAL", EARLY, people), ("FORECASTED", ALL, people), ("ACTUAL", ALL, [*people, *function]))
        return [
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                ),
                subscribers=subscribers,
            )
            for kind, percent, subscribers in told
            if subscribers
        ]


def _subscriber(kind: str, address: str) -> budgets.CfnBudget.SubscriberProperty:
    return budgets.CfnBudget.SubscriberProperty(subscription_type=kind, address=address)
