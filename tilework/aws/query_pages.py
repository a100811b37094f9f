"""A query of DynamoDB, page by page: a page has a megabyte at most, or fewer rows where the query limits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilework.aws.failures import told_as_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryOutputTypeDef


def pages(client: DynamoDBClient, what: str, **wanted: Any) -> Iterator[QueryOutputTypeDef]:
    """The answers to a query, each asked for when it is wanted. Raises ServiceError and the like, told as ``what``."""
    place: dict[str, Any] = {}
    while True:
        with told_as_ours(what):
            answer = client.query(**wanted, **place)
        yield answer
        if not (last := answer.get("LastEvaluatedKey")):
            return
        place = {"ExclusiveStartKey": last}
