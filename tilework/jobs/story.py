"""The story of a job: what happened to it, line by line, and what can be done about it. One telling for all places."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tilework.jobs.history import MOST, Deed, Entry, Outcome
from tilework.jobs.job import State
from tilework.remedies import Remedy, remedies
from tilework.shown import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.jobs.job import Job

KEEPER = "keeper"
"""The owner of the lease under which the keeper ends a job that has no attempts left."""


class Kind(StrEnum):
    """What a line is about."""

    ENTERED = "entered"
    UNREADABLE = "unreadable"  # a message that nobody can read entered
    FORGOTTEN = "forgotten"
    ATTEMPT = "attempt"
    EXHAUSTED = "exhausted"  # the keeper ended it, because no attempt was left
    QUEUED = "queued"
    RETRIED = "retried"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    STAGE = "stage"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Line:
    """What happened ``at`` a time (seconds since the epoch), as a sentence, and as what it is made of.

    Of an attempt its ``number``, ``host``, ``rank`` (0: not known), ``outcome`` (empty: under way), and the ``seconds`` it
    took. ``reason`` says why, with its ``code`` where it is a failure.
    """

    at: float
    text: str
    kind: Kind
    number: int = 0
    host: str = ""
    rank: int = 0
    outcome: str = ""
    seconds: float = 0.0
    code: str = ""
    reason: str = ""


def story(job: Job) -> list[Line]:
    """What happened to the job, the earliest first."""
    lines = [Line(job.created, _beginning(job), Kind.ENTERED if job.key else Kind.UNREADABLE)]
    if len(job.history) == MOST:
        text = f"What came before is forgotten: {MOST} entries are kept."
        lines.append(Line(job.history[0].start, text, Kind.FORGOTTEN))
    lines += map(_line, job.history)
    if job.state.is_end:
        # the last attempt has told why, except where nobody attempted anything
        told = lines[-1].code == job.code
        why = ("", "") if told else (job.code, job.reason)
        lines.append(
            Line(
                job.ended or job.updated,
                _end(job),
                Kind.ENDED,
                outcome=job.state.value,
                code=why[0],
                reason=why[1],
            )
        )
    elif job.state is State.QUEUED:
        lines.append(Line(job.updated, "It waits for a worker.", Kind.WAITING))
    elif job.stage:
        done = job.units_behind + len(job.units_done)
        text = f"In the stage {job.stage}: {done} of {job.units_in_all} units are done."
        lines.append(Line(job.touched, text, Kind.STAGE, reason=text))
    return lines


def remedies_of(job: Job) -> tuple[Remedy, ...]:
    """What a user may order that could help the job, the likeliest first."""
    if not job.key:
        return ()
    if job.state is State.CANCELLED:
        return (Remedy.RETRY, Remedy.ANOTHER_PIPELINE)
    return remedies(job.code) if job.state is State.FAILED else ()


def next_steps(job: Job) -> list[str]:
    """Command lines that are ready to be used, the likeliest first; none where nothing needs to be done, or could help."""
    if not job.key:
        return []
    if job.state in {State.QUEUED, State.RUNNING}:
        return [f"tilework cancel {job.id}"]
    lines = {Remedy.RETRY: f"tilework retry {job.id}", Remedy.ANOTHER_PIPELINE: rerun_line(job)}
    return [lines[each] for each in remedies_of(job)]


def rerun_line(job: Job) -> str:
    """The command that puts the job's image through a pipeline, its own unless the user writes another."""
    image = f"{shell_word(job.key)} --version {shell_word(job.version)}"
    return f"tilework rerun {image} --pipeline {shell_word(job.pipeline or 'PIPELINE')}"


def _beginning(job: Job) -> str:
    through = f", to go through {job.pipeline}" if job.pipeline else ""
    return f"Entered in the job table{through}." if job.key else "A message came that nobody can read."


_KINDS = {Deed.RETRIED: Kind.RETRIED, Deed.CANCELLED: Kind.CANCELLED, Deed.QUEUED: Kind.QUEUED}


def _line(entry: Entry) -> Line:
    if entry.deed is not Deed.ATTEMPT:
        return Line(entry.start, _told(entry), _KINDS[entry.deed], reason=entry.reason)
    exhausted = entry.host == KEEPER
    return Line(
        entry.start,
        _told(entry),
        Kind.EXHAUSTED if exhausted else Kind.ATTEMPT,
        number=0 if exhausted else entry.number,
        host="" if exhausted else entry.host,
        rank=entry.rank,
        outcome=entry.outcome.value if entry.outcome else "",
        seconds=_seconds(entry),
        code=entry.code,
        reason=entry.reason,
    )


def _seconds(entry: Entry) -> float:
    return max(0.0, entry.end - entry.start) if entry.end else 0.0


def _told(entry: Entry) -> str:
    match entry.deed:
        case Deed.RETRIED:
            return "A user asked for it to be tried again: its attempts count anew."
        case Deed.CANCELLED:
            return "A user called it off."
        case Deed.QUEUED:
            return f"Queued. {entry.reason}".strip()
        case Deed.ATTEMPT:
            return "".join(_attempt(entry))


def _attempt(entry: Entry) -> Iterator[str]:
    if entry.host == KEEPER:
        yield "The keeper found it without attempts left"
    else:
        yield f"Attempt {entry.number} on {entry.host}"
        yield f", rank {entry.rank}" if entry.rank else ""
    if entry.outcome is None:
        yield ": under way."
        return
    took = f"after {_seconds(entry):.2f} s"
    yield f": {_ENDINGS[entry.outcome]} {took}"
    yield f" ({entry.code})" if entry.code else ""
    yield f": {entry.reason}" if entry.reason else "."


_ENDINGS = {
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.SKIPPED: "skipped",
    Outcome.TRY_AGAIN: "failed, to be tried again,",
    Outcome.HANDED_BACK: "handed back unharmed",
    Outcome.LOST: "lost without a word",
    Outcome.CANCELLED: "called off",
}


def _end(job: Job) -> str:
    why = f" ({job.code}): {job.reason}" if job.code else "."
    if job.state is State.DONE:
        return f"DONE: its result is stored as {job.result_key}."
    return f"{job.state.value}{why}"
