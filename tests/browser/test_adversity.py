"""What stands in a page's way: closed storage, answers that are cut off or odd, refusals in the midst of many orders."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import urllib3
from playwright.sync_api import expect

from tests.browser.test_gateway import open_signed_in
from tests.browser.test_page import choose, file, picture
from tests.browser.test_watching import put, remembered  # noqa: F401 - the fixture
from tests.browser.uploads import queued, there
from tests.browser.viewing import hide
from tilework.sign_in import SignIn

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Served, Window

SIGN_IN = SignIn("https://sign-in.example", "client", "https://issuer.example")

pytestmark = pytest.mark.page

CLOSED = """
    const closed = { get() { throw new DOMException("Access is denied for this document.", "SecurityError"); } };
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, closed);
"""
"""What a browser does that may keep nothing for a site."""

CUT = """
    const asked = window.fetch;
    window.cut = 0;
    window.fetch = async (address, options) => {
        const response = await asked(address, options);
        if (window.cut || options?.method !== "POST" || !address.endsWith("/api/uploads")) return response;
        window.cut += 1;
        const broken = new ReadableStream({ pull: (each) => each.error(new TypeError("network error")) });
        return new Response(broken, { status: response.status, headers: response.headers });
    };
"""
"""A line that is cut behind the head of the first answer."""

BLOBS = """
    window.held = new Set();
    const [make, free] = [URL.createObjectURL, URL.revokeObjectURL];
    URL.createObjectURL = (blob) => {
        const address = make.call(URL, blob);
        window.held.add(address);
        return address;
    };
    URL.revokeObjectURL = (address) => {
        window.held.delete(address);
        free.call(URL, address);
    };
"""


def test_where_a_browser_keeps_nothing_the_page_works_all_the_same(served: Served, window: Window) -> None:
    window.context.add_init_script(CLOSED)
    page = window.open(served.url)
    page.get_by_role("link", name="Grid").click()
    expect(page.locator(".jobs")).to_have_attribute("data-view", "grid")
    page.locator("#pipeline-text").fill("invert()")
    expect(page.locator(".step h3")).to_have_text(["invert"])
    choose(page, file("a.png"))
    queued(page)
    assert set(there(served)) == {"a.png"}


def test_an_answer_that_is_cut_off_is_asked_for_again(served: Served, window: Window) -> None:
    window.context.add_init_script(CUT)
    page = window.open(served.url)
    choose(page, file("a.png"))
    queued(page)
    assert page.evaluate("window.cut") == 1
    assert set(there(served)) == {"a.png"}


def test_news_that_could_not_be_shown_are_told_again_and_the_fault_is_not_hushed_up(
    served: Served, window: Window
) -> None:
    window.allow("undefined")
    tags: list[str] = []

    def odd_at_first(route: Route) -> None:
        tags.append(route.request.headers.get("if-none-match", ""))
        if len(tags) == 1:
            route.fulfill(content_type="application/json", headers={"ETag": '"odd"'}, body="{}")
        else:
            route.continue_()

    window.context.route("**/api/fleet", odd_at_first)
    page = window.open(f"{served.url}/fleet")
    end = time.monotonic() + 20
    while len(tags) < 2:
        assert time.monotonic() < end
        page.wait_for_timeout(50)
    assert tags[:2] == ["", ""]
    assert [error for error in window.errors if "undefined" in error]


def test_a_list_that_could_not_be_loaded_waits_for_somebody_to_look(served: Served, window: Window) -> None:
    window.allow("500")
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500)

    window.context.route("**/api/jobs?*", fail)
    page = window.open(served.url)
    expect(page.locator("#offline")).to_be_visible()
    hide(page, hidden=True)
    before = len(asked)
    page.wait_for_timeout(3500)
    assert len(asked) == before
    window.context.unroute("**/api/jobs?*")
    hide(page, hidden=False)
    expect(page.locator("#offline")).to_be_hidden()


def test_a_rerun_of_what_is_in_the_bucket_ends_where_it_is_refused(
    remembered: Served,  # noqa: F811 - the fixture
    window: Window,
) -> None:
    for number in range(40):
        remembered.system.inputs.put(f"{number}.png", picture(), metadata={}, content_type="image/png")
    window.allow("403")
    asked: list[str] = []

    def refuse_the_sixth(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        asked.append(route.request.url)
        if len(asked) == 6:
            route.fulfill(
                status=403, content_type="application/json", body=json.dumps({"detail": "Not you."})
            )
        else:
            route.continue_()

    window.context.route("**/api/jobs", refuse_the_sixth)
    page = window.open(remembered.url)
    panel = page.locator("#bucket")
    panel.get_by_text("Process what is already in the bucket").click()
    expect(panel).to_contain_text("40 images")
    panel.get_by_role("button", name="Start").click()
    expect(panel.locator("[data-field=trouble]")).to_have_text("Not you.")
    page.wait_for_timeout(1000)
    assert len(asked) <= 9
    expect(panel.locator("[data-field=progress]")).to_be_hidden()


def test_pictures_of_rows_that_went_are_let_go(
    remembered: Served,  # noqa: F811 - the fixture
    window: Window,
) -> None:
    for number in range(200):
        put(remembered, number, age=number)
    window.allow("429")
    window.context.add_init_script(BLOBS)
    shown = replace(remembered.settings, preview_url="http://127.0.0.1:9")
    remembered.stop()
    remembered.settings = shown
    remembered.start()
    gated = type(remembered)(remembered.system, replace(shown, sign_in=SIGN_IN))
    gated.start()
    jobs = urllib3.request("GET", f"{remembered.url}/api/jobs?limit=200").data.decode()
    answers = {
        "jobs": lambda route: route.fulfill(content_type="application/json", body=jobs),
        "jobs/*/thumbnail": lambda route: route.fulfill(content_type="image/png", body=picture()),
    }
    page = open_signed_in(window, gated, remembered, **answers)
    expect(page.locator("#jobs .job img").first).to_be_visible()
    for _ in range(3):
        for end in ("document.documentElement.scrollHeight", "0"):
            page.evaluate(f"scrollTo(0, {end})")
            page.wait_for_timeout(500)
    end = time.monotonic() + 20
    while page.evaluate("window.held.size - document.querySelectorAll('img[data-blob]').length"):
        assert time.monotonic() < end, page.evaluate("window.held.size")
        page.wait_for_timeout(100)
    gated.stop()
