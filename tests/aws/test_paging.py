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
from tilework.jobs.table import TooManyRowsError

ROWS = 500
PAGE = 10
PAGES = 3


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

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


def test_the_first_digits_of_an_id_are_looked_for_in_so_many_pages_and_then_the_whole_id_is_asked_for(
    deploy: Callable[[str | None], Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tilework.aws.table._DIGITS_PAGES", PAGES)
    with mock_aws():
        client = build_clients("us-east-1", None).dynamodb
        name = deploy(None).job_table
        # of one shelf, a fifth of a megabyte each: some to a page
        rows = [Job(f"beef{n:028x}", "b", "k", "v", State.DONE, reason="x" * 200_000) for n in range(21)]
        counting = Counting(client)
        table = AwsTable(counting, name)  # type: ignore[arg-type]
        for row in rows[:8]:
            table.create(row)
        assert {row.id for row in table.of_id("beef")} == {row.id for row in rows[:8]}
        for row in rows[8:]:
            table.create(row)
        counting.queries = 0
        with pytest.raises(TooManyRowsError) as told:
            table.of_id("beef")
        shelves = len(State)
        assert counting.queries == PAGES + shelves - 1
        assert "whole id" in told.value.advice
        assert table.get(rows[20].id) == rows[20]
        assert len(list(table.of_key("k"))) == len(rows)
