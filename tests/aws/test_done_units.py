"""A row stays small however many of its units are done, and says the same however they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from moto import mock_aws

from tilework.aws.connect import build_clients
from tilework.aws.done_units import UNITS_A_SET, from_sets, full_sets, to_sets
from tilework.aws.settings import Deployment
from tilework.aws.table import AwsTable
from tilework.jobs.job import Job, State, digest

ROW = Job(digest("scan"), "b", "k", "v", State.RUNNING, epoch=2, stage="0-write", stage_units=600)


@given(some.frozensets(some.integers(0, 8191)), some.frozensets(some.integers(0, 31), max_size=3))
def test_units_come_back_as_they_were_and_none_of_their_sets_is_full(
    units: frozenset[int], parts: frozenset[int]
) -> None:
    whole = units | {UNITS_A_SET * part + unit for part in parts for unit in range(UNITS_A_SET)}
    sets = to_sets(whole)
    assert from_sets(sets) == whole
    assert full_sets(sets) == []


@pytest.fixture
def table(
    deploy: Callable[[str | None], Deployment],
) -> Iterator[tuple[AwsTable, Callable[[], dict[str, Any]]]]:
    with mock_aws():
        client = build_clients("us-east-1", None).dynamodb
        name = deploy(None).job_table
        key = {"id": {"S": ROW.id}}
        yield AwsTable(client, name), lambda: client.get_item(TableName=name, Key=key)["Item"]


def test_the_last_of_256_units_folds_them_and_a_late_twin_of_one_changes_nothing(table: Any) -> None:
    rows, item = table
    rows.create(ROW)
    assert mark(rows, *range(5, UNITS_A_SET), 300) is not None
    last = mark(rows, *range(5))
    assert last is not None
    assert last.units_done == {*range(UNITS_A_SET), 300}
    assert {name for name in item() if name.startswith("done.")} == {"done.all", "done.01"}
    assert rows.get(ROW.id) == last
    late = mark(rows, 7)
    assert late is not None
    assert late.units_done == last.units_done
    assert late.serial == last.serial + 1


def test_sets_that_are_full_are_folded_in_the_stage_that_filled_them_or_not_at_all(table: Any) -> None:
    rows, _ = table
    rows.create(ROW)
    client = rows._client
    rows._client = Meanwhile(client, lambda: move_on(rows, client))
    mark(rows, *range(1, UNITS_A_SET))
    mark(rows, 0)
    rows._client = client
    row = rows.get(ROW.id)
    assert row is not None
    assert (row.stage, row.units_done) == ("1-assemble", frozenset())


class Meanwhile:
    """A client beside which something happens between the addition that fills a set and its folding."""

    def __init__(self, client: Any, happens: Callable[[], None]) -> None:
        self._client = client
        self._happens = happens

    def update_item(self, **request: Any) -> Any:
        answer = self._client.update_item(**request)
        if full_sets(answer.get("Attributes", {})):
            self._happens()
        return answer


def move_on(rows: AwsTable, client: Any) -> None:
    rows._client = client
    row = rows.get(ROW.id)
    assert row is not None
    moved = replace(row, stage="1-assemble", units_done=frozenset(), serial=row.serial + 1)
    assert rows.replace(moved, seen=row) is None


def mark(rows: AwsTable, *units: int) -> Job | None:
    return rows.mark_done(ROW.id, units, epoch=2, stage="0-write", now=1.0)
