"""From the first drop to the result in one's hands: chosen, dropped, pasted, and without a pointer at all."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.browser import axe
from tests.browser.devices import DEVICES
from tests.browser.stories.person import SOON
from tests.flow.pictures import decoded, noise, png

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FilePayload

    from tests.browser.stories.person import Person

PICTURE = noise(120, 170)
PIPELINE = "erode(3) | canny(100, 200)"


def photo(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": png(PICTURE)}


def is_right(body: bytes) -> bool:
    eroded = cv2.erode(PICTURE, np.ones((3, 3), np.uint8))
    return np.array_equal(decoded(body), cv2.Canny(eroded, 100, 200))


@pytest.mark.parametrize("device", DEVICES)
def test_an_image_is_chosen_watched_compared_and_taken_home(
    person_with: Callable[..., Person], device: str
) -> None:
    person = person_with(device)
    person.takes(PIPELINE)
    person.chooses(photo(f"chosen {device}.png"))
    person.sees(f"chosen {device}", "done")
    person.opens(f"chosen {device}")
    person.sees_pictures_of(170, 120)
    assert axe.findings(person.page) == []
    assert is_right(person.downloads())


@pytest.mark.parametrize("way", ["drops", "pastes"])
def test_images_that_fall_onto_the_page_or_are_pasted_go_the_same_way(person: Person, way: str) -> None:
    person.takes(PIPELINE)
    getattr(person, way)(**{f"{way} {each}": base64.b64encode(png(PICTURE)).decode() for each in "ab"})
    for each in "ab":
        person.sees(f"{way} {each}", "done")
    person.opens(f"{way} a")
    assert is_right(person.downloads())


def test_a_hand_on_the_keyboard_is_enough_from_the_first_page_to_the_result(person: Person) -> None:
    page, press = person.page, person.page.keyboard.press
    person.tabs_to(page.locator("#files"))
    with page.expect_file_chooser() as chooser:
        press("Space")
    chooser.value.set_files([photo("by hand.png")])
    person.sees("by hand", "done")
    person.tabs_to(person.row("by hand").get_by_role("link").first)
    press("Enter")
    page.wait_for_url("**/jobs/*")
    person.download.wait_for(timeout=SOON)
    person.tabs_to(person.download)
    with page.expect_download() as download:
        press("Enter")
    assert np.array_equal(decoded(download.value.path().read_bytes()), cv2.GaussianBlur(PICTURE, (9, 9), 0))
