"""An input bucket that was there before: what is made around it, and its function as it runs in AWS."""

from __future__ import annotations

import http.server
import json
import threading
import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from stacks.existing_bucket import ACTIONS, CODE
from tests.stacks.cases import EXISTING_BUCKET
from tests.stacks.reading import listed, name_of, only, resources, statements, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stacks.settings import Settings
    from tests.conftest import EmbeddedAws

ACCOUNT = "000000000000"
REGION = "us-east-1"
MOST_INLINE = 4096
"""Characters that CloudFormation takes as a function's code."""


@pytest.fixture
def existing(synthesize: Callable[[Settings], dict[str, Any]]) -> dict[str, Any]:
    return synthesize(EXISTING_BUCKET)


# --- the template ------------------------------------------------------------------------------------------------------


def test_the_bucket_is_neither_made_nor_emptied_and_nothing_of_it_is_set_but_that_it_tells(
    existing: dict[str, Any],
) -> None:
    (output,) = resources(existing, "AWS::S3::Bucket")
    assert output.startswith("StorageOutput")
    touching = {
        resource["Type"]
        for resource in existing["Resources"].values()
        if str(EXISTING_BUCKET.input_bucket) in json.dumps(resource)
    }
    assert touching == {
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::LaunchTemplate",
        "AWS::IAM::Policy",
        "AWS::Lambda::Function",
        "AWS::SQS::QueuePolicy",
        "Custom::TileworkDrops",
    }


