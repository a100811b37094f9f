"""Uploads that a person pauses, leaves or decides about in a bad moment: nothing is lost without a word, nothing sent twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_page import choose, file, store_result
from tests.browser.uploads import LONG, MIB, is_there_whole, queued, there

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Served, Window

pytestmark = pytest.mark.page

POSTED = re.compile("-input/?$")
"""Where a small file goes, as a form."""

TOO_SLOW = (
    "<Error><Code>RequestTimeout</Code><Message>Your socket connection was not read from.</Message></Error>"
)


@pytest.fixture
def upload_limit_bytes() -> int:
    return 64 * MIB


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "scan.tif"
    path.write_bytes(bytes(17 * MIB))
    return path


def pause_and_go_on(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#uploads .badge", has_text="waiting")).to_be_visible()
    page.get_by_role("button", name="Go on").click()


class Deaf:
    """Does what is asked for once, and answers nothing."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.count = 0

    def __call__(self, route: Route) -> None:
        self.count += 1
        if self.count > 1:
            route.continue_()
            return
        route.fetch()
        # by now it is done
        self._page.evaluate("window.isDone = true")

    def wait(self) -> None:
        self._page.wait_for_function("() => window.isDone")


def test_a_file_whose_bytes_had_arrived_when_it_was_paused_is_one_image(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    deaf = Deaf(page)
    page.route(POSTED, deaf)
    choose(page, file("a.png"))
    deaf.wait()
    pause_and_go_on(page)
    queued(page)
    assert deaf.count == 1
    assert set(there(served)) == {"a.png"}


def test_an_upload_that_was_complete_when_it_was_paused_is_one_image(
    served: Served, window: Window, large: Path
) -> None:
    # its parts are asked for, and the upload is over
    window.allow("410")
    page = window.open(served.url)
    deaf = Deaf(page)
    page.route("**/api/uploads/multipart/complete", deaf)
    page.locator("#files").set_input_files(large)
    deaf.wait()
    pause_and_go_on(page)
    queued(page)
    is_there_whole(served, large)


def test_what_is_taken_from_the_bucket_can_be_paused_and_goes_on(served: Served, window: Window) -> None:
    page = window.open(served.url)
    choose(page, file("a.png"))
    queued(page)
    page.locator("#pipeline-text").fill("invert()")
    expect(page.locator(".step h3")).to_have_text(["invert"])
    choose(page, file("a.png"))
    held: list[Route] = []
    page.route("**/api/jobs", lambda route: route.continue_() if held else held.append(route))
    page.get_by_role("button", name="Take the one in the bucket").click()
    pause_and_go_on(page)
    expect(page.locator("#jobs .job")).to_have_count(1)
    (row,) = served.rows()
    assert row.pipeline == "invert()"


def test_a_line_that_the_bucket_finds_too_slow_is_tried_again(served: Served, window: Window) -> None:
    window.allow("400")
    page = window.open(served.url)
    answered: list[str] = []

    def time_out(route: Route) -> None:
        if answered:
            route.continue_()
            return
        answered.append(TOO_SLOW)
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(status=400, content_type="application/xml", headers=headers, body=TOO_SLOW)

    page.route(POSTED, time_out)
    choose(page, file("a.png"))
    queued(page)
    assert answered == [TOO_SLOW]
    assert set(there(served)) == {"a.png"}


def asks_before_it_leaves(page: Page) -> bool:
    return bool(
        page.evaluate(
            """() => {
                const leaving = new Event("beforeunload", { cancelable: true });
                window.dispatchEvent(leaving);
                return leaving.defaultPrevented;
            }"""
        )
    )


def test_a_page_that_holds_what_is_not_sent_yet_asks_before_it_leaves(served: Served, window: Window) -> None:
    window.allow("422")
    page = window.open(served.url)
    choose(page, file("a.png"))
    queued(page)
    assert not asks_before_it_leaves(page)
    # a question
    choose(page, file("a.png"))
    page.get_by_role("button", name="Send anyway").wait_for()
    assert asks_before_it_leaves(page)
    page.get_by_role("button", name="Leave out").click()
    expect(page.locator("#drops").first).to_contain_text("Nothing to do")
    assert not asks_before_it_leaves(page)
    # a pipeline that is wrong
    page.locator("#pipeline-text").fill("blurr(9)")
    expect(page.locator("#pipeline-error")).to_be_visible()
    choose(page, file("b.png"))
    expect(page.locator("#drop-error")).to_be_visible()
    assert asks_before_it_leaves(page)


def test_a_file_that_goes_on_tells_of_the_batch_that_it_was_begun_with(
    served: Served, window: Window, large: Path
) -> None:
    window.allow("ERR_")
    page = window.open(served.url)
    window.context.route(re.compile("partNumber="), lambda route: route.abort("connectionreset"))
    page.locator("#files").set_input_files(
        [large, *(large.with_name(f"{name}.png") for name in small(large, "ab"))]
    )
    expect(page.locator("#uploads .upload[data-state=QUEUED]")).to_have_count(2, timeout=LONG)
    for name in ("a.png", "b.png"):
        store_result(served, served.claim_dropped(name))
    page.close(run_before_unload=False)
    window.context.unroute(re.compile("partNumber="))
    page = window.open(served.url)
    page.locator("#unfinished input[type=file]").set_input_files(large)
    count = page.locator("#drops [data-field=count]")
    expect(count).to_have_text("2 of 3 finished", timeout=LONG)
    store_result(served, served.claim_dropped("scan.tif"))
    expect(count).to_contain_text("3")
    expect(count).not_to_contain_text("2 of 3")


def small(beside: Path, names: str) -> str:
    for name in names:
        beside.with_name(f"{name}.png").write_bytes(file(name)["buffer"] + name.encode())
    return names
