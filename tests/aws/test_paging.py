"""A page of a list costs the same however many rows there are: nothing scans the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto import mock_aws

from tilework.aws.connect import build_clients
from tilework.aws.rows import shelves_of, to_item
from tilework.aws.settings import Deployment
from tilework.aws.table import AwsTable
from tilework.jobs import cursor
from tilework.jobs.job import Job, State, digest

ROWS = 500
PAGE = 10


class Counting:
    """A DynamoDB client that counts what is read."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.queries = 0
        self.items = 0

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        self.queries += 1
        self.items += answer["ScannedCount"]
        return answer

    def scan(self, **_: Any) -> Any:
        raise AssertionError("the table is scanned")


@pytest.mark.parametrize(
    ("wanted", "shelves"),
    [
        ({"state": State.DONE}, shelves_of(State.DONE)),
        ({}, sum(map(shelves_of, State))),
        ({"state": State.DONE, "batch": "b"}, shelves_of(State.DONE)),
        ({"batch": "b"}, sum(map(shelves_of, State))),
    ],
)
def test_a_page_in_the_middle_of_a_long_list_reads_a_page_of_each_shelf_and_no_more(
    deploy: Callable[[str | None], Deployment], wanted: dict[str, Any], shelves: int
) -> None:
    with mock_aws():
        client = build_clients("us-east-1", None).dynamodb
        name = deploy(None).job_table
        rows = [
            Job(digest(str(n)), "b", f"{n}", "v", State.DONE, batch="b" if n % 2 else "", updated=float(n))
            for n in range(ROWS)
        ]
        for start in range(0, ROWS, 25):
            requests = [{"PutRequest": {"Item": to_item(row)}} for row in rows[start : start + 25]]
            client.batch_write_item(RequestItems={name: requests})  # type: ignore[dict-item]
        counting = Counting(client)
        page = list(AwsTable(counting, name).list(**wanted, limit=PAGE, before=cursor.after(rows[ROWS // 2])))  # type: ignore[arg-type]
    of_these = [row for row in rows[: ROWS // 2] if not wanted.get("batch") or row.batch]
    assert page == of_these[: -PAGE - 1 : -1]
    assert counting.queries <= shelves + 2
    assert counting.items <= (PAGE + 1) * (shelves_of(State.DONE) + 1)
