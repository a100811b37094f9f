"""The difference of before and after: multiplied so that it is seen, by a gain that is told and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.viewing import drawn, middle_of, mode, pixels_of, worked_on
from tests.imaging.samples import png, scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

PHOTO = scene(900, 700)


def plain(colour: tuple[int, int, int]) -> bytes:
    return png(np.full((700, 900, 3), colour, np.uint8))


def difference(window: Window, served: Served, before: bytes, after: bytes) -> Page:
    job = worked_on(served, before, after)
    page = window.open(f"{served.url}/jobs/{job.id}")
    for side in ("input", "result"):
        drawn(page, side)
    mode(page, "difference").check(force=True)
    return page


@pytest.mark.page
def test_no_difference_is_black_and_said_to_be_none(viewing: Served, window: Window) -> None:
    page = difference(window, viewing, png(PHOTO), png(PHOTO))
    expect(page.locator("[data-viewer=note]")).to_have_text("No difference is seen here.")
    assert middle_of(pixels_of(page)).max() == 0


@pytest.mark.page
def test_a_small_difference_is_multiplied_until_it_is_seen_and_by_how_much_is_told(
    viewing: Served, window: Window
) -> None:
    page = difference(window, viewing, plain((100, 60, 200)), plain((103, 59, 200)))
    expect(page.locator("[data-viewer=note]")).to_have_text("Difference \u00d7 64")
    middle = middle_of(pixels_of(page)).reshape(-1, 3).astype(int)
    assert np.abs(middle - (3 * 64, 64, 0)).max() <= 1
    page.get_by_text("Histogram", exact=True).click()
    expect(page.locator("[data-histogram=result] path")).to_have_count(3)
    assert axe.findings(page) == []


@pytest.mark.page
def test_one_pixel_that_differs_is_a_difference(viewing: Served, window: Window) -> None:
    other = PHOTO.copy()
    other[350, 450] ^= 0x80
    page = difference(window, viewing, png(PHOTO), png(other))
    page.get_by_role("button", name="1:1").click()
    expect(page.locator("[data-viewer=note]")).to_have_text("Difference \u00d7 64")


@pytest.mark.page
def test_the_gain_is_chosen_by_keys_and_is_the_differences_alone(viewing: Served, window: Window) -> None:
    page = difference(window, viewing, plain((10, 60, 200)), plain((30, 50, 250)))
    note = page.locator("[data-viewer=note]")
    expect(note).to_have_text("Difference \u00d7 4")
    gain = page.get_by_label("Gain")
    gain.focus()
    for key, told, factor in (("1", "Difference as it is", 1), ("ArrowDown", "Difference \u00d7 4", 4)):
        page.keyboard.press(key)
        expect(note).to_have_text(told)
        middle = middle_of(pixels_of(page)).reshape(-1, 3).astype(int)
        assert np.abs(middle - np.multiply((20, 10, 50), factor)).max() <= 1
    expect(mode(page, "difference")).to_be_checked()
    mode(page, "result").check(force=True)
    expect(gain).to_be_hidden()
    expect(note).to_be_hidden()
    page.wait_for_timeout(600)
    expect(note).to_be_hidden()
    assert np.abs(middle_of(pixels_of(page)).reshape(-1, 3).astype(int) - (30, 50, 250)).max() <= 1
