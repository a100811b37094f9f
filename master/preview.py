"""What the preview answers (:mod:`preview`), under the master's own address, so that the page has one origin.

In AWS the gateway sends these paths to the preview's function itself; on one machine the master forwards them to the
preview's process, on connections that it keeps.
"""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from master import image_paths
from tilework.service.bodies import read_body
from tilework.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

SECONDS: Final = 30.0
"""For an answer; the gateway in AWS gives up then, too."""

MOST_BYTES: Final = 64 * 2**20
"""Of a request's body; the preview itself may take less."""

TOO_LARGE: Final = Problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large",
    "Too large",
    f"The request has more than the {MOST_BYTES:,} bytes that a preview takes.",
    "Upload the image, and preview its job.",
)

NONE: Final = {"most_pixels": 0, "most_file_bytes": 0}
"""What a deployment without a preview takes."""

MOST_CONNECTIONS: Final = 8
"""That are kept; the preview works on two requests at once."""

MOST_WAITING: Final = 16
"""Requests that wait for the preview at once, each in a thread: of their own, so that the API goes on behind a slow one."""

CLOSED: Final = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)
"""What a kept connection tells that was closed meanwhile. Nothing else is asked twice: a slow answer would be made twice."""

TARGET: Final = "/%!$&'()*+,;=:@~?"
"""What stands in a path and a query as it is, beside letters and digits (RFC 3986); all else is quoted."""

ASKED: Final = ("accept", "content-type", "if-none-match", "range", "tilework-file")
TOLD: Final = ("cache-control", "content-type", "etag", "retry-after", "tilework-preview")
"""The headers that go on: none that only means something between two programs."""

WINDOW: Final = {
    "type": "object",
    "description": "A rectangle in pixels of the result; what reaches beyond it is left out.",
    "required": ["x", "y", "width", "height"],
    "properties": {name: {"type": "integer"} for name in ("x", "y", "width", "height")},
}

REQUEST: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["window"],
                    "properties": {
                        "job": {
                            "type": "string",
                            "description": "The job whose image it is, or a key instead.",
                        },
                        "key": {
                            "type": "string",
                            "description": "A key of the input bucket, with its version.",
                        },
                        "version": {"type": "string"},
                        "pipeline": {"type": "string", "description": "As text; empty: the image itself."},
                        "window": WINDOW,
                        "nearest": {
                            "type": "boolean",
                            "description": "Move a region that reaches beyond the result into it, instead of cutting "
                            "or refusing it.",
                        },
                        "levels": {
                            "type": "array",
                            "items": {"type": "number"},
                            "minItems": 2,
                            "maxItems": 2,
                            "description": "The values shown black and white of more than 8 bits; else the "
                            "smallest and the largest of the region.",
                        },
                    },
                }
            }
        },
    }
}
"""What the preview takes, for the description of the API, which the master gives."""


def _parameter(place: str, name: str, kind: str, *, required: bool, text: str = "") -> dict[str, Any]:
    return {"in": place, "name": name, "required": required, "schema": {"type": kind}, "description": text}


FILE: Final[dict[str, Any]] = {
    "parameters": [
        _parameter(
            "header", "Tilework-File", "string", required=True, text="SHA-256, 64 hexadecimal digits."
        ),
        *(_parameter("query", name, "integer", required=True) for name in ("x", "y", "width", "height")),
        _parameter("query", "pipeline", "string", required=False),
        _parameter("query", "nearest", "boolean", required=False),
        *(_parameter("query", name, "number", required=False) for name in ("black", "white")),
    ],
    "requestBody": {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    },
}


