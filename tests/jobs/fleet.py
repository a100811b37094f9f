"""A fleet around one image in stages, on the in-memory twins, whose troubles come by chances."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from greenlet import getcurrent, greenlet

from tests.jobs.interleaving import give_way, interleaved
from tilework.errors import (
    DamagedImageError,
    ServiceError,
    TileworkError,
    UnexpectedError,
    VersionGoneError,
    WrongStateError,
)
from tilework.jobs.in_memory import MemoryStore, MemoryTable, memory_system
from tilework.jobs.job import FOLLOWERS, Ask, Drop, Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.manifests import read_manifest
from tilework.jobs.messages import ask_of, asks, body_of
from tilework.jobs.object_keys import epoch_of, result_key
from tilework.jobs.results import find_outcome
from tilework.jobs.stage_life import StageLife
from tilework.jobs.stage_rescue import StageRescue
from tilework.jobs.stages import Plan, Stage
from tilework.jobs.transitions import Claimant, Outcome, Refusal
from tilework.jobs.unit_work import UnitTerms, UnitWork
from tilework.jobs.units import tells_unit
from tilework.jobs.work_objects import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tilework.jobs.queues import Message, Queue
    from tilework.jobs.system import System
    from tilework.jobs.units import UnitTask

LEASE = 60.0
SILENCE = 300.0
PLAN = Plan(
    (
        Stage("rewrite", 1),
        Stage("measure-0", 5),
        Stage("reduce-0-0", 2),
        Stage("write", 9),
        Stage("assemble", 1),
    )
)
RESULT = b";".join(
    f"{n}/{k}".encode() for n, stage in enumerate(PLAN.stages[:-1]) for k in range(stage.units)
)


@dataclass(frozen=True)
class Troubles:
    """The chances of a crash at a step, of an attempt that fails, of a service that does, of a user's change of mind."""

    crash: float = 0.0
    failing: float = 0.0
    weather: float = 0.0
    wavering: float = 0.0
    keeper: bool = True


