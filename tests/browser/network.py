"""Lines that are slow, and what a page has loaded, as Chromium's debugger tells and plays it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""Chromium's own idea of it: milliseconds, bytes a second."""


def slow(page: Page) -> None:
    """Give the page a line like that of a phone in the country."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("Network.enable")
    debugger.send("Network.emulateNetworkConditions", SLOW_3G)


@dataclass
class Traffic:
    """What a page loads from now on: addresses, bytes as they travelled, bytes as they are."""

    requests: dict[str, str] = field(default_factory=dict)
    travelled: dict[str, int] = field(default_factory=dict)
    unpacked: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, page: Page) -> Traffic:
        """Listen to ``page``, which has not been anywhere yet."""
        traffic = cls()
        debugger = page.context.new_cdp_session(page)
        debugger.on("Network.requestWillBeSent", traffic._asked)
        debugger.on("Network.dataReceived", traffic._received)
        debugger.on("Network.loadingFinished", traffic._finished)
        debugger.send("Network.enable")
        debugger.send("Network.setCacheDisabled", {"cacheDisabled": True})
        return traffic

    @property
    def origins(self) -> set[str]:
        """Whom it has asked."""
        parts = map(urlsplit, self.requests.values())
        return {f"{each.scheme}://{each.netloc}" for each in parts if each.scheme.startswith("http")}

    def bytes_of(self, counted: dict[str, int]) -> dict[str, int]:
        """By address, what was ``counted`` by request."""
        return {self.requests[each]: count for each, count in counted.items()}

    def _asked(self, event: dict[str, Any]) -> None:
        self.requests[event["requestId"]] = event["request"]["url"]

    def _received(self, event: dict[str, Any]) -> None:
        name = event["requestId"]
        self.unpacked[name] = self.unpacked.get(name, 0) + event["dataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.travelled[event["requestId"]] = int(event["encodedDataLength"])
