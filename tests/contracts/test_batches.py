"""What every place for notes of batches promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.jobs.batches import FINAL, Batch
from tilework.jobs.cursor import Cursor
from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from tests.contracts.conftest import Twin
    from tilework.jobs.batches import BatchNotes
    from tilework.jobs.table import JobTable


@pytest.fixture
def notes(twin: Twin) -> BatchNotes:
    return twin.system.batches


def put(
    table: JobTable, name: str, state: State, updated: float, *, batch: str = "b", owner: str = ""
) -> None:
    row = Job(
        digest(name),
        "bucket",
        name,
        "v",
        state,
        pipeline="blur(9)",
        batch=batch,
        owner=owner,
        updated=updated,
    )
    assert table.create(row) is None


def test_a_note_comes_back_as_it_was_written(notes: BatchNotes) -> None:
    first = Batch("süden #1", "anna", 2000, title="Süden 🦊", created=1_795_486_313.029_393_4)
    assert notes.note(first) is None
    assert notes.get("süden #1", owner="anna") == first
    assert notes.get("süden #1") is None


def test_a_later_note_changes_size_and_title_and_nothing_else(notes: BatchNotes) -> None:
    first = Batch("b", "anna", 2000, title="Süden", created=5.0)
    notes.note(first)
    counted = replace(first, settled=20.0, final={State.DONE: 2, State.SKIPPED: 1})
    notes.settle(counted)
    untitled = replace(first, size=7, title="", created=9.0)
    assert notes.note(untitled) == replace(counted, size=7) == notes.get("b", owner="anna")
    titled = replace(first, size=8, title="Norden", created=10.0)
    assert notes.note(titled) == replace(counted, size=8, title="Norden") == notes.get("b", owner="anna")
    assert list(notes.recent(owner="anna")) == [notes.get("b", owner="anna")]


def test_a_name_is_its_owners_alone(notes: BatchNotes) -> None:
    ours, theirs = Batch("holidays", "anna", 1), Batch("holidays", "bert", 2)
    assert (notes.note(ours), notes.note(theirs)) == (None, None)
    assert notes.get("holidays", owner="anna") == ours
    assert list(notes.recent(owner="bert")) == [theirs]


@pytest.mark.differs("moto", because="its backends have no locks")
def test_of_16_who_note_one_batch_at_once_one_is_the_first(notes: BatchNotes) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda size: notes.note(Batch("b", "", size)), range(1, 17)))
    assert answers.count(None) == 1


def test_recent_ones_are_told_latest_first_page_by_page_and_are_no_jobs(
    notes: BatchNotes, table: JobTable
) -> None:
    made = [Batch(f"b{n}", "", n, created=float(n // 3)) for n in range(10)]
    for batch in made:
        notes.note(batch)
    expected = sorted(made, key=lambda batch: (-batch.created, batch.id))
    assert list(notes.recent()) == expected
    told: list[Batch] = []
    while page := list(notes.recent(4, before=Cursor(told[-1].created, told[-1].id) if told else None)):
        told += page
    assert told == expected
    assert list(notes.recent(before=Cursor(1.0))) == [batch for batch in expected if batch.created < 1]
    assert list(table.list()) == []


def test_jobs_are_counted_by_state_time_and_owner(notes: BatchNotes, table: JobTable) -> None:
    for number in range(40):
        put(table, f"j{number}", list(State)[number % 6], float(number), owner=("anna", "bert")[number % 2])
    put(table, "other", State.DONE, 1.0, batch="c")
    all_of = dict.fromkeys(State, 0.0)
    assert notes.count("b", all_of) == dict.fromkeys(list(State)[:4], 7) | dict.fromkeys(list(State)[4:], 6)
    assert notes.count("b", {State.DONE: 8.0}) == {State.DONE: 6}
    assert notes.count("b", {State.DONE: 8.0}, until=14.0) == {State.DONE: 1}
    assert notes.count("b", {State.DONE: 8.0}, until=14.000_001) == {State.DONE: 2}
    assert notes.count("b", {State.DONE: 0.0, State.RUNNING: 0.0}, owner="anna") == {
        State.DONE: 7,
        State.RUNNING: 0,
    }
    assert notes.count("none", all_of) == dict.fromkeys(State, 0)


def test_what_is_settled_is_kept_and_never_goes_back(notes: BatchNotes) -> None:
    note = Batch("b", "", 3, created=5.0)
    notes.settle(replace(note, settled=1.0))
    assert notes.get("b") is None
    notes.note(note)
    later = replace(note, settled=20.0, final={State.DONE: 2, State.SKIPPED: 1})
    notes.settle(later)
    notes.settle(replace(note, settled=10.0, final=dict.fromkeys(FINAL, 0)))
    assert notes.get("b") == later
