"""``GET /api/jobs/{id}/images/{side}`` and what is below it: input and result of a job, zoomed."""

import json
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from preview.image_library import Library, Side, is_settled
from preview.images import Images, check_version
from preview.jobs import row_for
from preview.memory import Memory
from preview.on_screen import between
from preview.workshop import Workshop
from tilework.jobs.job import Job, State
from tilework.jobs.system import System
from tilework.service.conditional import ASK_AGAIN, FOR_EVER, known_tags

Version = Annotated[str | None, Query(max_length=1024, description="The `version` that the image tells.")]
Bound = Annotated[
    float | None, Query(allow_inf_nan=False, description="Shown so, in place of what is measured.")
]


def routes(system: System, library: Library, workshop: Workshop, memory: Memory) -> APIRouter:
    """The routes of the images of jobs."""
    router = APIRouter(tags=["jobs"], prefix="/api/jobs/{job_id}/images/{side}")
    images = Images(library, workshop, memory)

    @router.get("", summary="Tell how an image is zoomed")
    def described(job_id: str, side: Side, request: Request) -> Response:
        """Tell the levels of a job's input or result, its pixels, and what tiles show as black and white.

        Where it cannot be zoomed there are no levels, and `problem` says why. Its code `image_being_read` is for now: the image
        has no overviews, and is read, `percent` of it so far, by each request that asks.
        """
        row = row_for(request, system, job_id)
        return _told(asdict(images.describe(row, side)), ASK_AGAIN)

    @router.get("/tiles/{level}/{column}/{row}", response_class=Response, summary="Show a tile of an image")
    def tile(
        *,
        job_id: str,
        side: Side,
        level: int,
        column: int,
        row: int,
        request: Request,
        version: Version = None,
        black: Bound = None,
        white: Bound = None,
    ) -> Response:
        """Show a tile of a level; level 0 is the whole, in a PNG of its pixels or the file's own JPEG, others may be JPEGs.

        At the right and bottom edge a file's own tiles go on beyond the image: that is padding. With its version the
        address shows the same for ever. Pixels of more than eight bits are scaled between `black` and `white`.
        """
        job = row_for(request, system, job_id)
        check_version(job, side, version)
        settled = "" if is_settled(job, side) else "-unsettled"
        tag = f'"{job.epoch}-{side}-{level}-{column}-{row}-{black}-{white}{settled}"'
        headers = {"ETag": tag, "Cache-Control": _caching(job, side, version)}
        over = side == "input" or job.state is State.DONE
        if over and tag in known_tags(request):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        made = images.tile(job, side, (level, column, row), between(black, white))
        return Response(made.body, media_type=made.media_type, headers=headers)

    @router.get("/pixel", summary="Tell a pixel")
    def pixel(
        *, job_id: str, side: Side, request: Request, x: int, y: int, version: Version = None
    ) -> Response:
        """Tell the exact samples of the pixel in column `x` and row `y`, both from 0."""
        job = row_for(request, system, job_id)
        check_version(job, side, version)
        return _told(asdict(images.pixel(job, side, x, y)), _caching(job, side, version))

    @router.get("/histogram", summary="Count values")
    def counted(
        *,
        job_id: str,
        side: Side,
        request: Request,
        version: Version = None,
        black: Bound = None,
        white: Bound = None,
    ) -> Response:
        """Count how often each value is there, in 256 equal bins between black and white, for each channel.

        It is counted on the largest level of at most four megapixels, which is told.
        """
        job = row_for(request, system, job_id)
        check_version(job, side, version)
        found = images.histogram(job, side, between(black, white))
        return _told(asdict(found), _caching(job, side, version))

    return router


def _caching(job: Job, side: Side, version: str | None) -> str:
    return FOR_EVER if version is not None and is_settled(job, side) else ASK_AGAIN


def _told(document: dict[str, Any], caching: str) -> Response:
    body = json.dumps(document, allow_nan=False).encode()
    return Response(body, media_type="application/json", headers={"Cache-Control": caching})
