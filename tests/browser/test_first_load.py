"""What the first look costs: bytes, seconds, and whom it asks."""

from __future__ import annotations

import re
import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.devices import DESKTOP
from tests.browser.network import Line, Traffic
from tests.browser.places import fill
from tests.browser.test_page import picture, store_result
from tilework.jobs.job import Ask, Drop
from tilework.jobs.life import JobLife
from tilework.jobs.transitions import Claimant, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

MOST_BYTES = 300_000
"""Of the whole first load, unpacked: the promise. Pictures of jobs are left out, which are as large as they are."""

MOST_TRAVELLED = 150_000
"""Of the same as it travels, heads and all."""

PICTURES = re.compile(r"/thumbnail$|^/api/preview$")


def alive(page: Page, seconds: float = 30) -> None:
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


def many(served: Served, count: int) -> None:
    """Fill the list with jobs that were done a while ago."""
    for number in range(count):
        then = time.time() - 10_000 + 30 * number
        life = JobLife(served.system.table, partial(float, then))
        ask = Ask(Drop(served.system.inputs.bucket, f"uploads/a/photo-{number}.jpg", "v"))
        claimant = Claimant("host-1", "m", 60)
        job = life.claim(ask, pipeline="blur(9) | canny(100, 200)", source_bytes=1, claimant=claimant).job
        result = f"results/{number}.png"
        life.done(job, Outcome(result_key=result, seconds=0.42, width=6400, height=4800, dtype="uint8"))


def test_the_first_load_with_a_full_list_is_within_its_budget_and_asks_nobody_else(
    previewed: Served, window: Window
) -> None:
    many(previewed, 120)
    version = previewed.system.inputs.put("in/harbour.png", picture(), metadata={}, content_type="image/png")
    store_result(previewed, previewed.claim("in/harbour.png", version=version))
    window.allow("404")
    page = window.open("about:blank")
    traffic = Traffic.of(page)
    page.goto(previewed.url)
    alive(page)
    expect(page.locator("#preview-exact")).to_contain_text("exact", ignore_case=True)
    page.wait_for_load_state("networkidle")
    unpacked = traffic.bytes_of(traffic.unpacked)
    assert any(urlsplit(each).path.endswith("/preview/preview.js") for each in unpacked)
    counted = {each: size for each, size in unpacked.items() if not PICTURES.search(urlsplit(each).path)}
    assert sum(counted.values()) <= MOST_BYTES, sorted(counted.items(), key=lambda each: -each[1])
    assert sum(traffic.travelled.values()) <= MOST_TRAVELLED
    assert traffic.origins <= {previewed.url, "blob://"}


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
    # 400 ms a round trip, 50 kB a second: six round trips and all bytes are 4.5 s; a machine may stall for seconds
    assert readable < 30
    assert time.monotonic() - began < 60
