"""What the two settings for a machine of one's own change, and that they change nothing else."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT_OUT = {
    "WatchingAlarmsNoProgress310A379C": "AWS::CloudWatch::Alarm",
    "StorageInputAutoDeleteObjectsCustomResource61FD8F78": "Custom::S3AutoDeleteObjects",
    "StorageOutputAutoDeleteObjectsCustomResource9E1CFF9B": "Custom::S3AutoDeleteObjects",
}


BUDGET = {"BudgetMonth8750711D": "AWS::Budgets::Budget"}


@pytest.mark.parametrize(
    ("settings", "left_out"),
    [
        (Settings(), LEFT_OUT),
        (Settings(budget_usd=5, budget_stops_fleet=True, dashboard=False), LEFT_OUT | BUDGET),
    ],
)
def test_emulated_leaves_out_what_it_names_and_changes_nothing_else(
    synthesize: Callable[[Settings], dict[str, Any]], settings: Settings, left_out: dict[str, str]
) -> None:
    template, emulated = synthesize(settings), synthesize(replace(settings, emulated=True))
    missing = {
        name: template["Resources"][name]["Type"]
        for name in template["Resources"].keys() - emulated["Resources"]
    }
    assert missing == left_out
    expected = copy.deepcopy(template)
    for name in left_out:
        del expected["Resources"][name]
    assert emulated == expected


def test_of_the_log_bucket_emulated_leaves_out_what_empties_it_and_nothing_else(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    whole = synthesize(Settings(access_logs=True))
    emulated = synthesize(Settings(access_logs=True, emulated=True))
    logs = "StorageAccessLogsAutoDeleteObjectsCustomResource1BC7586B"
    assert whole["Resources"].keys() - emulated["Resources"].keys() == {*LEFT_OUT, logs}


def test_a_keeper_elsewhere_leaves_the_one_in_the_stack_asleep_and_changes_nothing_else(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    elsewhere = synthesize(Settings(keeper="elsewhere"))
    expected = copy.deepcopy(template)
    asleep = 0
    for resource in expected["Resources"].values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            resource["Properties"]["Enabled"] = False
            asleep += 1
        if resource["Type"] == "AWS::Events::Rule":
            resource["Properties"]["State"] = "DISABLED"
            asleep += 1
    assert asleep == 4
    # an event source says that it is enabled only where it is told so
    assert elsewhere == expected
