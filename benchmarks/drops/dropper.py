"""Puts photos into the input bucket for as little CPU as it can, for it shares the cores with what is measured."""

from __future__ import annotations

import http.client
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from benchmarks.photos import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.flow.running_system import RunningSystem

PUTS_AT_ONCE = 8
"""Enough to be ahead of the ranks, far from S3, too."""

HEADERS = {
    "Content-Type": "image/jpeg",
    "x-amz-meta-pipeline": PIPELINE,
    # the embedded AWS wants to know whose request it is, and checks no signature; making one would take CPU
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
}


class Dropper:
    """Drops photos into ``system``, over connections that it keeps until it is closed."""

    def __init__(self, system: RunningSystem) -> None:
        address = urlsplit(system.environment["AWS_ENDPOINT_URL"]).netloc
        self._bucket = system.system.inputs.bucket
        self._free: queue.SimpleQueue[http.client.HTTPConnection] = queue.SimpleQueue()
        for _ in range(PUTS_AT_ONCE):
            # it connects when it is first used
            self._free.put(http.client.HTTPConnection(address))

    def drop(self, key: str, body: bytes) -> None:
        """Put one photo; returns when it is stored."""
        connection = self._free.get()
        try:
            connection.request("PUT", f"/{self._bucket}/{quote(key)}", body, HEADERS)
            answer = connection.getresponse()
            answer.read()
        finally:
            self._free.put(connection)
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"the PUT of {key} was answered with {answer.status}")

    def drop_all(self, photos: Sequence[bytes], count: int) -> None:
        """Put ``count`` photos, several at once; where there are fewer, they come again."""

        def put(number: int) -> None:
            self.drop(f"photo {number}.jpg", photos[number % len(photos)])

        with ThreadPoolExecutor(PUTS_AT_ONCE) as pool:
            list(pool.map(put, range(count)))

    def close(self) -> None:
        """Close the connections."""
        while not self._free.empty():
            self._free.get().close()
