from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.cases import KEPT_CLOSE
from tests.stacks.reading import name_of, only, resources, text
from tilework.jobs.transitions import MAX_LOSSES

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUES = ("Jobs", "Units", "Results", "DeadLetters", "DroppedNotices")
FOURTEEN_DAYS = 14 * 24 * 3600


def queue(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return only(template, "AWS::SQS::Queue", under=f"Queues{kind}")


@pytest.mark.parametrize("kind", QUEUES)
def test_a_queue_is_encrypted_by_a_key_that_s3_may_use_too(template: dict[str, Any], kind: str) -> None:
    assert queue(template, kind)["SqsManagedSseEnabled"] is True
    assert "KmsMasterKeyId" not in queue(template, kind)


def test_a_key_of_ones_own_is_not_the_queues_for_only_its_owner_could_admit_s3_to_it(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    kept_close = synthesize(KEPT_CLOSE)
    for kind in QUEUES:
        assert queue(kept_close, kind) == queue(template, kind)


@pytest.mark.parametrize("kind", QUEUES)
def test_a_queue_refuses_every_account_but_its_own_and_no_service(
    template: dict[str, Any], kind: str
) -> None:
    policy = only(template, "AWS::SQS::QueuePolicy", under=f"Queues{kind}")["PolicyDocument"]
    (denied,) = (item for item in policy["Statement"] if item.get("Sid") == "NobodyOfOtherAccounts")
    assert (denied["Effect"], denied["Action"], denied["Principal"]) == ("Deny", "sqs:*", {"AWS": "*"})
    assert denied["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }
    assert text(denied["Resource"]) == name_of(template, "AWS::SQS::Queue", under=f"Queues{kind}")


@pytest.mark.parametrize("kind", QUEUES)
def test_a_queue_refuses_whoever_comes_without_tls(template: dict[str, Any], kind: str) -> None:
    policy = only(template, "AWS::SQS::QueuePolicy", under=f"Queues{kind}")
    assert {
        "Action": "sqs:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Resource": {
            "Fn::GetAtt": [name_of(template, "AWS::SQS::Queue", under=f"Queues{kind}")[1:-1], "Arn"]
        },
    } in policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize(
    ("kind", "dead"), [("Jobs", "DeadLetters"), ("Units", "DeadLetters"), ("Results", "DroppedNotices")]
)
def test_a_message_that_nobody_can_finish_is_kept_for_a_fortnight(
    template: dict[str, Any], kind: str, dead: str
) -> None:
    redrive = queue(template, kind)["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == MAX_LOSSES
    assert text(redrive["deadLetterTargetArn"]) == name_of(template, "AWS::SQS::Queue", under=f"Queues{dead}")
    assert queue(template, dead)["MessageRetentionPeriod"] == FOURTEEN_DAYS


@pytest.mark.parametrize("kind", ["Jobs", "Units"])
def test_a_message_stays_hidden_for_as_long_as_a_lease_lasts(
    synthesize: Callable[[Settings], dict[str, Any]], kind: str
) -> None:
    template = synthesize(Settings(lease_seconds=240, bucket_prefix="acme-lab"))
    assert queue(template, kind)["VisibilityTimeout"] == 240


def test_only_our_bucket_in_our_account_may_send_a_job(template: dict[str, Any]) -> None:
    allowed = {
        logical_id: [
            statement
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        for logical_id, policy in resources(template, "AWS::SQS::QueuePolicy").items()
    }
    ((logical_id, (statement,)),) = ((key, found) for key, found in allowed.items() if found)
    assert logical_id.startswith("QueuesJobs")
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    condition = statement["Condition"]
    bucket = name_of(template, "AWS::S3::Bucket", under="StorageInput")
    assert text(condition["ArnEquals"]["aws:SourceArn"]) == bucket
    assert text(condition["StringEquals"]["aws:SourceAccount"]) == "<AWS::AccountId>"


def test_the_keeper_never_meets_a_message_that_it_still_works_on(template: dict[str, Any]) -> None:
    keeper = only(template, "AWS::Lambda::Function", under="MasterKeeper")
    for kind in ("Results", "DeadLetters"):
        assert queue(template, kind)["VisibilityTimeout"] >= 6 * keeper["Timeout"]
