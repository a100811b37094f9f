"""Errors as RFC 9457 problem details, the same members as the master's have."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

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


class ProblemError(Exception):
    """A request that the preview refuses by itself."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def no_such_job(job_id: str) -> ProblemError:
    """The answer where a job is asked for that nobody has heard of, or that is another's."""
    detail = f"There is no job {job_id[:64]!r}. It may not have been taken up yet, or was forgotten."
    return not_there("no_such_job", detail)


def not_there(code: str, detail: str) -> ProblemError:
    """The answer where something is asked for that is not there."""
    status = HTTPStatus.NOT_FOUND
    return ProblemError(Problem(status, code, _title(code), detail, ADVICE[status]))


def problem_of(error: Exception) -> Problem:
    """The problem that an exception stands for."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, TileworkError):
        return _of_our_own(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        advice = ADVICE.get(error.status_code, ADVICE[HTTPStatus.UNPROCESSABLE_ENTITY])
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        return Problem(error.status_code, code, phrase.capitalize(), str(error.detail), advice)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "The preview met an error that it did not expect; its log tells more."
    return Problem(status, "internal", "Internal error", detail, ADVICE[status])


def response_of(error: Exception, path: str, method: str = "GET") -> Response:
    """The answer that an exception stands for; what is our own fault goes into the log."""
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s: %s", method, path, problem.detail, exc_info=error)
    # half a surrogate pair, which a body can hold, has no UTF-8
    body = json.dumps(problem.document(path), ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Cache-Control": "no-store"}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    return Response(body, problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` in one shape."""

    async def answer(request: Request, error: Exception) -> Response:
        response = response_of(error, request.url.path, request.method)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    for kind in (ProblemError, TileworkError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def _of_our_own(error: TileworkError) -> Problem:
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), None)
    more = {"position": error.position, "field": "pipeline"} if isinstance(error, PipelineError) else {}
    reason = error.reason[:1].upper() + error.reason[1:]
    detail = reason + ("" if reason.endswith((".", "!", "?")) else ".")
    status = status or HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(status, error.code, _title(error.code), detail, error.advice, more)


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