def test_it_tells_the_jobs_queue_once_that_admits_it(existing: dict[str, Any]) -> None:
    (told,) = resources(existing, "Custom::TileworkDrops").values()
    (policy,) = resources(existing, "AWS::SQS::QueuePolicy", under="QueuesJobs")
    assert policy in told["DependsOn"]
    assert text(told["Properties"]["Queue"]).startswith("<QueuesJobs")
    assert told["Properties"]["Bucket"] == EXISTING_BUCKET.input_bucket
    (admitted,) = (
        item
        for item in existing["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
        if item["Effect"] == "Allow"
    )
    arn = text(admitted["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert arn == f"arn:<AWS::Partition>:s3:::{EXISTING_BUCKET.input_bucket}"


def test_its_function_may_look_at_this_bucket_and_set_its_notifications(existing: dict[str, Any]) -> None:
    log, bucket = statements(existing, "StorageExisting")
    assert set(listed(log["Action"])) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert text(log["Resource"]) == name_of(existing, "AWS::Logs::LogGroup", under="StorageExistingLog")
    assert set(listed(bucket["Action"])) == set(ACTIONS)
    assert text(bucket["Resource"]) == f"arn:<AWS::Partition>:s3:::{EXISTING_BUCKET.input_bucket}"


def test_its_code_is_short_enough_to_lie_in_the_template(existing: dict[str, Any]) -> None:
    function = only(existing, "AWS::Lambda::Function", under="StorageExisting")
    assert function["Code"]["ZipFile"] == CODE.read_text()
    assert len(CODE.read_text()) <= MOST_INLINE


# --- the function ------------------------------------------------------------------------------------------------------


@dataclass
class CloudFormation:
    """Calls the function as CloudFormation does, and hears what it answers."""

    handler: Callable[[dict[str, Any], Any], None]
    address: str
    bucket: str
    queue: str
    answers: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, kind: str, name: str = "lab-dev") -> dict[str, Any]:
        event = {
            "RequestType": kind,
            "ResponseURL": self.address,
            "StackId": "stack",
            "RequestId": uuid.uuid4().hex,
            "LogicalResourceId": "Drops",
            "ResourceProperties": {"Bucket": self.bucket, "Queue": self.queue, "Id": name},
        }
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:drops"
        self.handler(event, SimpleNamespace(invoked_function_arn=arn))
        answer = self.answers.pop()
        assert (answer["RequestId"], answer["PhysicalResourceId"]) == (event["RequestId"], self.bucket)
        return answer


@pytest.fixture
def s3(embedded_aws: EmbeddedAws) -> Any:
    return boto3.client("s3", endpoint_url=embedded_aws.endpoint_url, region_name=REGION)


@pytest.fixture
def cloudformation(
    embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, s3: Any
) -> Iterator[CloudFormation]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded_aws.endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    code: dict[str, Any] = {}
    exec(compile(CODE.read_text(), str(CODE), "exec"), code)  # noqa: S102 - as Lambda does
    answers: list[dict[str, Any]] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    bucket = f"acme-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/answer"
        yield CloudFormation(code["handler"], address, bucket, queue(embedded_aws, "drops"), answers)
        server.shutdown()


def queue(embedded_aws: EmbeddedAws, name: str) -> str:
    """The ARN of a queue, made where there is none."""
    client = boto3.client("sqs", endpoint_url=embedded_aws.endpoint_url, region_name=REGION)
    url = client.create_queue(QueueName=name)["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def keep_versions(s3: Any, bucket: str, status: str = "Enabled") -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def told(s3: Any, bucket: str) -> list[tuple[str, str]]:
    found = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
    return [(each["Id"], each["QueueArn"]) for each in found]


def test_a_bucket_that_never_kept_versions_is_refused_with_a_sentence(
    cloudformation: CloudFormation, s3: Any
) -> None:
    answer = cloudformation.ask("Create")
    assert answer["Status"] == "FAILED"
    assert f"input_bucket {cloudformation.bucket} keeps no versions (off)" in answer["Reason"]
    assert "Switch versioning on" in answer["Reason"]
    assert told(s3, cloudformation.bucket) == []


def test_one_whose_versions_were_switched_off_is_refused_too(cloudformation: CloudFormation, s3: Any) -> None:
    keep_versions(s3, cloudformation.bucket)
    keep_versions(s3, cloudformation.bucket, "Suspended")
    assert "keeps no versions (Suspended)" in cloudformation.ask("Create")["Reason"]


def test_one_that_is_not_there_is_refused_and_its_rollback_succeeds(
    cloudformation: CloudFormation, s3: Any
) -> None:
    s3.delete_bucket(Bucket=cloudformation.bucket)
    answer = cloudformation.ask("Create")
    assert answer["Status"] == "FAILED"
    assert f"input_bucket {cloudformation.bucket} is not there" in answer["Reason"]
    assert cloudformation.ask("Delete")["Status"] == "SUCCESS"


def test_one_that_keeps_versions_tells_once_however_often_it_is_asked(
    cloudformation: CloudFormation, s3: Any
) -> None:
    keep_versions(s3, cloudformation.bucket)
    for kind in ("Create", "Update", "Update"):
        assert cloudformation.ask(kind)["Status"] == "SUCCESS"
    assert told(s3, cloudformation.bucket) == [("lab-dev", cloudformation.queue)]


def test_its_other_notifications_stay_as_they_are_from_the_deploy_to_the_end(
    cloudformation: CloudFormation, embedded_aws: EmbeddedAws, s3: Any
) -> None:
    keep_versions(s3, cloudformation.bucket)
    others = {
        "QueueConfigurations": [
            {
                "Id": "audit",
                "QueueArn": queue(embedded_aws, "audit"),
                "Events": ["s3:ObjectRemoved:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "old/"}]}},
            }
        ],
        "EventBridgeConfiguration": {},
    }
    s3.put_bucket_notification_configuration(Bucket=cloudformation.bucket, NotificationConfiguration=others)
    before = configuration(s3, cloudformation.bucket)
    for kind in ("Create", "Update"):
        assert cloudformation.ask(kind)["Status"] == "SUCCESS"
        found = configuration(s3, cloudformation.bucket)
        ours = found["QueueConfigurations"].pop()
        assert (ours["Id"], found) == ("lab-dev", before)
    assert cloudformation.ask("Delete")["Status"] == "SUCCESS"
    assert configuration(s3, cloudformation.bucket) == before


def configuration(s3: Any, bucket: str) -> dict[str, Any]:
    found: dict[str, Any] = s3.get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}
