"""The shell of every page: language and theme as chosen, with and without JavaScript; a head and a foot that fit a phone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from master.words import STRINGS
from tests.browser.places import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

DARK_GROUND = "rgb(16, 19, 27)"
LIGHT_GROUND = "rgb(247, 244, 236)"

PAGES = ("/", "/fleet", "/statistics", "/docs")


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("scripted", [True, False])
def test_language_and_theme_are_chosen_and_stay(
    served: Served, window_of: Callable[..., Window], scripted: bool
) -> None:
    window = window_of(locale="en-GB", color_scheme="light", java_script_enabled=scripted)
    page = window.open(f"{served.url}/fleet?x=1")
    assert ground(page) == LIGHT_GROUND
    page.get_by_role("link", name="Dark").click()
    expect(page.get_by_role("link", name="Dark")).to_have_attribute("aria-current", "true")
    assert ground(page) == DARK_GROUND
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Flotte", exact=True)).to_be_visible()
    assert page.url == f"{served.url}/fleet?x=1"
    page.reload()
    expect(page.get_by_role("link", name="Dunkel")).to_have_attribute("aria-current", "true")
    assert (ground(page), page.locator("html").get_attribute("lang")) == (DARK_GROUND, "de")
    page.get_by_role("link", name="Statistik").click()
    expect(page.get_by_role("heading", name="Statistik")).to_be_visible()
    assert ground(page) == DARK_GROUND
    page.get_by_role("link", name="Auto").click()
    expect(page.get_by_role("link", name="Auto")).to_have_attribute("aria-current", "true")
    assert ground(page) == LIGHT_GROUND


@pytest.mark.page
def test_a_theme_changes_without_the_page_being_loaded_anew(served: Served, window: Window) -> None:
    page = window.open(served.url)
    page.evaluate("window.here = true")
    page.get_by_role("link", name="Dark").click()
    assert ground(page) == DARK_GROUND
    assert page.evaluate("window.here") is True


@pytest.mark.page
def test_a_device_that_is_dark_has_a_dark_page_unless_light_was_chosen(
    served: Served, window_of: Callable[..., Window]
) -> None:
    page = window_of(color_scheme="dark").open(served.url)
    assert ground(page) == DARK_GROUND
    page.get_by_role("link", name="Light").click()
    page.reload()
    assert ground(page) == LIGHT_GROUND


@pytest.mark.page
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_fits_a_phone(
    served: Served, window_of: Callable[..., Window], path: str, language: str
) -> None:
    page = window_of(viewport={"width": 360, "height": 740}, locale=language).open(f"{served.url}{path}")
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for link in page.locator(".top nav a, .foot nav a").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 24
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def different() -> list[str]:
    """Sentences of ours in English that German says otherwise, long enough that no name is one."""

    def flat(part: object) -> list[str]:
        return [part] if isinstance(part, str) else [text for each in part.values() for text in flat(each)]  # type: ignore[attr-defined]

    files = [json.loads((STRINGS / f"{name}.json").read_text()) for name in ("en", "de")]
    english, german = (
        flat({part: each for part, each in file.items() if part not in {"language", "told"}})
        for file in files
    )
    return [
        one
        for one, other in zip(english, german, strict=True)
        if one != other and len(one) > 4 and "{" not in one
    ]


@pytest.mark.page
@pytest.mark.parametrize("path", ["/", "/?state=FAILED", "/failures", "/fleet", "/statistics"])
def test_a_german_page_has_no_english_sentence_of_ours(
    served: Served, window_of: Callable[..., Window], path: str
) -> None:
    fill(served)
    page = window_of(locale="de-DE").open(f"{served.url}{path}")
    page.wait_for_timeout(500)
    lines = {line.strip() for line in page.locator("body").inner_text().split("\n")}
    assert lines & set(different()) == set()


@pytest.mark.page
def test_who_uses_a_keyboard_comes_to_the_content_at_once(served: Served, window: Window) -> None:
    page = window.open(f"{served.url}/fleet")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.page
def test_the_pulse_leads_to_the_fleet(served: Served, window: Window) -> None:
    served.system.jobs.send("x")
    page = window.open(served.url)
    page.locator("#pulse", has_text="waiting").click()
    expect(page).to_have_url(f"{served.url}/fleet")
