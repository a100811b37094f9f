"""The keeper: folds notices, judges dead letters, sweeps work objects, and finds what was lost.

What it decides is in :mod:`master.verdicts`; how it may write is in :mod:`tilework.jobs.life`. Every step may happen
twice, also at once in two keepers: a message is deleted only when what it asked for is durable.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from master.endings import endings
from master.statistics import countable, tally
from master.verdicts import (
    Horizon,
    Verdict,
    about_dead_letter,
    could_lack_row,
    delay_of,
    is_silent,
    is_stalled,
)
from tilework.errors import (
    AccessDeniedError,
    ForeignBucketError,
    NewerMessageError,
    RefusedError,
    ServiceError,
    TileworkError,
    UnreadableMessageError,
)
from tilework.jobs.job import Ask, Job, State, unreadable_id
from tilework.jobs.life import JobLife
from tilework.jobs.messages import Notice, ask_of, asks, body_of, notice, notice_body
from tilework.jobs.object_keys import WORK, epoch_of, work_prefix
from tilework.jobs.results import find_outcome
from tilework.jobs.stage_life import StageLife
from tilework.jobs.stage_rescue import StageRescue
from tilework.jobs.transitions import Outcome
from tilework.jobs.unheard import take_up
from tilework.jobs.units import tells_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from master.settings import MasterSettings
    from tilework.jobs.endings import Announcer
    from tilework.jobs.queues import Backlog, Message
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

BEGINNING = "deployment"
"""The statistics row that holds since when this deployment has had a keeper."""

PLACE = "looked through"
"""Under which the table remembers the last key of a look through the input bucket that was cut short.

