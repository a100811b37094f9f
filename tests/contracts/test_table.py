"""What every job table promises."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.jobs import cursor
from tilework.jobs.cursor import Cursor
from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from tilework.jobs.table import JobTable

UNLOCKED = "its backends have no locks"


def job(name: str, **changes: object) -> Job:
    fresh = Job(digest(name), "bucket", f"drop/{name} ü🦊.jpg", "v1", State.QUEUED, updated=1.0)
    return replace(fresh, **changes)  # type: ignore[arg-type]


def test_a_row_comes_back_exactly_as_it_was_written(table: JobTable) -> None:
    full = job(
        "full",
        state=State.FAILED,
        pipeline="blur(9) | canny(100, 200)",
        reason='No "image": 東京\n',
        advice="",
        attempts=3,
        lease_end=1_795_486_313.029_393_4,
        updated=1e-7,
        seconds=0.1 + 0.2,
        source_bytes=2**53 + 1,
        serial=12,
    )
    bare = job("bare", updated=0.0)
    for row in (full, bare):
        assert table.create(row) is None
        assert table.get(row.id) == row


def test_a_row_that_is_not_there_is_none(table: JobTable) -> None:
    table.add("deployment", {"times": 1.0})
    for odd in ("", "statistics#deployment", "deployment", "x" * 2048, "x" * 2049, "ü" * 2000):
        assert table.get(odd) is None
    assert table.get(digest("nothing")) is None


def test_create_is_refused_by_the_row_that_is_there(table: JobTable) -> None:
    first, second = job("a", owner="first"), job("a", owner="second")
    assert table.create(first) is None
    assert table.create(second) == first
    assert table.get(first.id) == first


@pytest.mark.differs("moto", because=UNLOCKED)
def test_of_32_who_create_one_row_at_once_one_wins(table: JobTable) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: table.create(job("contended", owner=str(n))), range(32)))
    assert answers.count(None) == 1
    winner = table.get(job("contended").id)
    assert winner is not None
    assert winner.owner == str(answers.index(None))
    assert {answer for answer in answers if answer is not None} == {winner}


def test_replace_writes_over_the_row_that_was_seen(table: JobTable) -> None:
    first = job("a")
    table.create(first)
    second = replace(first, state=State.RUNNING, serial=1, updated=2.0)
    third = replace(second, state=State.DONE, serial=2, updated=3.0)
    assert table.replace(second, seen=first) is None
    assert table.replace(third, seen=second) is None
    assert table.get(first.id) == third


@pytest.mark.parametrize("serial", [0, 5])
def test_replace_is_refused_by_a_row_that_went_on(table: JobTable, serial: int) -> None:
    first = job("a", serial=serial)
    table.create(first)
    second = replace(first, serial=serial + 1, owner="second")
    table.replace(second, seen=first)
    late = replace(first, serial=serial + 1, owner="late")
    assert table.replace(late, seen=first) == second
    assert table.get(first.id) == second


@pytest.mark.parametrize("serial", [0, 5])
def test_replace_of_a_row_that_is_not_there_raises(table: JobTable, serial: int) -> None:
    gone = job("a", serial=serial)
    with pytest.raises(KeyError):
        table.replace(replace(gone, serial=serial + 1), seen=gone)
    assert table.get(gone.id) is None


def test_replace_wants_the_next_serial_of_the_same_row(table: JobTable) -> None:
    first = job("a")
    table.create(first)
    for wrong in (first, replace(first, serial=2), job("b", serial=1)):
        with pytest.raises(ValueError, match="cannot follow"):
            table.replace(wrong, seen=first)


@pytest.mark.differs("moto", because=UNLOCKED)
def test_of_16_who_replace_one_row_at_once_one_wins(table: JobTable) -> None:
    first = job("a")
    table.create(first)

    def attempt(number: int) -> Job | None:
        return table.replace(replace(first, serial=1, owner=str(number)), seen=first)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(16)))
    assert answers.count(None) == 1


def test_a_deleted_row_is_forgotten(table: JobTable) -> None:
    table.create(job("a"))
    table.delete(job("a").id)
    table.delete(job("a").id)
    assert table.get(job("a").id) is None
    assert list(table.list()) == []
    assert table.create(job("a")) is None


def test_rows_are_listed_latest_first_by_state_or_all(table: JobTable) -> None:
    rows = [job(str(n), updated=float(n), state=list(State)[n % 6]) for n in range(60)]
    for row in random.Random(1).sample(rows, len(rows)):  # noqa: S311 -- an order, no secret
        table.create(row)
    assert list(table.list()) == rows[::-1]
    done = [row for row in rows if row.state is State.DONE]
    assert list(table.list(State.DONE)) == done[::-1]
    assert list(table.list(limit=7)) == rows[:-8:-1]
    assert list(table.list(State.DONE, limit=3)) == done[:-4:-1]
    assert list(table.list(limit=0)) == []


def test_a_row_is_listed_in_its_present_state_only(table: JobTable) -> None:
    first = job("a")
    table.create(first)
    second = replace(first, state=State.RUNNING, serial=1)
    table.replace(second, seen=first)
    assert list(table.list(State.QUEUED)) == []
    assert list(table.list(State.RUNNING)) == [second]


def test_a_list_without_limit_has_every_row_beyond_a_page(table: JobTable) -> None:
    # a page of a query has 1 MB: rows of 16 KB fill several
    rows = [job(str(n), updated=float(n), reason="ü" * 8_000) for n in range(280)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(table.create, rows)) == {None}
    assert [row.id for row in table.list()] == [row.id for row in rows[::-1]]
    assert [row.id for row in table.list(State.QUEUED, limit=200)] == [row.id for row in rows[:-201:-1]]


def pages(table: JobTable, size: int, **wanted: object) -> list[list[Job]]:
    """All pages of a list, each asked for by the cursor of the one before, as it travels: a text."""
    found, before = [], None
    while page := list(table.list(limit=size, before=before, **wanted)):  # type: ignore[arg-type]
        found.append(page)
        before = cursor.parse(str(cursor.after(page[-1])))
    return found


@pytest.mark.parametrize("size", [1, 4])
def test_pages_by_cursor_tell_every_row_once_in_order_also_those_of_one_moment(
    table: JobTable, size: int
) -> None:
    rows = [job(str(n), updated=float(n // 5) + 0.1, state=list(State)[n % 2]) for n in range(14)]
    for row in rows:
        table.create(row)
    expected = sorted(rows, key=cursor.order)
    assert [row for page in pages(table, size) for row in page] == expected
    queued = [row for row in expected if row.state is State.QUEUED]
    assert [row for page in pages(table, size, state=State.QUEUED) for row in page] == queued


def test_a_list_before_a_time_begins_with_what_was_changed_before_it(table: JobTable) -> None:
    rows = [job(str(n), updated=float(n)) for n in range(6)]
    for row in rows:
        table.create(row)
    assert list(table.list(before=Cursor(3.0))) == rows[2::-1]
    assert list(table.list(State.QUEUED, 1, before=Cursor(3.0))) == [rows[2]]


def test_a_list_since_a_time_ends_with_what_was_changed_at_it(table: JobTable) -> None:
    rows = [job(str(n), updated=float(n), batch="b" * (n % 2), state=list(State)[n % 2]) for n in range(6)]
    for row in rows:
        table.create(row)
    assert list(table.list(since=3.0)) == rows[:2:-1]
    assert list(table.list(State.RUNNING, batch="b", since=2.0)) == [rows[5], rows[3]]
    assert list(table.list(before=Cursor(5.0), since=3.0)) == [rows[4], rows[3]]
    assert list(table.list(before=Cursor(3.0, rows[3].id), since=3.0)) == []
    assert list(table.list(before=Cursor(2.0), since=3.0)) == []


def test_a_page_goes_on_where_the_last_ended_though_rows_went_and_came(table: JobTable) -> None:
    rows = [job(str(n), updated=float(n)) for n in range(10)]
    for row in rows:
        table.create(row)
    first = list(table.list(limit=4))
    table.delete(first[-1].id)
    table.create(job("new", updated=99.0))
    assert list(table.list(limit=4, before=cursor.after(first[-1]))) == rows[5:1:-1]


def test_a_batch_is_listed_by_itself_and_by_its_states(table: JobTable) -> None:
    batches = ("süden #1", "x" * 2000, "")
    rows = [job(str(n), updated=float(n), batch=batches[n % 3], state=list(State)[n % 2]) for n in range(24)]
    for row in rows:
        table.create(row)
    for batch in batches[:2]:
        expected = [row for row in rows[::-1] if row.batch == batch]
        assert list(table.list(batch=batch)) == expected
        assert [row for page in pages(table, 3, batch=batch) for row in page] == expected
        running = [row for row in expected if row.state is State.RUNNING]
        assert list(table.list(State.RUNNING, batch=batch)) == running
    assert list(table.list(batch="none")) == []


def test_an_owner_s_rows_are_listed_by_themselves_by_their_states_and_by_their_batches(
    table: JobTable,
) -> None:
    owners = ("zoë #1", "x" * 2000, "")
    rows = [
        job(
            str(n),
            updated=float(n),
            owner=owners[n % 3],
            batch=("one", "two")[n // 12],
            state=list(State)[n % 2],
        )
        for n in range(24)
    ]
    for row in rows:
        table.create(row)
    for owner in owners[:2]:
        expected = [row for row in rows[::-1] if row.owner == owner]
        assert list(table.list(owner=owner)) == expected
        assert [row for page in pages(table, 3, owner=owner) for row in page] == expected
        assert list(table.list(limit=2, owner=owner)) == expected[:2]
        running = [row for row in expected if row.state is State.RUNNING]
        assert list(table.list(State.RUNNING, owner=owner)) == running
        of_one = [row for row in expected if row.batch == "one"]
        assert list(table.list(owner=owner, batch="one")) == of_one
        assert [row for page in pages(table, 1, owner=owner, batch="one") for row in page] == of_one
    assert list(table.list(owner="nobody")) == []
    assert list(table.list(owner="nobody", batch="one")) == []


def test_a_row_moves_on_its_owner_s_shelves_as_its_state_does(table: JobTable) -> None:
    first = job("a", owner="zoe")
    table.create(first)
    second = replace(first, state=State.DONE, serial=1, updated=2.0)
    table.replace(second, seen=first)
    assert list(table.list(State.QUEUED, owner="zoe")) == []
    assert list(table.list(owner="zoe")) == [second]


def test_the_rows_of_a_key_are_found_whatever_their_version_pipeline_and_state(table: JobTable) -> None:
    keys = ("a", "a/b", "ü🦊 \x07.jpg")
    rows = [
        replace(job(str(n), state=list(State)[n % 6]), key=keys[n % 3], version=str(n)) for n in range(18)
    ]
    for row in rows:
        table.create(row)
    for key in keys:
        assert {row.id for row in table.of_key(key)} == {row.id for row in rows if row.key == key}
    assert list(table.of_key("")) == []


def test_a_row_is_found_by_the_first_digits_of_its_id(table: JobTable) -> None:
    rows = [job(str(n), state=list(State)[n % 6]) for n in range(40)]
    for row in rows:
        table.create(row)
    for digits in (rows[0].id[:1], rows[1].id[:6], rows[2].id):
        expected = {row.id for row in rows if row.id.startswith(digits)}
        assert {row.id for row in table.of_id(digits)} == expected
    assert list(table.of_id("0" * 20)) == []


def test_statistics_of_a_group_are_found_by_it_and_are_no_jobs(table: JobTable) -> None:
    assert table.group("day 1") == {}
    table.add("day 1 blur(9)", {"done": 1, "megapixels": 0.5}, group="day 1")
    table.add("day 1 blur(9)", {"done": 2}, group="day 1")
    table.add("day 1 ünlike", {"failed": 1}, group="day 1")
    table.add("day 2 blur(9)", {"done": 7}, group="day 2")
    table.add("day 1", {"done": 3})
    assert table.group("day 1") == {
        "day 1 blur(9)": {"done": 3, "megapixels": 0.5},
        "day 1 ünlike": {"failed": 1},
    }
    assert list(table.list()) == []


def test_counters_add_up_and_are_no_jobs(table: JobTable) -> None:
    assert table.counters("2026-11-24") == {}
    table.add("2026-11-24", {"done": 1, "megapixels": 0.1, "failed.too_large #": 2})
    table.add("2026-11-24", {"done": 2, "megapixels": 0.2})
    table.add("another", {"done": 100})
    table.add("none", {})
    assert table.counters("2026-11-24") == pytest.approx(
        {"done": 3, "megapixels": 0.3, "failed.too_large #": 2}
    )
    assert table.counters("none") == {}
    assert list(table.list()) == []


@pytest.mark.differs("moto", because=UNLOCKED)
def test_counters_added_by_many_at_once_lose_nothing(table: JobTable) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: table.add("day", {"done": 1}), range(64)))
    assert table.counters("day") == {"done": 64}


def test_what_was_remembered_with_a_group_is_found_by_it(table: JobTable) -> None:
    assert table.remembered("hosts") == {}
    table.remember("host b", "at work", group="hosts", expires=4_000_000_000.9)
    table.remember("host a", "", group="hosts")
    table.remember("host a", "idle \u6771", group="hosts", expires=4_000_000_000.0)
    table.remember("place", "elsewhere")
    table.add("day", {"done": 1}, group="days")
    assert table.remembered("hosts") == {"host a": "idle \u6771", "host b": "at work"}
    assert table.recall("host b") == "at work"
    assert table.group("days") == {"day": {"done": 1}}
    assert list(table.list()) == []


def test_what_was_remembered_last_is_recalled(table: JobTable) -> None:
    assert table.recall("place") == ""
    for text in ("drop/ü🦊 \x07\n.jpg", "k" * 1024, ""):
        table.remember("place", text)
        assert table.recall("place") == text
    assert table.recall("another") == ""
    table.remember("place", "here")
    table.add("place", {"times": 1})
    assert (table.recall("place"), table.counters("place")) == ("here", {"times": 1})
    assert list(table.list()) == []


@pytest.mark.differs("moto", because=UNLOCKED)
def test_a_counter_tells_each_who_counts_another_number(table: JobTable) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: table.count("orders#zoë", expires=1e9), range(24)))
    assert sorted(told) == list(range(1, 25))
    assert table.count("orders#ada", expires=1e9) == 1
    assert list(table.list()) == []
