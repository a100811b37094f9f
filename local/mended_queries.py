"""A page of an index costs what it tells, not all that lies on its shelf.

ministack 1.5.33 sorts and judges a whole partition for each Query: with 50,000 jobs a look at the list took it a second. Here
the order of a partition is kept from its first Query on, and ministack is shown only what can be on the page that is asked
for; it judges, cuts and answers as before.
"""

# ruff: noqa: SLF001 - what is mended has no public face; requirements.txt pins the version that this fits

from __future__ import annotations

import re
import threading
from bisect import bisect_left, bisect_right
from contextvars import ContextVar
from typing import Any, TypeAlias

from ministack.services import dynamodb

Place: TypeAlias = tuple[Any, Any]
"""Of an item in its table: the values of its hash and range key."""

Entry: TypeAlias = tuple[tuple[Any, ...], Place]
"""What an item is sorted by, and its place."""

_PAGE = re.compile(r"\w+ = (:\w+)(?: AND \w+ (?:>= :\w+|<= (:\w+)|BETWEEN :\w+ AND (:\w+)))?")
"""The key conditions of which a page is known to lie together: those that the job table asks with."""

_query, _members, _index_item = dynamodb._query, dynamodb._index_members, dynamodb._index_item
_shown: ContextVar[Any] = ContextVar("shown", default=None)
_lock = threading.RLock()


class _Orders:
    """The orders of the partitions of a table's indexes, as long as ministack keeps what is on them."""

    def __init__(self, table: Any, members: Any) -> None:
        self.table = table
        self.members = members
        self._kept: dict[tuple[str, Any], list[Entry]] = {}

    def of(self, index: str, partition: Any) -> list[Entry]:
        """All of a partition, in order."""
        found = self._kept.get((index, partition))
        places = self.members.get(index, {}).get(partition, ())
        if found is None and not places:
            return []
        if found is None:
            items = self.table["items"]
            found = sorted(self._entry(index, place, items[place[0]][place[1]]) for place in places)
            self._kept[index, partition] = found
        return found

    def note(self, place: Place, item: Any, *, there: bool) -> None:
        """An item came, or went."""
        for index, hashes, ranges in dynamodb._index_key_schemas(self.table):
            entries = self._kept.get((index, dynamodb._index_partition(item, hashes, ranges)))
            if entries is None:
                continue
            entry = self._entry(index, place, item)
            at = bisect_left(entries, entry)
            if there:
                entries.insert(at, entry)
            elif at < len(entries) and entries[at] == entry:
                del entries[at]

    def sorted_by(self, index: str, item: Any) -> tuple[Any, ...]:
        """What an item, or the key of one, is sorted by."""
        _, ranges = dynamodb._index_key_lists(dynamodb._index_def(self.table, index))
        keys = dynamodb._index_order_keys(self.table, ranges)
        return tuple(dynamodb._index_order_value(item, name, kind) for name, kind in keys)

    def _entry(self, index: str, place: Place, item: Any) -> Entry:
        return self.sorted_by(index, item), place


_orders: dict[int, _Orders] = {}


def _orders_of(table: Any) -> _Orders:
    """Those that are kept; new ones where ministack has begun anew itself."""
    members = _members(table)
    kept = _orders.get(id(table))
    if kept is None or kept.table is not table or kept.members is not members:
        there = {id(each) for _, each in dynamodb._tables.all_items()}
        for gone in _orders.keys() - there:
            del _orders[gone]
        kept = _orders[id(table)] = _Orders(table, members)
    return kept


def _page_query(data: dict[str, Any]) -> Any:
    with _lock:
        page = _page(data)
        if page is None:
            return _query(data)
        token = _shown.set(page)
        try:
            return _query(data)
        finally:
            _shown.reset(token)


def _page(data: dict[str, Any]) -> Any:
    """What ministack is shown of the index: as much of the partition as a page can have, and one more; None: all."""
    found = _PAGE.fullmatch(data.get("KeyConditionExpression") or "")
    index, limit = data.get("IndexName"), data.get("Limit")
    table = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
    asks = table and index and found and isinstance(limit, int) and data.get("ScanIndexForward") is False
    if not asks or found is None or index not in _members(table):
        return None
    values = data.get("ExpressionAttributeValues") or {}
    try:
        partition = dynamodb._extract_key_val(values[found[1]])
        orders = _orders_of(table)
        entries = orders.of(str(index), partition)
        end = len(entries)
        if latest := found[2] or found[3]:
            most = dynamodb._sort_key_value(values[latest], next(iter(values[latest])))
            end = bisect_right(entries, most, key=lambda entry: entry[0][0])
        if start := data.get("ExclusiveStartKey"):
            end = min(end, bisect_left(entries, (orders.sorted_by(str(index), start),)))
    except (AttributeError, KeyError, StopIteration, TypeError, ValueError):
        # what makes no sense is told by ministack
        return None
    return {index: {partition: [place for _, place in entries[max(0, end - int(limit or 0) - 1) : end]]}}


def _members_shown(table: Any) -> Any:
    shown = _shown.get()
    return _members(table) if shown is None else shown


def _note(table: Any, pk: Any, sk: Any, item: Any, add: bool) -> None:
    with _lock:
        _index_item(table, pk, sk, item, add)
        kept = _orders.get(id(table))
        if kept is not None and kept.table is table and table.get(dynamodb._INDEX_MEMBERS) is kept.members:
            kept.note((pk, sk), item, there=add)


def mend() -> None:
    """Put the mend in place, before ministack runs."""
    dynamodb._query, dynamodb._index_members, dynamodb._index_item = _page_query, _members_shown, _note
