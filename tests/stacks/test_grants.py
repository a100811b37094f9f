"""Who may do what, asked of the template as IAM would read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.reading import listed, may, name_of, only, resources, statements, text

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS, API, KEEPER = "WorkersRole", "MasterApiServiceRole", "MasterKeeperServiceRole"
CLOCK = "MasterClockServiceRole"
WAKER = "MasterWakerServiceRole"
ROLES = (WORKERS, API, KEEPER, CLOCK, WAKER, "StorageNotifier")

WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:GetMetricData",
    "autoscaling:DescribeAutoScalingGroups",
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{does}{kind}Channel" for does in ("Create", "Open") for kind in ("Control", "Data")),
}
"""Actions that know no resource, or none that has a name before it is there."""


def place(template: dict[str, Any], name: str) -> str:
    """A resource by a short name: ``inputs/key``, ``outputs/results/key``, ``jobs``, ``table``, ``index``, ``fleet``."""
    if name.endswith("fleet"):
        groups = "arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:autoScalingGroup:an-id"
        group = "tilework-dev-workers" if name == "fleet" else "production"
        return f"{groups}:autoScalingGroupName/{group}"
    first, _, rest = name.partition("/")
    kind, under = {
        "inputs": ("AWS::S3::Bucket", "StorageInput"),
        "outputs": ("AWS::S3::Bucket", "StorageOutput"),
        "jobs": ("AWS::SQS::Queue", "QueuesJobs"),
        "units": ("AWS::SQS::Queue", "QueuesUnits"),
        "results": ("AWS::SQS::Queue", "QueuesResults"),
        "dead": ("AWS::SQS::Queue", "QueuesDeadLetters"),
        "table": ("AWS::DynamoDB::Table", "JobTable"),
    }[first]
    return name_of(template, kind, under=under) + (f"/{rest}" if rest else "")


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        (WORKERS, "s3:GetObjectVersion", "inputs/photo.jpg"),
        (WORKERS, "s3:GetObject", "inputs/.tilework/presets.toml"),
        (WORKERS, "s3:GetObjectVersion", "inputs/.tilework/pictures/logo"),
        (WORKERS, "s3:ListBucketVersions", "inputs"),
        (WORKERS, "s3:PutObject", "outputs/results/photo.jpg"),
        (WORKERS, "s3:GetObject", "outputs/results/photo.jpg"),
        (WORKERS, "s3:PutObject", "outputs/work/1/0"),
        (WORKERS, "s3:GetObject", "outputs/work/1/0"),
        (WORKERS, "s3:DeleteObject", "outputs/work/1/0"),
        (WORKERS, "s3:AbortMultipartUpload", "outputs/results/photo.tif"),
        (WORKERS, "sqs:ReceiveMessage", "jobs"),
        (WORKERS, "sqs:ChangeMessageVisibility", "units"),
        (WORKERS, "sqs:DeleteMessage", "units"),
        (WORKERS, "sqs:SendMessage", "units"),
        (WORKERS, "sqs:SendMessage", "jobs"),
        (WORKERS, "sqs:SendMessage", "results"),
        (WORKERS, "sqs:SendMessage", "dead"),
        (WORKERS, "dynamodb:PutItem", "table"),
        (WORKERS, "dynamodb:UpdateItem", "table"),
        (WORKERS, "dynamodb:GetItem", "table"),
        (API, "s3:PutObject", "inputs/uploads/2025-11-24/photo.jpg"),
        (API, "s3:PutObject", "inputs/submitted/photo.jpg"),
        (API, "s3:ListMultipartUploadParts", "inputs/uploads/2025-11-24/photo.jpg"),
        (API, "s3:AbortMultipartUpload", "inputs/uploads/2025-11-24/photo.jpg"),
        (API, "s3:GetObject", "inputs/.tilework/presets.toml"),
        (API, "s3:GetObject", "outputs/results/photo.jpg"),
        (API, "s3:GetObject", "outputs/work/1/0/0-write/0000/manifest"),
        (API, "dynamodb:Query", "table/index/by_state"),
        (API, "dynamodb:Query", "table/index/by_batch"),
        (API, "dynamodb:Query", "table/index/by_owner"),
        (API, "dynamodb:PutItem", "table"),
        (API, "s3:ListBucketVersions", "inputs"),
        (API, "s3:ListBucket", "outputs"),
        (API, "sqs:SendMessage", "jobs"),
        (API, "sqs:GetQueueAttributes", "dead"),
        (KEEPER, "sqs:ReceiveMessage", "results"),
        (KEEPER, "sqs:DeleteMessage", "dead"),
        (KEEPER, "sqs:SendMessage", "units"),
        (KEEPER, "s3:PutObject", "outputs/work/1/0"),
        (CLOCK, "sqs:SendMessage", "units"),
        (CLOCK, "sqs:GetQueueAttributes", "units"),
        (KEEPER, "dynamodb:UpdateItem", "table"),
        (CLOCK, "s3:ListBucketVersions", "inputs"),
        (CLOCK, "s3:ListBucketVersions", "outputs"),
        (CLOCK, "s3:DeleteObject", "outputs/work/1/0"),
        (CLOCK, "sqs:SendMessage", "jobs"),
        (CLOCK, "dynamodb:PutItem", "table"),
        (CLOCK, "dynamodb:UpdateItem", "table"),
        (CLOCK, "dynamodb:GetItem", "table"),
        (CLOCK, "sqs:GetQueueAttributes", "jobs"),
        (CLOCK, "cloudwatch:GetMetricData", "jobs"),
        (WAKER, "sqs:GetQueueAttributes", "jobs"),
        (WAKER, "sqs:GetQueueAttributes", "units"),
        (WAKER, "autoscaling:DescribeAutoScalingGroups", "fleet"),
        (WAKER, "autoscaling:SetDesiredCapacity", "fleet"),
        (WAKER, "autoscaling:CreateOrUpdateTags", "fleet"),
        (WAKER, "autoscaling:DeleteTags", "fleet"),
        (API, "autoscaling:DescribeAutoScalingGroups", "fleet"),
        (API, "autoscaling:SetDesiredCapacity", "fleet"),
    ],
)
def test_each_part_may_do_its_work(template: dict[str, Any], role: str, action: str, resource: str) -> None:
    assert may(template, role, action, place(template, resource))


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        (WORKERS, "s3:DeleteObject", "outputs/results/photo.jpg"),
        (WORKERS, "s3:DeleteObjectVersion", "outputs/work/1/0"),
        (WORKERS, "s3:PutObject", "outputs/elsewhere"),
        (WORKERS, "s3:PutObject", "inputs/photo.jpg"),
        (WORKERS, "s3:DeleteObject", "inputs/photo.jpg"),
        (WORKERS, "sqs:ReceiveMessage", "dead"),
        (WORKERS, "sqs:ReceiveMessage", "results"),
        (WORKERS, "sqs:PurgeQueue", "jobs"),
        (WORKERS, "dynamodb:DeleteItem", "table"),
        (WORKERS, "dynamodb:Scan", "table"),
        (API, "s3:DeleteObject", "inputs/photo.jpg"),
        (API, "s3:PutObject", "inputs/.tilework/presets.toml"),
        (API, "s3:PutObject", "inputs/.tilework/pictures/logo"),
        (WORKERS, "s3:PutObject", "inputs/.tilework/pictures/logo"),
        (API, "s3:PutObject", "inputs/photo.jpg"),
        (API, "s3:DeleteObjectVersion", "inputs/photo.jpg"),
        (API, "dynamodb:DeleteItem", "table"),
        (API, "s3:PutObject", "outputs/results/photo.jpg"),
        (API, "s3:DeleteObject", "outputs/results/photo.jpg"),
        (API, "sqs:ReceiveMessage", "jobs"),
        (API, "sqs:DeleteMessage", "jobs"),
        (API, "dynamodb:Scan", "table"),
        (KEEPER, "s3:PutObject", "inputs/photo.jpg"),
        (KEEPER, "s3:PutObject", "outputs/results/photo.jpg"),
        (KEEPER, "s3:DeleteObject", "outputs/results/photo.jpg"),
        (KEEPER, "s3:DeleteObject", "inputs/photo.jpg"),
        (KEEPER, "sqs:ReceiveMessage", "jobs"),
        (KEEPER, "dynamodb:DeleteTable", "table"),
        (CLOCK, "sqs:ReceiveMessage", "results"),
        *((role, "cloudwatch:GetMetricData", "jobs") for role in (WORKERS, API, KEEPER)),
        (CLOCK, "s3:DeleteObject", "outputs/results/photo.jpg"),
        (API, "autoscaling:SetDesiredCapacity", "another fleet"),
        (API, "autoscaling:CreateOrUpdateTags", "fleet"),
        *((role, "autoscaling:UpdateAutoScalingGroup", "fleet") for role in (WORKERS, API, WAKER)),
        *((role, "autoscaling:SetDesiredCapacity", "fleet") for role in (WORKERS, KEEPER, CLOCK)),
        (WAKER, "autoscaling:SetDesiredCapacity", "another fleet"),
        (WAKER, "autoscaling:TerminateInstanceInAutoScalingGroup", "fleet"),
        (WAKER, "sqs:ReceiveMessage", "jobs"),
        (WAKER, "sqs:GetQueueAttributes", "dead"),
        (WAKER, "s3:GetObject", "inputs/photo.jpg"),
        (WAKER, "dynamodb:GetItem", "table"),
    ],
)
def test_no_part_may_do_another_ones(template: dict[str, Any], role: str, action: str, resource: str) -> None:
    assert not may(template, role, action, place(template, resource))


def test_only_where_it_is_asked_for_the_api_may_erase_and_nobody_else(
    synthesize: Callable[[Settings], dict[str, Any]],
) -> None:
    erasing = synthesize(Settings(erase_by_api=True))
    for action, resource in (
        ("s3:DeleteObjectVersion", "inputs/photo.jpg"),
        ("s3:DeleteObject", "outputs/results/photo.jpg"),
        ("s3:DeleteObject", "outputs/work/1/0"),
        ("dynamodb:DeleteItem", "table"),
    ):
        assert may(erasing, API, action, place(erasing, resource))
    for role in (WORKERS, KEEPER, CLOCK):
        assert not may(erasing, role, "s3:DeleteObjectVersion", place(erasing, "inputs/photo.jpg"))
        assert not may(erasing, role, "dynamodb:DeleteItem", place(erasing, "table"))
    told = only(erasing, "AWS::Lambda::Function", under="MasterApi")["Environment"]["Variables"]
    assert told["TILEWORK_MAY_ERASE"] == "1"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_each_action_and_each_resource(template: dict[str, Any], role: str) -> None:
    found = statements(template, role)
    assert found
    for statement in found:
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        if set(listed(statement["Action"])) <= WITHOUT_RESOURCE:
            continue
        for resource in listed(statement["Resource"]):
            assert text(resource).startswith(("<", "arn:")), resource
            assert text(resource) not in {"*", "arn:*"}


def test_no_role_of_ours_has_a_policy_that_somebody_else_may_widen(template: dict[str, Any]) -> None:
    managed = {
        logical_id
        for logical_id, role in resources(template, "AWS::IAM::Role").items()
        if role["Properties"].get("ManagedPolicyArns")
    }
    # CDK's own, of the function that empties buckets when a dev stack is destroyed
    assert {role.partition("Provider")[0] for role in managed} == {"CustomS3AutoDeleteObjectsCustomResource"}
