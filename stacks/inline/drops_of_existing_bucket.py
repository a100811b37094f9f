"""Lets a bucket that was there before the stack tell of its drops, or says in a sentence why it cannot.

Inline code of a Lambda function, which CloudFormation calls when a deploy comes to such a bucket and when it leaves it.
The bucket's other notifications stay as they are.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import boto3
from botocore.exceptions import ClientError

KINDS = (
    "TopicConfigurations",
    "QueueConfigurations",
    "LambdaFunctionConfigurations",
    "EventBridgeConfiguration",
)
NOT_OURS = {"NoSuchBucket", "AccessDenied", "403", "404"}


def handler(event: dict[str, Any], context: Any) -> None:
    """Do what CloudFormation asks for, and tell it how that ended."""
    told = event["ResourceProperties"]
    account = context.invoked_function_arn.split(":")[4]
    bucket = Bucket(told["Bucket"], account)
    status, reason = "SUCCESS", "The bucket is as it should be."
    try:
        if event["RequestType"] == "Delete":
            bucket.fall_silent(told["Id"])
        else:
            bucket.tell(told["Id"], told["Queue"])
    except Exception as error:  # noqa: BLE001 - whatever it is, a deploy that is told nothing waits for an hour
        status, reason = "FAILED", str(error)
    print(status, reason)  # noqa: T201 - the function's log
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body |= {"PhysicalResourceId": told["Bucket"], "Status": status, "Reason": reason}
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own address
        event["ResponseURL"], json.dumps(body).encode(), {"content-type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request):  # noqa: S310
        pass


class Bucket:
    """One of the account's buckets: should its name be another account's, S3 refuses every request."""

    def __init__(self, name: str, account: str) -> None:
        self._s3 = boto3.client("s3")
        self._name = name
        self._which: Any = {"Bucket": name, "ExpectedBucketOwner": account}

    def tell(self, name: str, queue: str) -> None:
        """Send an event for each object that is created to ``queue``."""
        self._check_versions()
        told = self._others(name)
        told["QueueConfigurations"].append({"Id": name, "QueueArn": queue, "Events": ["s3:ObjectCreated:*"]})
        self._put(told)

    def fall_silent(self, name: str) -> None:
        """Take the notification away; where the bucket is gone, or not this account's, there is none."""
        try:
            # whom else it tells is not our affair now
            self._put(self._others(name), SkipDestinationValidation=True)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_OURS:
                raise

    def _check_versions(self) -> None:
        try:
            status = self._s3.get_bucket_versioning(**self._which).get("Status", "off")
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_OURS:
                raise
            sentence = (
                f"input_bucket {self._name} is not there, is another account's, or refuses this stack's role."
            )
            raise ValueError(sentence) from error
        if status != "Enabled":
            raise ValueError(
                f"input_bucket {self._name} keeps no versions ({status}): an image could change under its job. "
                "Switch versioning on, then deploy again."
            )

    def _others(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = dict(self._s3.get_bucket_notification_configuration(**self._which))
        kept = {kind: found[kind] for kind in KINDS if kind in found}
        queues = [each for each in kept.get("QueueConfigurations", []) if each.get("Id") != name]
        return kept | {"QueueConfigurations": queues}

    def _put(self, told: Any, **how: Any) -> None:
        self._s3.put_bucket_notification_configuration(NotificationConfiguration=told, **how, **self._which)
