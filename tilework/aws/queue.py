"""An SQS standard queue."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tilework.aws.ages import oldest_age
from tilework.aws.failures import code_of, told_as_ours
from tilework.errors import ServiceError
from tilework.jobs import quotas
from tilework.jobs.queues import BATCH, Backlog, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_sqs.type_defs import (
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

    from tilework.aws.ages import Metrics

EXPIRED = frozenset({"MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue"})
"""What SQS says of a receipt whose message is visible again, was received anew or deleted, or is held for 12 hours.

The last three share InvalidParameterValue; nothing else of the request can be invalid, for it was checked before.
"""

REQUESTS_AT_ONCE = 8
"""Of batches that are sent: 8,192 messages at 10 ms a request take a second."""

_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class AwsQueue:
    """A queue by its URL. SQS counts in whole seconds: delays, waits and visibilities are rounded up.

    ``polls`` is the client that receives. Only with ``metrics``, a CloudWatch client, does its backlog tell the age of
    its oldest message.
    """

    def __init__(self, client: SQSClient, polls: SQSClient, url: str, metrics: Metrics | None = None) -> None:
        self._client = client
        self._polls = polls
        self._metrics = metrics
        self._url = url
        self._name = url.rpartition("/")[2]

    def send(self, body: str, *, attributes: Mapping[str, str] | None = None, delay: float = 0.0) -> str:
        """Send one message, visible after ``delay`` seconds (at most 900); returns its id."""
        quotas.check_message(body, attributes or {}, delay)
        with told_as_ours(f"send to the queue {self._name}"):
            answer = self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                DelaySeconds=math.ceil(delay),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in (attributes or {}).items()
                },
            )
        return answer["MessageId"]

    def send_all(self, bodies: Sequence[str]) -> None:
        """Send any number of messages, in requests of ten and of no more bytes than one may have."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            # the first failure is raised when all have been tried
            list(pool.map(self._send_batch, list(quotas.message_batches(bodies))))

    def receive(
        self, limit: int = BATCH, wait: float = 0.0, visibility: float | None = None
    ) -> list[Message]:
        """Receive up to ``limit`` messages, waiting up to ``wait`` seconds (at most 20) for the first."""
        quotas.check_receive(limit, wait)
        hidden: dict[str, Any] = {}
        if visibility is not None:
            quotas.check_visibility(visibility)
            hidden["VisibilityTimeout"] = math.ceil(visibility)
        with told_as_ours(f"receive from the queue {self._name}"):
            answer = self._polls.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=math.ceil(wait),
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["All"],
                **hidden,
            )
        return [_message(found) for found in answer.get("Messages", [])]

    def set_visibility(self, message: Message, seconds: float) -> bool:
        """Make the message visible again ``seconds`` from now; False where the receipt has expired.

        False as well where that is more than 12 hours after its receive: SQS holds no message longer.
        """
        quotas.check_visibility(seconds)
        with told_as_ours(f"keep a message of the queue {self._name}"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=math.ceil(seconds)
                )
            except ClientError as error:
                if code_of(error) in EXPIRED:
                    return False
                raise
        return True

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete the messages, ten in a request; one that is gone already is no error."""
        receipts = list(dict.fromkeys(message.receipt for message in messages))
        for start in range(0, len(receipts), BATCH):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[start : start + BATCH])
            ]
            self._delete_batch(entries)

    def backlog(self) -> Backlog:
        """How many messages there are, roughly, and at most how old the oldest is."""
        with told_as_ours(f"count the messages of the queue {self._name}"):
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=_COUNTS)
        visible, in_flight, delayed = (int(answer["Attributes"].get(name, "0")) for name in _COUNTS)
        waits = bool(visible or in_flight or delayed)
        oldest = oldest_age(self._metrics, self._name) if waits and self._metrics else None
        return Backlog(visible, in_flight, delayed, oldest)

    def _send_batch(self, bodies: Sequence[str]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)
        ]
        with told_as_ours(f"send to the queue {self._name}"):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        for failed in answer.get("Failed", []):
            said = f"{failed.get('Message', '')} ({failed['Code']})"
            raise ServiceError(f"Could not send to the queue {self._name}: {said}")

    def _delete_batch(self, entries: list[DeleteMessageBatchRequestEntryTypeDef]) -> None:
        with told_as_ours(f"remove messages of the queue {self._name}"):
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        for failed in answer.get("Failed", []):
            if failed["Code"].rpartition(".")[2] not in EXPIRED:
                said = f"{failed.get('Message', '')} ({failed['Code']})"
                raise ServiceError(f"Could not remove messages of the queue {self._name}: {said}")


def _message(found: MessageTypeDef) -> Message:
    attributes = found.get("MessageAttributes", {})
    return Message(
        id=found["MessageId"],
        body=found["Body"],
        receipt=found["ReceiptHandle"],
        receives=int(found["Attributes"]["ApproximateReceiveCount"]),
        sent=int(found["Attributes"]["SentTimestamp"]) / 1000,
        attributes={
            name: value["StringValue"] for name, value in attributes.items() if "StringValue" in value
        },
    )
