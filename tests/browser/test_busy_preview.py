"""A preview that is busy for a moment leaves no hole in a page."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import cv2
import pytest
from playwright.sync_api import expect

from tests.browser.test_page import choose, file
from tests.browser.viewing import count_drawn, drawn, worked_on
from tests.imaging.samples import png, scene
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Route

    from tests.browser.conftest import Served, Window

PHOTO = scene(900, 700)

SOON = 40_000
"""Milliseconds: much less than a preview that answers nothing is waited for."""


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


@pytest.fixture
def stuck(served: Served) -> Iterator[Served]:
    """The application with a preview that has begun to answer nothing."""
    over = threading.Event()

    class Stuck(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            offer = self.path == "/api/preview"
            if not offer:
                over.wait(60)
            body = b'{"most_pixels": 1000000, "most_file_bytes": 1}' if offer else b"{}"
            self.send_response(200 if offer else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as the library calls it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stuck)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.stop()
    served.settings = replace(served.settings, preview_url=f"http://127.0.0.1:{server.server_port}")
    served.start()
    yield served
    over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.page
def test_neither_an_upload_nor_the_list_waits_for_pictures_that_are_awaited(
    stuck: Served, window_of: Callable[..., Window]
) -> None:
    # so high that many rows are seen
    window = window_of(viewport={"width": 1280, "height": 3000})
    window.allow("404", "ERR_")
    jobs = [worked_on(stuck, png(PHOTO), png(PHOTO), name=f"{number}.png") for number in range(8)]
    window.open(f"{stuck.url}/jobs/{jobs[0].id}").wait_for_timeout(1000)
    page = window.open(stuck.url)
    # all that is awaited has been asked for
    page.wait_for_timeout(1500)
    choose(page, file("fresh.png"))
    expect(page.locator("#uploads .upload[data-state=QUEUED]")).to_have_count(1, timeout=SOON)
    stuck.claim_dropped("fresh.png")
    expect(page.locator("#jobs").get_by_text("fresh.png")).to_be_visible(timeout=SOON)
