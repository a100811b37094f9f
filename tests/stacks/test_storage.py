from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stacks.settings import Settings
from tests.stacks.cases import KEPT_CLOSE, KEY
from tests.stacks.reading import listed, only, resources, text

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKETS = ("StorageInput", "StorageOutput")
LOGS = "StorageAccessLogs"
DAY = 86_400


def rules(template: dict[str, Any], bucket: str) -> dict[str, dict[str, Any]]:
    """A bucket's lifecycle, by the rules' names."""
    found = only(template, "AWS::S3::Bucket", under=bucket)["LifecycleConfiguration"]["Rules"]
    return {rule["Id"]: rule for rule in found}


@pytest.fixture
def kept_close(synthesize: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
    return synthesize(KEPT_CLOSE)


@pytest.mark.parametrize("bucket", [*BUCKETS, LOGS])
def test_a_bucket_is_private_encrypted_and_without_acls(
    synthesize: Callable[[Settings], dict[str, Any]], bucket: str
) -> None:
    properties = only(synthesize(Settings(access_logs=True)), "AWS::S3::Bucket", under=bucket)
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("bucket", [*BUCKETS, LOGS])
def test_a_bucket_refuses_whoever_comes_without_tls(kept_close: dict[str, Any], bucket: str) -> None:
    policy = only(kept_close, "AWS::S3::BucketPolicy", under=bucket)["PolicyDocument"]
    (denied,) = (
        statement
        for statement in policy["Statement"]
        if statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )
    assert (denied["Effect"], denied["Action"], denied["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
    logical_id = text(policy["Statement"][0]["Resource"][0])
    assert [text(resource) for resource in denied["Resource"]] == [logical_id, f"{logical_id}/*"]


@pytest.mark.parametrize(("bucket", "days"), [("StorageInput", 7), ("StorageOutput", 1)])
def test_an_unfinished_upload_is_paid_for_a_day_at_most_and_one_of_the_page_for_a_week(
    template: dict[str, Any], bucket: str, days: int
) -> None:
    found = rules(template, bucket)
    assert found["abort-unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {
        "DaysAfterInitiation": days
    }
    assert {rule["Status"] for rule in found.values()} == {"Enabled"}


def test_every_version_of_an_input_is_kept(template: dict[str, Any]) -> None:
    properties = only(template, "AWS::S3::Bucket", under="StorageInput")
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_old_versions_go_after_some_days_and_what_marks_them_deleted_goes_with_the_last(
    template: dict[str, Any], kept_close: dict[str, Any]
) -> None:
    rule = rules(template, "StorageInput")["forget-old-versions"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rule["ExpiredObjectDeleteMarker"] is True
    set_otherwise = rules(kept_close, "StorageInput")["forget-old-versions"]
    assert set_otherwise["NoncurrentVersionExpiration"] == {"NoncurrentDays": 20}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_neither_an_image_nor_a_result_ever_expires(kept_close: dict[str, Any], bucket: str) -> None:
    expiring = [rule for rule in rules(kept_close, bucket).values() if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in expiring] == ([] if bucket == "StorageInput" else ["work/"])


def test_work_objects_that_nobody_swept_go_long_after_every_message_about_them(
    template: dict[str, Any],
) -> None:
    rule = rules(template, "StorageOutput")["forget-work"]
    longest = max(
        queue["Properties"]["MessageRetentionPeriod"]
        for queue in resources(template, "AWS::SQS::Queue").values()
    )
    assert rule["ExpirationInDays"] * DAY >= 4 * longest


def test_only_where_it_is_wanted_what_nobody_reads_moves_to_cheaper_storage_and_work_never(
    template: dict[str, Any], kept_close: dict[str, Any]
) -> None:
    for bucket, prefix in (("StorageInput", None), ("StorageOutput", "results/")):
        assert "tier-by-use" not in rules(template, bucket)
        rule = rules(kept_close, bucket)["tier-by-use"]
        assert rule["Transitions"] == [{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 0}]
        assert rule.get("Prefix") == prefix


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_key_of_ones_own_encrypts_the_bucket_with_few_requests_to_it(
    kept_close: dict[str, Any], bucket: str
) -> None:
    (rule,) = only(kept_close, "AWS::S3::Bucket", under=bucket)["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]
    assert rule == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY, "SSEAlgorithm": "aws:kms"},
    }


def test_access_logs_of_each_bucket_are_kept_for_a_while_where_they_are_wanted(
    template: dict[str, Any], kept_close: dict[str, Any]
) -> None:
    assert not resources(template, "AWS::S3::Bucket", under=LOGS)
    (logs,) = resources(kept_close, "AWS::S3::Bucket", under=LOGS)
    for bucket, prefix in (("StorageInput", "input/"), ("StorageOutput", "output/")):
        told = only(kept_close, "AWS::S3::Bucket", under=bucket)["LoggingConfiguration"]
        assert told == {"DestinationBucketName": {"Ref": logs}, "LogFilePrefix": prefix}
    assert rules(kept_close, LOGS)["forget-access-logs"]["ExpirationInDays"] == 90
    # S3 delivers to no bucket under a KMS key
    (rule,) = only(kept_close, "AWS::S3::Bucket", under=LOGS)["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_only_the_logs_of_our_buckets_are_delivered(kept_close: dict[str, Any]) -> None:
    policy = only(kept_close, "AWS::S3::BucketPolicy", under=LOGS)["PolicyDocument"]
    delivered = [
        item for item in policy["Statement"] if item["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    ]
    assert [text(item["Condition"]["ArnLike"]["aws:SourceArn"]) for item in delivered] == [
        f"<{name}>" for under in BUCKETS for name in resources(kept_close, "AWS::S3::Bucket", under=under)
    ]
    for item in delivered:
        assert item["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_a_destroy_in_dev_empties_the_log_bucket_while_nothing_can_be_delivered_any_more(
    kept_close: dict[str, Any],
) -> None:
    # what depends on another resource is deleted before it: first the bucket is emptied, by a function that forbids all
    # writing, then goes the policy that alone admits the delivery, since there are no ACLs, and then the bucket
    (emptied,) = resources(kept_close, "Custom::S3AutoDeleteObjects", under=LOGS).values()
    (policy,) = resources(kept_close, "AWS::S3::BucketPolicy", under=LOGS)
    (logs,) = resources(kept_close, "AWS::S3::Bucket", under=LOGS)
    assert policy in emptied["DependsOn"]
    assert kept_close["Resources"][policy]["Properties"]["Bucket"] == {"Ref": logs}
    properties = kept_close["Resources"][logs]["Properties"]
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "AccessControl" not in properties
    may_forbid = [
        item
        for item in kept_close["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
        if "s3:PutBucketPolicy" in listed(item["Action"]) and item["Effect"] == "Allow"
    ]
    assert len(may_forbid) == 1


def test_prod_keeps_its_access_logs(synthesize: Callable[[Settings], dict[str, Any]]) -> None:
    prod = synthesize(Settings(environment="prod", access_logs=True))
    (logs,) = resources(prod, "AWS::S3::Bucket", under=LOGS).values()
    assert logs["DeletionPolicy"] == logs["UpdateReplacePolicy"] == "Retain"
    assert not resources(prod, "Custom::S3AutoDeleteObjects")


def test_nobody_replaces_a_result_that_is_there(template: dict[str, Any]) -> None:
    policy = only(template, "AWS::S3::BucketPolicy", under="StorageOutput")["PolicyDocument"]
    (denied,) = (item for item in policy["Statement"] if item.get("Sid") == "ResultsAreNeverReplaced")
    assert (denied["Effect"], listed(denied["Action"])) == ("Deny", ["s3:PutObject"])
    assert text(denied["Resource"]).endswith("/results/*")
    assert denied["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_the_page_may_send_forms_and_parts_and_read_results_from_anywhere_and_nothing_else(
    template: dict[str, Any],
) -> None:
    (rule,) = only(template, "AWS::S3::Bucket", under="StorageInput")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST", "PUT"]
    (rule,) = only(template, "AWS::S3::Bucket", under="StorageOutput")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["GET"]


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
