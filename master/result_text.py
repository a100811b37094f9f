"""The beginning of a result that is a report, to be read on the page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from master.jobs import Listing
from master.problems import not_there
from tilework.imaging.result_kinds import ResultKind, kind_of
from tilework.jobs.system import System
from tilework.service.conditional import tagged
from tilework.service.identity import Asking

MOST_BYTES = 65_536
"""Of a report that is shown: some thousand rows. The whole is a download."""


class ReportText(BaseModel):
    """The first bytes of a report as a text, up to the end of a line; ``bytes`` are those of the whole."""

    format: str
    text: str
    bytes: int
    truncated: bool


def routes(system: System, listing: Listing) -> APIRouter:
    """``GET /api/jobs/{id}/report``."""
    router = APIRouter(tags=["jobs"])

    @router.get("/api/jobs/{job_id}/report", response_model=ReportText, summary="Read a report")
    def report(
        job_id: str,
        request: Request,
        who: Asking,
        most: Annotated[int, Query(ge=1, le=MOST_BYTES)] = MOST_BYTES,
    ) -> Response:
        """Read the beginning of a job's result that is a report (JSON or CSV), `most` bytes of it at most."""
        row = listing.row(job_id, who)
        if not row.result_key or kind_of(row.result_key) is not ResultKind.REPORT:
            raise not_there("no_report", f"The job {job_id[:64]!r} has no report as its result.")
        size = system.outputs.head(row.result_key).size
        data = system.outputs.read(row.result_key, None, 0, min(size, most)) if size else b""
        text = data.decode("utf-8", "replace")
        if len(data) < size:
            text = text[: text.rfind("\n") + 1] or text
        told = ReportText(
            format=row.result_key.rpartition(".")[2], text=text, bytes=size, truncated=len(data) < size
        )
        return tagged(request, told.model_dump_json().encode(), media_type="application/json")

    return router
