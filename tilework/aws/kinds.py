"""Whether a deployment's buckets, queues and table are there, and of the kind that Tilework needs; one call each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.aws.failures import told_as_ours
from tilework.errors import UnfitError

if TYPE_CHECKING:
    from tilework.aws.connect import Clients

DEPLOY = "Deploy the stack again, or check the names in the settings."


def look_at_inputs(clients: Clients, bucket: str) -> str:
    """The bucket of inputs, which must keep versions: a job is about one. Raises UnfitError, or why it is not there."""
    with told_as_ours(f"look at the input bucket {bucket}"):
        versions = clients.s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
    if versions != "Enabled":
        raise UnfitError(
            f"The input bucket {bucket} keeps no versions ({versions}): an image could change under its job.",
            advice="Switch versioning on: the stack does it.",
        )
    return f"The input bucket {bucket} answers, and keeps versions."


def look_at_outputs(clients: Clients, bucket: str) -> str:
    """The bucket of results. Raises why it is not there."""
    with told_as_ours(f"look at the output bucket {bucket}"):
        clients.s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
    return f"The output bucket {bucket} answers."


def look_at_queue(clients: Clients, url: str) -> str:
    """A queue, which must be a standard one. Raises UnfitError, or why it is not there."""
    name = url.rpartition("/")[2]
    if name.endswith(".fifo"):
        raise UnfitError(
            f"The queue {name} is a FIFO queue, and Tilework needs a standard one.", advice=DEPLOY
        )
    with told_as_ours(f"look at the queue {name}"):
        clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return f"The queue {name} answers."


def look_at_table(clients: Clients, name: str) -> str:
    """The job table, whose key must be the job's id. Raises RefusedError where it has another, or why it is not there."""
    with told_as_ours(f"look at the job table {name}"):
        clients.dynamodb.get_item(TableName=name, Key={"id": {"S": "a look at the table"}})
    return f"The job table {name} answers."
