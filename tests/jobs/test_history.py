"""What a row remembers of its attempts: enough for the story, never more than fits, at no write of its own."""

from __future__ import annotations

from tests.jobs.test_life import STORED, World
from tilework.errors import DamagedImageError, ServiceError, UnexpectedError
from tilework.jobs import history
from tilework.jobs.history import MOST, REASON_CHARACTERS, Deed, Outcome
from tilework.jobs.job import State


def outcomes(world: World) -> list[tuple[int, str, Outcome | None]]:
    return [(entry.number, entry.host, entry.outcome) for entry in world.row().history]


def test_an_ordinary_job_remembers_its_one_attempt_within_its_two_writes() -> None:
    world = World()
    job = world.claim().job
    assert history.is_open(job.history[0])
    world.clock.now += 1.5
    world.life.done(job, STORED)
    (entry,) = world.row().history
    assert (entry.deed, entry.number, entry.host) == (Deed.ATTEMPT, 1, "host-1")
    assert (entry.end - entry.start, entry.outcome) == (1.5, Outcome.DONE)
    assert world.table.writes == 2


def test_each_way_that_an_attempt_can_end_is_told_apart() -> None:
    world = World()
    world.life.release(world.claim().job)
    world.life.release(world.claim().job, UnexpectedError("It was odd."), rank=3)
    world.life.release(world.claim(owner="host-2").job, ServiceError("slow"))
    world.claim(owner="host-3")
    world.clock.now += 500
    last = world.claim(owner="host-4").job
    world.life.end(last, State.FAILED, failure=DamagedImageError("cut short"))
    assert outcomes(world) == [
        (1, "host-1", Outcome.HANDED_BACK),
        (2, "host-1", Outcome.TRY_AGAIN),
        (3, "host-2", Outcome.TRY_AGAIN),
        (4, "host-3", Outcome.LOST),
        (5, "host-4", Outcome.FAILED),
    ]
    odd, lost, failed = (world.row().history[place] for place in (1, 3, 4))
    assert (odd.rank, odd.code, odd.reason) == (3, "unexpected", "It was odd.")
    assert lost.end - lost.start == 60  # when its lease ran out, not when that was found
    assert (failed.code, failed.reason) == ("damaged", "cut short")


def test_what_the_keeper_and_a_user_did_stands_between_the_attempts() -> None:
    world = World()
    world.claim()
    world.clock.now += 61
    assert world.life.requeue(World.ask(), world.row(), note="silent")
    world.life.cancel(world.claim().job)
    world.life.retry(world.row())
    assert [entry.deed for entry in world.row().history] == [
        Deed.ATTEMPT, Deed.QUEUED, Deed.ATTEMPT, Deed.CANCELLED, Deed.RETRIED,
    ]  # fmt: skip
    assert [entry.outcome for entry in world.row().history if entry.outcome] == [
        Outcome.LOST,
        Outcome.CANCELLED,
    ]


def test_a_long_life_keeps_its_last_entries_and_a_long_reason_its_beginning() -> None:
    world = World()
    for _ in range(MOST + 5):
        world.life.release(world.claim().job, ServiceError("x" * 5000))
    row = world.row()
    assert len(row.history) == MOST
    assert row.history[-1].number == MOST + 5
    assert {len(entry.reason) for entry in row.history} == {REASON_CHARACTERS}
    assert len(history.to_text(row.history)) < 10_000


def test_fields_of_a_newer_version_are_passed_over() -> None:
    written = '[["attempt",1.5,2.5,1,"host-1",2,"done","","","tomorrow"]]'
    (entry,) = history.from_text(written)
    assert (entry.rank, entry.outcome) == (2, Outcome.DONE)
