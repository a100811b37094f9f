"""Where the embedded AWS enforces permissions (``AUTH=true``): what its judge of policies is not told, and AWS's is.

1. It listens on loopback without TLS, so that each statement about ``aws:SecureTransport`` refused everybody. A request
   counts as one over TLS, as behind a proxy that ends it, unless it says ``x-forwarded-proto: http``; and so does what the
   services do among themselves.
2. ``s3:if-none-match`` and ``s3:ObjectCreationOperation`` are unknown, so that a result could be replaced.
3. Tags of an Auto Scaling group are judged as if they were of no group, so that nobody with leave for one could set them.
4. What is about a log group's streams is judged by the group's ARN alone; CloudWatch Logs adds ``:log-stream:`` and a name, as
   all policies expect ("Overview of managing access permissions to your CloudWatch Logs resources", user guide).
5. A batch of SQS is judged as an action of its own, which IAM does not know: leave for the single request is leave for it
   ("Amazon SQS API permissions", developer guide).
"""

# ruff: noqa: SLF001 - what is mended has no public face; requirements.txt pins the version that this fits

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator

_FORWARDED = b"x-forwarded-proto"
_TAGGED = "Tags.member.1.ResourceId"
_serve, _s3_context = app.app, iam_actions.s3_service_context
_resource_arn, _action = iam_actions.extract_resource_arn, iam_actions.extract_iam_action


async def _serve_as_over_tls(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and all(name.lower() != _FORWARDED for name, _ in scope["headers"]):
        scope = {**scope, "headers": [*scope["headers"], (_FORWARDED, b"https")]}
    await _serve(scope, receive, send)


def _context_of_writes(
    iam_action: str, query: dict[str, Any] | None, path: str = "", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    context: dict[str, Any] = _s3_context(iam_action, query, path, headers)
    if iam_action != "s3:PutObject":
        return context
    told, asked = headers or {}, query or {}
    # the beginning of a multipart upload and its parts create no object
    creates = "uploads" not in asked and "partNumber" not in asked
    context["s3:ObjectCreationOperation"] = str(creates).lower()
    if "if-none-match" in told:
        context["s3:if-none-match"] = told["if-none-match"]
    return context


def _arn_in_full(service: str, *request: Any) -> Any:
    *before, query, region, account = request
    if service == "autoscaling" and _TAGGED in query:
        query = {**query, "AutoScalingGroupName": query[_TAGGED]}
    arn = _resource_arn(service, *before, query, region, account)
    return (
        f"{arn}:log-stream:" if service == "logs" and ":log-group:" in arn and not arn.endswith("*") else arn
    )


def _action_of_one(service: str, *request: Any) -> Any:
    action = _action(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


def mend() -> None:
    """Put the mends in place, before ministack runs."""
    app.app = _serve_as_over_tls
    iam_evaluator._request_origin = ContextVar("request_origin", default=("127.0.0.1", True))
    iam_actions.s3_service_context = _context_of_writes
    iam_actions.extract_iam_action = _action_of_one
    iam_actions.extract_resource_arn = _arn_in_full
