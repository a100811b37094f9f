"""Lines that are slow, and what a page has loaded, as Chromium's debugger tells and plays it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""Chromium's own idea of it: milliseconds, bytes a second."""

NONE = {**SLOW_3G, "offline": True}

ANY = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


class Line:
    """The line of a page, which is as good as the machine's own to begin with."""

    def __init__(self, page: Page) -> None:
        self._debugger = page.context.new_cdp_session(page)
        self._debugger.send("Network.enable")

    def slow(self) -> None:
        """As that of a phone in the country."""
        self._become(SLOW_3G)

    def cut(self) -> None:
        """What is under way breaks off."""
        self._become(NONE)

    def mend(self) -> None:
        self._become(ANY)

    def _become(self, conditions: dict[str, Any]) -> None:
        self._debugger.send("Network.emulateNetworkConditions", conditions)


@dataclass
class First:
    """A route's handler: does ``act`` with the first ``count`` requests, and lets all others go on; ``met`` are all of them."""

    act: Callable[[Route], object]
    count: int = 1
    met: list[Route] = field(default_factory=list)

    def __call__(self, route: Route) -> None:
        self.met.append(route)
        if len(self.met) <= self.count:
            self.act(route)
        else:
            route.continue_()


def hold(_: Route) -> None:
    """Answer nothing, for now."""


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
