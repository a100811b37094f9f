"""Errors in one shape: RFC 9457 problem details, for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tilework.errors import PipelineError, StillWorkedOnError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEDIA_TYPE = "application/problem+json"

LONGEST_VALUE = 64
"""Characters of a wrong value that are told."""

AGAIN_SECONDS = "2"
"""When to come again where a service does not answer for now."""


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

    def response(self, instance: str) -> Response:
        """The document as an answer."""
        body = json.dumps(self.document(instance), ensure_ascii=False)
        # half a surrogate pair, which a body can hold, has no UTF-8
        return Response(body.encode("utf-8", "replace"), self.status, media_type=MEDIA_TYPE)


NOT_SIGNED_IN = Problem(
    HTTPStatus.UNAUTHORIZED,
    "not_signed_in",
    "Not signed in",
    "The request bears no token of this deployment.",
    "Sign in on the page, or with `tilework login`.",
)


class ProblemError(Exception):
    """A request that a service refuses by itself."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """How one service tells its errors.

    ``statuses`` are those of failures of the tree, the first that fits; all others are the ``service``'s own fault.
    ``advice`` is by status, ``otherwise`` that of what has none; ``details`` are better words than HTTP's own.
    """

    service: str
    statuses: Sequence[tuple[type[TileworkError], HTTPStatus]]
    advice: Mapping[int, str]
    otherwise: str
    details: Mapping[int, str] = field(default_factory=dict)

    def of(self, error: Exception) -> Problem:
        """The problem that an exception stands for."""
        if isinstance(error, ProblemError):
            return error.problem
        if isinstance(error, TileworkError):
            return self._of_our_own(error)
        if isinstance(error, RequestValidationError):
            return self._of_validation(error)
        if isinstance(error, HTTPException):
            return self._of_http(error)
        detail = f"The {self.service} met an error that it did not expect; its log tells more."
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return Problem(status, "internal", "Internal error", detail, self.advice[status])

    def _of_our_own(self, error: TileworkError) -> Problem:
        fitting = (status for kind, status in self.statuses if isinstance(error, kind))
        more: dict[str, Any] = {}
        if isinstance(error, PipelineError):
            more = {"position": error.position, "field": "pipeline"}
        if isinstance(error, StillWorkedOnError):
            more = {"seconds": error.seconds}
        status = next(fitting, HTTPStatus.INTERNAL_SERVER_ERROR)
        return Problem(status, error.code, title_of(error.code), _sentence(error.reason), error.advice, more)

    def _of_validation(self, error: RequestValidationError) -> Problem:
        faults = [{"field": _field(fault), "reason": fault["msg"]} for fault in error.errors()]
        detail = "; ".join(map(_told, error.errors()[:5]))
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return Problem(
            status, "bad_request", "Bad request", f"{detail}.", self.advice[status], {"errors": faults}
        )

    def _of_http(self, error: HTTPException) -> Problem:
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        detail = self.details.get(error.status_code, str(error.detail))
        advice = self.advice.get(error.status_code, self.otherwise)
        return Problem(error.status_code, code, phrase.capitalize(), detail, advice)


def not_there(code: str, detail: str, advice: str) -> ProblemError:
    """The answer where something is asked for that is not there."""
    return ProblemError(Problem(HTTPStatus.NOT_FOUND, code, title_of(code), detail, advice))


def no_such_job(job_id: str, advice: str) -> ProblemError:
    """The answer where a job is asked for that nobody has heard of, or that is another's."""
    detail = f"There is no job {job_id[:64]!r}. It may not have been taken up yet, or was forgotten."
    return not_there("no_such_job", detail, advice)


def title_of(code: str) -> str:
    """A code as a title."""
    return code.replace("_", " ").capitalize()


def _field(fault: Mapping[str, Any]) -> str:
    """What of the request is wrong, as the request calls it."""
    return ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])


def _told(fault: Mapping[str, Any]) -> str:
    """One fault of a request in words; a value that is none of those there are is what people type into addresses."""
    if fault["type"] not in {"enum", "literal_error"}:
        return f"{_field(fault)}: {fault['msg']}"
    known = str(fault["ctx"]["expected"]).replace("'", "")
    return f"There is no {_field(fault)} {str(fault['input'])[:LONGEST_VALUE]!r}: it is one of {known}"


def _sentence(reason: str) -> str:
    """A reason that was written as a part of a sentence, as a whole one."""
    return reason[:1].upper() + reason[1:] + ("" if reason.endswith((".", "!", "?")) else ".")
