"""What the viewer shows while a job changes its state, and while an image is still to be told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import previewing
from tests.browser.network import First
from tests.browser.viewing import count_drawn, drawn, dropped, mode, pixels_of, worked_on
from tests.flow.pictures import encoded
from tests.imaging.samples import png, scene
from tests.preview.looking import tiled
from tests.waiting import wait_for
from tilework.jobs.job import State

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

PHOTO = scene(1700, 1500)

MANY = 6
"""Tiles that are cut off before any comes: some of them twice."""


def fitting(page: Page, side: str) -> float:
    """How many pixels of a side's canvas the whole photo covers."""
    box = page.locator(f"[data-pane={side}] canvas").first.bounding_box()
    assert box is not None
    scale = min(box["width"] / PHOTO.shape[1], box["height"] / PHOTO.shape[0])
    return float(scale**2 * PHOTO.shape[0] * PHOTO.shape[1])


@pytest.mark.page
def test_what_somebody_takes_to_look_at_stays_when_the_job_is_done(window: Window) -> None:
    # a preview that is busy says so, and is asked again
    window.allow("503")
    fleet, job, served = dropped(PHOTO)
    with previewing(served):
        page = window.open(f"{served.url}/jobs/{job.id}")
        expect(mode(page, "result")).to_be_checked()
        # it is shown already, and taken all the same
        mode(page, "result").click()
        fleet.run()
        expect(page.locator(".badge")).to_have_text("done")
        expect(mode(page, "difference")).to_be_enabled()
        drawn(page, "result")
        expect(mode(page, "result")).to_be_checked()
        page.close()
    served.stop()


@pytest.mark.page
@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED])
def test_of_an_image_that_is_still_read_nothing_is_said_but_that_and_its_size_once_it_is_told(
    viewing: Served, window: Window, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    monkeypatch.setattr("preview.layers.READ_BYTES", 100_000)
    monkeypatch.setattr("preview.coarse.BLOCK_BYTES", 100_000)
    monkeypatch.setattr("preview.coarse.TURN_SECONDS", 0.0)
    job = worked_on(viewing, tiled(PHOTO), b"none", name="a.tif")
    row = viewing.system.table.get(job.id)
    assert row is not None
    over = replace(row, state=state, result_key="", width=0, height=0, serial=row.serial + 1)
    assert viewing.system.table.replace(over, seen=row) is None
    asked: list[str] = []
    window.context.on("request", lambda request: asked.append(request.url))
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    expect(page.locator("[data-viewer=reading]")).to_contain_text("Before has no overviews")
    expect(page.locator("[data-field=input-note]")).to_be_hidden()
    drawn(page, "input")
    assert not [url for url in asked if "thumbnail" in url]
    expect(page.locator(".facts [data-field=size]")).to_have_text("1,700 \u00d7 1,500")


@pytest.mark.page
def test_what_is_not_made_is_said_to_be_so_and_what_is_has_its_values(window: Window) -> None:
    fleet, job, served = dropped(PHOTO)
    with previewing(served):
        page = window.open(f"{served.url}/jobs/{job.id}")
        drawn(page, "input")
        note, here = page.locator("[data-viewer=note]"), page.locator("[data-viewer=unmade]")
        for name, told in (
            ("side", "After is empty where it is not made yet."),
            ("slider", "Before is seen where After is not made yet."),
            ("result", "Dimmed: Before, where After is not made yet."),
        ):
            mode(page, name).check(force=True)
            expect(note).to_contain_text(told)
            expect(here).to_be_visible()
            assert axe.findings(page) == []
        value = page.locator("[data-readout=result] code")
        spoken = page.locator("[data-viewer=spoken]")
        for axis, place in (("x", "850"), ("y", "750")):
            page.get_by_label(axis, exact=True).fill(place)
        page.keyboard.press("Enter")
        expect(value).to_have_text("not made yet")
        expect(spoken).to_contain_text("After: not made yet")
        while value.inner_text() == "not made yet":
            (message,) = fleet.system.units.receive(1)
            fleet.turn(message, fleet.workshops[0])
            page.wait_for_timeout(1500)
        samples = [255 - each for each in PHOTO[750, 850, ::-1]]
        expect(value).to_have_text("  ".join(map(str, samples)))
        expect(spoken).to_contain_text("After: red {}, green {}, blue {}".format(*samples))
        expect(page.locator(".badge")).to_have_text("running")
        expect(here).to_be_hidden()
        mode(page, "input").check(force=True)
        expect(note).not_to_contain_text("not made yet")
        page.close()
    served.stop()


@pytest.mark.page
def test_tiles_that_did_not_come_are_asked_for_again_until_they_do(window: Window) -> None:
    # an image that is still read is waited for
    window.allow("ERR_", "503")
    fleet, job, served = dropped(PHOTO)
    fleet.run()
    with previewing(served):
        cut = First(lambda route: route.abort("connectionreset"), MANY)
        window.context.route("**/tiles/**", cut)
        page = window.open(f"{served.url}/jobs/{job.id}")
        drawn(page, "input")
        mode(page, "side").check(force=True)
        drawn(page, "result")
        assert len(cut.met) > MANY
        page.close()
    served.stop()


@pytest.mark.page
def test_what_was_missing_of_a_large_result_when_it_was_looked_at_last_is_there_when_it_is_done(
    window: Window,
) -> None:
    fleet, job, served = dropped(PHOTO)
    # without a preview it is shown by its own tiles
    page = window.open(f"{served.url}/jobs/{job.id}")
    (message,) = fleet.system.units.receive(1)
    fleet.turn(message, fleet.workshops[0])
    expect(page.locator("[data-viewer=note]")).not_to_contain_text(re.compile("^0 %"))
    wait_for(lambda: count_drawn(page, "result") > 1000)
    fleet.run()
    expect(page.locator(".badge")).to_have_text("done")
    wait_for(lambda: count_drawn(page, "result") > 0.95 * fitting(page, "result"))
    page.close()
    served.stop()


@pytest.mark.page
def test_where_a_tile_does_not_hold_the_very_values_it_is_said_when_they_will_be_there(
    window: Window,
) -> None:
    fleet, job, served = dropped(PHOTO)
    tile = encoded(".jpg", np.zeros((512, 512, 3), np.uint8))
    window.context.route(
        re.compile("/tiles/0/"), lambda route: route.fulfill(body=tile, content_type="image/jpeg")
    )
    with previewing(served):
        (message,) = fleet.system.units.receive(1)
        fleet.turn(message, fleet.workshops[0])
        page = window.open(f"{served.url}/jobs/{job.id}")
        drawn(page, "input")
        for axis in ("x", "y"):
            page.get_by_label(axis, exact=True).fill("10")
        page.keyboard.press("Enter")
        expect(page.locator("[data-readout=result] code")).to_have_text("when the job is done")
        page.close()
    served.stop()


@pytest.mark.page
def test_the_small_map_is_a_mean_of_what_it_shows(viewing: Served, window: Window) -> None:
    fine = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    job = worked_on(viewing, png(fine), png(fine))
    page = window.open(f"{viewing.url}/jobs/{job.id}")
    drawn(page, "input")
    shown = pixels_of(page, ".navigator canvas").astype(int)
    height, width = shown.shape[:2]
    middle = shown[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    assert np.abs(middle - 128).max() < 40
