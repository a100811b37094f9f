"""How a job in stages ends, by its assembly, by a unit or by a user, and that nothing of it is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.errors import (
    AccessDeniedError,
    DamagedImageError,
    LeaseLostError,
    ServiceError,
    UnexpectedError,
    VersionGoneError,
    WorldDiedError,
)
from tilework.jobs.job import State
from tilework.jobs.staged import is_last
from tilework.jobs.transitions import MAX_ATTEMPTS
from tilework.jobs.unit_life import UnitLife
from tilework.jobs.unit_work import HOST_FAULT_PAUSE
from tilework.jobs.units import unit_of

if TYPE_CHECKING:
    pass

from tests.jobs.large_image import DONE, LEASE, Site


@pytest.fixture
def site() -> Site:
    return Site()


def test_the_assembly_stores_then_the_row_says_done_then_work_is_cleaned_then_the_message_goes(
    site: Site,
) -> None:
    message, task = site.assembly()
    assert (task.stores_result, task.label) == (True, "2-assemble")
    assert is_last(site.row())
    key = site.store_result()
    site.clock.now = site.row().staged + 12.5
    over = site.work.finish(message, task, replace(DONE, result_key=key))
    assert over == site.row()
    assert over is not None
    assert (over.state, over.result_key, over.seconds) == (State.DONE, key, 12.5)
    assert (site.left_in_work(), site.waiting()) == ([], 0)


def test_an_assembly_is_not_committed_by_a_manifest(site: Site) -> None:
    message, task = site.assembly()
    with pytest.raises(ValueError, match="result"):
        site.work.commit(message, task, "made")


def test_an_assembly_that_died_after_it_stored_is_found_by_its_result(site: Site) -> None:
    site.assembly()
    key = site.store_result()
    (again,) = site.come_again()
    assert site.work.consider(again) is None
    assert (site.row().state, site.row().result_key) == (State.DONE, key)
    assert (site.left_in_work(), site.waiting()) == ([], 0)
    # whoever died has told nobody
    assert site.found == [site.row()]


def test_the_keeper_finds_the_result_of_an_assembly_whose_message_died(site: Site) -> None:
    site.assembly()
    key = site.store_result()
    (dead,) = site.come_again()
    assert site.rescue.judge(dead) is None
    assert (site.row().state, site.row().result_key) == (State.DONE, key)
    assert site.found == [site.row()]


def test_an_assembly_that_died_before_it_cleaned_is_cleaned_by_its_message(site: Site) -> None:
    site.assembly()
    site.life.done(site.row(), replace(DONE, result_key=site.store_result()))
    assert site.left_in_work() != []
    (again,) = site.come_again()
    assert site.work.consider(again) is None
    assert (site.left_in_work(), site.waiting()) == ([], 0)


def test_done_is_written_over_failed_by_whoever_finds_the_result_and_not_over_cancelled(site: Site) -> None:
    for end in (State.FAILED, State.CANCELLED):
        each = Site()
        message, task = each.assembly()
        key = each.store_result()
        if end is State.FAILED:
            each.stages.end(each.row(), State.FAILED, DamagedImageError("block 3"))
        else:
            each.life.cancel(each.row())
        over = each.work.finish(message, task, replace(DONE, result_key=key))
        assert over is not None
        assert over.state is (State.DONE if end is State.FAILED else State.CANCELLED)
        assert (each.left_in_work(), each.waiting()) == ([], 0)


def test_a_cancelled_jobs_row_tells_until_when_its_assembly_may_still_store(site: Site) -> None:
    message, task = site.assembly()
    assert site.row().lease_end == site.clock.now + LEASE
    site.clock.now += 30
    site.work.renew(message, task)
    until = site.clock.now + LEASE
    assert site.life.cancel(site.row()).lease_end == until
    with pytest.raises(LeaseLostError):
        site.work.renew(message, task)


def test_a_cancelled_job_stops_its_units_and_leaves_nothing(site: Site) -> None:
    site.begin()
    waiting, working = site.receive()
    task = site.task(working)
    site.life.cancel(site.row())
    with pytest.raises(LeaseLostError):
        site.work.renew(working, task)
    assert site.work.consider(waiting) is None
    # it was in the middle of a write when the others were cleaned
    site.write(task)
    site.work.commit(working, task, "tiles")
    assert (site.left_in_work(), site.waiting()) == ([], 0)
    assert site.row().state is State.CANCELLED


def test_a_unit_that_fails_for_good_fails_the_job_with_its_sentence_and_cleans(site: Site) -> None:
    site.begin()
    first, second = site.receive()
    site.do(first)
    failure = DamagedImageError("The block at (1024, 2048) is damaged.")
    over = site.work.failed(second, site.task(second), failure, rank=3)
    assert over == site.row()
    assert over is not None
    assert (over.state, over.code, over.reason) == (State.FAILED, "damaged", failure.reason)
    assert (over.history[-1].rank, over.units_done) == (3, frozenset())
    assert (site.left_in_work(), site.waiting()) == ([], 0)


def test_a_failure_after_the_job_has_ended_changes_nothing_and_leaves_nothing(site: Site) -> None:
    site.begin()
    first, second = site.receive()
    task, late = site.task(first), site.task(second)
    site.work.failed(first, task, DamagedImageError("first"))
    site.write(late)
    assert site.work.failed(second, late, DamagedImageError("second")) is None
    assert site.row().reason == "first"
    assert site.work.failed(second, late, UnexpectedError("odd")) is None
    assert (site.left_in_work(), site.waiting()) == ([], 0)


def test_an_attempt_that_fails_for_now_goes_again_after_a_pause_until_its_attempts_are_used_up(
    site: Site,
) -> None:
    site.begin()
    message, _ = site.receive()
    for number in range(1, MAX_ATTEMPTS):
        task = site.task(message)
        assert site.work.failed(message, task, UnexpectedError(f"odd {number}")) is None
        assert not [key for key in site.left_in_work() if key.endswith(task.attempt) and "failed" not in key]
        site.clock.now += 10.0 * number
        (message, *_) = site.receive()
        assert unit_of(message.body).number == 0
    over = site.work.failed(message, site.task(message), UnexpectedError("odd at last"))
    assert over is not None
    assert (over.state, over.code) == (State.FAILED, "no_attempts_left")
    assert "Unit 0 of the stage 0-measure-0" in over.reason
    assert "odd at last" in over.reason
    assert site.left_in_work() == []


@pytest.mark.parametrize(
    ("failure", "pause"),
    [
        (ServiceError("busy"), 10.0),
        (WorldDiedError("mpiexec was killed"), 10.0),
        (AccessDeniedError("no"), HOST_FAULT_PAUSE),
        (LeaseLostError("gone"), 0.0),
    ],
)
def test_what_is_not_the_units_fault_costs_it_no_attempt(
    site: Site, failure: ServiceError, pause: float
) -> None:
    site.begin()
    message, _ = site.receive()
    assert site.work.failed(message, site.task(message), failure) is None
    assert site.left_in_work() == ["0/plan"]
    if pause:
        assert site.receive() == []
    site.clock.now += pause
    assert unit_of(site.receive()[0].body).number == 0


def test_a_unit_that_is_handed_back_is_seen_again_at_once(site: Site) -> None:
    site.begin()
    message, _ = site.receive()
    site.work.hand_back(message, site.task(message))
    assert [found.id for found in site.receive()] == [message.id]
    assert site.left_in_work() == ["0/plan"]


def test_a_failure_told_after_the_unit_was_committed_takes_nothing_away(site: Site) -> None:
    site.begin()
    message, _ = site.receive()
    task = site.task(message)
    site.work.record(task, "tiles")
    assert site.work.failed(message, task, DamagedImageError("no")) is None
    assert (site.row().state, site.row().units_done) == (State.RUNNING, {0})
    assert site.system.outputs.read(task.object_key(), None, 0, 9) == b"tiles"


def test_a_source_that_was_deleted_meanwhile_ends_the_job_skipped_and_a_missing_piece_does_not(
    site: Site,
) -> None:
    site.begin()
    message, other = site.receive()
    gone = VersionGoneError("It is gone.")
    assert site.work.failed(message, site.task(message), gone) is None
    assert site.row().state is State.RUNNING
    site.system.inputs.purge("scan.tif")
    over = site.work.failed(other, site.task(other), gone)
    assert over is not None
    assert (over.state, site.left_in_work()) == (State.SKIPPED, [])


def test_an_erased_jobs_units_leave_nothing(site: Site) -> None:
    site.begin()
    waiting, working = site.receive()
    task = site.task(working)
    site.system.table.delete(site.ask.job_id)
    assert site.work.consider(waiting) is None
    site.write(task)
    site.work.commit(working, task, "tiles")
    assert (site.left_in_work(), site.waiting()) == ([], 0)


def test_an_assembly_that_fails_beside_one_that_stored_the_result_ends_done(site: Site) -> None:
    message, task = site.assembly()
    key = site.store_result()
    assert site.work.failed(message, task, DamagedImageError("no")) is None
    assert (site.row().state, site.row().result_key) == (State.DONE, key)
    assert (site.left_in_work(), site.waiting()) == ([], 0)
    assert site.found == [site.row()]


def test_a_unit_that_is_done_can_fail_no_job(site: Site) -> None:
    site.begin()
    message, _ = site.receive()
    task = site.task(message)
    site.do(message)
    units = UnitLife(site.system, site.life, site.stages)
    assert units.end(task.unit, task.label, State.FAILED, DamagedImageError("no")) is None
    assert site.row().state is State.RUNNING
