"""Where the browser meets the buckets themselves: the origins of the addresses that are signed for it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.system import System

AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")
"""Where a client of S3 asks by itself; any other origin must be named."""


class StoreOrigins:
    """The origins of both buckets, blank-separated as a policy wants them.

    Read off signed addresses, which need no network, because their form depends on region, endpoint and bucket name.
    """

    def __init__(self, system: System) -> None:
        self._system = system

    def __call__(self) -> str:
        """Sign three addresses the first time, and remember."""
        return self._origins

    @property
    def endpoint(self) -> str:
        """As :func:`endpoint_of`, of both buckets."""
        return endpoint_of(self._origins.partition(" ")[0])

    @functools.cached_property
    def _origins(self) -> str:
        inputs, outputs = self._system.inputs, self._system.outputs
        form = inputs.presigned_post("a", metadata={}, content_type="image/png", max_bytes=1, seconds=60)
        addresses = (form.url, _download(inputs), _download(outputs))
        return " ".join(sorted({_origin(address) for address in addresses}))


def _download(store: ObjectStore) -> str:
    return store.presigned_get("a", None, filename="a", seconds=60)


def endpoint_of(link: str) -> str:
    """Where a client of S3 must be pointed for what a signed ``link`` leads to; empty where it asks by itself."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    return "" if not parts.scheme.startswith("http") or host.endswith(AWS_DOMAINS) else _origin(link)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
