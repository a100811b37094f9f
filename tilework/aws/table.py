"""The job table in DynamoDB.

Hash key ``id``. The global index ``by_state`` (hash key ``shelf``, range key ``updated``, projection ALL) lists the
rows of a state by age. Rows called ``statistics#…`` hold counters or a remembered text, and lie on no shelf.
"""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tilework.aws.failures import code_of, told_as_ours
from tilework.aws.rows import SHELVES, from_item, number, shelf, to_item
from tilework.jobs.job import State
from tilework.jobs.table import check_follows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryOutputTypeDef

    from tilework.jobs.job import Job

INDEX = "by_state"
"""The global secondary index that lists rows by state."""

_STATISTICS = "statistics#"
_COUNTER = "counter."
_TEXT = "text"
_QUERIES_AT_ONCE = 8


class AwsTable:
    """The job table by its name."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, job_id: str) -> Job | None:
        """Return the row as it is now (strongly consistent), or None."""
        with told_as_ours(f"read the job {job_id}"):
            answer = self._client.get_item(
                TableName=self._name, Key={"id": {"S": job_id}}, ConsistentRead=True
            )
        return from_item(answer["Item"]) if "Item" in answer else None

    def create(self, job: Job) -> Job | None:
        """Write the row if there is none of its id: None when written, else the row that is there."""
        return self._put(job, {"ConditionExpression": "attribute_not_exists(id)"})

    def replace(self, job: Job, *, seen: Job) -> Job | None:
        """Write ``job`` if the row's serial is still ``seen.serial``: None when written, else the row there."""
        check_follows(job, seen)
        # a serial of 0 is a default, and so not in the item
        same = "#serial = :seen" if seen.serial else "attribute_exists(id) AND attribute_not_exists(#serial)"
        condition: dict[str, Any] = {
            "ConditionExpression": same,
            "ExpressionAttributeNames": {"#serial": "serial"},
        }
        if seen.serial:
            condition["ExpressionAttributeValues"] = {":seen": number(seen.serial)}
        return self._put(job, condition)

    def delete(self, job_id: str) -> None:
        """Forget the row."""
        with told_as_ours(f"forget the job {job_id}"):
            self._client.delete_item(TableName=self._name, Key={"id": {"S": job_id}})

    def list(self, state: State | None = None, limit: int | None = None) -> Iterator[Job]:
        """List rows, the latest updated first (eventually consistent), of one state or of all, at most ``limit``.

        A row that changes its state meanwhile is told once, or, having moved behind what was read, not at all.
        """
        return islice(self._merged(tuple(State) if state is None else (state,), limit), limit)

    def add(self, name: str, amounts: Mapping[str, float]) -> None:
        """Add ``amounts`` to the counters of the statistics row called ``name``."""
        if not amounts:
            return
        numbered = list(enumerate(amounts.items()))
        with told_as_ours(f"add to the statistics {name}"):
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": _STATISTICS + name}},
                UpdateExpression="ADD " + ", ".join(f"#n{i} :v{i}" for i, _ in numbered),
                ExpressionAttributeNames={f"#n{i}": _COUNTER + what for i, (what, _) in numbered},
                ExpressionAttributeValues={f":v{i}": number(amount) for i, (_, amount) in numbered},
            )

    def counters(self, name: str) -> Mapping[str, float]:
        """Return the counters of the statistics row called ``name``; empty where there is none."""
        return {
            what.removeprefix(_COUNTER): float(value["N"])
            for what, value in self._statistics(name).items()
            if what.startswith(_COUNTER)
        }

    def remember(self, name: str, text: str) -> None:
        """Keep ``text`` under ``name``, in the place of what was there."""
        with told_as_ours(f"remember {name}"):
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": _STATISTICS + name}},
                UpdateExpression="SET #text = :text",
                ExpressionAttributeNames={"#text": _TEXT},
                ExpressionAttributeValues={":text": {"S": text}},
            )

    def recall(self, name: str) -> str:
        """Return what was last remembered under ``name``; empty where nothing was."""
        item = self._statistics(name)
        return str(item[_TEXT]["S"]) if _TEXT in item else ""

    def _statistics(self, name: str) -> Mapping[str, Any]:
        with told_as_ours(f"read the statistics {name}"):
            answer = self._client.get_item(
                TableName=self._name, Key={"id": {"S": _STATISTICS + name}}, ConsistentRead=True
            )
        return answer.get("Item", {})

    def _put(self, job: Job, condition: Mapping[str, Any]) -> Job | None:
        with told_as_ours(f"write the job {job.id}"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=to_item(job),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition,
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return _refused(job, error)
        return None

    def _merged(self, states: tuple[State, ...], limit: int | None) -> Iterator[Job]:
        shelves = [shelf(state, part) for state in states for part in range(SHELVES)]
        with ThreadPoolExecutor(min(len(shelves), _QUERIES_AT_ONCE)) as pool:
            first = list(pool.map(lambda name: self._page(name, limit), shelves))
        rows = [self._rows(name, page, limit) for name, page in zip(shelves, first, strict=True)]
        told: set[str] = set()
        for job in heapq.merge(*rows, key=lambda job: -job.updated):
            if job.id not in told:
                told.add(job.id)
                yield job

    def _rows(self, name: str, page: QueryOutputTypeDef, limit: int | None) -> Iterator[Job]:
        """The rows of one shelf, whose first page is there already."""
        while True:
            yield from map(from_item, page["Items"])
            if not (last := page.get("LastEvaluatedKey")):
                return
            page = self._page(name, limit, ExclusiveStartKey=last)

    def _page(self, name: str, limit: int | None, **start: Any) -> QueryOutputTypeDef:
        size: dict[str, Any] = {} if limit is None else {"Limit": max(limit, 1)}
        with told_as_ours("list jobs"):
            return self._client.query(
                TableName=self._name,
                IndexName=INDEX,
                KeyConditionExpression="shelf = :shelf",
                ExpressionAttributeValues={":shelf": {"S": name}},
                ScanIndexForward=False,
                **size,
                **start,
            )


def _refused(job: Job, error: ClientError) -> Job | None:
    """The row that stood in the way; None where it is our own, of a try whose answer was lost.

    Raises KeyError where a row to replace is not there.
    """
    response: Mapping[str, Any] = error.response
    if not response.get("Item"):
        raise KeyError(job.id)
    there = from_item(response["Item"])
    tried_before = response["ResponseMetadata"].get("RetryAttempts", 0) > 0
    return None if tried_before and there == job else there
