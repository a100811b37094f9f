"""The jobs queue's policy as a judge of policies reads it: the embedded AWS's own, given the template's text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from tests.stacks.reading import only, text

if TYPE_CHECKING:
    from collections.abc import Callable

OURS, ANOTHERS = "111122223333", "999988887777"
S3 = "s3.amazonaws.com"


@pytest.fixture
def judge(template: dict[str, Any]) -> Callable[..., str]:
    """Who may send a message: by the service that calls, or the role of an account."""
    document = only(template, "AWS::SQS::QueuePolicy", under="QueuesJobs")["PolicyDocument"]
    written = json.dumps(with_names(document))

    def decision(*, service: str | None = None, tls: bool = True, account: str = "", **told: str) -> str:
        context = EvalContext(
            principal_arn="*" if service else f"arn:aws:iam::{account}:role/somebody",
            principal_type="Service" if service else "AssumedRole",
            principal_account=account,
            action="sqs:SendMessage",
            resource_arn="<QueuesJobs403F2492>",
            region="us-east-1",
            secure_transport=tls,
            service_context={name.replace("_", ":"): value for name, value in told.items()},
        )
        return str(evaluate_resource_policy(written, context, service=service).decision)

    return decision


def with_names(value: Any) -> Any:
    """The policy with its references written out, and our account's number for the account."""
    if isinstance(value, list):
        return [with_names(item) for item in value]
    if isinstance(value, dict) and not value.keys() & {"Ref", "Fn::GetAtt", "Fn::Join"}:
        return {key: with_names(item) for key, item in value.items()}
    return text(value).replace("<AWS::AccountId>", OURS)


BUCKET = "<StorageInput124FA7A1>"


@pytest.mark.parametrize("says_so", [{}, {"aws_principalisawsservice": "true"}])
def test_s3_may_send_for_our_bucket_whether_or_not_it_says_that_it_is_a_service(
    judge: Callable[..., str], says_so: dict[str, str]
) -> None:
    assert judge(service=S3, aws_sourcearn=BUCKET, aws_sourceaccount=OURS, **says_so) == "Allow"


@pytest.mark.parametrize(
    "caller",
    [
        {"service": S3, "aws_sourcearn": "<Another>", "aws_sourceaccount": OURS},
        {"service": S3, "aws_sourcearn": BUCKET, "aws_sourceaccount": ANOTHERS},
        {"service": S3, "aws_sourcearn": BUCKET, "aws_sourceaccount": OURS, "tls": False},
        {"service": "sns.amazonaws.com", "aws_sourcearn": BUCKET, "aws_sourceaccount": OURS},
    ],
)
def test_no_other_service_or_bucket_may_and_none_without_tls(
    judge: Callable[..., str], caller: dict[str, Any]
) -> None:
    assert judge(**caller) != "Allow"


def test_of_our_own_account_whoever_has_leave_by_a_policy_of_its_own_is_not_refused(
    judge: Callable[..., str],
) -> None:
    assert judge(account=OURS, aws_principalisawsservice="false") == "ImplicitDeny"
    assert judge(account=OURS, aws_principalisawsservice="false", tls=False) == "Deny"


def test_of_another_account_everybody_is_refused_whatever_may_come_to_be_allowed(
    judge: Callable[..., str],
) -> None:
    assert judge(account=ANOTHERS, aws_principalisawsservice="false") == "Deny"
