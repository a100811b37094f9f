"""What is answered of an index is what ministack answers by itself, whatever was written before."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from ministack.services import dynamodb

from local import mended_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "mended-queries"
SHELVES = ("DONE", "FAILED")
RANGES = ("", " AND updated <= :b", " AND updated >= :a", " AND updated BETWEEN :a AND :b")


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("_query", "_index_members", "_index_item"):
        monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
    mended_queries.mend()
    made()
    yield
    asked(dynamodb._delete_table)


def made() -> None:
    """Make the table."""
    keys = [{"AttributeName": "shelf", "KeyType": "HASH"}, {"AttributeName": "updated", "KeyType": "RANGE"}]
    index = {"IndexName": "by_shelf", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    kinds = {"id": "S", "shelf": "S", "updated": "N"}
    asked(
        dynamodb._create_table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )


def asked(action: Any, **data: Any) -> Any:
    _, _, body = action({"TableName": TABLE, **data})
    return json.loads(body)


def write(chance: random.Random) -> None:
    key = {"id": {"S": f"{chance.randrange(60):02}"}}
    row = {"shelf": {"S": chance.choice(SHELVES)}, "updated": {"N": str(chance.randrange(20))}}
    kind = chance.random()
    if kind < 0.6:
        # some rows are on no shelf
        asked(dynamodb._put_item, Item={**key, **(row if kind < 0.5 else {})})
    elif kind < 0.9:
        asked(
            dynamodb._update_item, Key=key, UpdateExpression="SET shelf = :s, updated = :u",
            ExpressionAttributeValues={":s": row["shelf"], ":u": row["updated"]},
        )  # fmt: skip
    else:
        asked(dynamodb._delete_item, Key=key)


def question(chance: random.Random) -> dict[str, Any]:
    condition = chance.choice(RANGES)
    low, high = sorted(chance.randrange(20) for _ in range(2))
    values = {":shelf": {"S": chance.choice((*SHELVES, "EMPTY"))}}
    values |= {name: {"N": str(value)} for name, value in ((":a", low), (":b", high)) if name in condition}
    asks: dict[str, Any] = {
        "IndexName": "by_shelf",
        "KeyConditionExpression": f"shelf = :shelf{condition}",
        "ExpressionAttributeValues": values,
        "ScanIndexForward": chance.random() < 0.2,
    }
    if chance.random() < 0.9:
        asks["Limit"] = chance.randrange(1, 9)
    if chance.random() < 0.2:
        asks |= {"FilterExpression": "id > :id"}
        values[":id"] = {"S": "30"}
    return asks


@pytest.mark.usefixtures("mended")
def test_every_page_is_what_ministack_tells_by_itself() -> None:
    chance = random.Random(7)  # noqa: S311 - the same questions each time
    pages = 0
    for _ in range(300):
        write(chance)
        asks = question(chance)
        while True:
            told = asked(dynamodb._query, **asks)
            assert told == asked(mended_queries._query, **asks)
            pages += 1
            if "LastEvaluatedKey" not in told:
                break
            asks["ExclusiveStartKey"] = told["LastEvaluatedKey"]
    assert pages > 600


@pytest.mark.usefixtures("mended")
def test_a_page_is_found_without_a_look_at_all_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        row = {"id": {"S": str(number)}, "shelf": {"S": "DONE"}, "updated": {"N": str(number)}}
        asked(dynamodb._put_item, Item=row)
    asks = {
        "IndexName": "by_shelf", "KeyConditionExpression": "shelf = :shelf", "Limit": 5,
        "ExpressionAttributeValues": {":shelf": {"S": "DONE"}}, "ScanIndexForward": False,
    }  # fmt: skip
    asked(dynamodb._query, **asks)
    judged = []
    judge = dynamodb._evaluate_condition
    monkeypatch.setattr(
        dynamodb, "_evaluate_condition", lambda *given, **named: judged.append(1) or judge(*given, **named)
    )
    told = asked(dynamodb._query, **asks)
    assert [row["id"]["S"] for row in told["Items"]] == ["299", "298", "297", "296", "295"]
    assert len(judged) <= 6


@pytest.mark.usefixtures("mended")
def test_what_makes_no_sense_is_refused_as_by_ministack() -> None:
    for asks in (
        {"KeyConditionExpression": "shelf = :shelf", "ExpressionAttributeValues": {}},
        {"KeyConditionExpression": "shelf = :shelf", "ExpressionAttributeValues": {":shelf": {"N": "1"}}},
        {
            "KeyConditionExpression": "shelf = :shelf AND updated <= :b",
            "ExpressionAttributeValues": {":shelf": {"S": "DONE"}, ":b": {}},
        },
        {
            "KeyConditionExpression": "shelf = :shelf",
            "ExpressionAttributeValues": {":shelf": {"S": "DONE"}},
            "ExclusiveStartKey": {"id": {"S": "1"}},
        },
    ):
        whole = {"IndexName": "by_shelf", "Limit": 5, "ScanIndexForward": False, **asks}
        told = asked(dynamodb._query, **whole)
        assert told["__type"]
        assert told == asked(mended_queries._query, **whole)


@pytest.mark.usefixtures("mended")
def test_a_table_that_is_made_anew_is_empty_and_one_that_is_gone_is_forgotten() -> None:
    row = {"id": {"S": "1"}, "shelf": {"S": "DONE"}, "updated": {"N": "1"}}
    asks = {
        "IndexName": "by_shelf", "KeyConditionExpression": "shelf = :shelf", "Limit": 5,
        "ExpressionAttributeValues": {":shelf": {"S": "DONE"}}, "ScanIndexForward": False,
    }  # fmt: skip
    asked(dynamodb._put_item, Item=row)
    assert asked(dynamodb._query, **asks)["Items"] == [row]
    for _ in range(3):
        asked(dynamodb._delete_table)
        made()
        assert asked(dynamodb._query, **asks)["Items"] == []
    asked(dynamodb._put_item, Item=row)
    assert asked(dynamodb._query, **asks)["Items"] == [row]
    assert len(mended_queries._orders) == 1
