"""Pipelines that have a name: the presets with their pictures, and one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_builder import NAMES, open_builder, text_of, write
from tests.browser.test_page import picture
from tilework.jobs.object_keys import PRESETS
from tilework.jobs.preset_file import shipped_presets

if TYPE_CHECKING:
    from tests.browser.conftest import Served, Window

pytestmark = pytest.mark.page


def test_a_preset_is_seen_before_it_is_taken_and_what_was_there_can_be_had_back(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    write(page, "median(5)", "median")
    assert not [each for each in asked if "presets" in each]
    page.get_by_role("button", name="Presets").click()
    expect(page.locator(".preset")).to_have_count(len(shipped_presets()))
    card = page.locator(".preset", has_text="outline")
    expect(card.locator("img")).to_have_js_property("naturalWidth", 160)
    card.click()
    expect(text_of(page)).to_have_value("blur(5) | canny(50, 150)")
    expect(page.locator(NAMES)).to_have_text(["blur", "canny"])
    expect(page.locator("#undo-told")).to_have_text("outline has taken the place of what was there.")
    page.get_by_role("button", name="Undo").click()
    expect(text_of(page)).to_have_value("median(5)")


def test_a_preset_takes_the_place_of_the_default_without_a_word(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    page.get_by_role("button", name="Presets").click()
    page.locator(".preset", has_text="cell-counts").click()
    expect(page.locator(NAMES)).to_have_text(["grayscale", "blur", "otsu", "open", "components"])
    expect(page.get_by_label("Result as")).to_have_value("csv")
    expect(page.locator("#undo-bar")).to_be_hidden()


def test_a_buckets_own_presets_are_there_and_what_is_wrong_with_them_is_said(
    served: Served, window: Window
) -> None:
    own = '[presets]\n"<b>mine\u202e" = "invert"\nwrong = "blurr(9)"'
    served.system.inputs.put(PRESETS, own.encode(), metadata={}, content_type="application/toml")
    page = open_builder(window, served.url)
    page.get_by_role("button", name="Presets").click()
    expect(page.locator("#presets [role=alert]")).to_contain_text("did you mean 'blur'?")
    expect(page.locator(".preset strong").first).to_have_text("<b>mine\\u202e")
    expect(page.locator(".preset strong", has_text="wrong")).to_have_count(0)


def test_ones_own_are_saved_survive_a_reload_and_are_renamed_taken_and_deleted(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    for name, text, step in [("Sharp <b>", "sharpen(2)", "sharpen"), ("soft", "blur(31)", "blur")]:
        write(page, text, step)
        page.get_by_role("button", name="Presets").click()
        page.get_by_label("Keep").fill(name)
        page.keyboard.press("Enter")
        expect(page.locator("#presets [role=status]")).to_have_text(f"{name} is saved.")
        page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("#step")).to_be_visible()
    page.get_by_role("button", name="Presets").click()
    names = page.locator(".saved-row strong")
    expect(names).to_have_text(["soft", "Sharp <b>"])
    page.get_by_role("button", name="Rename: Sharp <b>").click()
    page.get_by_label("New name").fill("sharp")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["soft", "sharp"])
    page.get_by_role("button", name="Delete: soft").click()
    expect(names).to_have_text(["sharp"])
    page.locator(".saved-take").click()
    expect(text_of(page)).to_have_value("sharpen(2)")


def test_a_pipeline_is_copied_as_text_and_as_a_link_that_opens_it(served: Served, window: Window) -> None:
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_builder(window, served.url)
    write(page, "median(5) | invert", "median", "invert")
    page.get_by_role("button", name="Copy text").click()
    expect(page.locator("#copied")).to_have_text("The text is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "median(5) | invert"
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#copied")).to_contain_text("The link is copied")
    write(page, "blur(3)", "blur")
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(page.locator(NAMES)).to_have_text(["median", "invert"])


def test_another_pipeline_for_an_image_is_checked_while_it_is_typed_taken_from_presets_or_built(
    served: Served, window: Window
) -> None:
    window.allow("422")
    version = served.system.inputs.put("a.png", picture(), metadata={}, content_type="image/png")
    job = served.claim("a.png", version=version)
    page = window.open(f"{served.url}/jobs/{job.id}")
    text = page.get_by_label("Another pipeline for this image")
    text.fill("blur(9) | canyn(1, 2)")
    error = page.locator("#rerun-error")
    expect(error).to_contain_text("did you mean 'canny'?")
    assert error.locator("mark").evaluate("mark => mark.previousSibling.length") == 10
    page.get_by_role("button", name="Presets").click()
    page.locator(".preset", has_text="outline").click()
    expect(text).to_have_value("blur(5) | canny(50, 150)")
    expect(error).to_be_hidden()
    expect(page.locator("#rerun-note")).to_contain_text("mask")
    link = page.get_by_role("link", name="Open in the builder")
    assert f"job={job.id}" in (link.get_attribute("href") or "")
    link.click()
    expect(page.locator(NAMES)).to_have_text(["blur", "canny"])
    assert page.evaluate("location.search") == ""


def test_a_preset_s_name_in_the_text_is_offered_as_its_operations(served: Served, window: Window) -> None:
    window.allow("422")
    page = open_builder(window, served.url)
    page.locator("#pipeline-text").fill("edges")
    page.get_by_role("button", name="edges is a preset: take its operations").click()
    expect(page.locator("#pipeline-text")).to_have_value(shipped_presets()["edges"])
    expect(page.locator("#take-preset")).to_be_hidden()
    expect(page.locator("#pipeline-error")).to_be_hidden()
