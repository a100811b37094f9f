"""Watching many jobs: a list of any length, filters in its address, a batch as a whole, what is done to several at once."""

from __future__ import annotations

import io
import re
import time
import uuid
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from master.page import ROWS_RENDERED
from master.settings import MasterSettings
from tests.browser.conftest import Served
from tests.browser.network import First, hold
from tests.browser.test_page import picture, store_result
from tests.waiting import wait_for
from tilework.jobs.batches import Batch
from tilework.jobs.history import begun
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Window

NEWS = re.compile(r"/api/jobs\?.*since=")
"""What has changed since the list was loaded is asked for there."""

MOST_ROWS = 80
"""In the page at once, of a list of any length: what a window of 900 pixels shows, and some around it."""


@pytest.fixture
def remembered() -> Iterator[Served]:
    """The application over tables in memory, which take many rows at once."""
    served = Served(memory_system(), MasterSettings())
    served.start()
    yield served
    served.stop()


def put(served: Served, number: int, state: State = State.DONE, *, age: float = 0.0, **changes: Any) -> Job:
    now = time.time() - age
    row = Job(
        digest(str(number)), "memory-input", f"trip/{number:05}.png", "v", state, pipeline="blur(9)", created=now,
        updated=now, history=begun((), number=1, host="host-1", now=now),
    )  # fmt: skip
    row = replace(row, **changes)
    assert served.system.table.create(row) is None
    return row


def names(page: Page) -> list[str]:
    return page.locator("#jobs .job-name").all_inner_texts()


def test_filters_and_the_view_stay_in_the_address_and_back_leads_back(
    remembered: Served, window: Window
) -> None:
    put(remembered, 1, age=30)
    put(remembered, 2, State.RUNNING, age=20)
    put(remembered, 3, age=10, key="other/harbour.png", pipeline="canny(100, 200)")
    page = window.open(remembered.url)
    rows = page.locator("#jobs .job-name")
    expect(rows).to_have_text(["harbour.png", "00002.png", "00001.png"])
    page.get_by_role("link", name="Done", exact=True).click()
    expect(rows).to_have_text(["harbour.png", "00001.png"])
    page.get_by_role("searchbox").fill("CANNY harb")
    expect(rows).to_have_text(["harbour.png"])
    expect(page).to_have_url(f"{remembered.url}/?state=DONE&search=CANNY+harb")
    page.get_by_role("link", name="Grid").click()
    expect(page.locator(".jobs")).to_have_attribute("data-view", "grid")
    shared = page.url
    page.go_back()
    page.go_back()
    expect(rows).to_have_text(["harbour.png", "00001.png"])
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.go_forward()
    expect(rows).to_have_text(["harbour.png"])
    assert window.open(shared).locator("#jobs .job-name").all_inner_texts() == ["harbour.png"]


@pytest.mark.page
def test_the_server_renders_the_same_list_without_javascript(
    remembered: Served, window_of: Any, window: Window
) -> None:
    for number in range(130):
        put(
            remembered,
            number,
            list(State)[number % 3],
            age=number,
            key=f"{'wanted' * (number % 2)}{number}.png",
        )
    address = f"{remembered.url}/?state=RUNNING&search=wanted&view=grid"
    alive = window.open(address)
    expect(alive.locator("#jobs .job").first).to_have_attribute("aria-rowindex", "2")
    plain = window_of(java_script_enabled=False).open(address)
    told = names(plain)
    assert told[:10] == names(alive)[:10]
    assert len(told) == ROWS_RENDERED
    plain.goto(f"{remembered.url}/?search=png")
    expect(plain.locator("#jobs .job")).to_have_count(ROWS_RENDERED)
    before = set(names(plain))
    plain.get_by_role("link", name="Search on").click()
    plain.wait_for_url(re.compile("before="))
    expect(plain.locator("#jobs .job")).to_have_count(ROWS_RENDERED)
    assert not before & set(names(plain))


