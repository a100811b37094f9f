"""The job table in DynamoDB.

Hash key ``id``. The global index ``by_state`` (hash key ``shelf``, range key ``updated``, projection ALL) lists the
rows of a state by age, ``by_batch`` (``batch_shelf``, ``updated``, ALL) those of a batch and state, ``by_owner``
(``owner_shelf``, ``updated``, ALL) those of an owner and state. Rows called
``statistics#…`` hold counters or a remembered text; they lie on no shelf of a state, and those of a group on the
group's.
"""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from tilework.aws.done_units import StageRow, full_sets
from tilework.aws.failures import code_of, told_as_ours
from tilework.aws.query_pages import pages
from tilework.aws.rows import (
    EXPIRY,
    batch_shelf,
    from_item,
    number,
    owner_shelf,
    shelf,
    shelf_number,
    shelves_of,
    to_item,
)
from tilework.jobs.cursor import order
from tilework.jobs.job import State
from tilework.jobs.table import TooManyRowsError, check_follows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryOutputTypeDef, UpdateItemOutputTypeDef

    from tilework.jobs.cursor import Cursor
    from tilework.jobs.job import Job

BY_STATE = "by_state"
"""The global secondary index that lists rows by state."""

BY_BATCH = "by_batch"
"""The one that lists rows by batch and state."""

BY_OWNER = "by_owner"
"""The one that lists rows by owner and state."""

_STATISTICS = "statistics#"
_COUNTER = "counter."
_TEXT = "text"
_QUERIES_AT_ONCE = 16

_HASH_KEY_BYTES = 2048
"""The longest hash key ("Quotas in Amazon DynamoDB")."""

_DIGITS_PAGES = 100
"""Of a megabyte each, read of a shelf for the first digits of an id: some seconds, of the API's twenty-nine."""

_ROWS_BEYOND = 8
"""Rows asked of a shelf beyond twice its even part of a page: ids are hashes, and hardly ever lie less evenly."""


class Shelf(NamedTuple):
    """One of ``parts`` of the index ``of`` that name, and the attribute and value of its hash key."""

    of: str
    attribute: str
    value: str
    parts: int = 1


class Range(NamedTuple):
    """The condition on when a row was updated, and its values."""

    condition: str
    values: Mapping[str, Any]


_EVER = Range("", {})


