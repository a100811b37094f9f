"""What the API lets a user do to jobs: try again, call off, rerun, erase, backfill."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from master.jobs import JobView, Listing
from master.operations import PIPELINE_CHARACTERS
from master.ownership import check_all_own, check_operator, own_version
from master.search import failed
from master.settings import MasterSettings
from master.uploads import Batch
from tilework.errors import WrongStateError
from tilework.jobs.erasure import erase
from tilework.jobs.job import Job
from tilework.jobs.life import JobLife
from tilework.jobs.orders import Orders, Rerun, is_wanted
from tilework.jobs.quotas import KEY_BYTES
from tilework.jobs.system import System
from tilework.jobs.unheard import Backfill
from tilework.service.identity import Asking
from tilework.service.problems import Problem, ProblemError

RETRIES_AT_ONCE = 100
"""Jobs that one request queues anew: seconds of work, within what a gateway waits."""

Key = Annotated[str, Field(min_length=1, max_length=KEY_BYTES)]
Pipeline = Annotated[str, Field(min_length=1, max_length=PIPELINE_CHARACTERS)]
Revision = Annotated[str, Field(max_length=64)]

UNASKED = frozenset({"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""The kinds of body that a form, or a script of another site, can send without being asked whether it may."""

NOT_JSON = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not_json",
    "Not JSON",
    "An order must come as application/json, which no page of another site can send unasked.",
    "Send the header Content-Type: application/json; a body of {} is enough where nothing is asked for.",
)

NOT_HERE = Problem(
    HTTPStatus.FORBIDDEN,
    "may_not_erase",
    "May not erase",
    "This master has no leave to delete images or results.",
    "Use `tilework erase` with credentials of your own; docs/running.md says how to give the master leave.",
)


class RetryRequest(BaseModel):
    """Which FAILED jobs shall be tried again: those of one code or all, of one batch or all, ``before`` a place."""

    code: str = Field(default="", max_length=64)
    batch: str = Field(default="", max_length=64)
    before: str = Field(default="", max_length=100)


class Retried(BaseModel):
    """How many jobs were queued anew, and, where there may be others, the ``before`` of the next request."""

    retried: int
    next: str


class PipelineRequest(BaseModel):
    """Through which pipeline; another ``revision`` makes another job of the same one."""

    pipeline: Pipeline
    revision: Revision = ""


class RerunRequest(PipelineRequest):
    """Which image through which pipeline: the latest version where none is named."""

    key: Key
    version: str | None = Field(default=None, min_length=1, max_length=KEY_BYTES)
    batch: Batch = ""


class Requested(BaseModel):
    """The job that was asked for; ``queued`` is false where it was there already, and was left alone."""

    job: JobView
    queued: bool


class BackfillRequest(BaseModel):
    """Which keys, behind which; of each key the latest version or every one. With ``only_look`` nothing is queued."""

    prefix: str = Field(default="", max_length=KEY_BYTES)
    after: str = Field(default="", max_length=KEY_BYTES)
    every_version: bool = False
    only_look: bool = False


class BackfillAnswer(BaseModel):
    """How many versions were looked at and queued; where time ran out, ``after`` is that of the next request."""

    seen: int
    queued: int
    after: str


class ErasedAnswer(BaseModel):
    """What there was: versions and delete markers, results, rows."""

    versions: int
    results: int
    rows: int


