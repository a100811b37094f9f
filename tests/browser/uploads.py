"""What the stories of uploads share: the way of parts to the bucket, what lies there, and how a file is dropped."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Served, Window

MIB = 2**20
LONG = 60_000
"""Milliseconds: against hanging only."""

PARTS = re.compile(r"partNumber=")

POSTED = re.compile("-input/?$")
"""Where a small file goes, as a form."""


@dataclass
class Line:
    """The way of parts to the bucket: notes what is asked for, and cuts what it is told to cut."""

    window: Window
    cuts: Callable[[int], bool] = lambda _: False
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.window.allow("ERR_")
        self.window.context.route(PARTS, self._pass)

    def _pass(self, route: Route) -> None:
        if route.request.method != "PUT":
            route.continue_()
            return
        number = int(re.findall(r"partNumber=(\d+)", route.request.url)[0])
        self.asked.append(number)
        if self.cuts(number):
            route.abort("connectionreset")
        else:
            route.continue_()


def there(served: Served) -> dict[str, str]:
    """The SHA-256 of what lies in the bucket, by name."""
    found = {}
    for each in served.system.inputs.versions("uploads/"):
        body = served.system.inputs.read(each.key, each.version, 0, each.size)
        name = each.key.rpartition("/")[2]
        assert name not in found, f"{name} is there twice"
        found[name] = hashlib.sha256(body).hexdigest()
    return found


def is_there_whole(served: Served, *paths: Path) -> None:
    assert there(served) == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def queued(page: Page, count: int = 1) -> None:
    expect(page.locator("#uploads .upload[data-state=QUEUED]")).to_have_count(count, timeout=LONG)


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders of the disk, as the system's file manager does."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})
