"""The master without a server: the same application behind API Gateway, and the keeper on queues and a clock."""

from __future__ import annotations

import functools
import logging
import os
from dataclasses import asdict
from typing import Any

from mangum import Mangum

from master.app import create_app
from master.keeper import Keeper
from master.settings import MasterSettings
from master.waker import waker_of
from tilework.aws.connect import build_announcer, connect
from tilework.aws.settings import Deployment
from tilework.errors import TileworkError
from tilework.jobs.queues import Message
from tilework.logs import LogSettings, log_to_stderr

log = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    _log_as("master")
    return _application()(event, context)


def keeper_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Do the keeper's part for one event: a batch of notices or dead letters, or the hourly clock."""
    _log_as("keeper")
    keeper, deployment = _keeper()
    if "Records" not in event:
        return _hourly(keeper)
    failed = keep(keeper, deployment, event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _hourly(keeper: Keeper) -> dict[str, Any]:
    """Reconcile, and sweep also where that failed; raises what they raise, so that Lambda counts an error."""
    try:
        found = keeper.reconcile()
    finally:
        # the look ends by itself; what it leaves of Lambda's time is enough to sweep a part, or all
        swept = keeper.sweep()
    return {"swept": swept, **asdict(found)}


def keep(keeper: Keeper, deployment: Deployment, records: list[dict[str, Any]]) -> list[str]:
    """Fold or judge the messages of an SQS event; returns the ids of those that must come again.

    Whether they are notices or dead letters is told by the queue's ARN, which ends with its name, as its URL does.
    """
    failed: list[str] = []
    notices = [each for each in records if _is_from(each, deployment.results_queue_url)]
    try:
        keeper.fold([each["body"] for each in notices])
    except TileworkError as error:
        log.warning("Notices must come again: %s", error.reason)
        failed += [each["messageId"] for each in notices]
    except Exception:
        # the dead letters of the batch are none the worse for it
        log.exception("Notices met an error that was not expected, and must come again")
        failed += [each["messageId"] for each in notices]
    for record in records:
        if record in notices:
            continue
        if not _judged(keeper, deployment, record):
            failed.append(record["messageId"])
    return failed


def _judged(keeper: Keeper, deployment: Deployment, record: dict[str, Any]) -> bool:
    if not _is_from(record, deployment.dead_letter_queue_url):
        log.error("A message of a queue that is none of ours was left: %s", record["eventSourceARN"])
        return False
    try:
        return keeper.judged(_message(record))
    except TileworkError as error:
        log.warning("A message must come again: %s", error.reason)
        return False


def _is_from(record: dict[str, Any], url: str) -> bool:
    return str(record["eventSourceARN"]).rsplit(":", 1)[-1] == url.rsplit("/", 1)[-1]


def _message(record: dict[str, Any]) -> Message:
    """The record of an SQS event as the message it was."""
    told = record.get("attributes", {})
    texts = {
        name: str(value.get("stringValue", "")) for name, value in record.get("messageAttributes", {}).items()
    }
    return Message(
        id=record["messageId"],
        body=record["body"],
        receipt=record["receiptHandle"],
        receives=int(told.get("ApproximateReceiveCount", 1)),
        sent=int(told.get("SentTimestamp", 0)) / 1000,
        attributes=texts,
    )


@functools.cache
def _log_as(process: str) -> None:
    """Once for as long as Lambda keeps this process, in place of what its runtime has set up."""
    log_to_stderr(process, LogSettings.from_environment(os.environ))


@functools.cache
def _application() -> Mangum:
    """The application, once for as long as Lambda keeps this process."""
    settings, deployment = MasterSettings.from_environment(os.environ), _deployment()
    system = connect(deployment)
    waker = waker_of(settings, deployment, system)
    return Mangum(create_app(settings, system, waker=waker), lifespan="off")


@functools.cache
def _keeper() -> tuple[Keeper, Deployment]:
    settings, deployment = MasterSettings.from_environment(os.environ), _deployment()
    announce = build_announcer(deployment) if settings.completion_events else None
    return Keeper(connect(deployment, ages=True), settings, announce=announce), deployment


def _deployment() -> Deployment:
    return Deployment.from_environment(os.environ)
