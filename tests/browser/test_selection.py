"""What is done to several images at once: the bar offers what could be, says what came of it, and hides nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_orders import fail
from tests.browser.test_page import picture
from tests.browser.test_watching import names, put, remembered
from tilework.errors import CrashedError
from tilework.jobs.job import State

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Served, Window

__all__ = ["remembered"]


def select(page: Page, *images: str) -> Locator:
    """Select these, and give the bar."""
    for image in images:
        page.locator("#jobs .job[aria-rowindex]", has_text=image).get_by_role("checkbox").check()
    return page.locator("#selection")


def skipped(served: Served, count: int) -> None:
    for number in range(count):
        key = f"{number}.png"
        version = served.system.inputs.put(key, picture(), metadata={}, content_type="image/png")
        served.life.end(served.claim(key, version=version), State.SKIPPED)


@pytest.mark.page
def test_several_are_selected_by_keyboard_and_go_through_the_pipeline_above(
    served: Served, window: Window
) -> None:
    skipped(served, 5)
    page = window.open(served.url)
    bar = page.locator("#selection")
    expect(page.locator("#jobs .job[aria-rowindex]")).to_have_count(5)
    page.locator("#jobs .job-name").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(bar).to_contain_text("3 selected")
    page.keyboard.press("End")
    page.keyboard.press("Space")
    expect(bar).to_contain_text("4 selected")
    page.keyboard.press("Space")
    expect(page.locator("#jobs .job[aria-selected=true]")).to_have_count(3)
    page.get_by_role("button", name="Run the pipeline above").click()
    expect(bar).to_contain_text("3 are queued with this pipeline.")
    assert len(list(served.system.table.list(State.QUEUED))) == 3
    page.get_by_role("button", name="Run the pipeline above").click()
    expect(bar).to_contain_text("3 have been through this pipeline already.")
    page.locator("#jobs .job-name").first.focus()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_what_came_of_trying_again_is_said_though_nothing_is_selected_any_more(
    served: Served, window: Window
) -> None:
    for number in range(2):
        fail(served, f"crashed-{number}.png", CrashedError)
    fail(served, "damaged.png")
    page = window.open(f"{served.url}/?state=FAILED")
    bar = select(page, "crashed-0", "crashed-1", "damaged")
    bar.get_by_role("button", name="Try again").click()
    expect(bar).to_contain_text("2 are queued again. 1 is failed and is not tried again.")
    expect(page.locator("#jobs .job-name")).to_have_text(["damaged.png"])
    expect(bar).to_contain_text("1 selected")
    expect(bar.get_by_role("button", name="Try again")).to_be_hidden()
    page.goto(f"{served.url}/?state=QUEUED")
    bar = select(page, "crashed-0")
    bar.get_by_role("button", name="Cancel").click()
    expect(page.locator("#jobs .job-name")).to_have_text(["crashed-1.png"])
    expect(bar).to_contain_text("1 is cancelled.")
    expect(bar.get_by_role("toolbar")).to_be_hidden()
    bar.get_by_role("button", name="Close").click()
    expect(bar).to_be_hidden()


@pytest.mark.page
def test_only_what_could_be_done_to_one_of_them_is_offered(served: Served, window: Window) -> None:
    skipped(served, 1)
    fail(served, "damaged.png")
    fail(served, "crashed.png", CrashedError)
    served.claim("running.png")
    page = window.open(served.url)
    for image, offered in (
        ("0.png", set()),
        ("damaged", set()),
        ("running", {"Cancel"}),
        ("crashed", {"Cancel", "Try again"}),
    ):
        bar = select(page, image)
        for name in ("Cancel", "Try again"):
            expect(bar.get_by_role("button", name=name)).to_be_visible(visible=name in offered)
    expect(bar).to_contain_text("4 selected")
    bar.get_by_role("button", name="Cancel").click()
    expect(bar).to_contain_text("1 is cancelled. 1 is skipped and stays so. 2 are failed and stay so.")
    expect(bar.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(bar.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.page
def test_a_pipeline_that_is_folded_away_is_named_and_opened_where_it_is_wrong(
    served: Served, window: Window
) -> None:
    window.allow("422")
    skipped(served, 1)
    page = window.open(f"{served.url}/?state=SKIPPED&pipeline=invert")
    bar = select(page, "0.png")
    expect(bar.get_by_role("button", name="Run invert")).to_be_visible()
    page.locator(".studio-fold > summary").click()
    expect(bar.get_by_role("button", name="Run the pipeline above")).to_be_visible()
    page.get_by_label("As text").fill("inverrt")
    expect(page.get_by_label("As text")).to_have_attribute("aria-invalid", "true")
    page.locator(".studio-fold > summary").click()
    bar.get_by_role("button", name="Run the pipeline above").click()
    expect(bar).to_contain_text("Correct the pipeline first.")
    expect(page.get_by_label("As text")).to_be_visible()


COVERED = """() => {
    const row = document.activeElement.closest(".job");
    const { left, right, top, bottom } = row.getBoundingClientRect();
    const seen = (x, y) => row.contains(document.elementFromPoint(x, y));
    return !(seen(left + 60, top + 2) && seen((left + right) / 2, bottom - 2));
}"""


@pytest.mark.page
@pytest.mark.parametrize("width", [360, 1280])
def test_the_row_that_has_the_keyboard_is_never_behind_the_bar(
    remembered: Served, window: Window, width: int
) -> None:
    for number in range(35):
        put(remembered, number, State.RUNNING, age=number)
    page = window.open(f"{remembered.url}/?since=1")
    page.set_viewport_size({"width": width, "height": 700})
    expect(page.locator("#jobs .job[aria-rowindex]").first).to_be_visible()
    page.locator("#jobs .job-name").first.focus()
    for keys in (
        ("End", "Space"),
        ("Home",),
        ("PageDown", "PageDown"),
        ("Escape", "Space"),
        ("ArrowUp",) * 12,
    ):
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator("#selection [data-do=cancel]")).to_be_visible()
        page.wait_for_timeout(300)
        assert not page.evaluate(COVERED), keys


@pytest.mark.page
def test_rows_come_into_the_order_of_their_changes_once_nothing_is_under_way(
    remembered: Served, window: Window
) -> None:
    rows = [put(remembered, number, State.RUNNING, age=10 - number) for number in range(3)]
    page = window.open(remembered.url)
    expect(page.locator("#jobs .job-name")).to_have_text(["00002.png", "00001.png", "00000.png"])
    for at, row in enumerate((rows[1], rows[2], rows[0])):
        ended = replace(row, state=State.DONE, updated=row.updated + 5 + at, serial=row.serial + 1)
        assert remembered.system.table.replace(ended, seen=row) is None
    expect(page.locator("#jobs .badge[data-state=DONE]")).to_have_count(3)
    listed = [row.key.removeprefix("trip/") for row in remembered.system.table.list()]
    expect(page.locator("#jobs .job-name")).to_have_text(listed)
    assert names(page) == listed


@pytest.mark.page
def test_a_failed_row_shows_its_pipeline_if_it_has_one(remembered: Served, window: Window) -> None:
    reason = {"code": "damaged", "reason": "It is cut short.", "advice": "Ask `tilework formats`."}
    put(remembered, 1, State.FAILED, **reason)
    put(remembered, 2, State.FAILED, pipeline="", **reason)
    page = window.open(remembered.url)
    for view in ("Table", "Grid"):
        page.get_by_role("link", name=view).click()
        row = page.locator("#jobs .job[aria-rowindex]", has_text="00001.png")
        expect(row.locator("[data-field=pipeline]")).to_be_visible()
        expect(row.locator(".advice code")).to_have_text("tilework formats")