class Forwarder:
    """Asks the preview at ``url``; empty where there is none. Thread-safe."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        # taking and putting back are one step of the interpreter's each
        self._idle: list[HTTPConnection] = []
        self._keeps = True
        self._waiting = CapacityLimiter(MOST_WAITING)

    async def answer(self, request: Request) -> Response:
        """What the preview answers to ``request``. Raises ProblemError where it does not."""
        if not self._address.hostname:
            raise _missing("This deployment has no preview.", "Set TILEWORK_PREVIEW_URL to where it runs.")
        body = await read_body(request.stream(), MOST_BYTES, TOO_LARGE)
        return await to_thread.run_sync(self._ask, request, body, limiter=self._waiting)

    def _ask(self, request: Request, body: bytes) -> Response:
        headers = {name: value for name in ASKED if (value := request.headers.get(name))}
        target, query = (
            request.scope.get("raw_path", request.url.path.encode()),
            request.scope["query_string"],
        )
        target = quote(target + (b"?" + query if query else b""), safe=TARGET)
        kept = self._taken()
        try:
            if kept is not None:
                # as happens when the preview is started again
                with contextlib.suppress(*CLOSED):
                    return self._through(kept, request.method, target, headers, body)
            fresh = HTTPConnection(str(self._address.hostname), self._address.port or 80, timeout=SECONDS)
            return self._through(fresh, request.method, target, headers, body)
        except (HTTPException, OSError) as error:
            raise _missing(
                f"The preview does not answer: {type(error).__name__}.",
                "Nothing else needs it; it is started again by itself. Read its log if that lasts.",
            ) from error

    def _through(
        self, connection: HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        try:
            connection.request(method, target, body or None, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        told = {name: value for name in TOLD if (value := answer.headers.get(name))}
        if len(self._idle) < MOST_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        if not self._keeps:
            self.close()
        return Response(content, answer.status, told)

    def close(self) -> None:
        """Close the connections that are kept, and keep none of those in use."""
        self._keeps = False
        while (kept := self._taken()) is not None:
            kept.close()

    def _taken(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


def _missing(detail: str, advice: str) -> ProblemError:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return ProblemError(Problem(status, "no_preview", "No preview", detail, advice))


def routes(url: str) -> APIRouter:
    """The preview's paths."""
    forwarder = Forwarder(url)

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        with contextlib.closing(forwarder):
            yield

    router = APIRouter(tags=["preview"], lifespan=lifespan)
    picture: dict[int | str, dict[str, Any]] = {
        200: {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The picture"}
    }

    @router.get("/api/preview", response_class=Response, summary="Tell what a preview takes")
    async def offer(request: Request) -> Response:
        """Tell how many pixels a region may have (`most_pixels`) and how many bytes a file that is sent (`most_file_bytes`).

        Both are 0 where this deployment has no preview.
        """
        return await forwarder.answer(request) if url else JSONResponse(dict(NONE))

    @router.post(
        "/api/preview",
        response_class=Response,
        responses=picture,
        openapi_extra=REQUEST,
        summary="Preview a region",
    )
    async def preview(request: Request) -> Response:
        """Show a region of what a pipeline makes of an image: the very pixels of the result, at its full size.

        The answer is a PNG of 8 bits a sample; of a lossy result it shows what is encoded. Its header `Tilework-Preview` is
        a JSON object: `window` is the region that is shown, `width` and `height` the result's, `source` what of the image
        the region depends on, `dtype` the result's depth, and `levels` the values shown black and white where that is
        deeper than 8 bits. `approximate` is empty where the pixels are exactly the result's. Else it names why they may
        differ, for an operation that must know all of a large image: `sample` (it was told what 16 windows of 192 x 192
        pixels say, spread evenly) and `surroundings` (it worked on the region and 256 pixels around it). `seconds` is how
        long it took.
        """
        return await forwarder.answer(request)

    @router.post(
        "/api/preview/file",
        response_class=Response,
        responses=picture,
        openapi_extra=FILE,
        summary="Preview a region of a file",
    )
    async def file(request: Request) -> Response:
        """Show a region of what a pipeline makes of a file that is stored nowhere.

        The header `Tilework-File` names the file's SHA-256. The body is the file, of as many bytes as `GET /api/preview` tells, or empty where it was sent before; a 404
        problem (`no_such_file`) says that it is to be sent again. All else as `POST /api/preview`.
        """
        return await forwarder.answer(request)

    @router.get(
        "/api/jobs/{job_id}/thumbnail", response_class=Response, responses=picture, summary="Show a job small"
    )
    async def thumbnail(
        request: Request,
        job_id: str,  # noqa: ARG001
        side: str = "input",  # noqa: ARG001
        absent: str = "problem",  # noqa: ARG001
    ) -> Response:
        """Show a job's image, or with `side=result` its result, with a longer side of at most 256 pixels.

        It never changes. A 404 problem where there is none (yet), or where it would take too much to make one; with
        `absent=empty` 204 and nothing.
        """
        return await forwarder.answer(request)

    router.include_router(image_paths.routes(forwarder.answer))
    return router
