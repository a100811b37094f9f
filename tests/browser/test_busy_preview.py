"""A preview that is busy for a moment leaves no hole in a page."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import cv2
import pytest
from playwright.sync_api import expect

from master.settings import MasterSettings
from tests.browser.conftest import Served
from tests.browser.viewing import Preview, count_drawn, drawn, worked_on
from tests.imaging.samples import png, scene
from tests.waiting import wait_for
from tilework.jobs.in_memory import memory_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Route

    from tests.browser.conftest import Window

PHOTO = scene(900, 700)


@pytest.fixture
def viewing() -> Iterator[Served]:
    served = Served(memory_system(time.time), MasterSettings())
    served.start()
    with Preview(served):
        yield served
    served.stop()


def busy(window: Window, pattern: str, times: int) -> Counter[str]:
    """Let each address of a pattern be answered so often that the preview is busy; how often each was asked."""
    window.allow("503")
    asked: Counter[str] = Counter()

    def answer(route: Route) -> None:
        asked[route.request.url] += 1
        if asked[route.request.url] > times:
            route.fallback()
            return
        route.fulfill(
            status=503, headers={"Retry-After": "1"}, content_type="application/problem+json",
            body='{"code": "preview_busy", "status": 503, "detail": "The preview is busy.", "advice": ""}',
        )  # fmt: skip

    window.context.route(re.compile(pattern), answer)
    return asked


@pytest.mark.page
def test_tiles_and_pixels_that_the_preview_was_too_busy_for_are_there_a_moment_later(
    viewing: Served, window: Window
) -> None:
    job = worked_on(viewing, png(PHOTO), png(cv2.blur(PHOTO, (9, 9))))
    asked = busy(window, "/images/.*/(tiles|pixel|histogram)", 1)
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    for side in ("input", "result"):
        drawn(page, side)
        wait_for(lambda side=side: count_drawn(page, side) > 1000)
    page.get_by_label("x", exact=True).fill("123")
    page.get_by_label("y", exact=True).fill("45")
    page.keyboard.press("Enter")
    red, green, blue = PHOTO[45, 123, ::-1].tolist()
    expect(page.locator("[data-viewer=spoken]")).to_contain_text(f"red {red}, green {green}, blue {blue}")
    page.get_by_text("Histogram", exact=True).click()
    for side in ("input", "result"):
        expect(page.locator(f"[data-histogram={side}]")).to_contain_text("of all 630,000 pixels")
    assert min(asked.values()) > 1


@pytest.mark.page
def test_a_histogram_says_that_it_is_counted_for_as_long_as_it_is_and_that_it_could_not(
    viewing: Served, window: Window
) -> None:
    job = worked_on(viewing, png(PHOTO), png(PHOTO))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    window.context.route(re.compile("/histogram[?]"), hold)
    window.allow("500")
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    drawn(page, "result")
    page.get_by_text("Histogram", exact=True).click()
    told = page.locator("[data-histogram] [data-told]")
    expect(told).to_have_text(["counting …", "counting …"])
    wait_for(lambda: page.evaluate("true") and len(held) == 2)
    by_side = {"images/input/" in route.request.url: route for route in held}
    by_side[True].fallback()
    by_side[False].fulfill(status=500, content_type="application/json", body="{}")
    expect(told).to_have_text(["of all 630,000 pixels", re.compile("could not be counted")])
    expect(page.locator("[aria-busy]")).to_have_count(0)


@pytest.mark.page
def test_an_image_that_the_preview_was_too_busy_for_is_zoomed_as_soon_as_it_is_not(
    viewing: Served, window: Window
) -> None:
    job = worked_on(viewing, png(PHOTO), png(PHOTO))
    # more often than is asked at once
    asked = busy(window, "/images/(input|result)$", 5)
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    page.set_default_timeout(60_000)
    page.wait_for_selector("[data-viewer=live]:not([hidden])")
    for side in ("input", "result"):
        drawn(page, side)
    assert set(asked.values()) == {6}


@pytest.mark.page
@pytest.mark.parametrize("times", [0, 1])
def test_a_small_picture_is_asked_for_again_only_while_the_preview_is_busy(
    viewing: Served, window: Window, times: int
) -> None:
    there = worked_on(viewing, png(PHOTO), png(PHOTO))
    none = worked_on(viewing, b"no image", b"neither")
    asked = busy(window, "/thumbnail[?]side=", times)
    # of what is no image there is no live preview either
    window.allow("503", "422")
    page = window.open("about:blank")
    with page.expect_response(
        lambda answer: f"{none.id}/thumbnail?side=" in answer.url and answer.status == 204
    ):
        page.goto(viewing.url)
    expect(page.locator(f"[data-job='{there.id}'] img")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert set(asked.values()) == {times + 1}
    expect(page.locator(f"[data-job='{none.id}'] img")).to_have_count(0)
