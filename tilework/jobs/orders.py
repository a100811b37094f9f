"""What a user may order for a job: try it again, call it off, or put its image through another pipeline.

The row is written first, then the message is sent. Where only the row was written, it shows no sign of life, and the
keeper sends the message; a message without its row could be worked on twice.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import VersionGoneError, WrongStateError
from tilework.imaging.pipeline import parse
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.messages import ask_of, body_of
from tilework.jobs.object_keys import is_folder_marker, is_ours
from tilework.jobs.unheard import named_by_its_object
from tilework.remedies import may_succeed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.jobs.job import Job
    from tilework.jobs.life import JobLife
    from tilework.jobs.system import System

RERUN_NOTE = "Asked for by a user, for an image that was there."


def is_wanted(row: Job, code: str) -> bool:
    """Whether a failed job is one of those to try again: of this code, or, without one, with a hope to succeed."""
    return row.code == code if code else may_succeed(row.code)


@dataclass(frozen=True, slots=True)
class Rerun:
    """An image that is there through a pipeline: the latest version where none is named.

    ``revision`` makes another job of the same version and pipeline; ``batch`` is the image's own where it is left out.
    ``owner`` is for an image that names none: whoever asks, it stays its owner's.
    """

    key: str
    pipeline: str
    version: str | None = None
    revision: str = ""
    owner: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """Carries orders out for one deployment."""

    system: System
    life: JobLife

    def retry(self, job: Job) -> Job:
        """Queue a FAILED or CANCELLED job anew, with fresh attempts. Raises WrongStateError."""
        row = self.life.retry(job)
        self.system.jobs.send(body_of(ask_of(row)))
        return row

    def cancel(self, job: Job) -> Job:
        """Call off a job that is not over. Raises WrongStateError.

        A worker that has it stops before it stores, once it finds its lease lost; if it stores before that, the row
        stays CANCELLED, and a retry finds the result.
        """
        return self.life.cancel(job)

    def cancel_unheard(self, ask: Ask) -> Job:
        """Call off what ``ask`` tells before anybody has taken it up: its message will find the job over."""
        # nobody would tell its batch any more
        with contextlib.suppress(VersionGoneError):
            ask = named_by_its_object(self.system, ask)
        self.life.requeue(ask, None, note="")
        row = self.system.table.get(ask.job_id)
        if row is None:
            raise WrongStateError(f"The job {ask.job_id} was erased.")
        return self.cancel(row)

    def rerun(self, wanted: Rerun) -> tuple[Job, bool]:
        """Ask for a job of ``wanted``: its row, and whether anything was queued.

        A job that is there already is tried again where it FAILED or was CANCELLED, and left alone otherwise. Raises
        PipelineError, VersionGoneError, WrongStateError for a folder marker or an object of Tilework's own.
        """
        ask = self._ask(wanted)
        row = self.system.table.get(ask.job_id)
        if row is None and self.life.requeue(ask, None, note=RERUN_NOTE):
            self.system.jobs.send(body_of(ask))
            row = self.system.table.get(ask.job_id)
            queued = True
        else:
            row = row or self.system.table.get(ask.job_id)
            queued = row is not None and row.state in {State.FAILED, State.CANCELLED}
            row = self.retry(row) if row is not None and queued else row
        if row is None:
            raise WrongStateError(f"The job {ask.job_id} was erased.")
        return row, queued

    def failed(self, *, code: str = "", batch: str = "", owner: str = "") -> Iterator[Job]:
        """The FAILED jobs to try again, the latest first: of one code, batch and owner, or of all.

        Without a code those are left out that can never succeed.
        """
        rows = self.system.table.list(State.FAILED, batch=batch, owner=owner)
        return (row for row in rows if row.key and is_wanted(row, code))

    def _ask(self, wanted: Rerun) -> Ask:
        pipeline = parse(wanted.pipeline).canonical
        if is_ours(wanted.key):
            raise WrongStateError(
                "The object is one of Tilework's own, and no image.", advice="Name the key of an image."
            )
        inputs = self.system.inputs
        info = inputs.head(wanted.key, wanted.version)
        if is_folder_marker(wanted.key, info.size):
            raise WrongStateError("The object only stands for a folder: there is no image to work on.")
        return Ask(
            Drop(inputs.bucket, wanted.key, info.version),
            pipeline,
            wanted.revision,
            info.metadata.get("owner", "") or wanted.owner,
            wanted.batch or info.metadata.get("batch", ""),
        )
