"""A large image from its job's message to its units' ends, as a supervisor writes them."""

from __future__ import annotations

import errno

import pytest

from tests.imaging.samples import scene
from tests.imaging.tiffs import written
from tests.worker_image.test_claims import Host
from tilework.errors import CrashedError, DamagedImageError, LeaseLostError, ThrottledError
from tilework.fleet.planning import plan_image
from tilework.fleet.source import ObjectSource
from tilework.fleet.workshop import Surroundings, Workshop
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.pipeline import parse
from tilework.jobs.job import Job, State
from tilework.jobs.messages import notice
from tilework.jobs.stage_life import StageLife
from tilework.jobs.unit_work import UnitTerms, UnitWork
from worker_image.held import Held, HeldUnit
from worker_image.task import UnitOrder, UnitWorked
from worker_image.unit_endings import UnitEndings

LIMITS = Limits(block_bytes=16 * MIB)
FREE = Surroundings(lambda: True, lambda _: None)
BODY = written(scene(1100, 1000), tile=(256, 256))


class LargeHost(Host):
    """A host that holds a job beyond one rank."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = StageLife(self.system, self.life.now)
        self.work = UnitWork(self.system, self.life, self.stages, UnitTerms(60.0, lambda _: 0.0))
        self.endings = UnitEndings(self.stages, self.work, self.outbox, "host-1", let_go=lambda _: None)
        self.shop = Workshop(self.system.inputs, self.system.outputs, LIMITS)

    def held(self) -> Held:
        self.system.inputs.put("large.tif", BODY, metadata={"pipeline": "invert()"}, content_type="")
        held = self.consider()
        assert held is not None
        return held

    def plan(self, held: Held) -> None:
        task = held.task
        source = ObjectSource(self.system.inputs, task.key, task.version, task.source_bytes)
        self.endings.planned(held, plan_image(source, parse(task.pipeline), LIMITS, 2))

    def unit(self) -> HeldUnit | None:
        messages = self.system.units.receive(1)
        if not messages:
            return None
        task = self.work.consider(messages[0])
        assert task is not None
        return HeldUnit(messages[0], UnitOrder(task, 7), 0.0)

    def do(self, held: HeldUnit) -> UnitWorked:
        if held.task.stores_result:
            return UnitWorked(stored=self.shop.assemble(held.task, FREE, "test"), rank=3)
        return UnitWorked(self.shop.make(held.task, FREE), rank=3)


@pytest.fixture
def host() -> LargeHost:
    return LargeHost()


def begun(host: LargeHost) -> tuple[Job, HeldUnit]:
    held = host.held()
    host.plan(held)
    unit = host.unit()
    assert unit is not None
    return held.job, unit


def test_a_planned_job_has_its_units_sent_and_its_message_deleted(host: LargeHost) -> None:
    job, _ = begun(host)
    row = host.row(job)
    assert (row.state, row.stage, row.width, row.height) == (State.RUNNING, "0-write", 1100, 1000)
    assert host.queued() == 0
    assert host.system.units.backlog().total == row.stage_units


def test_a_job_that_was_lost_while_it_was_planned_keeps_its_message_and_sends_nothing(
    host: LargeHost,
) -> None:
    held = host.held()
    host.life.cancel(host.row(held.job))
    with pytest.raises(LeaseLostError):
        host.plan(held)
    assert host.system.units.backlog().total == 0
    assert host.queued() == 1


def test_unit_by_unit_it_comes_to_its_result_and_one_notice(host: LargeHost) -> None:
    job, unit = begun(host)
    began = host.clock.now
    while unit is not None:
        host.clock.now += 1.5
        host.endings.done(unit, host.do(unit))
        unit = host.unit()
    row = host.row(job)
    assert (row.state, row.width, row.history[-1].rank) == (State.DONE, 1100, 3)
    assert row.seconds == host.clock.now - began
    (message,) = host.system.results.receive(10)
    told = notice(message.body)
    assert (told.facts["state"], told.amounts["pixels"]) == ("DONE", 1100 * 1000)
    assert told.amounts["result_bytes"] == host.system.outputs.head(row.result_key).size
    # a large image costs a processor as well
    assert told.amounts["seconds_cpu"] == told.amounts["seconds_work"] > 0
    assert list(host.system.outputs.list("work/")) == []


def test_a_unit_that_is_struck_out_fails_the_job_with_the_block_named(host: LargeHost) -> None:
    job, unit = begun(host)
    failure = CrashedError("The process was killed by signal 11 (SIGSEGV).", signal=11)
    host.endings.strike_out(unit, failure)
    row = host.row(job)
    assert (row.state, row.code) == (State.FAILED, "crashed")
    assert row.reason.startswith(failure.reason)
    assert "in the stage write, unit 0 of" in row.reason
    assert list(host.system.outputs.list("work/")) == []
    (message,) = host.system.results.receive(10)
    assert notice(message.body).facts["state"] == "FAILED"


def test_a_damaged_block_fails_the_job_with_the_rank_told(host: LargeHost) -> None:
    job, unit = begun(host)
    error = DamagedImageError("Tile 3 is damaged.")
    error.rank = 2  # type: ignore[attr-defined]
    host.endings.failed(unit, error)
    row = host.row(job)
    assert (row.state, row.reason, row.history[-1].rank) == (State.FAILED, "Tile 3 is damaged.", 2)


def test_an_error_without_a_name_costs_the_unit_an_attempt_and_not_the_job(host: LargeHost) -> None:
    job, unit = begun(host)
    host.endings.failed(unit, ZeroDivisionError("odd"))
    assert host.row(job).state is State.RUNNING
    assert host.system.units.backlog().total == host.row(job).stage_units


def test_a_unit_that_is_handed_back_is_there_at_once(host: LargeHost) -> None:
    job, unit = begun(host)
    number = unit.task.unit.number
    host.endings.hand_back(unit)
    again = [host.unit() for _ in range(host.row(job).stage_units)]
    assert number in {held.task.unit.number for held in again if held is not None}


@pytest.mark.parametrize("error", [ThrottledError("SlowDown"), OSError(errno.ENOSPC, "No room")])
def test_a_unit_pays_nothing_for_throttling_or_a_full_disk(host: LargeHost, error: Exception) -> None:
    job, unit = begun(host)
    host.endings.failed(unit, error)
    row = host.row(job)
    assert row.state is State.RUNNING
    assert list(host.system.outputs.list(unit.task.folder.failures)) == []
    assert host.system.units.backlog().total == row.stage_units
