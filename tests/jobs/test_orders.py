"""Retry, cancel and rerun on the in-memory system: the row first, then the message, and nothing twice."""

from __future__ import annotations

import pytest

from tilework.errors import (
    CrashedError,
    DamagedImageError,
    PipelineError,
    ServiceError,
    TileworkError,
    VersionGoneError,
    WrongStateError,
)
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.messages import asks
from tilework.jobs.orders import Orders, Rerun
from tilework.jobs.transitions import Claimant, Outcome, Refusal
from tilework.jobs.unheard import find_unheard


class Desk:
    """A system without events, and what may be ordered of it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.system = memory_system(lambda: self.now, announce=False)
        self.life = JobLife(self.system.table, lambda: self.now)
        self.orders = Orders(self.system, self.life)

    def drop(self, key: str = "a b.jpg", body: bytes = b"x", **metadata: str) -> Ask:
        version = self.system.inputs.put(key, body, metadata=metadata, content_type="image/jpeg")
        return Ask(Drop(self.system.inputs.bucket, key, version))

    def claim(self, ask: Ask) -> Job:
        pipeline = ask.pipeline or "blur(9)"
        claim = self.life.claim(ask, pipeline=pipeline, source_bytes=1, claimant=Claimant("h", "m", 60))
        assert claim.refusal is None
        return claim.job

    def failed(self, ask: Ask, failure: TileworkError | None = None) -> Job:
        failure = failure or DamagedImageError("cut short")
        return self.life.end(self.claim(ask), State.FAILED, failure=failure)

    def told(self) -> list[str]:
        bodies = [message.body for message in self.system.jobs.receive(visibility=0)]
        return [ask.job_id for body in bodies for ask in asks(body, self.system.inputs.bucket)]

    def row(self, job_id: str) -> Job:
        row = self.system.table.get(job_id)
        assert row is not None
        return row


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_retry_sends_the_message_that_keeps_the_jobs_identity(desk: Desk) -> None:
    of_a_drop, native = (
        desk.drop("ünïcode +%.jpg"),
        Ask(desk.drop("b.jpg").drop, "invert()", "2", "ada", "b1"),
    )
    for ask in (of_a_drop, native):
        desk.orders.retry(desk.failed(ask))
    assert set(desk.told()) == {of_a_drop.job_id, native.job_id}


def test_a_retry_that_dies_before_its_message_leaves_a_row_that_the_keeper_finds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = desk.failed(desk.drop())

    def fail(*_: object) -> str:
        raise ServiceError("The queue is busy.")

    monkeypatch.setattr(desk.system.jobs, "send", fail)
    with pytest.raises(ServiceError):
        desk.orders.retry(row)
    assert desk.row(row.id).state is State.QUEUED


def test_the_failed_jobs_are_chosen_by_code_batch_and_owner(desk: Desk) -> None:
    one = desk.failed(Ask(desk.drop("a").drop, batch="x", owner="ada"))
    desk.failed(Ask(desk.drop("b").drop, batch="y"))
    desk.claim(desk.drop("c"))
    desk.life.reject("0" * 32, "b", DamagedImageError("no"), "")
    failed = desk.orders.failed
    assert len(list(failed(code="damaged"))) == 2  # a message nobody can read cannot be tried again
    assert [row.id for row in failed(code="damaged", batch="x")] == [one.id]
    assert [row.id for row in failed(code="damaged", owner="ada")] == [one.id]
    assert list(failed(code="crashed")) == []


def test_of_all_that_failed_only_what_may_succeed_is_tried_again(desk: Desk) -> None:
    desk.failed(Ask(desk.drop("a").drop))
    hopeful = desk.failed(Ask(desk.drop("b").drop), CrashedError("It died."))
    assert [row.id for row in desk.orders.failed()] == [hopeful.id]


def test_what_nobody_has_taken_up_yet_is_found_by_its_id_and_called_off_for_its_message(desk: Desk) -> None:
    desk.drop("another.jpg")
    ask = desk.drop("late.jpg", batch="holidays", owner="ada")
    assert find_unheard(desk.system, "f" * 32) is None
    assert find_unheard(desk.system, ask.job_id) == ask
    row = desk.orders.cancel_unheard(ask)
    assert (row.state, row.key) == (State.CANCELLED, "late.jpg")
    assert (row.batch, row.owner) == ("holidays", "ada")
    late = desk.life.claim(ask, pipeline="blur(9)", source_bytes=1, claimant=Claimant("h", "m", 60))
    assert late.refusal is Refusal.ENDED


def test_a_rerun_is_a_job_of_the_latest_version_with_the_images_own_batch(desk: Desk) -> None:
    desk.drop("a.jpg")
    latest = desk.drop("a.jpg", batch="holiday", owner="ada")
    row, queued = desk.orders.rerun(Rerun("a.jpg", "canny( 100,200 )"))
    assert queued
    assert (row.version, row.pipeline) == (latest.drop.version, "canny(100, 200)")
    assert (row.state, row.batch, row.owner) == (State.QUEUED, "holiday", "ada")
    assert desk.told() == [row.id]
    assert row.id != latest.job_id
    assert desk.claim(Ask(latest.drop, "canny(100, 200)")).id == row.id


def test_a_rerun_of_an_older_version_is_about_that_one(desk: Desk) -> None:
    old = desk.drop("a.jpg")
    desk.drop("a.jpg")
    row, _ = desk.orders.rerun(Rerun("a.jpg", "invert", old.drop.version))
    assert row.version == old.drop.version


def test_asking_twice_is_asking_once_unless_a_revision_makes_a_difference(desk: Desk) -> None:
    desk.drop("a.jpg")
    first, _ = desk.orders.rerun(Rerun("a.jpg", "invert"))
    assert desk.orders.rerun(Rerun("a.jpg", "invert()")) == (first, False)
    other, queued = desk.orders.rerun(Rerun("a.jpg", "invert", revision="2"))
    assert queued
    assert other.id != first.id
    assert len(desk.told()) == 2


def test_a_rerun_that_failed_is_tried_again_and_one_that_is_done_is_left_alone(desk: Desk) -> None:
    ask = Ask(desk.drop("a.jpg").drop, "invert()")
    desk.failed(ask)
    row, queued = desk.orders.rerun(Rerun("a.jpg", "invert"))
    assert (row.id, row.state, queued) == (ask.job_id, State.QUEUED, True)
    desk.life.done(row, Outcome(result_key="results/a.jpg"))
    row, queued = desk.orders.rerun(Rerun("a.jpg", "invert"))
    assert (row.state, queued) == (State.DONE, False)


def test_a_rerun_needs_an_image_and_a_pipeline_that_can_be_understood(desk: Desk) -> None:
    with pytest.raises(VersionGoneError):
        desk.orders.rerun(Rerun("nothing.jpg", "invert"))
    desk.drop("folder/", b"")
    with pytest.raises(WrongStateError, match="folder"):
        desk.orders.rerun(Rerun("folder/", "invert"))
    with pytest.raises(PipelineError):
        desk.orders.rerun(Rerun("folder/", "invrt"))
    assert list(desk.system.table.list()) == []
