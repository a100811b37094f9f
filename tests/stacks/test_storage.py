from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.reading import listed, only, resources, text

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKETS = ("StorageInput", "StorageOutput")


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_private_encrypted_and_without_acls(template: dict[str, Any], bucket: str) -> None:
    properties = only(template, "AWS::S3::Bucket", under=bucket)
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_refuses_whoever_comes_without_tls(template: dict[str, Any], bucket: str) -> None:
    policy = only(template, "AWS::S3::BucketPolicy", under=bucket)["PolicyDocument"]
    (denied,) = (
        statement
        for statement in policy["Statement"]
        if statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )
    assert (denied["Effect"], denied["Action"], denied["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
    logical_id = text(policy["Statement"][0]["Resource"][0])
    assert [text(resource) for resource in denied["Resource"]] == [logical_id, f"{logical_id}/*"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_an_unfinished_upload_is_paid_for_a_day_at_most(template: dict[str, Any], bucket: str) -> None:
    (rule,) = only(template, "AWS::S3::Bucket", under=bucket)["LifecycleConfiguration"]["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rule["Status"] == "Enabled"


def test_every_version_of_an_input_is_kept(template: dict[str, Any]) -> None:
    properties = only(template, "AWS::S3::Bucket", under="StorageInput")
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_nobody_replaces_a_result_that_is_there(template: dict[str, Any]) -> None:
    policy = only(template, "AWS::S3::BucketPolicy", under="StorageOutput")["PolicyDocument"]
    (denied,) = (item for item in policy["Statement"] if item.get("Sid") == "ResultsAreNeverReplaced")
    assert (denied["Effect"], listed(denied["Action"])) == ("Deny", ["s3:PutObject"])
    assert text(denied["Resource"]).endswith("/results/*")
    assert denied["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_the_page_may_post_a_form_from_anywhere_and_nothing_else(template: dict[str, Any]) -> None:
    (rule,) = only(template, "AWS::S3::Bucket", under="StorageInput")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST"]
    assert "CorsConfiguration" not in only(template, "AWS::S3::Bucket", under="StorageOutput")


def test_every_object_that_is_created_is_told_to_the_jobs_queue(template: dict[str, Any]) -> None:
    (told,) = only(template, "Custom::S3BucketNotifications")["NotificationConfiguration"][
        "QueueConfigurations"
    ]
    assert told["Events"] == ["s3:ObjectCreated:*"]
    assert text(told["QueueArn"]).startswith("<QueuesJobs")
    assert "Filter" not in told


def test_the_notification_waits_for_the_queue_to_admit_the_bucket(template: dict[str, Any]) -> None:
    (notification,) = resources(template, "Custom::S3BucketNotifications").values()
    (policy,) = resources(template, "AWS::SQS::QueuePolicy", under="QueuesJobs")
    assert policy in notification["DependsOn"]


def test_dev_goes_with_its_data_and_prod_keeps_it(
    synthesize: Callable[[Settings], dict[str, Any]], template: dict[str, Any]
) -> None:
    prod = synthesize(Settings(environment="prod"))
    for kind, under in (("AWS::S3::Bucket", "Storage"), ("AWS::DynamoDB::Table", "JobTable")):
        for resource in resources(template, kind, under=under).values():
            assert resource["DeletionPolicy"] == "Delete"
        for resource in resources(prod, kind, under=under).values():
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert len(resources(template, "Custom::S3AutoDeleteObjects")) == 2
    assert not resources(prod, "Custom::S3AutoDeleteObjects")


def test_a_prefix_fixes_the_names_of_the_buckets(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    named = synthesize(Settings(bucket_prefix="acme-lab"))
    assert only(named, "AWS::S3::Bucket", under="StorageInput")["BucketName"] == "acme-lab-input"
    assert only(named, "AWS::S3::Bucket", under="StorageOutput")["BucketName"] == "acme-lab-output"
