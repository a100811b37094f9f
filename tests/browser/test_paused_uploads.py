"""Uploads that a person pauses, leaves or decides about in a bad moment: nothing is lost without a word, nothing sent twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.network import First, hold
from tests.browser.test_page import choose, file, store_result
from tests.browser.test_uploads import drop_for_another_pipeline
from tests.browser.uploads import LONG, MIB, PARTS, POSTED, is_there_whole, queued, there

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Served, Window

pytestmark = pytest.mark.page

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


def done_unanswered(page: Page) -> First:
    """Does what is asked for first, and answers nothing; :func:`wait_until_done` waits for that."""

    def act(route: Route) -> None:
        route.fetch()
        page.evaluate("window.isDone = true")

    return First(act)


def wait_until_done(page: Page) -> None:
    page.wait_for_function("() => window.isDone")


def test_a_file_whose_bytes_had_arrived_when_it_was_paused_is_one_image(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    deaf = done_unanswered(page)
    page.route(POSTED, deaf)
    choose(page, file("a.png"))
    wait_until_done(page)
    pause_and_go_on(page)
    queued(page)
    assert len(deaf.met) == 1
    assert set(there(served)) == {"a.png"}


def test_an_upload_that_was_complete_when_it_was_paused_is_one_image(
    served: Served, window: Window, large: Path
) -> None:
    # its parts are asked for, and the upload is over
    window.allow("410")
    page = window.open(served.url)
    deaf = done_unanswered(page)
    page.route("**/api/uploads/multipart/complete", deaf)
    page.locator("#files").set_input_files(large)
    wait_until_done(page)
    pause_and_go_on(page)
    queued(page)
    is_there_whole(served, large)


def test_what_is_taken_from_the_bucket_can_be_paused_and_goes_on(served: Served, window: Window) -> None:
    page = window.open(served.url)
    drop_for_another_pipeline(page)
    page.route("**/api/jobs", First(hold))
    page.get_by_role("button", name="Take the one in the bucket").click()
    pause_and_go_on(page)
    expect(page.locator("#jobs .job")).to_have_count(1)
    (row,) = served.rows()
    assert row.pipeline == "invert()"


def test_a_line_that_the_bucket_finds_too_slow_is_tried_again(served: Served, window: Window) -> None:
    window.allow("400")
    page = window.open(served.url)
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/xml"}
    posts = First(lambda route: route.fulfill(status=400, headers=headers, body=TOO_SLOW))
    page.route(POSTED, posts)
    choose(page, file("a.png"))
    queued(page)
    assert len(posts.met) == 2
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
    window.context.route(PARTS, lambda route: route.abort("connectionreset"))
    page.locator("#files").set_input_files(
        [large, *(large.with_name(f"{name}.png") for name in small(large, "ab"))]
    )
    expect(page.locator("#uploads .upload[data-state=QUEUED]")).to_have_count(2, timeout=LONG)
    for name in ("a.png", "b.png"):
        store_result(served, served.claim_dropped(name))
    page.close(run_before_unload=False)
    window.context.unroute(PARTS)
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