def routes(
    system: System, listing: Listing, settings: MasterSettings, clock: Callable[[], float]
) -> APIRouter:
    """Every route that changes a job; all of them take JSON, or a method that no form can send."""
    router = APIRouter(tags=["orders"])
    life = JobLife(system.table, clock)
    orders = Orders(system, life)

    @router.post("/api/jobs", summary="Rerun an image")
    def rerun(wanted: RerunRequest, who: Asking, response: Response) -> Requested:
        """Put an image that is there through a pipeline, without uploading it again."""
        version = own_version(system.inputs, wanted.key, wanted.version, who)
        row, queued = orders.rerun(
            Rerun(wanted.key, wanted.pipeline, version, wanted.revision, who.owner, wanted.batch)
        )
        response.status_code = HTTPStatus.CREATED if queued else HTTPStatus.OK
        return Requested(job=listing.view(row), queued=queued)

    @router.post("/api/jobs/retry", summary="Try failed jobs again")
    def retry_failed(wanted: RetryRequest, who: Asking) -> Retried:
        """Queue FAILED jobs anew, a bounded number of them a request; without a code those that may ever succeed.

        It looks at two thousand failed jobs at most, so that an answer may have none, and yet a `next`.
        """
        found = failed(
            system.table,
            who,
            lambda row: bool(row.key) and is_wanted(row, wanted.code),
            batch=wanted.batch,
            before=wanted.before,
            limit=RETRIES_AT_ONCE,
        )
        retried = sum(_retried(orders, row) for row in found.rows)
        return Retried(retried=retried, next=str(found.place or ""))

    @router.post("/api/jobs/{job_id}/retry", summary="Try a job again")
    def retry(job_id: str, who: Asking) -> JobView:
        """Queue a FAILED or CANCELLED job anew, with fresh attempts."""
        return listing.view(orders.retry(listing.row(job_id, who)))

    @router.post("/api/jobs/{job_id}/cancel", summary="Call a job off")
    def cancel(job_id: str, who: Asking) -> JobView:
        """Call off a job that is QUEUED or RUNNING."""
        return listing.view(orders.cancel(listing.row(job_id, who)))

    @router.post("/api/jobs/{job_id}/rerun", summary="Rerun a job's image")
    def rerun_job(job_id: str, wanted: PipelineRequest, who: Asking, response: Response) -> Requested:
        """Put the very version that a job is about through another pipeline."""
        of = listing.row(job_id, who)
        if not of.key:
            raise WrongStateError("The job stands for a message that nobody can read: it has no image.")
        again = Rerun(of.key, wanted.pipeline, of.version, wanted.revision, of.owner or who.owner, of.batch)
        row, queued = orders.rerun(again)
        response.status_code = HTTPStatus.CREATED if queued else HTTPStatus.OK
        return Requested(job=listing.view(row), queued=queued)

    @router.post("/api/backfill", summary="Make jobs of what lay there")
    def backfill(wanted: BackfillRequest, who: Asking) -> BackfillAnswer:
        """Queue versions in the input bucket that have no job, for some seconds; `after` goes on.

        Where people sign in, it is for operators only.
        """
        check_operator(who)
        end = time.monotonic() + settings.look_seconds
        asked = Backfill(wanted.prefix, wanted.after, wanted.every_version, wanted.only_look)
        found = asked.run(system, life, lambda _: time.monotonic() < end)
        return BackfillAnswer(seen=found.seen, queued=found.queued, after=found.after)

    @router.delete("/api/images", summary="Erase an image")
    def erase_image(
        who: Asking, key: Annotated[str, Query(min_length=1, max_length=KEY_BYTES)]
    ) -> ErasedAnswer:
        """Erase an image with all its versions, results and rows, where this master has leave to.

        Its jobs are called off first; while a worker may still store a result the answer is 409, with the `seconds`
        to wait.
        """
        if not settings.may_erase:
            raise ProblemError(NOT_HERE)
        check_all_own(system, key, who)
        erased = erase(system, life, key)
        return ErasedAnswer(versions=erased.versions, results=erased.results, rows=erased.rows)

    return router


def check_unasked(request: Request) -> None:
    """Refuse what a page of another site could have sent: a browser sends any other kind there only after asking.

    Source: "CORS-safelisted request-header" of the Fetch Standard; a body without a kind is sent unasked as well.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind in UNASKED:
        raise ProblemError(NOT_JSON)


def _retried(orders: Orders, row: Job) -> bool:
    try:
        orders.retry(row)
    except WrongStateError:
        # somebody else was quicker
        return False
    return True
