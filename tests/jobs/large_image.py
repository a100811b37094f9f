"""A deployment with one large image, and the hands of whoever works on it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job
from tilework.jobs.life import JobLife
from tilework.jobs.object_keys import WORK, result_key
from tilework.jobs.stage_life import StageLife
from tilework.jobs.stage_rescue import StageRescue
from tilework.jobs.stages import Plan, Stage
from tilework.jobs.transitions import Claim, Claimant, Outcome
from tilework.jobs.unit_work import UnitTerms, UnitWork
from tilework.jobs.units import unit_of

if TYPE_CHECKING:
    from tilework.jobs.queues import Message
    from tilework.jobs.system import System
    from tilework.jobs.units import UnitTask

LEASE = 60.0
PLAN = Plan((Stage("measure-0", 2), Stage("write", 3), Stage("assemble", 1)), what="blocks of 512")
DONE = Outcome(result_key="results/scan.tif", seconds=9.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Site:
    """A deployment with one large image, and the hands of whoever works on it; ``found`` those whose result was found."""

    def __init__(self, system: System | None = None) -> None:
        self.clock = Clock()
        self.system = system or memory_system(self.clock, visibility=LEASE, announce=False)
        self.life = JobLife(self.system.table, self.clock)
        self.stages = StageLife(self.system, self.clock)
        numbers = count()
        terms = UnitTerms(
            LEASE, pause=lambda failures: 10.0 * failures, attempt=lambda: f"attempt{next(numbers)}"
        )
        self.found: list[Job] = []
        self.work = UnitWork(self.system, self.life, self.stages, terms, found=self.found.append)
        self.rescue = StageRescue(self.system, self.life, self.stages, found=self.found.append)
        version = self.system.inputs.put("scan.tif", b"pixels", metadata={}, content_type="image/tiff")
        self.ask = Ask(Drop(self.system.inputs.bucket, "scan.tif", version))

    def claim(self, message: str = "job-message") -> Claim:
        claimant = Claimant("host-1", message, LEASE)
        return self.life.claim(self.ask, pipeline="invert()", source_bytes=6, claimant=claimant)

    def begin(self) -> Job:
        return self.stages.begin(self.claim().job, PLAN)

    def row(self) -> Job:
        row = self.system.table.get(self.ask.job_id)
        assert row is not None
        return row

    def receive(self) -> list[Message]:
        found: list[Message] = []
        while more := self.system.units.receive(visibility=LEASE):
            found += more
        # the shorter text is the smaller number
        return sorted(found, key=lambda message: (len(message.body), message.body))

    def numbers(self) -> list[int]:
        """The units whose messages wait, of the stage that runs."""
        units = [unit_of(message.body) for message in self.receive()]
        stage = int(self.row().stage.split("-")[0])
        assert {(unit.stage, unit.epoch) for unit in units} <= {(stage, self.row().epoch)}
        return [unit.number for unit in units]

    def task(self, message: Message) -> UnitTask:
        task = self.work.consider(message)
        assert task is not None
        self.write(task)
        return task

    def write(self, task: UnitTask) -> None:
        self.system.outputs.put(task.object_key(), b"tiles", metadata={}, content_type="x/y")

    def do(self, message: Message) -> None:
        task = self.task(message)
        self.work.commit(message, task, f"made by {task.attempt}")

    def do_stage(self) -> None:
        for message in self.receive():
            self.do(message)

    def assembly(self) -> tuple[Message, UnitTask]:
        """Come to the assembly of a job that has just begun."""
        self.begin()
        self.do_stage()
        self.do_stage()
        (message,) = self.receive()
        task = self.work.consider(message)
        assert task is not None
        return message, task

    def store_result(self) -> str:
        key = result_key(self.row(), ".tif")
        assert self.system.outputs.create(key, b"result", metadata={}, content_type="image/tiff")
        return key

    def come_again(self) -> list[Message]:
        self.clock.now += LEASE + 1
        return self.receive()

    def waiting(self) -> int:
        return self.system.units.backlog().total

    def left_in_work(self) -> list[str]:
        return [item.key.split("/", 2)[2] for item in self.system.outputs.list(WORK)]
