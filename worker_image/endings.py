"""How a job ends, in this order: the result is stored (by the rank), the row says so, the message is deleted."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING

from tilework.errors import (
    AccessDeniedError,
    LeaseLostError,
    ServiceError,
    SettingsError,
    TileworkError,
    UnexpectedError,
    VersionGoneError,
)
from tilework.jobs.job import Job, State
from tilework.jobs.messages import Notice, notice_body
from tilework.jobs.transitions import Outcome, after_failure, no_attempts_left, spent

if TYPE_CHECKING:
    from tilework.jobs.life import JobLife
    from tilework.jobs.system import System
    from worker_image.held import Held
    from worker_image.task import Worked

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0

HOST_FAULTS = (SettingsError, AccessDeniedError)
"""What is wrong with this host or its role, never with the image."""


class Endings:
    """Writes the ends of the jobs that ``host`` held."""

    def __init__(self, system: System, life: JobLife, host: str) -> None:
        self._system = system
        self._life = life
        self._host = host

    def done(self, held: Held, worked: Worked) -> None:
        """The result is stored: say so in the row, delete the message, tell the keeper."""
        outcome = Outcome(
            result_key=worked.result_key,
            seconds=round(worked.seconds.get("work", 0.0), 4),
            width=worked.width,
            height=worked.height,
            dtype=worked.dtype,
            note=worked.note,
        )
        # the result is stored, so DONE is true whoever holds the lease by now
        row = self._life.done(held.job, outcome)
        self._system.jobs.delete([held.message])
        amounts = {f"seconds_{phase}": seconds for phase, seconds in worked.seconds.items()}
        amounts |= {"pixels": worked.width * worked.height, "result_bytes": worked.result_bytes}
        self._tell(row, amounts)

    def failed(self, held: Held, error: BaseException) -> None:
        """The attempt ended with ``error``: the job's end, or another attempt after a pause."""
        failure = named(error)
        if isinstance(failure, LeaseLostError):
            log.warning("%s", failure.reason, extra={"job": held.job.id})
        elif isinstance(failure, HOST_FAULTS):
            log.error("This host cannot work as it is: %s", failure.reason, extra={"job": held.job.id})
            self.hand_back(held, pause=LONGEST_PAUSE)
        elif isinstance(failure, VersionGoneError):
            self._end(held, State.SKIPPED, failure)
        elif failure.permanent:
            self._end(held, State.FAILED, failure)
        else:
            self._try_again(held, failure)

    def strike_out(self, held: Held, failure: TileworkError) -> None:
        """Fail a job that must not be tried again, and keep its message in the dead-letter queue with the reason."""
        row = self._life.end(held.job, State.FAILED, failure=failure)
        attributes = {"job": row.id, "code": failure.code, "reason": failure.reason[:1000]}
        self._system.dead_letters.send(held.message.body, attributes=attributes)
        self._system.jobs.delete([held.message])
        self._tell(row, {})

    def hand_back(self, held: Held, *, pause: float = 0.0) -> None:
        """Give back a job that was not worked on: it costs no attempt, and its message is visible after ``pause``."""
        try:
            self._life.release(held.job)
        finally:
            self._system.jobs.set_visibility(held.message, pause)

    def _end(self, held: Held, state: State, failure: TileworkError) -> None:
        row = self._life.end(held.job, state, failure=failure)
        self._system.jobs.delete([held.message])
        self._tell(row, {})

    def _try_again(self, held: Held, failure: TileworkError) -> None:
        released = after_failure(held.job, failure)
        if spent(released):
            self.strike_out(held, no_attempts_left(released))
            return
        released = self._life.release(held.job, failure)
        pause = back_off(released.attempts + released.losses)
        log.warning("Trying again in %.0f s: %s", pause, failure.reason, extra={"job": released.id})
        self._system.jobs.set_visibility(held.message, pause)

    def _tell(self, row: Job, amounts: dict[str, float]) -> None:
        facts = {"state": row.state.value, "code": row.code, "pipeline": row.pipeline, "host": self._host}
        amounts = amounts | {"source_bytes": row.source_bytes}
        try:
            self._system.results.send(notice_body(Notice("ended", row.id, time.time(), facts, amounts)))
        except ServiceError as error:
            # losing a notice loses nothing but a moment's display
            log.info("A notice was lost: %s", error.reason, extra={"job": row.id})


def named(error: BaseException) -> TileworkError:
    """``error`` as a member of our tree."""
    if isinstance(error, TileworkError):
        return error
    return UnexpectedError(f"The work failed with {type(error).__name__}: {str(error)[:300]}")


def back_off(attempt: int) -> float:
    """Seconds until the attempt after number ``attempt`` (from 1): doubling from 1 s to a minute, with jitter.

    Jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog), kept above half so that it does back off.
    """
    longest = min(LONGEST_PAUSE, 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