@pytest.mark.page
@pytest.mark.parametrize("view", ["table", "grid"])
def test_ten_thousand_jobs_scroll_to_their_end_with_few_rows_in_the_page(
    remembered: Served, window: Window, view: str
) -> None:
    for number in range(10_000):
        put(remembered, number, age=number)
    page = window.open(f"{remembered.url}/?view={view}")
    expect(page.locator("#jobs .job").first).to_contain_text("00000.png")
    most = 0
    end = time.monotonic() + 60
    while page.locator("#jobs .job").last.get_attribute("aria-rowindex") != "10001":
        assert time.monotonic() < end
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(20)
        most = max(most, page.locator("#jobs .job").count())
    expect(page.locator("#jobs .job").last).to_contain_text("09999.png")
    assert most < MOST_ROWS
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "10001")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    middle = page.locator("#jobs .job").first
    expect(middle).not_to_contain_text(re.compile(r"09\d{3}\.png"))
    number = int(str(middle.get_attribute("aria-rowindex"))) - 2
    expect(middle).to_contain_text(f"{number:05}.png")


@pytest.mark.page
def test_what_is_new_waits_behind_a_button_where_somebody_reads_further_down(
    remembered: Served, window: Window
) -> None:
    for number in range(300):
        put(remembered, number, age=100 + number)
    page = window.open(remembered.url)
    expect(page.locator("#jobs .job").first).to_contain_text("00000.png")
    put(remembered, 900)
    expect(page.locator("#jobs .job").first).to_contain_text("00900.png")
    seen = page.locator('#jobs .job:has-text("00080.png")')

    def further_down() -> bool:
        # older rows come with the scrolling
        page.evaluate(
            "scrollTo(0, document.getElementById('jobs').getBoundingClientRect().top + scrollY + 5000)"
        )
        page.wait_for_timeout(50)
        return seen.is_visible()

    wait_for(further_down)
    top = seen.bounding_box()
    for number in range(12):
        put(remembered, 1000 + number)
    fresh = page.get_by_role("button", name=re.compile("^1[23] new$"))
    expect(fresh).to_be_visible()
    assert seen.bounding_box() == top
    fresh.click()
    expect(page.locator("#jobs .job").first).to_contain_text("01011.png")
    expect(page.locator("#jobs .job").first).to_be_in_viewport()
    expect(page.locator("#fresh")).to_be_hidden()


@pytest.mark.page
def test_a_row_in_sight_changes_in_its_place_and_leaves_a_list_that_it_fits_no_more(
    remembered: Served, window: Window
) -> None:
    rows = [put(remembered, number, State.RUNNING, age=100 + number) for number in range(3)]
    page = window.open(remembered.url)
    running = window.open(f"{remembered.url}/?state=RUNNING")
    expect(running.locator("#jobs .job")).to_have_count(3)
    ended = replace(rows[1], state=State.DONE, serial=1, updated=time.time(), seconds=0.5)
    remembered.system.table.replace(ended, seen=rows[1])
    expect(page.locator("#jobs .badge")).to_have_text(["running", "done", "running"])
    assert names(page) == ["00000.png", "00001.png", "00002.png"]
    running.bring_to_front()
    expect(running.locator("#jobs .job-name")).to_have_text(["00000.png", "00002.png"])


@pytest.mark.page
def test_a_time_that_is_being_typed_stays_and_one_that_is_none_is_told(
    remembered: Served, window: Window
) -> None:
    window.allow("422")
    put(remembered, 0)
    page = window.open(f"{remembered.url}/")
    offline = page.locator("#offline")
    page.get_by_text("More filters").click()
    since = page.locator('#filters [name="since"]')
    since.focus()
    since.fill("0020-01-02T03:04")
    since.dispatch_event("change")
    # what is typed is not taken away
    expect(since).to_have_value("0020-01-02T03:04")
    expect(offline).to_contain_text("is neither a place in a list of jobs nor a time")
    since.fill("2020-01-02T03:04")
    since.dispatch_event("change")
    expect(offline).to_be_hidden()
    expect(page.locator("#jobs .job-name")).to_have_count(1)


@pytest.mark.page
def test_an_answer_about_an_earlier_filter_is_not_shown(remembered: Served, window: Window) -> None:
    put(remembered, 0)
    page = window.open(f"{remembered.url}/")
    names = page.locator("#jobs .job-name")
    expect(names).to_have_count(1)
    put(remembered, 1)
    held = First(hold)
    page.route(NEWS, held)
    with page.expect_request(NEWS):
        pass
    page.get_by_role("searchbox").fill("harbour")
    expect(page.locator("#empty")).to_be_visible()
    (early, *_) = held.met
    with page.expect_response(early.request.url):
        early.continue_()
    put(remembered, 2, key="harbour.png")
    expect(names).to_have_text(["harbour.png"])


