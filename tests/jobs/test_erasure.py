"""Erasing an image leaves nothing of it, and touches nothing of any other."""

from __future__ import annotations

import pytest

from tests.jobs.test_orders import Desk
from tilework.errors import ServiceError, StillWorkedOnError, VersionGoneError
from tilework.jobs.erasure import STORE_SECONDS, Erased, erase
from tilework.jobs.job import Ask, Job, State
from tilework.jobs.object_keys import result_key, work_prefix
from tilework.jobs.orders import Rerun
from tilework.jobs.transitions import Claimant, Outcome, Refusal


@pytest.fixture
def desk() -> Desk:
    return Desk()


def done(desk: Desk, ask: Ask) -> Job:
    job = desk.claim(ask)
    key = result_key(job, ".jpg")
    told = {"job": job.id, "source": job.key}
    desk.system.outputs.create(key, b"pixels", metadata=told, content_type="image/jpeg")
    return desk.life.done(job, Outcome(result_key=key))


def left(desk: Desk) -> set[str]:
    objects = {item.key for item in desk.system.inputs.versions()} | {
        item.key for item in desk.system.outputs.versions()
    }
    return objects | {row.key for row in desk.system.table.list()}


def test_every_version_result_rerun_work_object_and_row_goes(desk: Desk) -> None:
    done(desk, desk.drop("a.jpg"))
    latest = desk.drop("a.jpg")
    done(desk, latest)
    done(desk, Ask(latest.drop, "invert()"))
    failed = desk.failed(Ask(latest.drop, "canny(1, 2)"))
    desk.system.outputs.put(work_prefix(failed.id) + "1/x", b"x", metadata={}, content_type="x/y")
    desk.system.inputs.delete("a.jpg")
    assert erase(desk.system, desk.life, "a.jpg") == Erased(versions=3, results=3, rows=4)
    assert left(desk) == set()


@pytest.mark.parametrize("other", ["a.jpg/b.jpg", "a.jpgx", "a", "a.png", "b.jpg"])
def test_keys_that_begin_or_read_alike_are_left_alone(desk: Desk, other: str) -> None:
    kept = done(desk, desk.drop(other))
    done(desk, desk.drop("a.jpg"))
    erase(desk.system, desk.life, "a.jpg")
    assert left(desk) == {other, kept.result_key}


def test_a_result_whose_row_was_forgotten_goes_too(desk: Desk) -> None:
    row = done(desk, desk.drop("a.jpg"))
    desk.system.table.delete(row.id)
    assert erase(desk.system, desk.life, "a.jpg").results == 1
    assert left(desk) == set()


def test_while_a_worker_may_still_store_nothing_is_erased_and_its_job_is_called_off(desk: Desk) -> None:
    job = desk.claim(desk.drop("a.jpg"))
    with pytest.raises(StillWorkedOnError) as caught:
        erase(desk.system, desk.life, "a.jpg")
    assert caught.value.seconds == 60 + STORE_SECONDS
    assert desk.row(job.id).state is State.CANCELLED
    assert left(desk) == {"a.jpg"}
    # the worker was quicker than its next renewal: its result goes as well
    key = result_key(job, ".jpg")
    desk.system.outputs.create(key, b"late", metadata={"job": job.id}, content_type="image/jpeg")
    assert desk.life.done(job, Outcome(result_key=key)).state is State.CANCELLED
    desk.now += caught.value.seconds
    assert erase(desk.system, desk.life, "a.jpg").results == 1
    assert left(desk) == set()


def test_what_waits_in_the_queue_is_called_off_at_once(desk: Desk) -> None:
    desk.drop("a.jpg")
    desk.orders.rerun(Rerun("a.jpg", "invert"))
    assert erase(desk.system, desk.life, "a.jpg").rows == 1
    assert left(desk) == set()


@pytest.mark.parametrize("where", ["outputs", "inputs", "table"])
def test_what_interrupts_it_leaves_enough_to_erase_the_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    done(desk, desk.drop("a.jpg"))
    done(desk, Ask(desk.drop("a.jpg").drop, "invert()"))

    def fail(*_: object) -> int:
        raise ServiceError("busy")

    with monkeypatch.context() as patch:
        patch.setattr(getattr(desk.system, where), "delete" if where == "table" else "purge", fail)
        with pytest.raises(ServiceError):
            erase(desk.system, desk.life, "a.jpg")
    assert erase(desk.system, desk.life, "a.jpg").rows == 2
    assert left(desk) == set()


def test_what_nobody_has_claimed_cannot_be_claimed_while_it_is_erased(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = desk.drop("a.jpg")
    purge, claims = desk.system.inputs.purge, []

    def claimed_meanwhile(key: str) -> int:
        claimant = Claimant("host", "message", 60)
        claims.append(desk.life.claim(ask, pipeline="invert()", source_bytes=1, claimant=claimant))
        return purge(key)

    monkeypatch.setattr(desk.system.inputs, "purge", claimed_meanwhile)
    assert erase(desk.system, desk.life, "a.jpg") == Erased(versions=1, results=0, rows=0)
    assert [claim.refusal for claim in claims] == [Refusal.ENDED]
    assert left(desk) == set()


def test_what_is_not_there_cannot_be_erased(desk: Desk) -> None:
    desk.drop("a.jpg")
    with pytest.raises(VersionGoneError, match="nothing of an image"):
        erase(desk.system, desk.life, "b.jpg")
