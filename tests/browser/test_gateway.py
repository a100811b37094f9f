"""The page behind a gateway, whose refusals are not the master's, and where each request is paid for."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import urllib3
from playwright.sync_api import expect

from tests.browser.conftest import Served
from tests.browser.test_orders import fail
from tests.browser.test_page import choose, file
from tilework.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Window

THROTTLED = json.dumps({"message": "Too Many Requests"})

PACES = """
    window.paces = [];
    const wait = window.setTimeout;
    window.setTimeout = (what, pace, ...more) => {
        window.paces.push(pace);
        return wait(what, Math.min(pace, 20), ...more);
    };
"""
"""Time goes faster, and how long each wait was to be is noted."""

SIGNED_IN = f"""
    sessionStorage.setItem("tilework.session", JSON.stringify({{
        access: "a.b.c", refresh: "r", since: 0, end: {time.time() + 86_400}, email: "zoe@example.org"
    }}));
"""


def throttle(route: Route) -> None:
    route.fulfill(status=429, content_type="application/json", body=THROTTLED)


@pytest.fixture
def behind_sign_in(served: Served) -> Iterator[Served]:
    """The same system where people sign in; its API is the tests' own, since no gateway judges tokens here."""
    sign_in = SignIn("https://sign-in.example", "client", "https://issuer.example")
    gated = Served(served.system, replace(served.settings, sign_in=sign_in))
    gated.start()
    yield gated
    gated.stop()


def open_signed_in(
    window: Window, gated: Served, like: Served, path: str = "/", **answers: Callable[[Route], None]
) -> Page:
    """A page of somebody who is signed in: as it is rendered where nobody has to, with a way out."""
    body = urllib3.request("GET", like.url + path).data.decode()
    body = body.replace("</main>", '<button id="sign-out">Sign out</button></main>')
    window.context.add_init_script(SIGNED_IN)
    window.context.add_init_script(PACES)
    window.context.route("**/api/**", throttle)
    for name, answer in answers.items():
        window.context.route(f"**/api/{name}*", answer)
    window.context.route("**/api/page/**", lambda route: route.fulfill(content_type="text/html", body=body))
    return window.open(gated.url + path)


def paces(page: Page, wanted: list[int]) -> None:
    """Wait until somebody has waited for these milliseconds one after the other; others may wait in between."""
    page.wait_for_function(
        """(wanted) => {
            let at = 0;
            for (const pace of window.paces) if (pace === wanted[at]) at += 1;
            return at === wanted.length
        }""",
        arg=wanted,
    )


def test_an_upload_that_the_gateway_holds_up_says_what_it_said_and_goes_on_by_itself(
    served: Served, window: Window
) -> None:
    window.allow("429")
    window.context.route("**/api/uploads", throttle)
    page = window.open(served.url)
    choose(page, file("a.png"))
    expect(page.locator("#uploads .job-reason")).to_have_text("Too Many Requests")
    window.context.unroute("**/api/uploads")
    expect(page.locator("#uploads .badge")).to_have_text("queued", timeout=40_000)


def test_a_page_that_is_throttled_asks_less_and_less_often_and_says_that_nobody_answers(
    served: Served, window: Window
) -> None:
    window.allow("429")
    window.context.add_init_script(PACES)
    window.context.route("**/api/jobs?*", throttle)
    page = window.open(served.url)
    expect(page.locator("#offline")).to_be_visible()
    paces(page, [1000, 2000, 4000, 8000, 16000, 30000])


@pytest.mark.page
def test_who_stays_for_an_upload_when_a_sign_in_is_over_is_told_so_and_hung_by_nothing(
    behind_sign_in: Served, served: Served, window: Window
) -> None:
    # the browser asks whether the page is to be left, and a window stays
    window.allow("429", "400", "dialog: ")

    def let_through(route: Route) -> None:
        address = route.request.url.replace(behind_sign_in.url, served.url)
        route.fulfill(response=route.fetch(url=address))

    page = open_signed_in(window, behind_sign_in, served, pipeline=let_through)
    window.context.route("**/oauth2/token", lambda route: route.fulfill(status=400, body="{}"))
    # the page is alive
    expect(page.locator("#offline")).to_be_visible()
    page.locator("#pipeline-text").click()
    choose(page, file("a.png"))
    why = page.locator("#uploads .job-reason")
    expect(why).to_have_text("Too Many Requests")
    page.evaluate(
        """() => {
            const session = JSON.parse(sessionStorage.getItem("tilework.session"));
            sessionStorage.setItem("tilework.session", JSON.stringify({ ...session, end: 0 }));
        }"""
    )
    expect(why).to_contain_text("Your sign-in is over.", timeout=60_000)
    expect(page).to_have_url(f"{behind_sign_in.url}/")


def unchanged(route: Route) -> None:
    """A list in which nothing is under way."""
    if "if-none-match" in route.request.headers:
        route.fulfill(status=304)
    else:
        body = json.dumps({"jobs": [], "truncated": False, "next": ""})
        route.fulfill(content_type="application/json", headers={"ETag": '"1"'}, body=body)


def test_where_people_sign_in_a_page_asks_seldom_and_the_less_the_longer_nothing_changes(
    behind_sign_in: Served, served: Served, window: Window
) -> None:
    window.allow("429")
    asked: list[Route] = []
    page = open_signed_in(
        window, behind_sign_in, served, jobs=lambda route: (asked.append(route), unchanged(route))
    )
    paces(page, [5000, 10000, 20000, 30000, 30000])
    # who waits for less asks for nothing: the first look, the one that tells a tag, and one behind each long pause
    longer = [pace for pace in page.evaluate("window.paces") if pace in {10_000, 20_000, 30_000}]
    assert len(asked) <= 3 + len(longer)


def test_a_download_that_is_refused_is_told_and_not_saved_as_the_file(
    behind_sign_in: Served, served: Served, window: Window
) -> None:
    window.allow("429")
    fail(served, "a.png")
    page = open_signed_in(window, behind_sign_in, served, "/?state=FAILED")
    saved: list[object] = []
    page.on("download", lambda found: saved.append(found))  # noqa: PLW0108 - it is marked by the library
    page.get_by_role("link", name="CSV").click()
    expect(page.get_by_role("alert").filter(has_text="Too Many Requests")).to_be_visible()
    assert saved == []
