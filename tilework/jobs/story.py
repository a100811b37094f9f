"""The story of a job: what happened to it, line by line, and what can be done about it. One telling for all places."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Line:
    """What happened ``at`` a time (seconds since the epoch), as a sentence."""

    at: float
    text: str


def story(job: Job) -> list[Line]:
    """What happened to the job, the earliest first."""
    lines = [Line(job.created, _beginning(job))]
    if len(job.history) == MOST:
        lines.append(Line(job.history[0].start, f"What came before is forgotten: {MOST} entries are kept."))
    lines += [Line(entry.start, _told(entry)) for entry in job.history]
    if job.state.is_end:
        lines.append(Line(job.ended or job.updated, _end(job)))
    elif job.state is State.QUEUED:
        lines.append(Line(job.updated, "It waits for a worker."))
    elif job.stage:
        done = job.units_behind + len(job.units_done)
        lines.append(
            Line(job.touched, f"In the stage {job.stage}: {done} of {job.units_in_all} units are done.")
        )
    return lines


def next_steps(job: Job) -> list[str]:
    """Command lines that are ready to be used, the likeliest first; none where nothing needs to be done, or could help."""
    if not job.key:
        return []
    if job.state in {State.QUEUED, State.RUNNING}:
        return [f"tilework cancel {job.id}"]
    retry = f"tilework retry {job.id}"
    if job.state is State.CANCELLED:
        return [retry, rerun_line(job)]
    if job.state is State.FAILED:
        lines = {Remedy.RETRY: retry, Remedy.ANOTHER_PIPELINE: rerun_line(job)}
        return [lines[each] for each in remedies(job.code)]
    return []


def rerun_line(job: Job) -> str:
    """The command that puts the job's image through a pipeline, its own unless the user writes another."""
    image = f"{shell_word(job.key)} --version {shell_word(job.version)}"
    return f"tilework rerun {image} --pipeline {shell_word(job.pipeline or 'PIPELINE')}"


def _beginning(job: Job) -> str:
    through = f", to go through {job.pipeline}" if job.pipeline else ""
    return f"Entered in the job table{through}." if job.key else "A message came that nobody can read."


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
    took = f"after {max(0.0, entry.end - entry.start):.2f} s"
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
