"""A fleet of one process around one large image, on the in-memory twins."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tilework.errors import TileworkError
from tilework.fleet.pictures import Gallery
from tilework.fleet.planning import plan_image
from tilework.fleet.source import ObjectSource
from tilework.fleet.workshop import Surroundings, Workshop
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.pipeline import parse
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Job
from tilework.jobs.life import JobLife
from tilework.jobs.messages import asks
from tilework.jobs.pictures import BucketPictures
from tilework.jobs.stage_life import StageLife
from tilework.jobs.transitions import Claimant, Outcome
from tilework.jobs.unit_work import UnitTerms, UnitWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.queues import Message
    from tilework.jobs.units import UnitTask

LIMITS = Limits(block_bytes=16 * MIB)
LEASE = 60.0


def nothing(_: object) -> None:
    """Nothing happens."""


@dataclass
class Fleet:
    """``before`` is called before each unit is worked on; ``ranks`` work in turn, each with what it keeps.

    ``dies`` tells whether the host of an attempt dies behind a step: 0 objects written, 1 committed, 2 in the row.
    """

    limits: Limits = LIMITS
    ranks: int = 2
    before: Callable[[UnitTask], None] = nothing
    dies: Callable[[UnitTask, int], bool] = lambda _task, _step: False
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.system = memory_system()
        self.life = JobLife(self.system.table, time.time)
        self.stages = StageLife(self.system, time.time)
        self.work = UnitWork(self.system, self.life, self.stages, UnitTerms(LEASE, lambda _: 0.0))
        self.workshops = [
            Workshop(self.system.inputs, self.system.outputs, self.limits) for _ in range(self.ranks)
        ]

    def drop(self, body: bytes, pipeline: str, key: str = "large.tif") -> Job:
        """Drop an image, claim its job, plan it, and send its first units."""
        system = self.system
        system.inputs.put(key, body, metadata={}, content_type="image/tiff")
        (message,) = system.jobs.receive(1)
        (ask,) = asks(message.body, system.inputs.bucket)
        parsed = parse(pipeline)
        pictures = BucketPictures(system.inputs, time.time).of_drop(parsed.picture_names, time.time())
        claimant = Claimant("host", message.id, LEASE)
        job = self.life.claim(
            ask, pipeline=parsed.canonical, source_bytes=len(body), claimant=claimant, pictures=pictures
        ).job
        source = ObjectSource(system.inputs, job.key, job.version, job.source_bytes)
        shown = Gallery(system.inputs, self.limits).show(parsed, job.pictures)
        planned = plan_image(source, shown, self.limits, self.ranks)
        seen = Outcome(width=planned.width, height=planned.height, dtype=planned.dtype, note=planned.note)
        row = self.stages.begin(job, planned.plan, seen)
        system.jobs.delete([message])
        return row

    def run(self) -> None:
        """Until no unit is left."""
        turn = 0
        while messages := self.system.units.receive(1):
            self.turn(messages[0], self.workshops[turn % self.ranks])
            turn += 1

    def turn(self, message: Message, workshop: Workshop) -> None:
        """Work on one message, to its end."""
        task = self.work.consider(message)
        if task is None:
            return
        around = Surroundings(holds=lambda: True, allow=nothing)
        try:
            self.before(task)
            if task.stores_result:
                stored = workshop.assemble(task, around, "test")
                self.work.finish(message, task, Outcome(result_key=stored.result_key, note=stored.note))
            else:
                self._commit(message, task, workshop.make(task, around))
            self.done.append(task.label)
        except TileworkError as error:
            self.work.failed(message, task, error)

    def _commit(self, message: Message, task: UnitTask, made: str) -> None:
        steps = (
            lambda: None,
            lambda: self.work.record(task, made),
            lambda: self.stages.mark_done(task.unit, task.label),
            lambda: self.work.settle(message, task),
        )
        for number, step in enumerate(steps):
            step()
            if number < len(steps) - 1 and self.dies(task, number):
                # its message comes again
                self.system.units.set_visibility(message, 0)
                return

    def row(self, job: Job) -> Job:
        """The job's row as it is now."""
        row = self.system.table.get(job.id)
        assert row is not None
        return row

    def result(self, job: Job) -> bytes:
        """The stored result."""
        row = self.row(job)
        assert row.result_key, (row.state, row.reason)
        return self.system.outputs.read(row.result_key, None, 0, 1 << 40)

    def left(self) -> list[str]:
        """What lies under work/."""
        return [item.key for item in self.system.outputs.list("work/")]

    def info(self, job: Job) -> Any:
        """What the result tells of itself."""
        return self.system.outputs.head(self.row(job).result_key)
