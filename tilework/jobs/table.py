"""The job table: the authority on where every job stands. All writes are conditional.

A twin of it offers few primitives only; what may be written when is decided by pure code in
:mod:`tilework.jobs.life`, so that it is the same whatever holds the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tilework.errors import LeaseLostError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tilework.jobs.cursor import Cursor
    from tilework.jobs.job import Job, State


class TooManyRowsError(TileworkError):
    """The first digits of an id in a table so large that looking for them does not end in time."""

    code = "too_many_rows"
    advice = "Give the whole id: 32 hexadecimal digits, which lists, logs and addresses of pages tell."


class JobTable(Protocol):
    """What Tilework needs of the table. All methods raise ``ServiceError`` where the service fails for now."""

    def get(self, job_id: str) -> Job | None:
        """The row as it is now (strongly consistent), or None."""
        ...

    def create(self, job: Job) -> Job | None:
        """Write the row if there is none of its id: None when written, else the row that is there."""
        ...

    def replace(self, job: Job, *, seen: Job) -> Job | None:
        """Write ``job`` if the row's serial is still ``seen.serial``; ``job.serial`` must be one more.

        None when written, else the row that is there now. Raises KeyError where there is no row.
        """
        ...

    def mark_done(
        self, job_id: str, units: Collection[int], *, epoch: int, stage: str, now: float
    ) -> Job | None:
        """Add ``units`` (0 to 8,191; none is a mere sign of life) to the row's set of done ones, in one write.

        Only while the job is RUNNING in this epoch and stage: the row as it is then, else None. Whoever adds at the same
        time is no hindrance, and adding twice is adding once. The serial rises, and ``touched`` becomes ``now``.
        """
        ...

    def delete(self, job_id: str) -> None:
        """Forget the row. Nothing there is no error."""
        ...

    def list(
        self,
        state: State | None = None,
        limit: int | None = None,
        *,
        batch: str = "",
        owner: str = "",
        before: Cursor | None = None,
        since: float = 0.0,
    ) -> Iterator[Job]:
        """Rows, the latest updated first, those of one moment by id (eventually consistent), at most ``limit``.

        Of one state or of all, of one batch or of all, of one owner or of all, from ``before`` on, none that was updated
        before ``since`` (seconds since the epoch). What a page costs does not grow with the table (with a batch and an
        owner: but with what others have in this batch).
        """
        ...

    def of_id(self, digits: str) -> Iterator[Job]:
        """Every row whose id begins with ``digits`` (hexadecimal, at least one), in no order (eventually consistent).

        Goes through a part of all rows: made for a person who types, not for programs. Raises TooManyRowsError where that
        part is too large.
        """
        ...

    def of_key(self, key: str) -> Iterator[Job]:
        """Every row about a version of the object ``key``, in no order (eventually consistent).

        Goes through all rows: made for erasing an image, not for lists.
        """
        ...

    def add(self, name: str, amounts: Mapping[str, float], *, group: str = "") -> None:
        """Add ``amounts`` to the counters of the statistics row called ``name`` (made where there is none).

        A row that was added to with a ``group`` is found by :meth:`group`.
        """
        ...

    def group(self, group: str) -> Mapping[str, Mapping[str, float]]:
        """The counters of all statistics rows of ``group``, by their names (eventually consistent)."""
        ...

    def counters(self, name: str) -> Mapping[str, float]:
        """The counters of the statistics row called ``name``; empty where there is none."""
        ...

    def count(self, name: str, *, expires: float) -> int:
        """Add one to the counter called ``name``, and tell how many it then is; each caller is told another number.

        It may be forgotten after ``expires`` (seconds since the epoch), which the first one says.
        """
        ...

    def remember(self, name: str, text: str, *, group: str = "", expires: float = 0.0) -> None:
        """Keep ``text`` under ``name`` for whoever comes next, in the place of what was there.

        With a ``group`` it is found by :meth:`remembered`; after ``expires`` (seconds since the epoch; 0: never) it may be
        forgotten, at some time.
        """
        ...

    def remembered(self, group: str) -> Mapping[str, str]:
        """All that was remembered with ``group``, by name (eventually consistent)."""
        ...

    def recall(self, name: str) -> str:
        """What was last remembered under ``name`` (strongly consistent); empty where nothing was."""
        ...


def check_follows(job: Job, seen: Job) -> None:
    """Raise ValueError unless ``job`` may be written over ``seen``: the same id, and a serial that is one more."""
    if job.id != seen.id or job.serial != seen.serial + 1:
        raise ValueError(
            f"{job.id} with serial {job.serial} cannot follow {seen.id} with serial {seen.serial}."
        )


def replace_held(table: JobTable, job: Job, *, seen: Job) -> Job | None:
    """Replace as a worker does, as :meth:`JobTable.replace`: an erased row is a lease lost. Raises LeaseLostError."""
    try:
        return table.replace(job, seen=seen)
    except KeyError:
        raise LeaseLostError(f"The job {job.id} was erased while it was worked on.") from None
