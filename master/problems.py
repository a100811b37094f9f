"""Errors in one shape: RFC 9457 problem details, for programs; the same facts as a page, for people."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount

from tilework.errors import (
    ConflictError,
    CursorError,
    MetadataError,
    NoSuchTileError,
    NoTilesError,
    PipelineError,
    RefusedError,
    ServiceError,
    StillWorkedOnError,
    TileNotMadeError,
    TileNotShownError,
    TileworkError,
    VersionGoneError,
    WrongStateError,
)
from tilework.jobs.stores import UploadOverError
from tilework.jobs.table import TooManyRowsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUSES: tuple[tuple[type[TileworkError], HTTPStatus], ...] = (
    (PipelineError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (MetadataError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CursorError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooManyRowsError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (VersionGoneError, HTTPStatus.NOT_FOUND),
    (NoTilesError, HTTPStatus.NOT_FOUND),
    (NoSuchTileError, HTTPStatus.NOT_FOUND),
    (TileNotMadeError, HTTPStatus.NOT_FOUND),
    (TileNotShownError, HTTPStatus.NOT_ACCEPTABLE),
    (ConflictError, HTTPStatus.CONFLICT),
    (WrongStateError, HTTPStatus.CONFLICT),
    (StillWorkedOnError, HTTPStatus.CONFLICT),
    (UploadOverError, HTTPStatus.GONE),
    (ServiceError, HTTPStatus.SERVICE_UNAVAILABLE),
    (RefusedError, HTTPStatus.BAD_GATEWAY),
)
"""The status of each failure of the tree, the first that fits; all others are our own fault."""

PAGES = "/api/page"
"""Under which pages are that hold data, where people sign in: like everything under /api/, for who has a token."""

ADVICE: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "Read the description of this request in /docs.",
    HTTPStatus.NOT_FOUND: "Check the address; GET /api/jobs lists the jobs there are.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use one of the methods that the Allow header names.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Correct the fields that are named, and send it again.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Try again; if it lasts, report it with the time and the master's log.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong: ``title`` says which kind, ``detail`` what exactly, ``more`` what a program can use."""

    status: int
    code: str
    title: str
    detail: str
    advice: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def document(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457, and ours: code, advice and what else there is."""
        return {
            "type": f"/docs#problem-{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "advice": self.advice,
            **self.more,
        }


NOT_SIGNED_IN = Problem(
    HTTPStatus.UNAUTHORIZED,
    "not_signed_in",
    "Not signed in",
    "The request bears no token of this deployment.",
    "Sign in on the page, or with `tilework login`.",
)


class ProblemError(Exception):
    """A request that the master refuses by itself."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def no_such_job(job_id: str) -> ProblemError:
    """The answer where a job is asked for that nobody has heard of."""
    detail = f"There is no job {job_id[:64]!r}. It may not have been taken up yet, or was forgotten."
    advice = "GET /api/jobs lists the jobs there are."
    return ProblemError(Problem(HTTPStatus.NOT_FOUND, "no_such_job", "No such job", detail, advice))


def not_there(code: str, detail: str) -> ProblemError:
    """The answer where something of a job is asked for that it does not have."""
    advice = "GET /api/jobs/{id} tells what the job has."
    return ProblemError(Problem(HTTPStatus.NOT_FOUND, code, _title(code), detail, advice))


def problem_of(error: Exception) -> Problem:
    """The problem that an exception stands for."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, TileworkError):
        return _of_our_own(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    detail = "The master met an error that it did not expect; its log tells more."
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(status, "internal", "Internal error", detail, ADVICE[status])


def install(app: FastAPI, page: Callable[[Request, Problem], Response]) -> None:
    """Answer every error of ``app`` in one shape; ``page`` makes it for a person who navigated there."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("%s %s: %s", request.method, request.url.path, problem.detail, exc_info=error)
        wants_page = "text/html" in request.headers.get("accept", "")
        path = request.url.path
        if wants_page and (path.startswith(f"{PAGES}/") or not path.startswith("/api/")):
            response = page(request, problem)
        else:
            response = _json(request, problem)
        response.headers["Cache-Control"] = "no-store"
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            # the router names those of one route only
            response.headers["Allow"] = ", ".join(_methods(app, request))
        if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = str(problem.more["seconds"])
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "2"
        return response

    for kind in (ProblemError, TileworkError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_middleware(LastResort, answer=answer)


class LastResort:
    """ASGI middleware that answers what nobody expected.

    Starlette's own place for it lies outside all middleware, so that its answers would lack the security headers.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and answer its failure if nothing has been answered yet."""
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            response = await self._answer(Request(scope, receive), error)
            await response(scope, receive, send)


METHODS = ("DELETE", "GET", "POST", "PUT")


def _methods(app: FastAPI, request: Request) -> list[str]:
    """The methods that are taken at the request's address."""
    routes = [route for route in app.router.routes if not isinstance(route, Mount)]
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _json(request: Request, problem: Problem) -> Response:
    body = json.dumps(problem.document(request.url.path), ensure_ascii=False)
    # half a surrogate pair, which a body can hold, has no UTF-8
    return Response(body.encode("utf-8", "replace"), problem.status, media_type=MEDIA_TYPE)


def _of_our_own(error: TileworkError) -> Problem:
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), None)
    more: dict[str, Any] = {}
    if isinstance(error, PipelineError):
        more = {"position": error.position, "field": "pipeline"}
    if isinstance(error, StillWorkedOnError):
        more = {"seconds": error.seconds}
    status = status or HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(status, error.code, _title(error.code), _sentence(error.reason), error.advice, more)


def _sentence(reason: str) -> str:
    """A reason that was written as a part of a sentence, as a whole one."""
    return reason[:1].upper() + reason[1:] + ("" if reason.endswith((".", "!", "?")) else ".")


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _of_validation(error: RequestValidationError) -> Problem:
    faults = [
        {
            "field": ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]),
            "reason": fault["msg"],
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults[:5])
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, "bad_request", "Bad request", f"{detail}.", ADVICE[status], {"errors": faults})


def _of_http(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    detail = {
        HTTPStatus.NOT_FOUND: "There is nothing at this address.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
    }.get(HTTPStatus(error.status_code), str(error.detail))
    advice = ADVICE.get(error.status_code, ADVICE[HTTPStatus.BAD_REQUEST])
    return Problem(error.status_code, code, phrase.capitalize(), detail, advice)
