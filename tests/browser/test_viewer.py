"""Before and after on the page: compared, zoomed, measured."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import previewing
from tests.browser.network import First
from tests.browser.viewing import (
    count_drawn,
    drawn,
    dropped,
    middle_of,
    mode,
    pixels_of,
    worked_on,
)
from tests.imaging.samples import noise, png, scene
from tests.preview.gigapixels import repeated
from tests.preview.looking import tiled, with_overviews
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

RED, BLUE = (0, 0, 255), (255, 0, 0)
PHOTO = scene(900, 700)
BLURRED = cv2.blur(PHOTO, (9, 9))


def plain(colour: tuple[int, int, int], width: int = 900, height: int = 700) -> bytes:
    return png(np.full((height, width, 3), colour, np.uint8))


def opened(window: Window, served: Served, job_id: str, *sides: str) -> Page:
    page = window.open(f"{served.url}/jobs/{job_id}")
    for side in sides:
        drawn(page, side)
    return page


def box_of(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return dict(box)


def border(page: Page) -> float:
    """Where along the stage red ends and blue begins, as a share of what is coloured."""
    shown = pixels_of(page)
    row = shown[shown.shape[0] // 2]
    red, blue = ((np.abs(row.astype(int) - colour) < 12).all(axis=1).sum() for colour in (RED, BLUE))
    return float(red / (red + blue))


def test_a_slider_parts_before_and_after_and_is_moved_by_hand_and_by_keys(
    viewing: Served, window: Window
) -> None:
    job = worked_on(viewing, plain(RED), plain(BLUE))
    page = opened(window, viewing, job.id, "input", "result")
    expect(mode(page, "slider")).to_be_checked()
    handle = page.get_by_role("slider", name="Border between before and after")
    assert border(page) == pytest.approx(0.5, abs=0.01)
    grip = box_of(page, ".split")
    stage = box_of(page, ".stage")
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + 200)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.6, grip["y"] + 200, steps=4)
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "60")
    assert border(page) > 0.6
    handle.press("Home")
    assert border(page) == 0
    for key, value in (("PageUp", "10"), ("ArrowRight", "11"), ("Shift+ArrowLeft", "1"), ("End", "100")):
        handle.press(key)
        expect(handle).to_have_attribute("aria-valuenow", value)
    assert border(page) == 1
    # nothing else was moved by these keys
    expect(page.locator("[data-viewer=x]")).to_have_value("")


@pytest.mark.page
def test_the_values_under_the_pointer_are_those_of_opencv(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    page = opened(window, viewing, job.id, "input", "result")
    stage = box_of(page, ".stage")
    page.mouse.move(stage["x"] + stage["width"] / 2 + 61, stage["y"] + stage["height"] / 2 + 33)
    before, after = (page.locator(f"[data-readout={side}] code") for side in ("input", "result"))
    expect(before).to_have_text(re.compile(r"^\d+ +\d+ +\d+$"))
    expect(after).to_have_text(re.compile(r"^\d+ +\d+ +\d+$"))
    x, y = (int(page.locator(f"[data-viewer={axis}]").input_value()) for axis in ("x", "y"))
    assert 450 < x < 900
    assert 350 < y < 700
    for told, image in ((before, PHOTO), (after, BLURRED)):
        assert [int(each) for each in told.inner_text().split()] == image[y, x, ::-1].tolist()


@pytest.mark.page
def test_the_values_are_found_by_keys_alone_and_are_said(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    page = opened(window, viewing, job.id, "input", "result")
    page.get_by_label("x", exact=True).fill("123")
    page.get_by_label("y", exact=True).fill("45")
    page.keyboard.press("Enter")
    red, green, blue = PHOTO[45, 123, ::-1].tolist()
    spoken = page.locator("[data-viewer=spoken]")
    expect(spoken).to_contain_text(f"Pixel 123, 45; Before: red {red}, green {green}, blue {blue}; After:")
    expect(page.locator("[data-viewer=zoom]")).to_have_text("800 %")
    expect(page.locator(".crosshair")).to_be_visible()
    page.locator("[data-pane=input] [role=application]").press("ArrowRight")
    expect(spoken).not_to_contain_text("Pixel 123,")


@pytest.mark.page
def test_both_sides_are_zoomed_and_moved_as_one(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), png(PHOTO))
    page = opened(window, viewing, job.id, "input", "result")
    page.keyboard.press("Tab")
    mode(page, "side").check(force=True)
    page.wait_for_timeout(300)
    pane = box_of(page, "[data-pane=result]")
    page.mouse.move(pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2)
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.mouse.down()
    page.mouse.move(pane["x"] + pane["width"] / 2 + 90, pane["y"] + pane["height"] / 2 + 40, steps=5)
    page.mouse.up()
    page.wait_for_timeout(1500)
    left, right = (middle_of(pixels_of(page, f"[data-pane={side}]"), 0.4) for side in ("input", "result"))
    assert left.std() > 5
    assert np.abs(left.astype(int) - right).mean() < 1
    assert int(page.locator("[data-viewer=zoom]").inner_text().split()[0]) > 100


@pytest.mark.page
def test_sizes_that_differ_are_compared_side_by_side_and_it_is_said_why(
    viewing: Served, window: Window
) -> None:
    turned = worked_on(viewing, png(PHOTO), png(np.rot90(PHOTO).copy()))
    page = opened(window, viewing, turned.id, "input", "result")
    expect(mode(page, "side")).to_be_checked()
    for name in ("slider", "difference"):
        expect(mode(page, name)).to_be_disabled()
    expect(page.locator("[data-viewer=why]")).to_contain_text(
        "different shapes (900 \u00d7 700 and 700 \u00d7 900)"
    )
    smaller = worked_on(viewing, png(PHOTO), png(cv2.resize(PHOTO, (450, 350))), name="small.png")
    page = opened(window, viewing, smaller.id, "input", "result")
    expect(mode(page, "slider")).to_be_checked()
    expect(mode(page, "difference")).to_be_disabled()
    expect(page.locator("[data-viewer=why]")).to_contain_text(
        "different sizes (900 \u00d7 700 and 450 \u00d7 350)"
    )


@pytest.mark.page
def test_ways_of_comparing_are_chosen_by_keys(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    page = opened(window, viewing, job.id, "input", "result")
    page.get_by_role("slider").focus()
    for key, name in (("2", "side"), ("3", "difference"), ("4", "input"), ("5", "result"), ("1", "slider")):
        page.keyboard.press(key)
        expect(mode(page, name)).to_be_checked()
        if name != "slider":
            mode(page, name).focus()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Fit").press("Enter")
    page.get_by_role("button", name="Full screen").click()
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()


@pytest.mark.page
def test_the_histograms_of_both_are_drawn_and_tell_what_was_counted(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    page = opened(window, viewing, job.id, "input", "result")
    page.get_by_text("Histogram", exact=True).click()
    for side in ("input", "result"):
        figure = page.locator(f"[data-histogram={side}]")
        expect(figure).to_contain_text("of all 630,000 pixels")
        expect(figure.locator("path")).to_have_count(3)


@pytest.mark.page
def test_what_is_done_of_a_running_job_can_be_seen_and_the_rest_as_it_comes(window: Window) -> None:
    fleet, job, served = dropped(scene(1700, 1500))
    with previewing(served):
        page = opened(window, served, job.id, "input")
        note = page.locator("[data-viewer=note]")
        expect(note).to_contain_text("0 % of the pixels are made")
        expect(mode(page, "result")).to_be_checked()
        (message,) = fleet.system.units.receive(1)
        fleet.turn(message, fleet.workshops[0])
        expect(note).not_to_contain_text(re.compile("^0 %"))
        wait_for(lambda: count_drawn(page, "result") > 1000)
        fleet.run()
        expect(page.locator(".badge")).to_have_text("done")
        expect(mode(page, "slider")).to_be_checked()
        expect(note).to_be_hidden()
        drawn(page, "result")
        page.close()
    served.stop()


@pytest.mark.page
def test_the_small_map_grows_with_what_is_made(window: Window) -> None:
    fleet, job, served = dropped(scene(3000, 2600))
    page = window.open(f"{served.url}/jobs/{job.id}")
    seen = [0]
    for _ in range(3):
        (message,) = fleet.system.units.receive(1)
        fleet.turn(message, fleet.workshops[0])
        wait_for(lambda: count_drawn(page, "[data-viewer=navigator]") > 1.2 * seen[-1])
        seen.append(count_drawn(page, "[data-viewer=navigator]"))
    page.close()
    served.stop()


@pytest.mark.page
def test_a_gigapixel_is_on_the_screen_in_seconds(viewing: Served, window: Window) -> None:
    base = noise(2048, 2048)
    body = repeated(32_768, base)
    job = worked_on(viewing, body, repeated(32_768, cv2.blur(base, (9, 9))), name="a.tif")
    page = opened(window, viewing, job.id, "input", "result")
    # how quick it is, is measured elsewhere: this is against hanging
    expect(page.locator("[data-viewer=about]")).to_contain_text("32,768 \u00d7 32,768")
    page.get_by_label("x", exact=True).fill("30000")
    page.get_by_label("y", exact=True).fill("20000")
    page.keyboard.press("Enter")
    expect(page.locator("[data-readout=input] code")).to_have_text(re.compile(r"^\d+ +\d+ +\d+$"))
    assert not page.locator(f"img[src*='{job.id}'][src*='tif']").count()


@pytest.mark.page
def test_deep_pixels_are_shown_by_one_range_which_is_told(viewing: Served, window: Window) -> None:
    deep = PHOTO[:, :, 0].astype(np.uint16) * 100 + 500
    job = worked_on(viewing, png(deep), png(deep + np.uint16(1000)))
    page = opened(window, viewing, job.id, "input", "result")
    expect(page.locator("[data-viewer=about]")).to_contain_text(
        re.compile(r"uint16 · black is [\d,]+, white")
    )
    mode(page, "difference").check(force=True)
    page.wait_for_timeout(500)
    middle = middle_of(pixels_of(page))
    # the same range for both: the difference is the same everywhere, and not nothing
    assert middle.std() < 2
    assert middle.mean() > 5


@pytest.mark.page
def test_a_report_is_read_on_the_page(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), b"bin,count\n0,17\n1,4\n", name="a.png")
    table = viewing.system.table
    row = table.get(job.id)
    assert row is not None
    key = "results/a.csv"
    viewing.system.outputs.put(key, b"bin,count\n0,17\n1,<b>4\n", metadata={}, content_type="text/csv")

    assert table.replace(replace(row, result_key=key, serial=row.serial + 1), seen=row) is None
    window.allow("503")
    busy = First(lambda route: route.fulfill(status=503, body=""))
    window.context.route("**/report", busy)
    page = opened(window, viewing, job.id, "input")
    expect(page.locator(".report tr")).to_have_count(3)
    assert len(busy.met) > 1
    expect(page.locator(".report td").last).to_have_text("<b>4")


@pytest.mark.page
def test_a_command_is_copied(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(window, viewing, job.id, "input")
    page.get_by_text("Paths and commands").click()
    line = page.locator("[data-copy=submit]")
    line.get_by_role("button").click()
    expect(line.get_by_role("button")).to_have_text("Copied")
    assert (
        page.evaluate("navigator.clipboard.readText()") == "tilework submit a.png --pipeline 'blur(9)' --wait"
    )


@pytest.mark.page
def test_without_javascript_small_pictures_and_downloads_are_there(
    viewing: Served, window_of: Callable[..., Window]
) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    page = window_of(java_script_enabled=False).open(f"{viewing.url}/jobs/{job.id}")
    for side in ("input", "result"):
        expect(page.locator(f"[data-field={side}-image]")).to_be_visible()
        expect(page.locator(f"[data-field={side}-link]")).to_be_visible()
    expect(page.locator(".viewer-live")).to_be_hidden()


@pytest.mark.page
def test_the_library_is_fetched_only_where_something_is_zoomed(viewing: Served, window: Window) -> None:
    job = worked_on(viewing, b"no image", b"neither")
    fetched: list[str] = []
    window.context.on("request", lambda request: fetched.append(request.url))
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    expect(page.locator("[data-field=input-note]")).to_be_visible()
    assert not [url for url in fetched if "openseadragon" in url]
    assert [url for url in fetched if "thumbnail" in url] == []


@pytest.mark.page
@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_the_viewer_fits_every_window(viewing: Served, window_of: Callable[..., Window], width: int) -> None:
    job = worked_on(viewing, png(PHOTO), png(BLURRED))
    window = window_of(viewport={"width": width, "height": 800}, color_scheme="dark")
    page = opened(window, viewing, job.id, "input", "result")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert box_of(page, ".stage")["width"] >= width - 20
    # which has the most controls
    mode(page, "difference").check(force=True)
    expect(page.get_by_label("Gain")).to_be_visible()
    for control in page.locator(".viewer-bar button, .viewer-bar label, .viewer-bar select").all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24


@pytest.mark.page
def test_an_image_without_overviews_is_read_while_one_is_told_how_far_and_then_compared(
    viewing: Served, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    # none of this is large: it is read by more instalments than it would be
    monkeypatch.setattr("preview.layers.READ_BYTES", 100_000)
    monkeypatch.setattr("preview.coarse.BLOCK_BYTES", 100_000)
    monkeypatch.setattr("preview.coarse.TURN_SECONDS", 0.0)
    photo = scene(1700, 1500)
    job = worked_on(viewing, tiled(photo), with_overviews(cv2.blur(photo, (9, 9))), name="a.tif")
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    reading = page.locator("[data-viewer=reading]")
    expect(reading).to_contain_text("Before has no overviews")
    share = reading.get_by_role("progressbar")
    first = share.evaluate("each => each.value")
    wait_for(lambda: share.evaluate("each => each.value") > first)
    # meanwhile the result is there
    drawn(page, "result")
    expect(reading).to_be_hidden(timeout=60_000)
    expect(mode(page, "slider")).to_be_checked()
    drawn(page, "input")


@pytest.mark.page
def test_a_value_that_is_looked_at_while_the_result_is_made_is_told_when_it_is(window: Window) -> None:
    photo = scene(1700, 1500)
    fleet, job, served = dropped(photo)
    with previewing(served):
        page = opened(window, served, job.id, "input")
        for axis, value in (("x", "100"), ("y", "200")):
            page.get_by_label(axis, exact=True).fill(value)
        page.keyboard.press("Enter")
        before = "  ".join(str(each) for each in photo[200, 100, ::-1])
        expect(page.locator("[data-readout=input] code")).to_have_text(before)
        fleet.run()
        after = "  ".join(str(255 - each) for each in photo[200, 100, ::-1])
        expect(page.locator("[data-readout=result] code")).to_have_text(after)
        page.close()
    served.stop()
