"""What the first look costs: bytes, seconds, and whom it asks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.devices import DESKTOP
from tests.browser.network import Line, Traffic
from tests.browser.places import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

MOST_TRAVELLED = 200_000
"""Of the whole first load as it travels, heads and all; 300,000 are promised."""

MOST_BYTES = 420_000
"""Of the same as it is unpacked: a quarter of it tells all operations, for which a phone's processor takes little time."""


def alive(page: Page, seconds: float = 10) -> None:
    """Wait until the page's modules have run: what they fill in is there."""
    expect(page.locator("#add-operation")).to_be_enabled(timeout=seconds * 1000)
    expect(page.locator("#step")).to_be_visible()


def first_look(window: Window, url: str) -> tuple[Page, Traffic]:
    page = window.open("about:blank")
    traffic = Traffic.of(page)
    page.goto(url)
    alive(page)
    page.wait_for_load_state("networkidle")
    return page, traffic


def test_the_first_load_is_within_its_budget_and_asks_nobody_else(served: Served, window: Window) -> None:
    _, traffic = first_look(window, served.url)
    unpacked = traffic.bytes_of(traffic.unpacked)
    assert any(urlsplit(each).path.endswith("/home.js") for each in unpacked)
    assert sum(unpacked.values()) <= MOST_BYTES, sorted(unpacked.items(), key=lambda each: -each[1])
    assert sum(traffic.travelled.values()) <= MOST_TRAVELLED
    assert traffic.origins == {served.url}


@pytest.mark.page
def test_no_page_asks_anybody_but_the_master_and_the_buckets(served: Served, window: Window) -> None:
    window.allow("404")
    page, traffic = first_look(window, served.url)
    for path in fill(served).values():
        page.goto(served.url + path)
        page.wait_for_load_state("networkidle")
    signed = served.system.outputs.presigned_get("k", None, filename="k", seconds=1)
    assert traffic.origins <= {served.url, "{0.scheme}://{0.netloc}".format(urlsplit(signed))}


@pytest.mark.page
def test_a_second_look_asks_for_nothing_that_has_not_changed(
    served: Served, window_of: Callable[..., Window]
) -> None:
    page = window_of(**DESKTOP).open(served.url)
    alive(page)
    page.reload()
    alive(page)
    loaded = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter((each) => each.name.includes("/static/") && each.transferSize > 0)
            .map((each) => each.name)"""
    )
    assert loaded == []


@pytest.mark.page
def test_over_a_slow_line_the_page_can_be_read_at_once_and_used_soon(served: Served, window: Window) -> None:
    fill(served)
    page = window.open("about:blank")
    Line(page).slow()
    began = time.monotonic()
    page.goto(served.url, wait_until="commit")
    page.get_by_role("link", name="harbour.png").wait_for(timeout=30_000)
    readable = time.monotonic() - began
    alive(page, 60)
    # 400 ms a round trip, 50 kB a second: six round trips and all bytes are 4.5 s
    assert readable < 15
    assert time.monotonic() - began < 30
