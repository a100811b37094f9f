"""Notes of batches in the job table: rows of their own kind, and counts over the index ``by_batch``.

A note's hash key is ``batch#`` and its identity. It lies on no shelf of a state; those of an owner are found in
``by_state`` under the shelf ``batches#<owner>``, by when they were created. Like the rows of ended jobs it may be
forgotten after the table's memory.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tilework.aws.failures import code_of, told_as_ours
from tilework.aws.query_pages import pages
from tilework.aws.rows import EXPIRY, batch_shelf, expiry, number, shelves_of
from tilework.aws.table import BY_BATCH, BY_STATE
from tilework.jobs.batches import FINAL, Batch, batch_id, noted_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_dynamodb import DynamoDBClient

    from tilework.jobs.cursor import Cursor
    from tilework.jobs.job import State

_NOTE = "batch#"
_SHELF = "batches#"
_FINAL = "final."
_QUERIES_AT_ONCE = 16
_AT_ONCE = 100
"""Notes in one page of the recent ones."""


class AwsBatches:
    """Notes in the table of that name. They may be forgotten after ``memory_days``; 0: never."""

    def __init__(self, client: DynamoDBClient, name: str, memory_days: float = 0) -> None:
        self._client = client
        self._name = name
        self._memory_days = memory_days

    def note(self, batch: Batch) -> Batch | None:
        """Note a batch: None where it is the first note of its owner and name, else what is noted now."""
        item = self._item(batch)
        key = {"id": item.pop("id")}
        changes = {"size", "title"} if batch.title else {"size"}
        sets = [
            f"#{at} = " + (f":{at}" if name in changes else f"if_not_exists(#{at}, :{at})")
            for at, name in enumerate(item)
        ]
        with told_as_ours(f"note the batch {batch.name}"):
            answer = self._client.update_item(
                TableName=self._name,
                Key=key,
                UpdateExpression="SET " + ", ".join(sets),
                ExpressionAttributeNames={f"#{at}": name for at, name in enumerate(item)},
                ExpressionAttributeValues={f":{at}": value for at, value in enumerate(item.values())},
                ReturnValues="ALL_OLD",
            )
        if not answer.get("Attributes"):
            return None
        there = _from_item(answer["Attributes"])
        tried_before = answer["ResponseMetadata"].get("RetryAttempts", 0) > 0
        return None if tried_before and there == batch else noted_again(there, batch)

    def get(self, name: str, *, owner: str = "") -> Batch | None:
        """Return the note of that owner and name (strongly consistent), or None."""
        with told_as_ours(f"read the note of the batch {name}"):
            answer = self._client.get_item(
                TableName=self._name, Key=_key(batch_id(owner, name)), ConsistentRead=True
            )
        return _from_item(answer["Item"]) if "Item" in answer else None

    def recent(
        self, limit: int | None = None, *, owner: str = "", before: Cursor | None = None
    ) -> Iterator[Batch]:
        """The notes of an owner, the latest created first (eventually consistent), at most ``limit``."""
        notes = self._sorted(map(_from_item, self._of_owner(owner, before, limit)))
        return islice(
            (note for note in notes if before is None or not before.passes(note.created, note.id)), limit
        )

    @staticmethod
    def _sorted(notes: Iterator[Batch]) -> Iterator[Batch]:
        # the index keeps no order among notes of one moment
        for _, group in groupby(notes, attrgetter("created")):
            yield from sorted(group, key=attrgetter("id"))

    def settle(self, batch: Batch) -> None:
        """Keep ``settled`` and ``final`` of a note, unless a later ``settled`` is there already, or no note."""
        names = {f"#f{i}": _FINAL + state for i, state in enumerate(FINAL)}
        values = {f":f{i}": number(batch.final.get(state, 0)) for i, state in enumerate(FINAL)}
        sums = ", ".join(f"#f{i} = :f{i}" for i in range(len(FINAL)))
        with told_as_ours(f"settle the batch {batch.name}"):
            try:
                self._client.update_item(
                    TableName=self._name,
                    Key=_key(batch.id),
                    UpdateExpression=f"SET settled = :settled, {sums}",
                    ConditionExpression="attribute_exists(id) AND settled < :settled",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values | {":settled": number(batch.settled)},
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise

    def count(
        self, name: str, since: Mapping[State, float], *, owner: str = "", until: float | None = None
    ) -> Mapping[State, int]:
        """How many jobs of the batch are in each state of ``since`` and came to it at that time or later.

        A kilobyte of rows costs an eighth of a read unit, and every shelf of a state at least a half.
        """
        shelves = [(state, part) for state in since for part in range(shelves_of(state))]

        def on_shelf(place: tuple[State, int]) -> int:
            state, part = place
            return self._counted(_range(batch_shelf(state, part, name), since[state], until, owner))

        found = dict.fromkeys(since, 0)
        with ThreadPoolExecutor(_QUERIES_AT_ONCE) as pool:
            for (state, _), counted in zip(shelves, pool.map(on_shelf, shelves), strict=True):
                found[state] += counted
        return found

    def _counted(self, wanted: dict[str, Any]) -> int:
        counted = pages(
            self._client, "count jobs", TableName=self._name, IndexName=BY_BATCH, Select="COUNT", **wanted
        )
        return sum(page["Count"] for page in counted)

    def _of_owner(self, owner: str, before: Cursor | None, limit: int | None) -> Iterator[Mapping[str, Any]]:
        condition, values = "shelf = :shelf", {":shelf": {"S": _SHELF + owner}}
        if before is not None:
            condition += " AND updated <= :before"
            values[":before"] = number(before.updated)  # type: ignore[assignment]  # a number among texts
        listed = pages(
            self._client,
            "list batches",
            TableName=self._name,
            IndexName=BY_STATE,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=_AT_ONCE if limit is None else min(_AT_ONCE, limit + 1),
        )
        for page in listed:
            yield from page["Items"]

    def _item(self, batch: Batch) -> dict[str, Any]:
        item: dict[str, Any] = _key(batch.id) | {
            "shelf": {"S": _SHELF + batch.owner},
            "updated": number(batch.created),
            "name": {"S": batch.name},
            "owner": {"S": batch.owner},
            "size": number(batch.size),
            "title": {"S": batch.title},
            "settled": number(batch.settled),
        }
        if self._memory_days:
            item[EXPIRY] = expiry(batch.created, self._memory_days)
        return item | {_FINAL + state: number(amount) for state, amount in batch.final.items()}


def _key(note: str) -> dict[str, Any]:
    return {"id": {"S": _NOTE + note}}


def _range(shelf: str, since: float, until: float | None, owner: str) -> dict[str, Any]:
    """The query for what is on one shelf within [since, until), of one owner or all."""
    condition, values = "batch_shelf = :shelf", {":shelf": {"S": shelf}}
    if until is not None:
        # a range holds both its ends
        condition += " AND updated BETWEEN :since AND :until"
        values |= {":since": number(since), ":until": number(math.nextafter(until, 0.0))}  # type: ignore[dict-item]
    elif since:
        condition += " AND updated >= :since"
        values |= {":since": number(since)}  # type: ignore[dict-item]
    wanted: dict[str, Any] = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
    if owner:
        values[":owner"] = {"S": owner}
        wanted |= {"FilterExpression": "#owner = :owner", "ExpressionAttributeNames": {"#owner": "owner"}}
    return wanted


def _from_item(item: Mapping[str, Any]) -> Batch:
    final = {state: int(item[_FINAL + state]["N"]) for state in FINAL if _FINAL + state in item}
    return Batch(
        name=item["name"]["S"],
        owner=item["owner"]["S"],
        size=int(item["size"]["N"]),
        title=item["title"]["S"],
        created=float(item["updated"]["N"]),
        settled=float(item["settled"]["N"]),
        final=final,
    )
