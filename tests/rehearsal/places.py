"""What the short names of the tables mean in a deployed stack, and what lies there to be tried on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from local.surroundings import ACCOUNT
from tests.rehearsal.attacks import ROLES, WORK_OBJECT
from tests.rehearsal.stage import STACK

if TYPE_CHECKING:
    from tests.rehearsal.stage import Stage

QUEUES: Final = {
    "jobs": "QueuesJobs4",
    "units": "QueuesUnits5",
    "results": "QueuesResultsAB",
    "dead": "QueuesDeadLettersF",
    "dropped": "QueuesDroppedNoticesF",
    "another queue": "",
}
ANOTHER: Final = "production"
"""The name of each thing in the account that is not of this deployment."""


@dataclass
class Resources:
    """The stack on ``stage``; ``made`` has each physical id by its logical one."""

    stage: Stage
    made: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.made = self.stage.resources()

    def lay(self, photo: bytes) -> None:
        """Put there, as root, what is tried on: an image, its result, and the account's other things."""
        s3 = self.stage.client("s3")
        s3.create_bucket(Bucket=ANOTHER)
        s3.put_object(Bucket=ANOTHER, Key="secret.txt", Body=b"not for you")
        s3.put_object(**self.object("inputs/photo.png"), Body=photo)
        for name in ("outputs/results/photo.png", WORK_OBJECT, "inputs/uploads/rehearsed.png"):
            s3.put_object(**self.object(name), Body=photo)
        self.stage.client("sqs").create_queue(QueueName=ANOTHER)
        self.stage.client("dynamodb").create_table(
            TableName=ANOTHER, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )  # fmt: skip
        self.stage.client("iam").create_user(UserName="somebody")

    def bucket(self, name: str) -> str:
        first = name.partition("/")[0]
        told = {"inputs": "InputBucket", "outputs": "OutputBucket"}
        return ANOTHER if first == "another bucket" else self.stage.outputs[told[first]]

    def object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket(name), "Key": name.partition("/")[2]}

    def version(self, name: str) -> str:
        """The newest version of an object; "null" where its bucket keeps none."""
        head = self.stage.client("s3").head_object(**self.object(name))
        return str(head.get("VersionId", "null"))

    def queue(self, name: str) -> str:
        logical = QUEUES[name]
        queue = ANOTHER if not logical else self.named_like(logical).rsplit("/", 1)[-1]
        return f"{self.stage.endpoint}/{ACCOUNT}/{queue}"

    def table(self, name: str) -> str:
        return ANOTHER if name == "another table" else self.stage.outputs["JobTable"]

    @staticmethod
    def key(_name: str) -> dict[str, Any]:
        return {"id": {"S": "rehearsed"}}

    def query(self, name: str) -> dict[str, Any]:
        return {
            "TableName": self.table(name), "IndexName": "by_state", "KeyConditionExpression": "shelf = :s",
            "ExpressionAttributeValues": {":s": {"S": "DONE#0"}},
        }  # fmt: skip

    @staticmethod
    def group(name: str) -> str:
        return ANOTHER if name == "another fleet" else f"{STACK}-workers"

    def notification(self, name: str) -> dict[str, Any]:
        """What the bucket has now, so that setting it again changes nothing."""
        told = self.stage.client("s3").get_bucket_notification_configuration(Bucket=self.bucket(name))
        return {kind: value for kind, value in told.items() if kind != "ResponseMetadata"}

    def named(self, name: str) -> str:
        """Whatever has one name."""
        if name == "a role":
            return self.role("workers")
        found = {
            "api function": "MasterApi2", "pool": "MasterSignInUsers5", "its log": "WorkersLog",
            "alarms": "WatchingAlarmsTopicD",
        }  # fmt: skip
        return STACK if name == "stack" else self.named_like(found[name])

    def role(self, name: str) -> str:
        """A role's name by its short one."""
        (found,) = (
            one for logical, one in self.made.items()
            if logical.startswith(ROLES[name]) and "Policy" not in logical
        )  # fmt: skip
        return found

    def role_arn(self, name: str) -> str:
        short = {"the api's role": "api", "the workers' role": "workers"}.get(name, name)
        return f"arn:aws:iam::{ACCOUNT}:role/{self.role(short)}"

    def named_like(self, logical: str) -> str:
        """The one physical id whose logical id begins so."""
        (found,) = (one for name, one in self.made.items() if name.startswith(logical))
        return found

    @staticmethod
    def now_ms() -> int:
        return int(time.time() * 1000)
