"""``POST /api/preview/file``: a region of what a pipeline would make of an image that is not stored anywhere (yet)."""

import hashlib
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from preview.answers import answer
from preview.kept import KeptFile, KeptImage
from preview.memory import Memory
from preview.on_screen import between
from preview.opened import Opened
from preview.region import render
from preview.regions import MOST_COORDINATE, PIPELINE_CHARACTERS, Shower, parsed
from preview.settings import PreviewSettings
from preview.workshop import Workshop
from tilework.imaging.run import BytesSource
from tilework.imaging.windows import Window
from tilework.service.bodies import read_body
from tilework.service.identity import who_asks
from tilework.service.problems import Problem, ProblemError

DIGEST = "^[0-9a-f]{64}$"


@dataclass(frozen=True, slots=True)
class Sent:
    """The key of a file: who sent it, and its SHA-256."""

    owner: str
    digest: str


@dataclass(frozen=True, slots=True)
class SentPage:
    """The key of a page of one that is open; None: of the only one."""

    file: Sent
    page: int | None


class Files:
    """The files that were sent last, open, each for who sent it; thread-safe. They are forgotten with the process."""

    def __init__(self, memory: Memory, settings: PreviewSettings) -> None:
        self._memory = memory
        self._settings = settings

    def open(self, owner: str, digest: str, body: bytes, page: int | None) -> Opened:
        """The file of that SHA-256, which ``body`` has, or which was sent before where that is empty.

        Raises ProblemError where it was not, or has another digest, and what reading it raises: then it is not kept.
        """
        if body and hashlib.sha256(body).hexdigest() != digest:
            raise _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_request", "The file has another SHA-256.")
        file = Sent(owner, digest)
        sent = self._memory.get(file)
        data = sent.data if isinstance(sent, KeptFile) else body
        return self._memory.take(SentPage(file, page), lambda: self._opened(file, data, page)).opened

    def _opened(self, file: Sent, data: bytes, page: int | None) -> KeptImage:
        if not data:
            raise _problem(HTTPStatus.NOT_FOUND, "no_such_file", "The file is not known here (any more).")
        source, limits = BytesSource(data), self._settings.limits
        opened = Opened(source, limits, image_bytes=self._settings.image_bytes // 2, page=page)
        opened.prepare()
        # for its other pages; before what is open of it, which is kept longer
        self._memory.put(file, KeptFile(data))
        return KeptImage(opened, source, limits, beside=len(data))


def _problem(status: HTTPStatus, code: str, detail: str) -> ProblemError:
    title = code.replace("_", " ").capitalize()
    return ProblemError(Problem(status, code, title, detail, "Send the file's bytes as the body."))


def _too_large(most: int) -> Problem:
    detail = f"The file has more than the {most:,} bytes that a preview takes."
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        "Too large",
        detail,
        "Upload it, and preview its job.",
    )


def routes(shower: Shower, workshop: Workshop, memory: Memory, settings: PreviewSettings) -> APIRouter:
    """``POST /api/preview/file``."""
    router = APIRouter(tags=["preview"])
    files, too_large = Files(memory, settings), _too_large(settings.file_bytes)
    Coordinate = Annotated[int, Query(ge=-MOST_COORDINATE, le=MOST_COORDINATE)]  # noqa: N806 - a type
    Extent = Annotated[int, Query(ge=1, le=MOST_COORDINATE)]  # noqa: N806 - a type
    Level = Annotated[float | None, Query(allow_inf_nan=False)]  # noqa: N806 - a type

    @router.post("/api/preview/file", response_class=Response, summary="Preview a region of a file")
    async def preview(
        *,
        request: Request,
        tilework_file: Annotated[str, Header(pattern=DIGEST)],
        x: Coordinate,
        y: Coordinate,
        width: Extent,
        height: Extent,
        pipeline: Annotated[str, Query(max_length=PIPELINE_CHARACTERS)] = "",
        nearest: bool = False,
        black: Level = None,
        white: Level = None,
    ) -> Response:
        """Show a region of what a pipeline makes of a file, whose SHA-256 the header `Tilework-File` names.

        The body is the file, of as many bytes as `GET /api/preview` tells, or empty where it was sent before; 404 (`no_such_file`): send it again. All else as
        `POST /api/preview`; `black` and `white` are the levels.
        """
        began = time.perf_counter()
        body = await read_body(request.stream(), settings.file_bytes, too_large)
        owner, window = who_asks(request).owner, Window(x, y, x + width, y + height)
        levels = between(black, white)

        def work() -> Response:
            shown = shower.show(parsed(pipeline))
            region = workshop.do(
                lambda: render(
                    files.open(owner, tilework_file, body, shown.page), shown, window, nearest=nearest
                )
            )
            memory.trim()
            return answer(region, levels, began)

        return await run_in_threadpool(work)

    return router
