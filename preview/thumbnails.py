"""``GET /api/jobs/{id}/thumbnail``: a job's image or its result, small."""

from http import HTTPStatus
from typing import Annotated, Literal

import cv2
from fastapi import APIRouter, Query, Request, Response

from preview.image_library import Address, Library, Side, address_of, is_settled
from preview.jobs import row_for
from preview.memory import Memory
from preview.on_screen import Packed, levels_of, packed, shown
from preview.problems import not_there
from preview.settings import PreviewSettings
from preview.small import small_picture
from preview.workshop import Workshop
from tilework.errors import ImageError, VersionGoneError
from tilework.imaging.limits import MIB
from tilework.jobs.job import Job
from tilework.jobs.system import System
from tilework.service.conditional import ASK_AGAIN, FOR_EVER, known_tags
from tilework.service.problems import ProblemError

SIDE = 256
"""Pixels of the longer side."""

JPEG = [cv2.IMWRITE_JPEG_QUALITY, 82]
"""Of a picture that is looked at for a second: 10 KB."""

MOST_KEPT = 1000
"""Thumbnails: a page of jobs on several screens."""

KEPT_BYTES = 32 * MIB
"""Of all of them: those with alpha are PNGs of 100 KB."""


class Thumbnails:
    """Makes them, and keeps the last ones; thread-safe."""

    def __init__(self, library: Library, workshop: Workshop, settings: PreviewSettings) -> None:
        self._library = library
        self._workshop = workshop
        self._settings = settings
        self._kept = Memory(KEPT_BYTES, MOST_KEPT)

    def of(self, address: Address) -> Packed:
        """The thumbnail of an image. Raises ImageError, VersionGoneError, ServiceError."""
        found = self._kept.get(address)
        if isinstance(found, Packed):
            return found
        return self._workshop.do(lambda: self._kept.take(address, lambda: self._made(address)))

    def _made(self, address: Address) -> Packed:
        source, limits = self._library.source(address), self._settings.limits
        picture = small_picture(source, limits, side=SIDE, page=address.page)
        return packed(shown(picture, levels_of(picture)), JPEG)


def routes(system: System, library: Library, workshop: Workshop, settings: PreviewSettings) -> APIRouter:
    """``GET /api/jobs/{id}/thumbnail``."""
    router = APIRouter(tags=["jobs"])
    thumbnails = Thumbnails(library, workshop, settings)

    @router.get("/api/jobs/{job_id}/thumbnail", response_class=Response, summary="Show a job small")
    def thumbnail(
        job_id: str,
        request: Request,
        side: Annotated[Side, Query()] = "input",
        absent: Annotated[Literal["problem", "empty"], Query()] = "problem",
    ) -> Response:
        """Show a job's image, or its result, with a longer side of at most 256 pixels; it never changes.

        404 where there is no image (yet), and where none can be made of it within the bounds; with `absent=empty` 204 and
        nothing, of which a browser writes no error.
        """
        row = row_for(request, system, job_id)
        try:
            return of(row, request, side)
        except (ProblemError, VersionGoneError) as error:
            if absent == "problem" or (
                isinstance(error, ProblemError) and error.problem.status != HTTPStatus.NOT_FOUND
            ):
                raise
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": ASK_AGAIN})

    def of(row: Job, request: Request, side: Side) -> Response:
        address = address_of(row, side)
        page = address.page
        tag = f'"{row.id}-{side}"' if page is None else f'"{row.id}-{side}-{page}"'
        headers = {"ETag": tag, "Cache-Control": FOR_EVER if is_settled(row, side) else ASK_AGAIN}
        if tag in known_tags(request):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        try:
            made = thumbnails.of(address)
        except ImageError as error:
            raise not_there(error.code, error.reason) from error
        return Response(made.body, media_type=made.media_type, headers=headers)

    return router
