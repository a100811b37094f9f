"""Who watches the deployment is told what matters, and nothing else."""

from __future__ import annotations

import json
import logging
import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.cases import KEY
from tests.stacks.reading import listed, name_of, only, resources, text
from tilework.logs import LogSettings, log_to_stderr
from worker_image.metrics import HeldCount, documents
from worker_image.tally import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "alarms.md"

OTHER_SECTIONS = {"budget", "what-has-no-alarm", "with-a-key-of-your-own"}

OURS = "WatchingAlarms"
TOPIC = "WatchingAlarmsTopic"


def alarms(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Our alarms, by their names without the stack's."""
    found = [
        each["Properties"] for each in resources(template, "AWS::CloudWatch::Alarm", under=OURS).values()
    ]
    return {each["AlarmName"].removeprefix("tilework-dev-"): each for each in found}


def board(template: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text(only(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]))
    return body


def shown(template: dict[str, Any]) -> Iterator[list[Any]]:
    """Each metric of the dashboard, as it writes them: namespace, name, dimensions, options."""
    for widget in board(template)["widgets"]:
        yield from widget["properties"].get("metrics", [])


def test_each_alarm_has_its_section_of_the_runbook_and_each_section_its_alarm(
    template: dict[str, Any],
) -> None:
    titles = re.findall(r"^## (.*)$", RUNBOOK.read_text(), re.MULTILINE)
    sections = {title.lower().replace(" ", "-") for title in titles}
    assert sections - OTHER_SECTIONS == set(alarms(template))
    assert sections >= OTHER_SECTIONS
    rows = set(re.findall(r"^\| \[([a-z-]+)\]\(#\1\)", RUNBOOK.read_text(), re.MULTILINE))
    assert rows == set(alarms(template)) | {"budget"}
    for name, alarm in alarms(template).items():
        assert alarm["AlarmDescription"].endswith(f" What to do: docs/alarms.md#{name}")


def test_the_topic_is_told_when_an_alarm_begins_and_when_it_is_over(template: dict[str, Any]) -> None:
    topic = name_of(template, "AWS::SNS::Topic", under=TOPIC)
    for alarm in alarms(template).values():
        assert [text(action) for action in alarm["AlarmActions"]] == [topic]
        assert [text(action) for action in alarm["OKActions"]] == [topic]


def test_silence_is_no_alarm_for_all_that_is_idle_is_silent(template: dict[str, Any]) -> None:
    assert {alarm["TreatMissingData"] for alarm in alarms(template).values()} == {"notBreaching"}


@pytest.mark.parametrize(
    ("jobs", "units", "stored", "stalled"),
    [
        (None, None, None, 0),  # asleep for hours
        (0, 0, None, 0),  # asleep
        (12, 0, None, 1),  # dropped, and no host speaks
        (0, 4, 0.0, 1),  # hosts speak, and have stored nothing
        (0, 4, None, 1),
        (12, 0, 31.5, 0),  # photos are stored
        (5, 900, 0.4, 0),  # units leave what they made
        (None, None, 8.0, 0),  # the last ones of a batch
    ],
)
def test_no_progress_is_messages_that_wait_while_nothing_is_stored(
    template: dict[str, Any], jobs: float | None, units: float | None, stored: float | None, stalled: int
) -> None:
    alarm = alarms(template)["no-progress"]
    (expression,) = (each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
    values = {"jobs": jobs, "units": units, "stored": stored}
    assert {each["Id"] for each in alarm["Metrics"] if "MetricStat" in each} == set(values)
    python = re.sub(r"FILL\((\w+), 0\)", lambda match: str(values[match[1]] or 0), expression)
    python = re.sub(r"^IF\((.*), 1, 0\)$", r"int(\1)", python.replace(" AND ", " and "))
    assert eval(python, {"int": int}) == stalled  # noqa: S307 - our own template's


def test_a_fleet_that_starts_has_a_quarter_of_an_hour_for_its_first_result(template: dict[str, Any]) -> None:
    alarm = alarms(template)["no-progress"]
    periods = {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
    assert periods == {300}
    assert alarm["EvaluationPeriods"] == 3
    waiting = [each["MetricStat"]["Stat"] for each in alarm["Metrics"] if each["Id"] in {"jobs", "units"}]
    assert waiting == ["Minimum", "Minimum"]


def test_far_behind_follows_the_wanted_wait_but_for_the_time_of_a_start(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    patient = synthesize(Settings(wanted_seconds=600))
    assert alarms(template)["far-behind"]["Threshold"] == 1800
    assert alarms(patient)["far-behind"]["Threshold"] == 6000
    assert "more than 100 minutes" in alarms(patient)["far-behind"]["AlarmDescription"]


def test_dead_letters_are_counted_when_the_keeper_gets_them_for_it_leaves_none_lying(
    template: dict[str, Any],
) -> None:
    alarm = alarms(template)["dead-letters"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (
        "NumberOfMessagesReceived",
        "Sum",
        1,
    )
    (queue,) = alarm["Dimensions"]
    assert text(queue["Value"]) == name_of(template, "AWS::SQS::Queue", under="QueuesDeadLetters")


def test_every_metric_of_ours_that_is_looked_at_is_one_that_hosts_write(template: dict[str, Any]) -> None:
    written = set()
    sums = Sums(failures=Counter({"crashed": 1}))
    for document in documents(sums, HeldCount(0, 0), deployment="tilework-dev", host="h", now=time.time()):
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]:
            told = ((name, document[name]) for name in directive["Dimensions"][0] if name != "Code")
            written.add((directive["Namespace"], metric["Name"], *(part for pair in told for part in pair)))
    filters = {
        (each["MetricNamespace"], each["MetricName"])
        for resource in resources(template, "AWS::Logs::MetricFilter").values()
        for each in resource["Properties"]["MetricTransformations"]
    }
    on_board = {
        tuple(part for part in metric if isinstance(part, str))
        for metric in shown(template)
        if metric[0] == "Tilework"
    }
    in_alarms = set()
    for alarm in alarms(template).values():
        metrics = [alarm] + [
            each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each
        ]
        for metric in metrics:
            if metric.get("Namespace") == "Tilework":
                pairs = [
                    part for each in metric.get("Dimensions", []) for part in (each["Name"], each["Value"])
                ]
                in_alarms.add((metric["Namespace"], metric["MetricName"], *pairs))
    assert len(filters) == 1
    assert on_board | in_alarms <= written | filters
    assert len(on_board) >= 14
    assert len(in_alarms) == 3


def test_failures_are_shown_by_each_code_that_occurs(template: dict[str, Any]) -> None:
    searches = [metric[0]["expression"] for metric in shown(template) if "SEARCH" in str(metric)]
    assert searches == [
        "SEARCH('{Tilework,Deployment,Code} MetricName=\"Failed\" Deployment=\"tilework-dev\"', 'Sum', 300)"
    ]


def test_one_look_answers_four_questions_below_the_alarms(template: dict[str, Any]) -> None:
    widgets = board(template)["widgets"]
    assert widgets[0]["type"] == "alarm"
    assert {arn.rpartition(":tilework-dev-")[2] for arn in widgets[0]["properties"]["alarms"]} == set(
        alarms(template)
    )
    titles = [widget["properties"].get("title", "") for widget in widgets]
    asked = [title.partition("?")[0] for title in titles if "?" in title]
    assert asked == ["Is it working", "How far behind", "What fails", "What does it cost"]


def test_a_kind_of_host_without_a_price_costs_the_dashboard_that_row_only(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    widgets = board(synthesize(Settings(instance_types=("m7i.large",))))["widgets"]
    assert "There is no price of m7i.large" in widgets[-1]["properties"]["markdown"]


def test_without_a_dashboard_the_alarms_stay(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    blind = synthesize(Settings(dashboard=False))
    assert resources(blind, "AWS::CloudWatch::Dashboard") == {}
    assert alarms(blind) == alarms(template)


def test_the_topic_admits_this_stacks_alarms_only_and_nobody_without_tls(template: dict[str, Any]) -> None:
    policy = only(template, "AWS::SNS::TopicPolicy", under=TOPIC)["PolicyDocument"]["Statement"]
    (denied,) = (each for each in policy if each["Effect"] == "Deny")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (allowed,) = (each for each in policy if each["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert text(allowed["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(":alarm:tilework-dev-*")
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_mail_is_subscribed_where_one_is_named_and_a_key_of_ones_own_is_used(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    assert resources(template, "AWS::SNS::Subscription") == {}
    told = synthesize(Settings(alarm_mail="me@example.org", kms_key_arn=KEY))
    subscription = only(told, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "me@example.org")
    assert only(told, "AWS::SNS::Topic", under=TOPIC)["KmsMasterKeyId"] == KEY


def test_errors_are_counted_in_the_log_of_each_function_of_the_master(template: dict[str, Any]) -> None:
    logs = {
        text(each["Properties"]["LoggingConfig"]["LogGroup"])
        for under in ("Master", "Preview")
        for each in resources(template, "AWS::Lambda::Function", under=under).values()
    }
    patterns: dict[str, set[str]] = {}
    for resource in resources(template, "AWS::Logs::MetricFilter").values():
        properties = resource["Properties"]
        patterns.setdefault(text(properties["LogGroupName"]), set()).add(properties["FilterPattern"])
        # a value while there is none would be a metric that is always paid for
        assert all("DefaultValue" not in each for each in properties["MetricTransformations"])
    assert set(patterns) == logs
    assert all(len(each) == 2 for each in patterns.values())


@pytest.mark.usefixtures("logging_restored")
def test_what_the_master_did_not_expect_is_such_a_line_and_what_it_did_is_not(
    template: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr("keeper", LogSettings("INFO", "json"))
    log = logging.getLogger("master.keeper")
    try:
        int("odd")
    except ValueError:
        log.exception("A dead letter met an error that was not expected")
    log.warning("Notices must come again")
    unexpected, expected = (json.loads(line)["level"] for line in capfd.readouterr().err.splitlines())
    patterns = {
        each["Properties"]["FilterPattern"]
        for each in resources(template, "AWS::Logs::MetricFilter").values()
    }
    (ours,) = (each for each in patterns if each.startswith("{"))
    assert f'$.level = "{unexpected}"' in ours
    assert f'"{expected}"' not in ours


def test_no_log_grows_for_ever_those_of_a_deploy_included(template: dict[str, Any]) -> None:
    groups = resources(template, "AWS::Logs::LogGroup")
    assert all(group["Properties"]["RetentionInDays"] <= 90 for group in groups.values())
    for name, function in resources(template, "AWS::Lambda::Function").items():
        group = text(function["Properties"]["LoggingConfig"]["LogGroup"])
        assert group[1:-1] in groups, name
    # the role of the function that sets notifications may write nowhere else
    allowed = [
        text(resource)
        for statement in only(template, "AWS::IAM::Role", under="StorageNotifier")["Policies"][0][
            "PolicyDocument"
        ]["Statement"]
        for resource in listed(statement["Resource"])
    ]
    log = only(template, "AWS::Logs::LogGroup", under="WatchingDeployLog")["LogGroupName"]
    (pattern,) = (each.rpartition(":log-group:")[2] for each in allowed if ":log-group:" in each)
    assert log["Fn::Join"][1][0].startswith(pattern.removesuffix("*"))
