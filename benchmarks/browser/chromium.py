"""The browser."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.conftest import FLAGS
from tests.browser.devices import DESKTOP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SECONDS = 120
"""For whatever is waited for."""


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Raises RuntimeError where there is none."""
    path = chromium.find()
    if path is None:
        raise RuntimeError(
            "There is no Chromium; `python -m tests.browser.chromium` installs one where it may."
        )
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def visited(launched: Browser) -> Iterator[Page]:
    """A page of somebody who was never here."""
    context = launched.new_context(**DESKTOP)
    context.set_default_timeout(1000 * SECONDS)
    try:
        yield context.new_page()
    finally:
        context.close()
