"""What the embedded AWS's judge of policies is told, where it is not told what AWS's is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local import mended_permissions


@pytest.mark.parametrize(
    ("query", "headers", "told"),
    [
        ({}, {}, {"s3:ObjectCreationOperation": "true"}),
        (
            {},
            {"if-none-match": "*"},
            {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"},
        ),
        ({"uploads": ""}, {}, {"s3:ObjectCreationOperation": "false"}),
        ({"uploadId": "u", "partNumber": "1"}, {}, {"s3:ObjectCreationOperation": "false"}),
        ({"uploadId": "u"}, {}, {"s3:ObjectCreationOperation": "true"}),
    ],
)
def test_a_write_tells_whether_it_creates_an_object_and_whether_only_a_new_one(
    query: dict[str, str], headers: dict[str, str], told: dict[str, str]
) -> None:
    found = mended_permissions._context_of_writes("s3:PutObject", query, "/bucket/results/a", headers)
    assert found == told


def test_a_read_tells_nothing_of_writes() -> None:
    assert not mended_permissions._context_of_writes("s3:ListBucket", {}, "/bucket")


@pytest.mark.parametrize(("sent", "counts"), [(None, b"https"), (b"http", b"http")])
def test_a_request_counts_as_over_tls_unless_it_says_otherwise(
    sent: bytes | None, counts: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[dict[str, Any]] = []

    async def serve(scope: dict[str, Any], _receive: object, _send: object) -> None:
        served.append(scope)

    monkeypatch.setattr(mended_permissions, "_serve", serve)
    headers = [] if sent is None else [(b"X-Forwarded-Proto", sent)]
    scope = {"type": "http", "headers": headers}
    asyncio.run(mended_permissions._serve_as_over_tls(scope, None, None))
    ((_, told),) = served[0]["headers"]
    assert told == counts
