"""The keeper: folds notices, judges dead letters, sweeps work objects, and finds what was lost.

What it decides is in :mod:`master.verdicts`; how it may write is in :mod:`tilework.jobs.life`. Every step may happen
twice, also at once in two keepers: a message is deleted only when what it asked for is durable.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from master.statistics import furthest, progress_name, raised, tally
from master.verdicts import Horizon, Verdict, about_dead_letter, could_lack_row, delay_of, is_silent
from tilework.errors import ForeignBucketError, UnreadableMessageError, VersionGoneError
from tilework.jobs.job import Ask, Drop, Job, State, unreadable_id
from tilework.jobs.life import JobLife, Outcome
from tilework.jobs.messages import Notice, ask_of, asks, body_of, notice
from tilework.jobs.object_keys import WORK, result_stem, work_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from master.settings import MasterSettings
    from tilework.jobs.queues import Backlog, Message
    from tilework.jobs.stores import ObjectVersion
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

BEGINNING = "deployment"
"""The statistics row that holds since when this deployment has had a keeper."""

NOTE_CHARACTERS = 200
"""How much of an unreadable body is kept in its row."""

NO_EVENT_NOTE = "Its S3 event never came; found by the keeper."
SILENT_NOTE = "Showed no sign of life; queued again by the keeper."
DEAD_LETTER_NOTE = "Came back from the dead-letter queue; queued again by the keeper."


@dataclass(frozen=True, slots=True)
class Found:
    """What one reconciliation found: input versions without a row, and rows without a sign of life."""

    unheard: int = 0
    silent: int = 0


class Keeper:
    """Keeps the books of one deployment. ``clock`` gives seconds since the epoch."""

    def __init__(
        self, system: System, settings: MasterSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._system = system
        self._settings = settings
        self._clock = clock
        self._life = JobLife(system.table, clock)

    # --- notices ---------------------------------------------------------------------------------------------------

    def fold_notices(self, wait: float = 0.0) -> int:
        """Fold the notices that wait, waiting up to ``wait`` seconds for the first; returns how many there were."""
        messages = self._system.results.receive(wait=wait)
        self.fold([message.body for message in messages])
        self._system.results.delete(messages)
        return len(messages)

    def fold(self, bodies: Iterable[str]) -> None:
        """Add notices to the progress of their jobs and to the statistics; what is no notice is logged and left."""
        notices = [each for body in bodies if (each := _readable(body)) is not None]
        for name, amounts in tally(notices).items():
            self._system.table.add(name, amounts)
        for job_id, reached in furthest(notices).items():
            counted = self._system.table.counters(progress_name(job_id))
            if missing := raised(counted, reached):
                self._system.table.add(progress_name(job_id), missing)

    # --- dead letters ----------------------------------------------------------------------------------------------

    def dead_letters(self) -> int:
        """Judge the dead letters that wait; returns how many there were."""
        messages = self._system.dead_letters.receive()
        for message in messages:
            self.judge(message)
            self._system.dead_letters.delete([message])
        return len(messages)

    def judge(self, message: Message) -> None:
        """Decide what becomes of a dead letter, and do it; the caller deletes the message then.

        Raises ServiceError where it must be judged later.
        """
        bucket = self._system.inputs.bucket
        try:
            found = asks(message.body, bucket)
        except (UnreadableMessageError, ForeignBucketError) as error:
            note = f"The body began: {message.body[:NOTE_CHARACTERS]}"
            self._life.reject(unreadable_id(message.body), bucket, error, note)
            return
        for ask in found:
            self._judge_one(ask)

    def _judge_one(self, ask: Ask) -> None:
        row = self._system.table.get(ask.job_id)
        stored = self._stored(row) if row is not None else None
        now = self._clock()
        verdict = about_dead_letter(row, has_result=stored is not None, now=now)
        if verdict is Verdict.SEND_AGAIN:
            self._life.requeue(ask, row, note=DEAD_LETTER_NOTE)
            self._system.jobs.send(body_of(ask), delay=delay_of(row, now))
        elif row is not None and verdict is Verdict.DONE:
            self._life.done(row, Outcome(result_key=stored or ""))
        elif row is not None and verdict is Verdict.FAIL and self._life.exhaust(row) is None:
            # somebody changed the row just now: whoever it was, the message decides again
            self._system.jobs.send(body_of(ask))
        log.info("A dead letter was judged: %s", verdict.value, extra={"job": ask.job_id})

    def _stored(self, row: Job) -> str | None:
        """The key of the job's result, which may be stored though the row does not say so."""
        if row.state in {State.DONE, State.SKIPPED, State.CANCELLED}:
            return None
        return next((item.key for item in self._system.outputs.list(result_stem(row))), None)

    # --- sweeping --------------------------------------------------------------------------------------------------

    def sweep(self) -> int:
        """Delete the work objects of jobs that are over; returns how many objects those were."""
        swept = 0
        job_id, over = "", False
        for item in self._system.outputs.list(WORK):
            # objects come in the order of their keys, so that each job is looked up once
            if not item.key.startswith(work_prefix(job_id)):
                job_id = item.key.removeprefix(WORK).split("/", 1)[0]
                row = self._system.table.get(job_id)
                over = row is not None and row.state.is_end
            if over:
                self._system.outputs.delete(item.key)
                swept += 1
        return swept

    # --- reconciling -----------------------------------------------------------------------------------------------

    def reconcile(self) -> Found:
        """Find input versions without a row and rows without a sign of life; give them QUEUED and a message.

        Only if the jobs queue is empty or its oldest message is younger than they are, so that a backlog is not
        doubled.
        """
        horizon, backlog = self._horizon(), self._system.jobs.backlog()
        # rows first: what is queued below is no row that was silent before
        silent = sum(self._wake(row) for row in self._silent_rows(horizon, backlog))
        versions = (each for each in self._system.inputs.versions() if could_lack_row(each, horizon, backlog))
        unheard = sum(self._tell(version) for version in versions)
        if silent or unheard:
            log.warning("Reconciled: %d drops without a row, %d rows without a sign of life", unheard, silent)
        return Found(unheard, silent)

    def begin(self) -> float:
        """Since when this deployment has had a keeper (seconds since the epoch), noted at the first call of all."""
        counted = self._system.table.counters(BEGINNING)
        if not counted:
            now = self._clock()
            self._system.table.add(BEGINNING, {"times": now, "keepers": 1})
            return now
        # keepers that began at the same moment have all added theirs
        return counted["times"] / counted["keepers"]

    def _horizon(self) -> Horizon:
        settings = self._settings
        return Horizon(
            now=self._clock(),
            since=self.begin(),
            lost_after=settings.lost_after_seconds,
            memory=settings.table_memory_seconds,
        )

    def _silent_rows(self, horizon: Horizon, backlog: Backlog) -> Sequence[Job]:
        rows = [row for state in (State.RUNNING, State.QUEUED) for row in self._system.table.list(state)]
        return [row for row in rows if is_silent(row, horizon, backlog)]

    def _wake(self, row: Job) -> bool:
        return self._queue(ask_of(row), row, SILENT_NOTE)

    def _tell(self, version: ObjectVersion) -> bool:
        ask = Ask(Drop(self._system.inputs.bucket, version.key, version.version))
        if self._system.table.get(ask.job_id) is not None:
            return False
        try:
            told = self._system.inputs.head(version.key, version.version).metadata
        except VersionGoneError:
            return False
        named = replace(ask, owner=told.get("owner", ""), batch=told.get("batch", ""))
        return self._queue(named, None, NO_EVENT_NOTE)

    def _queue(self, ask: Ask, row: Job | None, note: str) -> bool:
        """Write QUEUED, then send the message: a row whose message was never sent is silent, and found again."""
        if not self._life.requeue(ask, row, note=note):
            return False
        self._system.jobs.send(body_of(ask))
        return True


def _readable(body: str) -> Notice | None:
    try:
        return notice(body)
    except UnreadableMessageError as error:
        log.warning("A notice was dropped: %s", error.reason)
        return None
