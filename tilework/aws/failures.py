"""What the services and the wire answer when something fails, told as the failures of :mod:`tilework.errors`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from tilework.errors import (
    AccessDeniedError,
    RefusedError,
    ServiceError,
    SettingsError,
    ThrottledError,
    TileworkError,
    VersionGoneError,
)
from tilework.jobs.stores import UploadOverError

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed", "405"})
"""S3: no such key or version. A HEAD has no body and so its status for a code; 405 is said of a delete marker."""

NOT_DEPLOYED = frozenset(
    {"NoSuchBucket", "NonExistentQueue", "QueueDoesNotExist", "ResourceNotFoundException"}
)
"""A bucket, a queue, a table that is not there at all."""

UPLOAD_OVER = frozenset({"NoSuchUpload"})
"""It was completed or aborted, or its days were over: another can be begun."""

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes that ask for fewer requests, whatever their status; 429 does as well.

Sources: botocore's list of throttling errors, "Error responses" of S3, DynamoDB and SQS.
"""

PASSING = frozenset(
    {
        "400",  # a HEAD whose session token has just expired says no more than this
        "ConditionalRequestConflict",
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalError",
        "InternalServerError",
        "OperationAborted",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Codes that pass, whatever their status; any status of 500 or more does as well. Sources as above."""

_FORBIDDEN = 403
_TOO_MANY = 429
_SERVER_SIDE = 500


def code_of(error: ClientError) -> str:
    """The service's code for the failure, without the namespace that SQS puts before some."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]


def status_of(error: ClientError) -> int:
    """The HTTP status of the answer; 0 where there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def told_as_ours(what: str) -> Iterator[None]:
    """Raise whatever botocore raises inside as one of our failures; ``what`` completes "could not …"."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise ours(error, what) from error


def ours(error: ClientError | BotoCoreError, what: str) -> TileworkError:
    """The failure of our tree that ``error`` amounts to."""
    if isinstance(error, ClientError):
        return _answered(error, what)
    sentence = f"Could not {what}: {error}"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        advice = "Give this process AWS credentials: a role, a profile, or AWS_ACCESS_KEY_ID and its secret."
        return SettingsError(sentence, advice=advice)
    if isinstance(error, ParamValidationError):
        return RefusedError(sentence)
    return ServiceError(sentence)  # what is left comes from the wire: cut, refused, timed out


def _answered(error: ClientError, what: str) -> TileworkError:
    code, status = code_of(error), status_of(error)
    message = error.response.get("Error", {}).get("Message", "") or "no reason given"
    sentence = f"Could not {what}: {message} ({code or status})"
    if code in NOT_DEPLOYED:
        return SettingsError(sentence, advice="Check the names in the settings, or deploy the stack.")
    if code in GONE | UPLOAD_OVER:
        return VersionGoneError(sentence) if code in GONE else UploadOverError(sentence)
    if code in THROTTLED or status == _TOO_MANY:
        return ThrottledError(sentence)
    if code in PASSING or status >= _SERVER_SIDE:
        return ServiceError(sentence)
    if status == _FORBIDDEN or code.startswith("AccessDenied"):
        return AccessDeniedError(sentence)
    return RefusedError(sentence)
