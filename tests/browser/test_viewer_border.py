"""The border of the viewer's slider: what is meant for the picture under it gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import pytest
from playwright.sync_api import expect

from tests.browser.viewing import drawn, worked_on
from tests.imaging.samples import png, scene
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import CDPSession, Page

    from tests.browser.conftest import Served, Window

PHOTO = scene(900, 700)


@pytest.fixture
def page(viewing: Served, window_of: Callable[..., Window]) -> Page:
    job = worked_on(viewing, png(PHOTO), png(cv2.blur(PHOTO, (9, 9))))
    window = window_of(viewport={"width": 1280, "height": 900}, has_touch=True)
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    for side in ("input", "result"):
        drawn(page, side)
    return page


def zoom(page: Page) -> float:
    return float(page.locator("[data-viewer=zoom]").inner_text().split()[0].replace(",", ""))


def on_the_border(page: Page) -> tuple[float, float]:
    """A place on the border, away from its grip and from the middle of the picture."""
    box = page.locator(".split").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 4


def pixel_at(page: Page, x: float, y: float) -> tuple[int, int]:
    page.mouse.move(x, y)
    place = page.locator("[data-viewer=x]")
    wait_for(lambda: place.input_value() != "")
    return int(place.input_value()), int(page.locator("[data-viewer=y]").input_value())


def touch(hand: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    told: list[dict[str, Any]] = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})


@pytest.mark.page
def test_a_wheel_over_the_border_zooms_at_the_pointer(page: Page) -> None:
    x, y = on_the_border(page)
    beside = pixel_at(page, x + 40, y)
    before = zoom(page)
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -200)
        # turns that follow each other faster are one
        page.wait_for_timeout(100)
    wait_for(lambda: zoom(page) > 2 * before)
    page.wait_for_timeout(1000)
    now = pixel_at(page, x + 40, y)
    # what is at the pointer stays there: what is 40 screen pixels beside it comes nearer, in its row
    assert now[1] == pytest.approx(beside[1], abs=2)
    assert now[0] == pytest.approx(beside[0], abs=40 * 100 / before)


@pytest.mark.page
def test_two_fingers_zoom_also_where_one_or_both_are_on_the_border_and_one_alone_drags_it(page: Page) -> None:
    x, y = on_the_border(page)
    hand = page.context.new_cdp_session(page)
    handle = page.get_by_role("slider", name="Border between before and after")
    for first, second in (((x, y), (x + 100, y)), ((x - 8, y), (x + 8, y + 30))):
        before = zoom(page)
        touch(hand, "touchStart", first)
        touch(hand, "touchStart", first, second)
        for step in range(1, 9):
            touch(hand, "touchMove", first, (second[0] + 20 * step, second[1]))
        touch(hand, "touchEnd")
        wait_for(lambda before=before: zoom(page) > 1.3 * before)
        expect(handle).to_have_attribute("aria-valuenow", "50")
    touch(hand, "touchStart", (x, y))
    for step in range(1, 9):
        touch(hand, "touchMove", (x + 16 * step, y))
    touch(hand, "touchEnd")
    expect(handle).to_have_attribute("aria-valuenow", "60")
