"""What users and queues do meanwhile: messages twice, late or spoilt; jobs called off, tried again, run anew; versions deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import WrongStateError
from tilework.imaging.pipeline import parse
from tilework.jobs.job import Ask, Drop, State, unreadable_id
from tilework.jobs.life import JobLife
from tilework.jobs.messages import event_body
from tilework.jobs.orders import Orders as Office
from tilework.jobs.orders import Rerun
from tilework.jobs.stages import stage_number
from tilework.jobs.units import Unit, unit_body

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.ledger import Entry, Ledger
    from tilework.jobs.job import Job
    from tilework.jobs.system import System

RECENT = 25
"""Entries from which one is chosen: most of them wait or are worked on."""

LATEST_SECONDS = 12.0
"""How late a late message is at most; most jobs are over by then."""

LIKELY = 0.7
"""How often a unit told twice is one of the stage that runs."""

SPOILT = ("{}", "[]", "not JSON {", '{"schema": 1, "job": {}}', '{"Records": [{"s3": 7}]}', '{"unit": 3}')


@dataclass(frozen=True, slots=True)
class Orders:
    """Each is given with random numbers of its own, and tells what it did: "" where there was nothing to do it to."""

    system: System
    ledger: Ledger

    def message_twice(self, random: Random) -> str:
        """The event of a recent drop, once more."""
        return self._again(random, 0.0)

    def message_late(self, random: Random) -> str:
        """The event of a recent drop, once more, some seconds later."""
        return self._again(random, random.uniform(1, LATEST_SECONDS))

    def unit_twice(self, random: Random) -> str:
        """The message of a unit of a large image, once more: one of the stage that runs, or of any other."""
        entry, row = self._at_work(random)
        if entry is None or row is None or not row.stage:
            return ""
        stage = stage_number(row.stage) if random.random() < LIKELY else random.randrange(4)
        number = random.randrange(max(1, row.stage_units))
        self.system.units.send(unit_body(Unit(row.id, row.epoch, stage, number)))
        return f"unit {number} of stage {stage} of {entry.key}"

    def message_spoilt(self, random: Random) -> str:
        """A body that nobody can read."""
        # spaces make it a body of its own
        body = random.choice(SPOILT) + " " * random.randrange(1000)
        if any(entry.key == body for entry in self.ledger.entries):
            return ""
        self.ledger.write(body, "", None, job=unreadable_id(body))
        self.system.jobs.send(body)
        return repr(body.strip())

    def cancelled(self, random: Random) -> str:
        """A recent job is called off."""
        entry = self._recent(random)
        if entry is None:
            return ""
        row = self.system.table.get(entry.job)
        try:
            if row is not None:
                self._office.cancel(row)
            elif entry.specimen is None:
                return ""
            else:
                drop = Drop(self.system.inputs.bucket, entry.key, entry.version)
                self._office.cancel_unheard(Ask(drop))
        except WrongStateError:
            return ""
        entry.cancelled = True
        return entry.key

    def retried(self, random: Random) -> str:
        """A job that failed or was called off is tried again."""
        found = self.ledger.known(
            lambda entry: bool(entry.cancelled or entry.codes) and bool(entry.version), 200
        )
        if not found:
            return ""
        entry = random.choice(found)
        row = self.system.table.get(entry.job)
        if row is None or row.state not in {State.FAILED, State.CANCELLED}:
            return ""
        try:
            self._office.retry(row)
        except WrongStateError:
            return ""
        entry.cancelled = False
        entry.retries += 1
        return entry.key

    def run_anew(self, random: Random) -> str:
        """A version that is there goes through another pipeline."""
        good = self.ledger.known(lambda entry: not entry.codes and not entry.gone, 100)
        entry = random.choice(good) if good else None
        if entry is None or entry.specimen is None:
            return ""
        pipeline = random.choice(entry.specimen.pipelines)
        text, revision = parse(pipeline).canonical, str(time.monotonic_ns())
        ask = Ask(Drop(self.system.inputs.bucket, entry.key, entry.version), text, revision)
        self.ledger.write(entry.key, pipeline, entry.specimen, job=ask.job_id, version=entry.version)
        self._office.rerun(Rerun(entry.key, pipeline, entry.version, revision))
        return f"{entry.key} through {pipeline}"

    def version_deleted(self, random: Random) -> str:
        """The version of a recent drop is deleted."""
        entry = self._recent(random)
        if entry is None or not entry.version:
            return ""
        self.ledger.version_is_gone(entry.version)
        self.system.inputs.delete(entry.key, entry.version)
        return entry.key

    @property
    def _office(self) -> Office:
        return Office(self.system, JobLife(self.system.table, time.time))

    def _again(self, random: Random, delay: float) -> str:
        entry = self._recent(random)
        if entry is None or not entry.version:
            return ""
        drop = Drop(self.system.inputs.bucket, entry.key, entry.version)
        self.system.jobs.send(event_body(drop), delay=delay)
        return entry.key

    def _recent(self, random: Random) -> Entry | None:
        found = self.ledger.known(lambda entry: not entry.cancelled, RECENT)
        return random.choice(found) if found else None

    def _at_work(self, random: Random) -> tuple[Entry | None, Job | None]:
        """A large image, the latest ones first."""
        found = self.ledger.known(lambda entry: not entry.is_ordinary, 200)[-3:]
        entry = random.choice(found) if found else None
        return entry, self.system.table.get(entry.job) if entry is not None else None
