from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from master import fleet_stop
from stacks.settings import Settings
from tests.stacks.reading import listed, may, name_of, only, resources, statements, text

if TYPE_CHECKING:
    from collections.abc import Callable

STOP = "MasterStopFleet"
STOPPING = Settings(budget_usd=50, budget_stops_fleet=True, alarm_mail="me@example.org")


def told(template: dict[str, Any]) -> set[tuple[str, int, str, str]]:
    """Each notification and subscriber of the budget."""
    return {
        (
            each["Notification"]["NotificationType"],
            each["Notification"]["Threshold"],
            subscriber["SubscriptionType"],
            text(subscriber["Address"]),
        )
        for each in only(template, "AWS::Budgets::Budget")["NotificationsWithSubscribers"]
        for subscriber in each["Subscribers"]
    }


def test_there_is_no_budget_unless_it_is_asked_for(template: dict[str, Any]) -> None:
    assert resources(template, "AWS::Budgets::Budget") == {}
    assert resources(template, "AWS::Lambda::Function", under=STOP) == {}


def test_a_budget_counts_what_bears_this_stacks_tag_and_warns_in_time(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    template = synthesize(Settings(budget_usd=50, alarm_mail="me@example.org"))
    budget = only(template, "AWS::Budgets::Budget")["Budget"]
    assert budget["BudgetLimit"] == {"Amount": 50, "Unit": "USD"}
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")
    assert budget["CostFilters"] == {"TagKeyValue": ["user:tilework$tilework-dev"]}
    bucket = only(template, "AWS::S3::Bucket", under="StorageInput")
    assert {"Key": "tilework", "Value": "tilework-dev"} in bucket["Tags"]
    mail = ("EMAIL", "me@example.org")
    assert told(template) == {("ACTUAL", 80, *mail), ("FORECASTED", 100, *mail), ("ACTUAL", 100, *mail)}
    assert resources(template, "AWS::Lambda::Function", under=STOP) == {}


def test_a_spent_budget_calls_the_function_that_stops_the_fleet_and_a_forecast_does_not(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    template = synthesize(STOPPING)
    topic = name_of(template, "AWS::SNS::Topic", under="BudgetSpent")
    assert {each for each in told(template) if each[2] == "SNS"} == {("ACTUAL", 100, "SNS", topic)}
    (subscription,) = (
        each["Properties"]
        for each in resources(template, "AWS::SNS::Subscription").values()
        if each["Properties"]["Protocol"] == "lambda"
    )
    assert text(subscription["TopicArn"]) == topic
    assert text(subscription["Endpoint"]) == name_of(template, "AWS::Lambda::Function", under=STOP)
    function = only(template, "AWS::Lambda::Function", under=STOP)
    assert function["Handler"] == f"{fleet_stop.__name__}.{fleet_stop.handler.__name__}"
    group = name_of(template, "AWS::AutoScaling::AutoScalingGroup", under="Workers")
    assert text(function["Environment"]["Variables"][fleet_stop.GROUP]) == group


def test_only_the_budget_of_this_account_may_say_that_it_is_spent(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    policy = only(synthesize(STOPPING), "AWS::SNS::TopicPolicy", under="BudgetSpent")["PolicyDocument"][
        "Statement"
    ]
    (allowed,) = (each for each in policy if each["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert any(each["Effect"] == "Deny" for each in policy)


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("autoscaling:SuspendProcesses", True),
        ("autoscaling:TerminateInstanceInAutoScalingGroup", True),
        ("autoscaling:SetDesiredCapacity", True),
        ("autoscaling:ResumeProcesses", False),
        ("autoscaling:UpdateAutoScalingGroup", False),
        ("autoscaling:DeleteAutoScalingGroup", False),
        ("ec2:TerminateInstances", False),
    ],
)
def test_the_function_may_stop_this_fleet_and_nothing_else(
    synthesize: Callable[[Settings], dict[str, Any]], action: str, allowed: bool
) -> None:
    template = synthesize(STOPPING)
    arns = {
        text(resource)
        for statement in statements(template, f"{STOP}ServiceRole")
        for resource in listed(statement["Resource"])
    }
    group = name_of(template, "AWS::AutoScaling::AutoScalingGroup", under="Workers")
    (ours,) = {arn for arn in arns if ":autoscaling:" in arn}
    assert ours.endswith(f":autoScalingGroup:*:autoScalingGroupName/{group}")
    assert may(template, f"{STOP}ServiceRole", action, ours) is allowed
    other = ours.replace(group, "somebody-elses")
    assert not may(template, f"{STOP}ServiceRole", action, other)


def test_it_names_each_action_and_reads_only_where_aws_knows_no_resource(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    anywhere = [
        listed(statement["Action"])
        for statement in statements(synthesize(STOPPING), f"{STOP}ServiceRole")
        if "*" in listed(statement["Resource"])
    ]
    assert anywhere == [["autoscaling:DescribeAutoScalingGroups"]]
