"""What the API tells about jobs beyond their rows: the story of one, the table of failures, statistics."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from master.jobs import EntryView, Listing, StoryLine, history, told_story
from master.ownership import check_operator
from tilework.jobs import cursor
from tilework.jobs.export import MEDIA_TYPES, Format, lines
from tilework.jobs.job import State
from tilework.jobs.statistics import MOST_DAYS, days
from tilework.jobs.story import next_steps
from tilework.jobs.system import System
from tilework.service.identity import Asking

EXPORT_ROWS = 5000
"""Rows of one answer: with a kilobyte each it stays below the 6 MB that Lambda may answer with."""


class Story(BaseModel):
    """What happened to a job: as sentences, and entry by entry; ``next_steps`` are command lines ready to be used."""

    id: str
    state: State
    story: list[StoryLine]
    history: list[EntryView]
    next_steps: list[str]


class TallyView(BaseModel):
    """Ended jobs and their work. ``codes`` counts the failed ones by code; close, but not exact."""

    done: int
    failed: int
    skipped: int
    cancelled: int
    codes: dict[str, int]
    megapixels: float
    cpu_seconds: float
    work_seconds: float
    source_bytes: int
    result_bytes: int


class DayView(BaseModel):
    """A day (UTC): all of it, and each pipeline, the busiest first."""

    day: str
    total: TallyView
    pipelines: dict[str, TallyView]


class Statistics(BaseModel):
    """Days, the latest first; those on which nothing ended are left out."""

    days: list[DayView]


def statistics_of(system: System, now: float, count: int) -> Statistics:
    """The last ``count`` days, for the API and the page."""
    return Statistics.model_validate({"days": [asdict(day) for day in days(system.table, now, count)]})


def routes(system: System, listing: Listing, clock: Callable[[], float]) -> APIRouter:
    """``GET /api/jobs/{id}/why``, ``GET /api/export`` and ``GET /api/statistics``."""
    router = APIRouter(tags=["reports"])

    @router.get("/api/jobs/{job_id}/why", summary="Tell the story of a job")
    def why(job_id: str, who: Asking) -> Story:
        """Tell a job's attempts with their hosts, ranks, times and reasons, and what can be done."""
        row = listing.row(job_id, who)
        return Story(
            id=row.id,
            state=row.state,
            story=told_story(row),
            history=history(row),
            next_steps=next_steps(row),
        )

    @router.get("/api/export", summary="Export the failed jobs", response_class=StreamingResponse)
    def export(
        who: Asking,
        format: Format = Format.CSV,  # noqa: A002 - the parameter's name
        code: Annotated[str, Query(max_length=64)] = "",
        batch: Annotated[str, Query(max_length=64)] = "",
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> StreamingResponse:
        """Give the failed jobs as CSV or JSON lines: which, why, and the command line that tries each again.

        Where there are more than fit one answer, its Link header names the next one.
        """
        rows = system.table.list(State.FAILED, batch=batch, owner=who.only, before=cursor.place(before))
        found = list(islice((row for row in rows if not code or row.code == code), EXPORT_ROWS + 1))
        headers = {
            "Content-Disposition": f'attachment; filename="failed.{format.value}"',
            "Cache-Control": "no-store",
        }
        if len(found) > EXPORT_ROWS:
            following = str(cursor.after(found[EXPORT_ROWS - 1]))
            query = urlencode({"format": format.value, "code": code, "batch": batch, "before": following})
            headers["Link"] = f'</api/export?{query}>; rel="next"'
        body = lines(found[:EXPORT_ROWS], format)
        return StreamingResponse(body, media_type=MEDIA_TYPES[format], headers=headers)

    @router.get("/api/statistics", summary="Tell what ended, a day and a pipeline")
    def statistics(who: Asking, days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 7) -> Statistics:
        """Count jobs done and failed by code, megapixels, CPU seconds and bytes.

        They are everybody's together: where people sign in, they are for operators only.
        """
        check_operator(who)
        return statistics_of(system, clock(), days)

    return router
