"""The work on a unit, step by step, and what becomes of a crash between two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tilework.errors import (
    NewerMessageError,
)
from tilework.jobs.manifests import Manifest, commit_manifest, read_manifest
from tilework.jobs.staged import is_complete, missing
from tilework.jobs.unit_work import TOUCH_SECONDS
from tilework.jobs.units import Unit, unit_body, unit_of

if TYPE_CHECKING:
    pass

from tests.jobs.large_image import LEASE, PLAN, Site


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_unit_writes_commits_is_added_and_its_message_is_deleted(site: Site) -> None:
    site.begin()
    message = site.receive()[1]
    task = site.task(message)
    assert (task.unit, task.plan, task.stores_result) == (Unit(site.row().id, 0, 0, 1), PLAN, False)
    assert (task.key, task.version, task.pipeline) == (site.ask.drop.key, site.ask.drop.version, "invert()")
    site.work.commit(message, task, "tiles")
    assert read_manifest(site.system.outputs, task.folder) == Manifest(task.attempt, "tiles")
    assert (site.row().units_done, missing(site.row())) == ({1}, [0])
    assert site.left_in_work() == ["0/0-measure-0/0001/attempt0", "0/0-measure-0/0001/manifest", "0/plan"]
    assert site.waiting() == 1


def test_a_unit_delivered_twice_is_stored_once_and_the_slower_attempt_is_deleted(site: Site) -> None:
    site.begin()
    message = site.receive()[0]
    first, second = site.task(message), site.task(message)
    site.work.commit(message, second, "second")
    site.work.commit(message, first, "first")
    assert read_manifest(site.system.outputs, first.folder).made == "second"
    assert site.left_in_work() == [
        f"0/0-measure-0/0000/{second.attempt}",
        "0/0-measure-0/0000/manifest",
        "0/plan",
    ]
    assert site.row().units_done == {0}


def test_a_unit_committed_by_an_attempt_that_died_then_is_added_without_being_done_again(site: Site) -> None:
    site.begin()
    message, other = site.receive()
    site.work.record(site.task(message), "tiles")
    again = site.come_again()[0]
    assert site.work.consider(again) is None
    assert site.row().units_done == {0}
    assert other is not None
    assert site.waiting() == 1


def test_a_412_means_that_the_unit_is_done_and_everything_after_it_is_done_all_the_same(site: Site) -> None:
    site.begin()
    first, last = site.receive()
    site.do(first)
    task = site.task(last)
    # a twin commits, and dies before it adds, checks, sends or deletes
    commit_manifest(site.system.outputs, task.folder, Manifest("twin", "tiles"))
    site.work.commit(last, task, "tiles")
    assert site.row().stage == "1-write"
    assert site.numbers() == [0, 1, 2]


def test_who_finds_the_set_complete_moves_the_row_on_and_sends_the_next_units(site: Site) -> None:
    site.begin()
    first, last = site.receive()
    site.do(first)
    assert (site.row().stage, site.waiting()) == ("0-measure-0", 1)
    site.do(last)
    row = site.row()
    assert (row.stage, row.stage_units, row.units_done, row.message) == ("1-write", 3, frozenset(), last.id)
    assert site.numbers() == [0, 1, 2]
    assert site.waiting() == 3


def test_a_set_found_complete_by_a_message_that_comes_again_is_moved_on(site: Site) -> None:
    site.begin()
    first, last = site.receive()
    site.do(first)
    task = site.task(last)
    site.work.record(task, "tiles")
    assert is_complete(site.stages.mark_done(task.unit, task.label) or site.row())
    # it dies between the check and the move
    (again,) = site.come_again()
    assert site.work.consider(again) is None
    assert site.row().stage == "1-write"
    assert site.numbers() == [0, 1, 2]


@pytest.mark.parametrize("sent", [0, 2, 3])
def test_a_message_that_finds_the_row_one_stage_further_sends_those_units_again(
    site: Site, sent: int
) -> None:
    site.begin()
    first, last = site.receive()
    site.do(first)
    task = site.task(last)
    site.work.record(task, "tiles")
    row = site.stages.mark_done(task.unit, task.label)
    assert row is not None
    moved = site.stages.advance(row, last.id)
    assert moved is not None
    # it dies when some of them were sent, and one of those is done meanwhile
    site.system.units.send_all([unit_body(Unit(row.id, 0, 1, number)) for number in range(sent)])
    if sent:
        site.do(site.receive()[0])
    again = next(message for message in site.come_again() if unit_of(message.body).stage == 0)
    site.clock.now += LEASE / 2
    assert site.work.consider(again) is None
    assert set(site.numbers()) == set(missing(site.row()))
    site.do_stage()
    site.come_again()
    assert [message.id for message in site.receive() if message.id == last.id] == []


def test_a_late_twin_of_an_earlier_stage_sends_nothing_again(site: Site) -> None:
    site.begin()
    body = unit_body(Unit(site.row().id, 0, 0, 1))
    site.do_stage()
    site.system.units.send(body)
    messages = site.receive()
    late = next(message for message in messages if message.body == body)
    assert site.work.consider(late) is None
    assert site.waiting() == len(messages) - 1 == 3


def test_a_slow_twin_that_commits_after_the_stage_went_on_changes_nothing(site: Site) -> None:
    site.begin()
    messages = site.receive()
    slow = site.task(messages[0])
    for message in messages:
        site.do(message)
    before = site.row()
    site.work.commit(messages[0], slow, "late")
    assert site.row() == before
    assert not [key for key in site.left_in_work() if slow.attempt in key]


def test_of_two_who_find_the_set_complete_one_moves_the_row_and_only_that_one_sends(site: Site) -> None:
    site.begin()
    seen = site.row()
    complete = site.system.table.mark_done(seen.id, (0, 1), epoch=0, stage=seen.stage, now=site.clock.now)
    site.receive()
    assert complete is not None
    site.stages.go_on(complete, "first")
    site.stages.go_on(complete, "second")
    assert (site.row().stage, site.row().message) == ("1-write", "first")
    assert site.numbers() == [0, 1, 2]


def test_a_message_that_nobody_can_read_or_of_a_unit_that_never_was_is_forgotten(site: Site) -> None:
    site.begin()
    site.receive()
    for body in ("no JSON", unit_body(Unit(site.row().id, 0, 0, 2)), unit_body(Unit(site.row().id, 0, 9, 0))):
        site.system.units.send(body)
    before = site.row()
    for message in site.receive():
        assert site.work.consider(message) is None
    assert (site.row(), site.waiting()) == (before, 2)


def test_a_unit_of_a_newer_version_is_left_for_that(site: Site) -> None:
    site.system.units.send('{"schema": 2, "unit": {}}')
    (message,) = site.receive()
    with pytest.raises(NewerMessageError):
        site.work.consider(message)
    assert site.waiting() == 1


def test_a_unit_is_held_for_as_long_as_it_is_renewed_and_leaves_a_sign_of_life_now_and_then(
    site: Site,
) -> None:
    site.begin()
    message, other = site.receive()
    task = site.task(message)
    site.clock.now += LEASE - 1
    site.work.renew(message, task)
    assert site.row().touched == 1_000.0
    site.clock.now += LEASE - 1
    assert [found.id for found in site.receive()] == [other.id]
    site.work.renew(message, task)
    assert site.row().touched == site.clock.now
    assert site.clock.now - 1_000.0 > TOUCH_SECONDS


def test_a_twin_that_finds_its_unit_added_and_the_stage_moved_by_its_own_message_sends_for_it(
    site: Site,
) -> None:
    site.begin()
    first, last = site.receive()
    site.do(first)
    quick, slow = site.task(last), site.task(last)
    site.work.record(quick, "tiles")
    row = site.stages.mark_done(quick.unit, quick.label)
    assert row is not None
    # the quick one dies when it has moved the row
    site.stages.advance(row, last.id)
    site.work.commit(last, slow, "tiles")
    assert site.numbers() == [0, 1, 2]
    assert site.waiting() == 3


def test_only_a_unit_that_comes_again_is_looked_for_before_it_is_done(site: Site) -> None:
    site.begin()
    message, _ = site.receive()
    site.work.record(site.task(message), "tiles")
    site.system.units.send(message.body)
    fresh = site.receive()[0]
    task = site.task(fresh)
    site.work.commit(fresh, task, "tiles")
    assert site.row().units_done == {0}
