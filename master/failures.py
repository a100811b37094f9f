"""What failed, by its reason: how many, what it means, what to do, and orders for all of one reason at once."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from master.jobs import display_name
from master.mended import mended
from master.orders import PipelineRequest
from master.search import failed
from master.translated import translated
from tilework.errors import VersionGoneError, WrongStateError
from tilework.jobs.batches import Batch
from tilework.jobs.job import Job
from tilework.jobs.life import JobLife
from tilework.jobs.orders import Orders, Rerun
from tilework.jobs.system import System
from tilework.remedies import Explained, Remedy, explained, remedies
from tilework.service.conditional import tagged
from tilework.service.identity import Asking
from tilework.sign_in import Who

Notes: TypeAlias = Mapping[tuple[str, str], Batch | None]
"""What was noted of batches, by owner and name."""

NOTES_AT_ONCE = 8
"""That are read at the same time."""

EXAMPLES = 3

MOST_BATCHES = 5
"""Of a reason, those with most of it; a link for each is all that a person looks through."""

RERUNS_AT_ONCE = 50
"""Jobs that one request puts through another pipeline: some seconds of work, within what a gateway waits."""


class Example(BaseModel):
    """One of the failed jobs, the latest ones first; ``updated`` in seconds since the epoch.

    ``mended_by`` is the id of the latest job that has since done what this one could not, of the same version; empty where none
    is known.
    """

    id: str
    name: str
    pipeline: str
    reason: str
    updated: float
    mended_by: str = ""


class BatchCount(BaseModel):
    """How many of a batch failed so, the latest of them being ``example``, out of ``size``.

    Its ``name``, when it was ``created`` (seconds since the epoch) and its size are empty and 0 where nobody noted it.
    """

    batch: str
    name: str
    created: float
    size: int
    count: int
    example: str


class Mending(BaseModel):
    """Through which ``pipeline`` so many were DONE after they had failed."""

    pipeline: str
    count: int


class FailureGroup(BaseModel):
    """Failed jobs of one ``code``. ``sentence`` says what it means (empty for a code of somebody else's), ``advice`` what to do.

    ``remedies`` are the orders that could ever help, the likeliest first. ``batches`` has those with most of it. So many
    as are ``mended`` were DONE since in a newer job of the same version, most of them through ``mended_by``; what was done
    before the latest two thousand jobs is not known.
    """

    code: str
    sentence: str
    advice: str
    count: int
    mended: int = 0
    mended_by: list[Mending] = []
    remedies: list[Remedy]
    batches: list[BatchCount]
    examples: list[Example]


class FailureList(BaseModel):
    """Failed jobs by their code, most of them first; ``counted`` is how many there are in all groups, ``mended`` of them since.

    Where there are more, ``next`` is the ``before`` of the next answer, which counts on from there; else it is empty.
    """

    groups: list[FailureGroup]
    counted: int
    mended: int
    next: str


class RerunFailed(PipelineRequest):
    """Which FAILED jobs' images shall go through ``pipeline``: of one ``code``, of one batch or all, ``before`` a place."""

    code: str = Field(min_length=1, max_length=64)
    batch: str = Field(default="", max_length=64)
    before: str = Field(default="", max_length=100)


class RerunAnswer(BaseModel):
    """How many failed jobs of that code were found, how many jobs were queued, and, where there are more, the next ``before``."""

    seen: int
    queued: int
    next: str


def failures_of(system: System, who: Who, batch: str = "", before: str = "") -> FailureList:
    """What failed, of one batch or all, for the API and the page. Raises CursorError."""
    found = failed(system.table, who, lambda _: True, batch=batch, before=before)
    by_code: defaultdict[str, list[Job]] = defaultdict(list)
    for row in found.rows:
        by_code[row.code].append(row)
    known = explained()
    notes = _notes(system, by_code.values())
    done = mended(system.table, who, found.rows, batch)
    groups = [_group(code, of_it, known.get(code), notes, done) for code, of_it in by_code.items()]
    groups.sort(key=lambda each: -each.count)
    return FailureList(groups=groups, counted=len(found.rows), mended=len(done), next=str(found.place or ""))


def routes(system: System, clock: Callable[[], float]) -> APIRouter:
    """``GET /api/failures`` and ``POST /api/jobs/rerun``."""
    router = APIRouter(tags=["failures"])
    orders = Orders(system, JobLife(system.table, clock))

    @router.get("/api/failures", response_model=FailureList, summary="Tell what failed, by its reason")
    def failures(
        request: Request,
        who: Asking,
        batch: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        """Group the FAILED jobs, of one batch or all, by their code; poll it with If-None-Match.

        An answer counts two thousand jobs at most, the latest failed ones; `before` is the `next` of the answer before.
        All jobs of a group are those of `GET /api/export?code=`; `POST /api/jobs/retry` and `POST /api/jobs/rerun` order
        something for all of them.
        """
        body = translated(request, failures_of(system, who, batch, before).model_dump_json().encode())
        return tagged(request, body, media_type="application/json")

    @router.post("/api/jobs/rerun", summary="Rerun failed jobs' images")
    def rerun_failed(wanted: RerunFailed, who: Asking) -> RerunAnswer:
        """Put the images of FAILED jobs of one code through another pipeline, a bounded number of them a request.

        It looks at two thousand failed jobs at most, of whatever code, so that an answer may have few or none, and yet a
        `next`. The failed jobs stay as they are; asked twice, nothing is queued twice.
        """
        found = failed(
            system.table,
            who,
            lambda row: bool(row.key) and row.code == wanted.code,
            batch=wanted.batch,
            before=wanted.before,
            limit=RERUNS_AT_ONCE,
        )
        queued = sum(_rerun(orders, row, wanted, who) for row in found.rows)
        return RerunAnswer(seen=len(found.rows), queued=queued, next=str(found.place or ""))

    return router


def _rerun(orders: Orders, row: Job, wanted: RerunFailed, who: Who) -> bool:
    again = Rerun(row.key, wanted.pipeline, row.version, wanted.revision, row.owner or who.owner, row.batch)
    # an image that was deleted meanwhile, or a job that somebody else was quicker with
    with contextlib.suppress(VersionGoneError, WrongStateError):
        return orders.rerun(again)[1]
    return False


def _group(
    code: str, rows: list[Job], known: Explained | None, notes: Notes, done: Mapping[str, Job]
) -> FailureGroup:
    # a failure may have advice of its own; where all have the same it is truer than the class's
    advice = {row.advice for row in rows}
    own = advice.pop() if len(advice) == 1 else ""
    through = Counter(done[row.id].pipeline for row in rows if row.id in done)
    return FailureGroup(
        code=code,
        sentence=known.sentence if known else "",
        advice=own or (known.advice if known else rows[0].advice),
        count=len(rows),
        mended=through.total(),
        mended_by=[Mending(pipeline=text, count=count) for text, count in through.most_common(EXAMPLES)],
        remedies=list(remedies(code)) if any(row.key for row in rows) else [],
        batches=_batches(rows, notes),
        examples=[_example(row, done) for row in rows[:EXAMPLES]],
    )


def _batches(rows: Iterable[Job], notes: Notes) -> list[BatchCount]:
    rows = list(rows)
    latest = {(row.owner, row.batch): row for row in reversed(rows)}
    return [_batch(latest[of], count, notes[of]) for of, count in _most(rows)]


def _most(rows: Iterable[Job]) -> list[tuple[tuple[str, str], int]]:
    """The batches, by owner and name, with most of ``rows``."""
    return Counter((row.owner, row.batch) for row in rows if row.batch).most_common(MOST_BATCHES)


def _notes(system: System, groups: Iterable[list[Job]]) -> Notes:
    """The notes of all batches that are told of."""
    wanted = list({of for rows in groups for of, _ in _most(rows)})
    with ThreadPoolExecutor(NOTES_AT_ONCE) as pool:
        found = pool.map(lambda of: system.batches.get(of[1], owner=of[0]), wanted)
        return dict(zip(wanted, found, strict=True))


def _batch(latest: Job, count: int, note: Batch | None) -> BatchCount:
    title, created, size = (note.title, note.created, note.size) if note else ("", 0.0, 0)
    return BatchCount(
        batch=latest.batch, name=title, created=created, size=size, count=count, example=display_name(latest)
    )


def _example(row: Job, done: Mapping[str, Job]) -> Example:
    return Example(
        id=row.id,
        name=display_name(row),
        pipeline=row.pipeline,
        reason=row.reason,
        updated=row.updated,
        mended_by=done[row.id].id if row.id in done else "",
    )


BLANK_BATCH = BatchCount(batch="", name="", created=0, size=0, count=0, example="")
"""What the page's module fills in for a drop that it did not know."""

BLANK_GROUP = FailureGroup(
    code="",
    sentence="",
    advice="",
    count=0,
    remedies=[],
    batches=[],
    examples=[Example(id="", name="", pipeline="", reason="", updated=0)],
)
"""What the page's module fills in for a reason that it did not know."""