class AwsTable:
    """The job table by its name. Rows of ended jobs may be forgotten after ``memory_days``; 0: never."""

    def __init__(self, client: DynamoDBClient, name: str, memory_days: float = 0) -> None:
        self._client = client
        self._name = name
        self._memory_days = memory_days

    def get(self, job_id: str) -> Job | None:
        """Return the row as it is now (strongly consistent), or None."""
        if job_id.startswith(_STATISTICS) or not 0 < len(job_id.encode()) <= _HASH_KEY_BYTES:
            # whoever asks may have it from an address that a person typed
            return None
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

    def mark_done(
        self, job_id: str, units: Collection[int], *, epoch: int, stage: str, now: float
    ) -> Job | None:
        """Add ``units`` to the row's set of done ones if it runs in this epoch and stage: the row then, else None."""
        row = StageRow(self._name, job_id, epoch, stage)
        answer = self._updated(job_id, row.addition(units, now))
        if answer is None:
            return None
        full = full_sets(answer["Attributes"])
        if full:
            # the last of 256 units folds them; where that fails, one that is told twice may
            self._updated(job_id, row.folding(full))
        return from_item(answer["Attributes"])

    def delete(self, job_id: str) -> None:
        """Forget the row."""
        with told_as_ours(f"forget the job {job_id}"):
            self._client.delete_item(TableName=self._name, Key={"id": {"S": job_id}})

    def list(
        self,
        state: State | None = None,
        limit: int | None = None,
        *,
        batch: str = "",
        owner: str = "",
        before: Cursor | None = None,
        since: float = 0.0,
    ) -> Iterator[Job]:
        """List rows, the latest updated first (eventually consistent), from ``before`` on, at most ``limit``.

        A row that changes its state meanwhile is told once, or, having moved behind what was read, not at all. With a
        batch and an owner the batch is read, and what is another's is left out.
        """
        if before is not None and since > before.updated:
            # a range must not be upside down
            return iter(())
        shelves = _shelves(tuple(State) if state is None else (state,), batch, owner)
        rows = self._merged(shelves, limit, before, since)
        return islice((row for row in rows if not owner or row.owner == owner), limit)

    def of_id(self, digits: str) -> Iterator[Job]:
        """Every row whose id begins with ``digits``: its shelves are read, but only these are sent.

        Raises TooManyRowsError where one of them does not end.
        """
        # one digit alone leaves open which of several
        full = [digits + digit for digit in "0123456789abcdef"]
        names = {shelf(state, shelf_number(state, each)) for state in State for each in full}
        shelves = [Shelf(BY_STATE, "shelf", name) for name in sorted(names)]
        return self._only(shelves, "begins_with(#name, :value)", "id", digits, most=_DIGITS_PAGES)

    def of_key(self, key: str) -> Iterator[Job]:
        """Every row about a version of the object ``key``: all rows are read, but only these are sent."""
        return self._only(_shelves(tuple(State)), "#name = :value", "key", key)

    def add(self, name: str, amounts: Mapping[str, float], *, group: str = "") -> None:
        """Add ``amounts`` to the counters of the statistics row called ``name``, which then is of ``group``."""
        if not amounts:
            return
        numbered = list(enumerate(amounts.items()))
        put = " SET shelf = :shelf, updated = :updated" if group else ""
        where: dict[str, Any] = {":shelf": {"S": _STATISTICS + group}, ":updated": number(0)} if group else {}
        with told_as_ours(f"add to the statistics {name}"):
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": _STATISTICS + name}},
                UpdateExpression="ADD " + ", ".join(f"#n{i} :v{i}" for i, _ in numbered) + put,
                ExpressionAttributeNames={f"#n{i}": _COUNTER + what for i, (what, _) in numbered},
                ExpressionAttributeValues=where | {f":v{i}": number(amount) for i, (_, amount) in numbered},
            )

    def group(self, group: str) -> Mapping[str, Mapping[str, float]]:
        """Return the counters of all statistics rows of ``group``, by their names (eventually consistent)."""
        return {name: _counters(item) for name, item in self._of_group(group)}

    def counters(self, name: str) -> Mapping[str, float]:
        """Return the counters of the statistics row called ``name``; empty where there is none."""
        return _counters(self._statistics(name))

    def count(self, name: str, *, expires: float) -> int:
        """Add one to the counter called ``name``, and tell how many it then is; it is on no index."""
        with told_as_ours(f"count {name}"):
            answer = self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": _STATISTICS + name}},
                UpdateExpression="SET #expires = if_not_exists(#expires, :expires) ADD #count :one",
                ExpressionAttributeNames={"#count": _COUNTER + "count", "#expires": EXPIRY},
                ExpressionAttributeValues={":one": number(1), ":expires": number(int(expires))},
                ReturnValues="UPDATED_NEW",
            )
        return int(answer["Attributes"][_COUNTER + "count"]["N"])

    def remember(self, name: str, text: str, *, group: str = "", expires: float = 0.0) -> None:
        """Keep ``text`` under ``name``, in the place of what was there; after ``expires`` DynamoDB may delete it."""
        told: dict[str, Any] = {"#text": {"S": text}}
        if group:
            told |= {"shelf": {"S": _STATISTICS + group}, "updated": number(0)}
        if expires:
            told[EXPIRY] = number(int(expires))
        with told_as_ours(f"remember {name}"):
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": _STATISTICS + name}},
                UpdateExpression="SET " + ", ".join(f"{what} = :{what.strip('#')}" for what in told),
                ExpressionAttributeNames={"#text": _TEXT},
                ExpressionAttributeValues={f":{what.strip('#')}": value for what, value in told.items()},
            )

    def remembered(self, group: str) -> Mapping[str, str]:
        """Return all that was remembered with ``group``, by name (eventually consistent)."""
        return {name: str(item[_TEXT]["S"]) for name, item in self._of_group(group)}

    def recall(self, name: str) -> str:
        """Return what was last remembered under ``name``; empty where nothing was."""
        item = self._statistics(name)
        return str(item[_TEXT]["S"]) if _TEXT in item else ""

    def _of_group(self, group: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The rows of a group of statistics with their names, by these."""
        items = self._items(Shelf(BY_STATE, "shelf", _STATISTICS + group))
        return sorted(
            ((str(item["id"]["S"]).removeprefix(_STATISTICS), item) for item in items), key=itemgetter(0)
        )

    def _statistics(self, name: str) -> Mapping[str, Any]:
        with told_as_ours(f"read the statistics {name}"):
            answer = self._client.get_item(
                TableName=self._name, Key={"id": {"S": _STATISTICS + name}}, ConsistentRead=True
            )
        return answer.get("Item", {})

    def _updated(self, job_id: str, request: Mapping[str, Any]) -> UpdateItemOutputTypeDef | None:
        """Carry out an update; None where its condition is not met."""
        with told_as_ours(f"mark units of the job {job_id}"):
            try:
                return self._client.update_item(**request)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return None

    def _put(self, job: Job, condition: Mapping[str, Any]) -> Job | None:
        with told_as_ours(f"write the job {job.id}"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=to_item(job, self._memory_days),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition,
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return _refused(job, error)
        return None

    def _merged(
        self, shelves: Sequence[Shelf], limit: int | None, before: Cursor | None, since: float
    ) -> Iterator[Job]:
        found = [self._pages(each, _range(before, since), **_size(each, limit)) for each in shelves]
        with ThreadPoolExecutor(min(len(shelves), _QUERIES_AT_ONCE)) as pool:
            first = list(pool.map(next, found))
        rows = [_rows(chain((page,), left), before) for page, left in zip(first, found, strict=True)]
        told: set[str] = set()
        for job in heapq.merge(*rows, key=order):
            if job.id not in told:
                told.add(job.id)
                yield job

    def _only(
        self, shelves: Sequence[Shelf], condition: str, name: str, value: str, *, most: int | None = None
    ) -> Iterator[Job]:
        only = {
            "FilterExpression": condition,
            "ExpressionAttributeNames": {"#name": name},
            "ExpressionAttributeValues": {":value": {"S": value}},
        }
        with ThreadPoolExecutor(_QUERIES_AT_ONCE) as pool:
            found = list(pool.map(lambda each: list(self._items(each, most, **only)), shelves))
        # one that changes its state meanwhile may be found on two shelves
        told = {job.id: job for items in found for job in map(from_item, items)}
        return iter(told.values())

    def _items(self, place: Shelf, most: int | None = None, **wanted: Any) -> Iterator[Mapping[str, Any]]:
        """What is on a shelf. Raises TooManyRowsError where that is more than ``most`` pages."""
        for number_of_page, page in enumerate(self._pages(place, _EVER, **wanted), 1):
            yield from page["Items"]
            if number_of_page == most and page.get("LastEvaluatedKey"):
                raise TooManyRowsError("There are too many jobs to look for the first digits of an id.")

    def _pages(self, place: Shelf, within: Range, **wanted: Any) -> Iterator[QueryOutputTypeDef]:
        values = {
            ":shelf": {"S": place.value},
            **within.values,
            **wanted.pop("ExpressionAttributeValues", {}),
        }
        return pages(
            self._client,
            "list jobs",
            TableName=self._name,
            IndexName=place.of,
            KeyConditionExpression=f"{place.attribute} = :shelf{within.condition}",
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            **wanted,
        )


def _rows(found: Iterable[QueryOutputTypeDef], before: Cursor | None) -> Iterator[Job]:
    """The rows of one shelf's pages, those of one moment by their ids."""
    told = (from_item(item) for page in found for item in page["Items"])
    # the index keeps no order among rows of one moment
    for _, rows in groupby(told, attrgetter("updated")):
        yield from sorted((row for row in rows if before is None or not before.passed(row)), key=order)


def _shelves(states: Sequence[State], batch: str = "", owner: str = "") -> list[Shelf]:
    parts = [(state, part) for state in states for part in range(shelves_of(state))]
    return [_shelf(*part, batch, owner) for part in parts]


def _shelf(state: State, part: int, batch: str, owner: str) -> Shelf:
    if batch:
        return Shelf(BY_BATCH, "batch_shelf", batch_shelf(state, part, batch), shelves_of(state))
    if owner:
        return Shelf(BY_OWNER, "owner_shelf", owner_shelf(state, part, owner), shelves_of(state))
    return Shelf(BY_STATE, "shelf", shelf(state, part), shelves_of(state))


def _range(before: Cursor | None, since: float) -> Range:
    values = ({":since": number(since)} if since else {}) | (
        {":before": number(before.updated)} if before is not None else {}
    )
    if len(values) > 1:
        return Range(" AND updated BETWEEN :since AND :before", values)
    if since:
        return Range(" AND updated >= :since", values)
    return Range(" AND updated <= :before", values) if values else _EVER


def _size(place: Shelf, limit: int | None) -> dict[str, Any]:
    """What is read of a shelf at once, for a page of ``limit`` rows: more follow where they are wanted."""
    if limit is None:
        return {}
    # one more than asked for tells whether the last row has others of its moment beside it
    return {"Limit": min(limit + 1, 2 * limit // place.parts + _ROWS_BEYOND)}


def _counters(item: Mapping[str, Any]) -> Mapping[str, float]:
    return {
        what.removeprefix(_COUNTER): float(value["N"])
        for what, value in item.items()
        if what.startswith(_COUNTER)
    }


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
