"""Errors in one shape: RFC 9457 problem details, for programs; the same facts as a page, for people."""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Match, Mount

from master.choices import language_of
from master.words import Words
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
from tilework.service import problems
from tilework.service.problems import AGAIN_SECONDS, Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

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


MASTER = problems.Problems(
    service="master",
    statuses=STATUSES,
    advice=ADVICE,
    otherwise=ADVICE[HTTPStatus.BAD_REQUEST],
    details={
        HTTPStatus.NOT_FOUND: "There is nothing at this address.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method.",
    },
)


def no_such_job(job_id: str) -> ProblemError:
    """The answer where a job is asked for that nobody has heard of."""
    return problems.no_such_job(job_id, "GET /api/jobs lists the jobs there are.")


def not_there(code: str, detail: str) -> ProblemError:
    """The answer where something of a job is asked for that it does not have."""
    return problems.not_there(code, detail, "GET /api/jobs/{id} tells what the job has.")


def install(app: FastAPI, page: Callable[[Request, Problem], Response]) -> None:
    """Answer every error of ``app`` in one shape; ``page`` makes it for a person who navigated there."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = MASTER.of(error)
        problem = replace(problem, advice=Words(language_of(request)).translated(problem.advice))
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("%s %s: %s", request.method, request.url.path, problem.detail, exc_info=error)
        wants_page = "text/html" in request.headers.get("accept", "")
        path = request.url.path
        if wants_page and (path.startswith(f"{PAGES}/") or not path.startswith("/api/")):
            response = page(request, problem)
        else:
            response = problem.response(path)
        response.headers["Cache-Control"] = "no-store"
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            # the router names those of one route only
            response.headers["Allow"] = ", ".join(_methods(app, request))
        if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = str(problem.more["seconds"])
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = AGAIN_SECONDS
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
        except ClientDisconnect:
            # a page calls off what it has no use for any more; nobody is left to be answered
            log.debug("%s %s was called off by whoever asked.", scope["method"], scope["path"])
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
