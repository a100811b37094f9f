"""The whole template, so that no change of the cloud goes unseen; of other settings, what they change of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.cases import CASES
from tests.stacks.differences import applied, difference

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOTS = Path(__file__).parent / "snapshots"


def looked_at(name: str, found: dict[str, Any]) -> None:
    snapshot = SNAPSHOTS / f"{name}.json"
    written = json.dumps(found, indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(written)
    assert written == snapshot.read_text(), (
        "The template has changed. Look at the difference, then accept it: "
        "UPDATE_SNAPSHOTS=1 python -m pytest tests/stacks/test_snapshot.py"
    )


def test_the_default_template_is_the_one_that_was_looked_at(template: dict[str, Any]) -> None:
    looked_at("default", template)


@pytest.mark.parametrize("name", CASES)
def test_what_a_setting_changes_is_what_was_looked_at(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any], name: str
) -> None:
    other = synthesize(CASES[name])
    changes = difference(template, other)
    assert applied(template, changes) == other
    looked_at(name, changes)


def test_there_is_no_snapshot_that_nobody_compares() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == {"default", *CASES}


STATEFUL = {
    "StorageInput124FA7A1": "AWS::S3::Bucket",
    "StorageOutputBB69BB33": "AWS::S3::Bucket",
    "JobTableJobs12F767ED": "AWS::DynamoDB::Table",
    "MasterSignInUsers59163869": "AWS::Cognito::UserPool",
    "QueuesJobs403F2492": "AWS::SQS::Queue",
    "QueuesUnits559E54FE": "AWS::SQS::Queue",
    "QueuesResultsAB5BD05C": "AWS::SQS::Queue",
    "QueuesDeadLettersF0D5D2AD": "AWS::SQS::Queue",
}


@pytest.mark.parametrize("settings", [Settings(), *CASES.values()], ids=["default", *CASES])
def test_what_holds_data_keeps_its_logical_id_since_another_id_is_another_empty_resource(
    synthesize: Callable[[Settings], dict[str, Any]], settings: Settings
) -> None:
    expected = dict(STATEFUL)
    if settings.input_bucket:
        del expected["StorageInput124FA7A1"]
    if not settings.sign_in:
        del expected["MasterSignInUsers59163869"]
    found = synthesize(settings)["Resources"]
    assert {logical_id: found.get(logical_id, {}).get("Type") for logical_id in expected} == expected


def test_a_client_finds_every_address_among_the_outputs(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == {
        "InputBucket",
        "OutputBucket",
        "JobsQueueUrl",
        "UnitsQueueUrl",
        "ResultsQueueUrl",
        "DeadLetterQueueUrl",
        "JobTable",
        "ApiUrl",
        "UserPool",
    }