The table, because whoever keeps the books can write there, and no bucket then fills with versions of a bookmark.
"""

MEMORY = "memory"
"""Under which the table remembers the shortest time for which it was ever told to remember rows."""

NOTICES_AT_ONCE = 100
"""Notices that are folded together, so that each row that they add to is written once."""

NOTE_CHARACTERS = 200
"""How much of an unreadable body is kept in its row."""

NO_EVENT_NOTE = "Its S3 event never came; found by the keeper."
SILENT_NOTE = "Showed no sign of life; queued again by the keeper."
DEAD_LETTER_NOTE = "Came back from the dead-letter queue; queued again by the keeper."


@dataclass(frozen=True, slots=True)
class Found:
    """What one reconciliation found: input versions without a row, rows and stages without a sign of life.

    One that was ``cut_short`` has not seen all versions; the next goes on from there.
    """

    unheard: int = 0
    silent: int = 0
    cut_short: bool = False
    revived: int = 0


class Keeper:
    """Keeps the books of one deployment. ``clock`` gives seconds since the epoch, ``timer`` those that pass here.

    ``announce`` is told of each job that ended, at least once for each notice.
    """

    def __init__(
        self,
        system: System,
        settings: MasterSettings,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        *,
        announce: Announcer | None = None,
    ) -> None:
        self._system = system
        self._settings = settings
        self._clock = clock
        self._timer = timer
        self._announce = announce
        self._life = JobLife(system.table, clock)
        self._rescue = StageRescue(system, self._life, StageLife(system, clock), found=self._count)

    # --- notices ---------------------------------------------------------------------------------------------------

    def fold_notices(self, wait: float = 0.0) -> int:
        """Fold the notices that wait, at most ``NOTICES_AT_ONCE``; returns how many there were.

        Waits up to ``wait`` seconds for the first.
        """
        messages = more = self._system.results.receive(wait=wait)
        while more and len(messages) < NOTICES_AT_ONCE:
            more = self._system.results.receive()
            messages = [*messages, *more]
        self.fold([message.body for message in messages])
        self._system.results.delete(messages)
        return len(messages)

    def fold(self, bodies: Iterable[str]) -> None:
        """Add notices to the statistics; what is no notice is logged and left.

        Raises ServiceError where they must be folded later.
        """
        notices = [each for body in bodies if (each := _readable(body)) is not None]
        if self._announce is not None:
            # first: what is told again does no harm, what is counted again does
            self._announce(endings(notices, self._system.table))
        for (name, group), amounts in tally(notices).items():
            self._add(name, amounts, group)
        for each in notices:
            log.debug(
                "Told that it is %s, and counted.", each.facts.get("state", ""), extra={"job": each.job}
            )

    def _add(self, name: str, amounts: Mapping[str, float], group: str = "") -> None:
        try:
            self._system.table.add(name, amounts, group=group)
        except RefusedError:
            # were they all folded again, what was added before this would count twice
            log.exception("The statistics %s were not counted", name)

    # --- dead letters ----------------------------------------------------------------------------------------------

    def dead_letters(self) -> int:
        """Judge the dead letters that wait; returns how many there were. Those that cannot be judged stay.

        Raises ServiceError where they must be judged later; the next look finds them, as far as the queue answers.
        """
        messages = self._system.dead_letters.receive()
        for number, message in enumerate(messages):
            try:
                if self.judged(message):
                    self._system.dead_letters.delete([message])
            except ServiceError:
                self._hand_back(messages[number:])
                raise
        return len(messages)

    def _hand_back(self, letters: Sequence[Message]) -> None:
        """Let letters be seen again at once; those that cannot be shown come again when they are not hidden any more."""
        try:
            for letter in letters:
                self._system.dead_letters.set_visibility(letter, 0)
        except TileworkError as error:
            log.warning("Dead letters stay hidden for a while: %s", error.reason)

    def judged(self, message: Message) -> bool:
        """Judge a dead letter; False where that fails because of the letter itself, which then must stay.

        Raises ServiceError where it must be judged later.
        """
        try:
            self.judge(message)
        except ServiceError:
            raise
        except TileworkError as error:
            log.warning("A dead letter stays where it is: %s", error.reason)
            return False
        except Exception:
            # it must keep nobody from judging the others
            log.exception("A dead letter met an error that was not expected; it stays where it is")
            return False
        return True

    def judge(self, message: Message) -> None:
        """Decide what becomes of a dead letter, and do it; the caller deletes the message then.

        Raises TileworkError where it must be judged later.
        """
        if tells_unit(message.body):
            over = self._rescue.judge(message)
            if over is not None:
                self._count(over)
            return
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
            # a message that dies before any claim leaves no other trace, and would be sent again for ever
            self._life.requeue(ask, row, note=DEAD_LETTER_NOTE, lost=True)
            self._system.jobs.send(body_of(ask), delay=delay_of(row, now))
        elif row is not None and verdict is Verdict.DONE:
            over = self._life.done(row, stored or Outcome())
            if over.state is State.DONE:
                # who stored it died before it could tell
                self._count(over)
        elif row is not None and verdict is Verdict.FAIL:
            failed = self._life.exhaust(row)
            if failed is None:
                # somebody changed the row just now: whoever it was, the message decides again
                self._system.jobs.send(body_of(ask))
            else:
                self._count(failed)
        log.info("A dead letter was judged: %s", verdict.value, extra={"job": ask.job_id})

    def _count(self, over: Job) -> None:
        """Add a job that the keeper ended to the statistics, as a worker's notice would."""
        facts = {"state": over.state.value, "code": over.code, "pipeline": over.pipeline}
        told = Notice("ended", over.id, self._clock(), facts, {"source_bytes": over.source_bytes})
        self.fold([notice_body(told)])

    def _stored(self, row: Job) -> Outcome | None:
        """What is told by the job's result, which may be stored though the row does not say so."""
        if row.state in {State.DONE, State.SKIPPED, State.CANCELLED}:
            return None
        return find_outcome(self._system.outputs, row)

    # --- sweeping --------------------------------------------------------------------------------------------------

    def sweep(self) -> int:
        """Delete the work objects of jobs that are over; returns how many objects those were."""
        swept = 0
        job_id, row = "", None
        for item in self._system.outputs.list(WORK):
            # objects come in the order of their keys, so that each job is looked up once
            if not item.key.startswith(work_prefix(job_id)):
                job_id = item.key.removeprefix(WORK).split("/", 1)[0]
                row = self._system.table.get(job_id)
            # a retry since that look has begun another epoch
            if row is not None and row.state.is_end and epoch_of(item.key) <= row.epoch:
                self._system.outputs.delete(item.key)
                swept += 1
        return swept

    # --- stages ------------------------------------------------------------------------------------------------------

    def revive(self) -> int:
        """Send again the units that are missing in stages that show no life; returns how many stages those were."""
        now, backlog = self._clock(), self._system.units.backlog()
        stalled = [row for row in self._system.table.list(State.RUNNING) if is_stalled(row, now, backlog)]
        for row in stalled:
            log.warning("The stage %s shows no life", row.stage, extra={"job": row.id})
        return _count_where(self._rescue.revive, stalled)

    # --- reconciling -----------------------------------------------------------------------------------------------

    def reconcile(self) -> Found:
        """Find input versions without a row and rows without a sign of life; give them QUEUED and a message.

        Only if the jobs queue is empty or its oldest message is younger than they are, so that a backlog is not
        doubled. After the settings' ``look_seconds`` it ends, and the next goes on from there.
        """
        end = self._timer() + self._settings.look_seconds
        horizon, backlog = self._horizon(), self._system.jobs.backlog()
        # rows first: what is queued below is no row that was silent before
        silent = _count_where(self._wake, self._silent_rows(horizon, backlog))
        revived = self.revive()
        unheard, cut_short = self._look(horizon, backlog, end)
        if silent or unheard:
            log.warning("Reconciled: %d drops without a row, %d rows without a sign of life", unheard, silent)
        return Found(unheard, silent, cut_short, revived)

    def _look(self, horizon: Horizon, backlog: Backlog, end: float) -> tuple[int, bool]:
        """Tell the input versions without a row from where the last look ended: how many, and whether it was cut short.

        At least one key is looked at, so that every look comes further.
        """
        began = key = done = self._system.table.recall(PLACE)
        unheard = 0
        try:
            # a key is the smallest step, for a listing can begin at none of its versions
            for key, versions in groupby(self._system.inputs.versions(after=began), attrgetter("key")):
                unheard += sum(
                    take_up(self._system, self._life, each, NO_EVENT_NOTE)
                    for each in versions
                    if could_lack_row(each, horizon, backlog)
                )
                done = key
                if self._timer() >= end:
                    break
            else:
                done = ""
        except Exception:
            # the next look tries this key again, unless that is what it did: no key may bar the way to all later ones
            done = key if done == began else done
            raise
        finally:
            if done != began:
                self._system.table.remember(PLACE, done)
        return unheard, bool(done)

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
            memory=self._memory(),
        )

    def _memory(self) -> float | None:
        """How long the table surely remembers rows: the shortest time it was ever told.

        Each row was given its end when it was written. Were the time made longer, or unlimited, rows from before would
        still go, and their images would look as if they had been lost.
        """
        told, noted = self._settings.table_memory_seconds, self._system.table.recall(MEMORY)
        times = [seconds for seconds in (told, float(noted or 0)) if seconds]
        if not times:
            return None
        shortest = min(times)
        if str(shortest) != noted:
            self._system.table.remember(MEMORY, str(shortest))
        return shortest

    def _silent_rows(self, horizon: Horizon, backlog: Backlog) -> Sequence[Job]:
        rows = [row for state in (State.RUNNING, State.QUEUED) for row in self._system.table.list(state)]
        return [row for row in rows if is_silent(row, horizon, backlog)]

    def _wake(self, row: Job) -> bool:
        return self._queue(ask_of(row), row, SILENT_NOTE)

    def _queue(self, ask: Ask, row: Job | None, note: str) -> bool:
        """Write QUEUED, then send the message: a row whose message was never sent is silent, and found again."""
        if not self._life.requeue(ask, row, note=note):
            return False
        self._system.jobs.send(body_of(ask))
        return True


def _count_where(goes_on: Callable[[Job], bool], rows: Iterable[Job]) -> int:
    """How many rows went on. One that cannot keeps nobody from the others; raises what would meet them all."""
    count = 0
    for row in rows:
        try:
            count += goes_on(row)
        except (ServiceError, AccessDeniedError):
            raise
        except Exception:
            log.exception("A job that shows no life could not be helped", extra={"job": row.id})
    return count


def _readable(body: str) -> Notice | None:
    try:
        told = notice(body)
    except (UnreadableMessageError, NewerMessageError) as error:
        log.warning("A notice was dropped: %s", error.reason)
        return None
    if not countable(told):
        log.warning("A notice was dropped: it tells what no statistics can hold")
        return None
    return told
