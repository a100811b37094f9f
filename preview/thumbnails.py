"""``GET /api/jobs/{id}/thumbnail``: a job's image or its result, small."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Literal

import cv2
from fastapi import APIRouter, Query, Request, Response

from preview.jobs import row_for
from preview.library import Address, Library, Side, address_of, page_of
from preview.memory import Memory
from preview.on_screen import MEDIA_TYPE, levels_of, png, shown
from preview.problems import not_there
from preview.settings import PreviewSettings
from preview.small import small_picture
from preview.workshop import Workshop
from tilework.errors import ImageError, VersionGoneError
from tilework.imaging.formats import Picture
from tilework.imaging.limits import MIB
from tilework.jobs.job import Job
from tilework.jobs.system import System
from tilework.service.problems import ProblemError

SIDE = 256
"""Pixels of the longer side."""

QUALITY = 82
"""Of a picture that is looked at for a second: 10 KB."""

MOST_KEPT = 1000
"""Thumbnails: a page of jobs on several screens."""

KEPT_BYTES = 32 * MIB
"""Of all of them: those with alpha are PNGs of 100 KB."""

FOR_EVER = "private, max-age=31536000, immutable"
"""A version never changes, nor does a result."""

ASK_AGAIN = "private, no-cache"
"""Where no worker has chosen a pipeline yet, which may be about another page of the file."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture for a browser."""

    body: bytes
    media_type: str

    @property
    def bytes(self) -> int:
        """What it takes of the memory."""
        return len(self.body)


class Thumbnails:
    """Makes them, and keeps the last ones; thread-safe."""

    def __init__(self, library: Library, workshop: Workshop, settings: PreviewSettings) -> None:
        self._library = library
        self._workshop = workshop
        self._settings = settings
        self._kept = Memory(KEPT_BYTES, MOST_KEPT)

    def of(self, address: Address) -> Thumbnail:
        """The thumbnail of an image. Raises ImageError, VersionGoneError, ServiceError."""
        found = self._kept.get(address)
        if isinstance(found, Thumbnail):
            return found
        return self._workshop.do(lambda: self._kept.take(address, lambda: self._made(address)))

    def _made(self, address: Address) -> Thumbnail:
        source, limits = self._library.source(address), self._settings.limits
        picture = small_picture(source, limits, side=SIDE, page=address.page)
        return packed(shown(picture, levels_of(picture)))


def packed(picture: Picture) -> Thumbnail:
    """A picture of 8 bits as a JPEG, or with alpha, for which that has no room, as a PNG."""
    if picture.alpha is not None:
        return Thumbnail(png(picture), MEDIA_TYPE)
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return Thumbnail(bytes(cv2.imencode(".jpg", picture.colour, quality)[1].data), "image/jpeg")


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
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "private, no-cache"})

    def of(row: Job, request: Request, side: Side) -> Response:
        page = page_of(row.pipeline) if side == "input" else None
        address = address_of(row, side, page)
        tag = f'"{row.id}-{side}"' if page is None else f'"{row.id}-{side}-{page}"'
        is_settled = side == "result" or bool(row.pipeline)
        headers = {"ETag": tag, "Cache-Control": FOR_EVER if is_settled else ASK_AGAIN}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        try:
            made = thumbnails.of(address)
        except ImageError as error:
            raise not_there(error.code, error.reason) from error
        return Response(made.body, media_type=made.media_type, headers=headers)

    return router
