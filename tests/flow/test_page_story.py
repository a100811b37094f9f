"""In a real browser, against the running system: choose, drop, see DONE, open the result; see why one failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flow.pictures import decoded, noise, png

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.running_system import RunningSystem

SOON = 60_000
"""Milliseconds: a generous limit against hanging, not a promise of speed."""


@pytest.fixture
def page(running: RunningSystem, browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(running.environment["TILEWORK_URL"])
    yield page
    page.close()
    assert faults == []


def test_a_person_drops_a_photo_watches_it_and_opens_the_result(page: Page, tmp_path: Path) -> None:
    picture = noise(333, 444)
    photo = tmp_path / "my holiday.png"
    photo.write_bytes(png(picture))
    page.locator("#pipeline-text").fill("erode(3) | canny(100, 200)")
    page.locator("#files").set_input_files(photo)
    row = page.locator("#jobs-title >> xpath=ancestor::section").get_by_text("my holiday.png").first
    expect(row).to_be_visible(timeout=SOON)
    expect(page.locator("section.jobs").get_by_text("done").first).to_be_visible(timeout=SOON)
    page.get_by_role("link", name=re.compile("my holiday")).first.click()
    expect(page.locator("#viewer")).to_contain_text("444 \u00d7 333", timeout=SOON)
    for side in ("input", "result"):
        expect(page.locator(f"#viewer [data-pane={side}] canvas").first).to_be_attached(timeout=SOON)
    with page.expect_download() as download:
        page.locator('[data-field="result-link"]').first.click()
    eroded = cv2.erode(picture, np.ones((3, 3), np.uint8))
    assert np.array_equal(decoded(download.value.path().read_bytes()), cv2.Canny(eroded, 100, 200))


def test_a_person_sees_why_an_image_failed_and_what_to_do(page: Page, tmp_path: Path) -> None:
    fake = tmp_path / "diary.jpg"
    fake.write_bytes(b"Dear diary, this is no image.")
    page.locator("#files").set_input_files(fake)
    expect(page.locator("section.jobs").get_by_text("failed").first).to_be_visible(timeout=SOON)
    page.get_by_role("link", name=re.compile("diary")).first.click()
    expect(page.get_by_text("image viewer")).to_be_visible(timeout=SOON)