@pytest.mark.page
def test_a_batch_is_seen_as_a_whole_and_followed_to_its_end(remembered: Served, window: Window) -> None:
    remembered.system.batches.note(Batch("trip", "", 10, title="Lisbon <b>", created=time.time() - 60))
    for number in range(6):
        put(remembered, number, batch="trip")
    put(remembered, 6, State.FAILED, batch="trip", code="damaged", reason="cut short")
    running = put(remembered, 7, State.RUNNING, batch="trip")
    page = window.open(f"{remembered.url}/?batch=trip")
    batch = page.locator("#batch")
    expect(batch).to_contain_text("Batch Lisbon <b>")
    expect(batch).to_contain_text("done 6, failed 1 of 10")
    expect(batch).to_contain_text("1 running · 2 waiting")
    ended = replace(running, state=State.DONE, serial=1, updated=time.time())
    remembered.system.table.replace(ended, seen=running)
    put(remembered, 8, batch="trip")
    put(remembered, 9, batch="trip")
    expect(batch).to_contain_text("done 9, failed 1 of 10")
    expect(batch).to_contain_text("All are over")
    expect(batch.locator("[data-field=progress]")).to_have_js_property("value", 10)
    expect(batch.locator("[data-field=done]")).to_have_js_property("value", 9)
    batch.get_by_role("link", name="1 without a result").click()
    expect(page.locator("#jobs .job-name")).to_have_text(["00006.png"])


@pytest.mark.page
def test_twenty_results_come_in_one_archive_that_others_can_open(served: Served, window: Window) -> None:
    stored: dict[str, bytes] = {}
    for number in range(20):
        key = f"trip/{number % 18}.png"
        version = served.system.inputs.put(key, picture(), metadata={}, content_type="image/png")
        job = store_result(served, served.claim(key, version=version, batch="trip"), f"#{number:02x}8040")
        body = served.system.outputs.read(job.result_key, None, 0, 100_000)
        stored[f"{number % 18}-blur-9{' (2)' * (number >= 18)}.png"] = body
    # a headless browser has no window to choose a file in
    window.context.add_init_script("delete window.showSaveFilePicker")
    page = window.open(f"{served.url}/?batch=trip")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all results as ZIP").click()
    assert download.value.suggested_filename == "trip.zip"
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        told = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(told) == sorted(stored)
    assert sorted(told.values()) == sorted(stored.values())
    expect(page.locator("#batch")).to_contain_text("20 results are in trip.zip")

    page.locator("#jobs .job input").nth(0).check()
    page.locator("#jobs .job input").nth(2).click(modifiers=["Shift"])
    expect(page.locator("#selection")).to_contain_text("3 selected")
    with page.expect_download() as download:
        page.locator("#selection").get_by_role("button", name="Download as ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 3


@pytest.mark.page
def test_the_archive_of_a_drop_is_called_by_its_name_or_when_it_began(
    served: Served, window_of: Callable[..., Window]
) -> None:
    window = window_of(timezone_id="UTC")
    window.context.add_init_script("delete window.showSaveFilePicker")
    # 2025-11-24, 16:00
    for title, name in (("", "drop-2025-11-24-16-00.zip"), ("Lissabon, März", "Lissabon_März.zip")):
        made = str(uuid.uuid4())
        version = served.system.inputs.put("a.png", picture(), metadata={}, content_type="image/png")
        store_result(served, served.claim("a.png", version=version, batch=made))
        served.system.batches.note(Batch(made, owner="", size=1, title=title, created=1_764_000_000.0))
        page = window.open(f"{served.url}/?batch={made}")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download all results as ZIP").click()
        assert download.value.suggested_filename == name


@pytest.mark.page
def test_a_restart_of_the_master_is_told_and_then_the_list_goes_on(
    remembered: Served, window: Window
) -> None:
    window.allow("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_ABORTED")
    put(remembered, 1, State.RUNNING, age=5)
    page = window.open(remembered.url)
    expect(page.locator("#jobs .job[aria-rowindex]")).to_have_count(1)
    remembered.stop()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#jobs .job-name")).to_have_text(["00001.png"])
    put(remembered, 2)
    remembered.start()
    expect(page.locator("#offline")).to_be_hidden(timeout=40_000)
    expect(page.locator("#jobs .job-name")).to_have_text(["00002.png", "00001.png"])
