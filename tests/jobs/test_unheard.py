"""Backfill: what lay in the bucket before gets its job, once, and in as many steps as it takes."""

from __future__ import annotations

import pytest

from tests.jobs.test_orders import Desk
from tilework.jobs import unheard
from tilework.jobs.job import State
from tilework.jobs.unheard import BACKFILL_NOTE, Backfill


@pytest.fixture
def desk() -> Desk:
    return Desk()


def run(desk: Desk, wanted: Backfill, steps: int = 100) -> unheard.Backfilled:
    left = iter(range(steps - 1))
    return wanted.run(desk.system, desk.life, lambda _: next(left, None) is not None)


def test_every_image_without_a_job_gets_one_with_its_owner_and_batch_and_only_once(desk: Desk) -> None:
    known = desk.claim(desk.drop("old/known.jpg"))
    asks = [desk.drop(f"old/{n}.jpg", owner="ada", batch="b") for n in range(3)]
    desk.drop("old/folder/", b"")
    desk.drop("new/other.jpg")
    found = run(desk, Backfill("old/"))
    assert (found.seen, found.queued, found.after) == (4, 3, "")
    assert sorted(desk.told()) == sorted(ask.job_id for ask in asks)
    row = desk.row(asks[0].job_id)
    assert (row.state, row.note, row.owner, row.batch) == (State.QUEUED, BACKFILL_NOTE, "ada", "b")
    assert desk.row(known.id).state is State.RUNNING
    assert run(desk, Backfill("old/")).queued == 0


def test_of_a_key_the_latest_version_counts_unless_every_one_is_asked_for(desk: Desk) -> None:
    old, latest = desk.drop("a.jpg"), desk.drop("a.jpg")
    desk.drop("deleted.jpg")
    desk.system.inputs.delete("deleted.jpg")
    run(desk, Backfill(""))
    assert desk.told() == [latest.job_id]
    assert run(desk, Backfill("", every_version=True)).queued == 2
    assert desk.row(old.job_id).state is State.QUEUED


def test_only_looking_queues_nothing(desk: Desk) -> None:
    desk.drop("a.jpg")
    found = run(desk, Backfill("", only_look=True))
    assert (found.seen, found.queued) == (1, 1)
    assert list(desk.system.table.list()) == []


def test_what_is_cut_short_goes_on_behind_the_last_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unheard, "KEYS_AT_ONCE", 2)
    for number in range(5):
        desk.drop(f"{number}.jpg")
    after, queued = "", []
    while True:
        found = run(desk, Backfill("", after), steps=1)
        queued.append(found.queued)
        after = found.after
        if not after:
            break
    assert queued == [2, 2, 1, 0]
