"""Events on the embedded AWS's own default bus, heard by a rule as a user's would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.conftest import REGION
from tests.waiting import wait_for
from tilework.aws.connect import build_announcer
from tilework.aws.events import AT_ONCE, AwsEvents
from tilework.errors import ServiceError
from tilework.jobs.endings import Ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment


def ending(number: int) -> Ending:
    return Ending(f"job-{number}", "DONE", "in", f"Häfen {number}.png", "v1", f"results/{number}.png", "")


def test_a_rule_of_a_users_own_hears_of_every_job_that_ended(
    embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment]
) -> None:
    session = boto3.session.Session(region_name=REGION)
    events, sqs = (session.client(kind, endpoint_url=embedded_aws.endpoint_url) for kind in ("events", "sqs"))
    queue = sqs.create_queue(QueueName="endings")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["tilework"], "detail-type": ["Job ended"], "detail": {"state": ["DONE"]}}
    events.put_rule(Name="endings", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="endings", Targets=[{"Id": "queue", "Arn": arn}])
    told = [ending(number) for number in range(AT_ONCE + 3)]
    build_announcer(deploy(embedded_aws.endpoint_url))(told)
    heard: dict[str, dict[str, Any]] = {}

    def all_heard() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            heard[event["detail"]["id"]] = event["detail"]
        return len(heard) == len(told)

    wait_for(all_heard)
    assert heard["job-12"] == {
        "id": "job-12",
        "state": "DONE",
        "bucket": "in",
        "key": "Häfen 12.png",
        "version": "v1",
        "result_key": "results/12.png",
        "code": "",
    }


class Throttled:
    """EventBridge's answer to a request of which it took a part."""

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}, {"EventId": "1"}]}


def test_what_the_bus_did_not_take_is_to_be_told_again() -> None:
    with pytest.raises(ServiceError, match="did not take 1 events: ThrottlingException"):
        AwsEvents(Throttled())([ending(1), ending(2)])