class WatchedTable(MemoryTable):
    """Holds every write to what may follow what."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[State] = []

    def replace(self, job: Job, *, seen: Job) -> Job | None:
        there = super().replace(job, seen=seen)
        if there is None and job.state is not seen.state:
            assert job.state in FOLLOWERS[seen.state]
            if job.state.is_end:
                self.ends.append(job.state)
        return there


class WatchedStore(MemoryStore):
    """Holds manifests and results to one content each, for as long as anybody may read them."""

    def __init__(self, table: MemoryTable, **named: Any) -> None:
        super().__init__("memory-output", **named)
        self._table = table
        self._committed: Counter[str] = Counter()

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> bool:
        created = super().create(key, body, metadata=metadata, content_type=content_type)
        if created and key.endswith("/manifest"):
            self._committed[key] += 1
            row = self._table.get(key.split("/")[1])
            assert row is not None
            if row.state is State.RUNNING and row.epoch == epoch_of(key):
                assert self._committed[key] == 1
        return created


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Host:
    """What a process keeps."""

    stages: StageLife
    work: UnitWork


class Fleet:
    """Workers, a keeper and a user around one job."""

    def __init__(self, seed: int, troubles: Troubles) -> None:
        self.troubles = troubles
        self.chance = random.Random(seed)  # noqa: S311
        self.clock = Clock()
        real = memory_system(self.clock, visibility=LEASE, max_receives=20 if troubles.keeper else 0)
        self.table = WatchedTable()
        self.outputs = WatchedStore(self.table, clock=self.clock)
        self.real = _with(real, table=self.table, outputs=self.outputs)
        self.system = interleaved(self.real, self.weather)
        self.calm = False
        self.busy = 0
        self.disaster: Callable[[], None] = lambda: None
        version = self.real.inputs.put("scan.tif", b"pixels", metadata={}, content_type="image/tiff")
        self.ask = Ask(Drop("memory-input", "scan.tif", version))
        self.life = JobLife(self.system.table, self.clock)
        self._hosts: WeakKeyDictionary[greenlet, Host] = WeakKeyDictionary()
        self.rescue = StageRescue(self.system, self.life, StageLife(self.system, self.clock))

    @property
    def stages(self) -> StageLife:
        """Of the process that runs: each is a host of its own."""
        return self._host().stages

    @property
    def work(self) -> UnitWork:
        return self._host().work

    def _host(self) -> Host:
        if getcurrent() not in self._hosts:
            stages = StageLife(self.system, self.clock)
            terms = UnitTerms(LEASE, pause=lambda _: 2.0)
            self._hosts[getcurrent()] = Host(stages, UnitWork(self.system, self.life, stages, terms))
        return self._hosts[getcurrent()]

    def happens(self, chance: float) -> bool:
        return not self.calm and self.chance.random() < chance

    def weather(self) -> None:
        self.disaster()
        if self.happens(self.troubles.weather):
            raise ServiceError("The connection was cut.")

    # --- a worker ----------------------------------------------------------------------------------------------------

    def worker(self) -> None:
        while True:
            try:
                self.look(self.chance.choice([self.system.jobs, self.system.units]))
            except TileworkError:
                give_way()

    def look(self, queue: Queue) -> None:
        """Take a message and deal with it, if there is one."""
        handle = self.take_job if queue is self.system.jobs else self.take_unit
        for message in queue.receive(1, visibility=LEASE):
            self.busy += 1
            try:
                handle(message)
            finally:
                self.busy -= 1

    def take_job(self, message: Message) -> None:
        (ask,) = asks(message.body, "memory-input")
        claim = self.life.claim(
            ask, pipeline="invert()", source_bytes=6, claimant=Claimant("host", message.id, LEASE)
        )
        if claim.refusal is Refusal.HELD and not claim.job.stage:
            self.system.jobs.set_visibility(message, max(1.0, claim.job.lease_end - self.clock.now))
            return
        if claim.refusal is Refusal.HELD:
            self.stages.told_again(claim.job, message.id)
        elif claim.refusal is Refusal.ENDED:
            sweep(self.system.outputs, claim.job.id, claim.job.epoch)
        elif claim.refusal is None:
            self.begin(claim.job)
        self.system.jobs.delete([message])

    def begin(self, job: Job) -> None:
        stored = find_outcome(self.system.outputs, job)
        if stored is not None:
            self.life.done(job, stored)
        else:
            self.stages.begin(job, PLAN)

    def take_unit(self, message: Message) -> None:
        task = self.work.consider(message)
        if task is None:
            return
        try:
            made = self.compute(message, task)
            if task.stores_result:
                self.work.finish(message, task, Outcome(result_key=made))
            else:
                self.work.commit(message, task, made)
        except TileworkError as failure:
            self.work.failed(message, task, failure)

    def compute(self, message: Message, task: UnitTask) -> str:
        if self.happens(self.troubles.failing):
            raise self.chance.choice(
                [UnexpectedError("odd"), UnexpectedError("odd"), DamagedImageError("block 3")]
            )
        behind = [
            task.folder_of(stage, number)
            for stage in range(task.unit.stage)
            for number in range(task.plan.stages[stage].units)
        ]
        pieces = []
        for folder in behind:
            manifest = read_manifest(self.system.outputs, folder)
            pieces.append(self.piece(task, folder.objects(manifest.attempt) + "/piece"))
        if task.stores_result:
            self.work.renew(message, task)
            job = self.table.get(task.job)
            assert job is not None
            key = result_key(job, ".tif")
            self.system.outputs.create(key, b";".join(pieces), metadata={}, content_type="image/tiff")
            return key
        piece = f"{task.unit.stage}/{task.unit.number}"
        self.system.outputs.put(
            task.object_key("piece"), piece.encode(), metadata={}, content_type="application/octet-stream"
        )
        return piece

    def piece(self, task: UnitTask, key: str) -> bytes:
        try:
            return self.system.outputs.read(key, None, 0, 99)
        except VersionGoneError:
            # what a manifest names is there for as long as the job runs
            row = self.row()
            assert row is None or not row.runs(task.unit.epoch, task.label)
            raise

    # --- the others --------------------------------------------------------------------------------------------------

    def keeper(self) -> None:
        while True:
            with contextlib.suppress(TileworkError):
                self.keep()
            give_way()

    def keep(self) -> None:
        for message in self.system.dead_letters.receive(visibility=LEASE):
            if tells_unit(message.body):
                self.rescue.judge(message)
            else:
                self.system.jobs.send(message.body)
            self.system.dead_letters.delete([message])
        row = self.row()
        if row is None:
            return
        silent = self.clock.now - max(row.touched, row.updated, row.lease_end)
        if row.state is State.RUNNING and row.stage and silent > SILENCE:
            self.rescue.revive(row)
        elif silent > SILENCE and self.life.requeue(ask_of(row), row, note="silent"):
            self.system.jobs.send(body_of(ask_of(row)))

    def user(self) -> None:
        while True:
            give_way()
            row = self.row()
            if row is None or not self.happens(self.troubles.wavering):
                continue
            try:
                if row.state in {State.FAILED, State.CANCELLED}:
                    self.retry(row)
                else:
                    self.life.cancel(row)
            except (WrongStateError, ServiceError):
                continue

    def retry(self, row: Job) -> None:
        again = self.life.retry(row)
        self.system.jobs.send(body_of(ask_of(again)))

    def nature(self) -> None:
        """Time passes, and messages come twice, or late."""
        self.clock.now += self.chance.choice([0.1, 0.1, 0.1, 1.0, 5.0])
        if self.chance.random() < 0.02:
            self.clock.now += LEASE
        if self.happens(0.03):
            queue = self.chance.choice([self.real.units, self.real.jobs])
            held: list[Any] = list(queue._held.values())
            if held:
                queue.send(self.chance.choice(held).body, delay=self.chance.choice([0.0, 30.0, 900.0]))

    def row(self) -> Job | None:
        return self.table.get(self.ask.job_id)

    def settled(self) -> bool:
        """Whether the job is over, no message is left, and nobody does anything any more."""
        row = self.row()
        return row is not None and row.state.is_end and self.outstanding() == 0 and self.busy == 0

    def outstanding(self) -> int:
        queues = (self.real.jobs, self.real.units, self.real.dead_letters)
        return sum(queue.backlog().total for queue in queues)


def _with(system: System, **changes: Any) -> System:
    return type(system)(**{name: changes.get(name, getattr(system, name)) for name in system.__slots__})
