"""The whole template, so that no change of the cloud goes unseen."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

SNAPSHOT = Path(__file__).parent / "snapshots" / "default.json"


def test_the_default_template_is_the_one_that_was_looked_at(template: dict[str, Any]) -> None:
    written = json.dumps(template, indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(written)
    assert written == SNAPSHOT.read_text(), (
        "The template has changed. Look at the difference, then accept it: "
        "UPDATE_SNAPSHOTS=1 python -m pytest tests/stacks/test_snapshot.py"
    )


STATEFUL = {
    "StorageInput124FA7A1": "AWS::S3::Bucket",
    "StorageOutputBB69BB33": "AWS::S3::Bucket",
    "JobTableJobs12F767ED": "AWS::DynamoDB::Table",
    "QueuesJobs403F2492": "AWS::SQS::Queue",
    "QueuesUnits559E54FE": "AWS::SQS::Queue",
    "QueuesResultsAB5BD05C": "AWS::SQS::Queue",
    "QueuesDeadLettersF0D5D2AD": "AWS::SQS::Queue",
}


def test_what_holds_data_keeps_its_logical_id_since_another_id_is_another_empty_resource(
    template: dict[str, Any],
) -> None:
    found = {logical_id: template["Resources"].get(logical_id, {}).get("Type") for logical_id in STATEFUL}
    assert found == STATEFUL


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
    }
