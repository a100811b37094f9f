"""Errors as RFC 9457 problem details, the same members as the master's have."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tilework.errors import (
    CrashedError,
    ImageError,
    NoSuchTileError,
    OperationFailedError,
    OutOfMemoryError,
    PictureError,
    PipelineError,
    RefusedError,
    ServiceError,
    TileworkError,
    TooSlowError,
    VersionGoneError,
)
from tilework.service import problems
from tilework.service.problems import AGAIN_SECONDS, ProblemError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

log = logging.getLogger(__name__)

STATUSES: tuple[tuple[type[TileworkError], HTTPStatus], ...] = (
    (PipelineError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (PictureError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (ImageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NoSuchTileError, HTTPStatus.NOT_FOUND),
    (OperationFailedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CrashedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooSlowError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (OutOfMemoryError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (VersionGoneError, HTTPStatus.NOT_FOUND),
    (ServiceError, HTTPStatus.SERVICE_UNAVAILABLE),
    (RefusedError, HTTPStatus.BAD_GATEWAY),
)
"""The status of each failure of the tree, the first that fits. What an image does to a decoder or an operation is the image's fault: it
wakes nobody. All others are our own."""

ADVICE: dict[int, str] = {
    HTTPStatus.NOT_FOUND: "Check the address; GET /api/jobs lists the jobs there are.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use one of the methods that the Allow header names.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Correct the fields that are named, and send it again.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Try again; if it lasts, report it with the time and the preview's log.",
}


PREVIEW = problems.Problems(
    service="preview",
    statuses=STATUSES,
    advice=ADVICE,
    otherwise=ADVICE[HTTPStatus.UNPROCESSABLE_ENTITY],
)


def no_such_job(job_id: str) -> ProblemError:
    """The answer where a job is asked for that nobody has heard of, or that is another's."""
    return problems.no_such_job(job_id, ADVICE[HTTPStatus.NOT_FOUND])


def not_there(code: str, detail: str) -> ProblemError:
    """The answer where something is asked for that is not there."""
    return problems.not_there(code, detail, ADVICE[HTTPStatus.NOT_FOUND])


def response_of(error: Exception, path: str, method: str = "GET") -> Response:
    """The answer that an exception stands for; what is our own fault goes into the log."""
    problem = PREVIEW.of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, ProblemError):
        log.error("%s %s: %s", method, path, problem.detail, exc_info=error)
    response = problem.response(path)
    response.headers["Cache-Control"] = "no-store"
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = AGAIN_SECONDS
    return response


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` in one shape."""

    async def answer(request: Request, error: Exception) -> Response:
        response = response_of(error, request.url.path, request.method)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    for kind in (ProblemError, TileworkError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
