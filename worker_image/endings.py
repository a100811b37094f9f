"""How a job ends, in this order: the result is stored (by the rank), the row says so, the message is deleted."""

from __future__ import annotations

import errno
import logging
import random
from typing import TYPE_CHECKING

from tilework.errors import DiskFullError, TileworkError, UnexpectedError
from tilework.imaging.blaming import MOST_QUOTED
from tilework.jobs.fates import Fate, fate_of
from tilework.jobs.job import State
from tilework.jobs.transitions import Outcome, after_failure, no_attempts_left, spent
from worker_image.end_notices import tell_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.life import JobLife
    from tilework.jobs.system import System
    from worker_image.held import Held
    from worker_image.outbox import Outbox
    from worker_image.task import Worked

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""What the kernel says of a full disk, or of a full share of it."""


class Endings:
    """Writes the ends of the jobs that ``host`` held; ``let_go`` returns when a job's lease is renewed no more."""

    def __init__(
        self, system: System, life: JobLife, outbox: Outbox, host: str, *, let_go: Callable[[Held], None]
    ) -> None:
        self._system = system
        self._life = life
        self._outbox = outbox
        self._host = host
        self._let_go = let_go

    def done(self, held: Held, worked: Worked) -> None:
        """The result is stored: say so in the row, delete the message, tell the keeper."""
        outcome = Outcome(
            result_key=worked.result_key,
            seconds=round(worked.seconds.get("work", 0.0), 4),
            width=worked.width,
            height=worked.height,
            dtype=worked.dtype,
            note=worked.note,
            rank=worked.rank,
        )
        # the result is stored, so DONE is true whoever holds the lease by now
        row = self._life.done(held.job, outcome)
        self._outbox.delete(held.message)
        amounts = {f"seconds_{phase}": seconds for phase, seconds in worked.seconds.items()}
        amounts |= {"pixels": worked.width * worked.height, "result_bytes": worked.result_bytes}
        tell_end(self._outbox, row, self._host, amounts)

    def failed(self, held: Held, error: BaseException) -> None:
        """The attempt ended with ``error``: the job's end, or another attempt after a pause."""
        failure = named(error)
        fate = fate_of(failure)
        if fate is Fate.LEFT:
            log.warning("%s", failure.reason, extra=held.facts)
        elif fate is Fate.HANDED_BACK:
            log.error("This host cannot work as it is: %s", failure.reason, extra=held.facts)
            self.hand_back(held, pause=LONGEST_PAUSE)
        elif fate is Fate.SKIPPED:
            self._end(held, State.SKIPPED, failure, rank_of(error))
        elif fate is Fate.FAILED:
            self._end(held, State.FAILED, failure, rank_of(error))
        else:
            self._try_again(held, failure, rank_of(error))

    def strike_out(self, held: Held, failure: TileworkError, rank: int = 0) -> None:
        """Fail a job that must not be tried again, and keep its message in the dead-letter queue with the reason."""
        row = self._life.end(held.job, State.FAILED, failure=failure, outcome=Outcome(rank=rank))
        attributes = {"job": row.id, "code": failure.code, "reason": failure.reason[:1000]}
        self._system.dead_letters.send(held.message.body, attributes=attributes)
        self._outbox.delete(held.message)
        tell_end(self._outbox, row, self._host)

    def hand_back(self, held: Held, *, pause: float = 0.0) -> None:
        """Give back a job that was not worked on: it costs no attempt, and its message is visible after ``pause``."""
        try:
            self._life.release(held.job)
        finally:
            self._show(held, pause)

    def _end(self, held: Held, state: State, failure: TileworkError, rank: int) -> None:
        row = self._life.end(held.job, state, failure=failure, outcome=Outcome(rank=rank))
        self._outbox.delete(held.message)
        tell_end(self._outbox, row, self._host)

    def _try_again(self, held: Held, failure: TileworkError, rank: int) -> None:
        released = after_failure(held.job, failure)
        if spent(released):
            self.strike_out(held, no_attempts_left(released), rank)
            return
        released = self._life.release(held.job, failure, rank=rank)
        # what costs nothing is counted by the message alone
        tries = max(released.attempts + released.losses, held.message.receives)
        pause = back_off(tries)
        log.warning("Trying again in %.0f s: %s", pause, failure.reason, extra=held.facts)
        self._show(held, pause)

    def _show(self, held: Held, pause: float) -> None:
        """Let the job's message be seen after ``pause`` seconds; where it is out of reach, one like it."""
        self._let_go(held)
        if held.carried is not None:
            self._system.jobs.send(held.message.body, delay=pause)
        else:
            self._system.jobs.set_visibility(held.message, pause)


def rank_of(error: BaseException) -> int:
    """The MPI rank that raised ``error``; 0 where it tells none."""
    rank = getattr(error, "rank", 0)
    return rank if isinstance(rank, int) else 0


def named(error: BaseException) -> TileworkError:
    """``error`` as a member of our tree."""
    if isinstance(error, TileworkError):
        return error
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return DiskFullError(f"The worker host has no room left on its disk: {error}")
    return UnexpectedError(f"The work failed with {type(error).__name__}: {str(error)[:MOST_QUOTED]}")


def back_off(attempt: int) -> float:
    """Seconds until the attempt after number ``attempt`` (from 1): doubling from 1 s to a minute, with jitter.

    Jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog), kept above half so that it does back off.
    """
    longest = min(LONGEST_PAUSE, 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
