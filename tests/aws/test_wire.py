"""What the clients make of a service that fails, over a real socket."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.aws.connect import build_clients
from tilework.aws.queue import AwsQueue
from tilework.aws.rows import to_item
from tilework.aws.store import AwsStore
from tilework.aws.table import AwsTable
from tilework.errors import AccessDeniedError, ServiceError, SettingsError, ThrottledError, VersionGoneError
from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from tests.aws.conftest import Script

JOB = Job(digest("a"), "bucket", "key", "v1", State.RUNNING, lease_owner="me", updated=1.5)
BODY = b"0123456789"


@pytest.fixture
def store(script: Script) -> AwsStore:
    return AwsStore(build_clients("us-east-1", script.endpoint_url, attempts=1).s3, "bucket")


@pytest.fixture
def table(script: Script) -> AwsTable:
    return AwsTable(build_clients("us-east-1", script.endpoint_url, attempts=2).dynamodb, "table")


def http(status: str, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """One answer; with a ``length`` above that of ``body`` it is cut short."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += ["Connection: close", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refusal(status: str, code: str) -> bytes:
    return http(status, f"<Error><Code>{code}</Code><Message>so it is</Message></Error>".encode())


def condition_failed(there: Job) -> bytes:
    kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
    body = {"__type": kind, "message": "The conditional request failed", "Item": to_item(there)}
    return http("400 Bad Request", json.dumps(body).encode())


def test_a_body_cut_short_is_read_again(script: Script, store: AwsStore) -> None:
    part = {"Content_Range": "bytes 2-7/10"}
    script.answers = [
        http("206 Partial Content", BODY[2:5], length=6, **part),
        http("206 Partial Content", BODY[2:8], **part),
    ]
    assert store.read("key", "v1", 2, 8) == BODY[2:8]
    assert len(script.requests) == 2


def test_a_body_always_cut_short_is_a_failure_that_may_pass(script: Script, store: AwsStore) -> None:
    script.answers = [http("206 Partial Content", BODY[:3], length=6, Content_Range="bytes 0-5/10")]
    with pytest.raises(ServiceError, match="read 'key' in bucket"):
        store.read("key", "v1", 0, 6)
    assert len(script.requests) == 4


def test_the_whole_in_answer_to_a_range_is_cut_to_the_range(script: Script, store: AwsStore) -> None:
    script.answers = [http("200 OK", BODY)]
    assert store.read("key", "v1", 2, 8) == BODY[2:8]


def test_two_writers_at_once_try_again(script: Script, store: AwsStore) -> None:
    conflict = refusal("409 Conflict", "ConditionalRequestConflict")
    script.answers = [conflict, conflict, http("200 OK")]
    assert store.create("key", BODY, metadata={}, content_type="image/png")
    script.answers = [conflict, refusal("412 Precondition Failed", "PreconditionFailed")]
    assert not store.create("key", BODY, metadata={}, content_type="image/png")
    script.answers = [conflict]
    with pytest.raises(ServiceError):
        store.create("key", BODY, metadata={}, content_type="image/png")


@pytest.mark.parametrize(
    ("answer", "failure", "permanent"),
    [
        (refusal("503 Slow Down", "SlowDown"), ThrottledError, False),
        (http("429 Too Many Requests", b""), ThrottledError, False),
        (refusal("500 Internal Server Error", "InternalError"), ServiceError, False),
        (http("502 Bad Gateway", b"<html>no XML</html"), ServiceError, False),
        (refusal("403 Forbidden", "RequestTimeTooSkewed"), ServiceError, False),
        (refusal("400 Bad Request", "ExpiredToken"), ServiceError, False),
        (b"", ServiceError, False),
        (refusal("403 Forbidden", "AccessDenied"), AccessDeniedError, True),
        (refusal("404 Not Found", "NoSuchBucket"), SettingsError, True),
        (refusal("404 Not Found", "NoSuchVersion"), VersionGoneError, True),
        (refusal("405 Method Not Allowed", "MethodNotAllowed"), VersionGoneError, True),
    ],
    ids=lambda value: value[9:35].decode() if isinstance(value, bytes) else None,
)
def test_an_answer_becomes_the_failure_it_means(
    script: Script, store: AwsStore, answer: bytes, failure: type[ServiceError], *, permanent: bool
) -> None:
    script.answers = [answer]
    with pytest.raises(failure, match="read 'key' in bucket") as raised:
        store.read("key", "v1", 0, 6)
    assert raised.value.permanent is permanent
    with pytest.raises(failure):
        store.put("key", b"", metadata={}, content_type="image/png")


def test_nobody_listening_is_a_failure_that_may_pass(aws_credentials: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    clients = build_clients("us-east-1", f"http://127.0.0.1:{port}", attempts=1)
    with pytest.raises(ServiceError):
        AwsStore(clients.s3, "bucket").head("key")
    with pytest.raises(ServiceError):
        AwsQueue(clients.sqs, clients.polls, "http://queue/jobs").receive()
    with pytest.raises(ServiceError):
        list(AwsTable(clients.dynamodb, "table").list())


def test_a_receive_that_fails_is_left_to_whoever_receives_again_and_again(script: Script) -> None:
    script.answers = [http("500 Internal Server Error", b"{}")]
    clients = build_clients("us-east-1", script.endpoint_url)
    queue = AwsQueue(clients.sqs, clients.polls, "http://queue/jobs")
    with pytest.raises(ServiceError):
        queue.receive()
    assert len(script.requests) == 1
    with pytest.raises(ServiceError):
        queue.send("a message is sent with all patience")
    assert len(script.requests) > 2


def test_a_write_whose_answer_was_lost_is_known_for_our_own(script: Script, table: AwsTable) -> None:
    lost = http("500 Internal Server Error", b"{}")
    script.answers = [lost, condition_failed(JOB)]
    assert table.create(JOB) is None
    script.answers = [lost, condition_failed(replace(JOB, serial=1))]
    assert table.replace(replace(JOB, serial=1), seen=JOB) is None


def test_a_row_like_ours_that_we_did_not_try_to_write_before_stands_in_the_way(
    script: Script, table: AwsTable
) -> None:
    script.answers = [condition_failed(JOB)]
    assert table.create(JOB) == JOB


def test_another_row_stands_in_the_way_after_a_lost_answer_too(script: Script, table: AwsTable) -> None:
    other = replace(JOB, lease_owner="another")
    script.answers = [http("500 Internal Server Error", b"{}"), condition_failed(other)]
    assert table.create(JOB) == other
