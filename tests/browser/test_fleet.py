"""The fleet as a person looks at it: hosts come, work, fall silent and go, without the page being loaded anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import urllib3
from playwright.sync_api import expect

from tests.browser.test_gateway import behind_sign_in, open_signed_in  # noqa: F401 - a fixture of theirs
from tilework.jobs.signs import SPAN_SECONDS, HostSign, HostState, Past, RankWork, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Served, Window


def sign(host: str = "host-1", **changes: object) -> HostSign:
    """A host that has just told of itself."""
    now = time.time()
    told: dict[str, object] = {
        "host": host, "state": HostState.WORKING, "since": now - 7300, "at": now, "again": 60.0, "ranks": 3, "busy": 0.5,
        "work": (RankWork(2, "decode", "ab" * 16, "", now - 65), RankWork(3, "kernels", "cd" * 16, "0-write/17", now)),
        "jobs": 2, "units": 1, "past": Past(int(now // SPAN_SECONDS) - 2, (0, 100, 50), (0, 4, 1200), (0, 9, 3)),
    }  # fmt: skip
    return HostSign(**(told | changes))  # type: ignore[arg-type]


def seen(page: Page) -> list[str]:
    """What the page shows, apart from times that pass and what marks only one of two spellings."""
    return [line.strip() for line in page.locator("#fleet").inner_text().split("\n") if line.strip()]


@pytest.mark.page
def test_a_host_is_followed_from_its_start_to_its_end(served: Served, window: Window) -> None:
    page = window.open(f"{served.url}/fleet")
    expect(page.get_by_text("No host is there.")).to_be_visible()
    table = served.system.table
    tell(table, sign(state=HostState.STARTING, work=(), ranks=3, jobs=0, units=0))
    host = page.locator("#hosts > li")
    expect(host).to_have_attribute("data-state", "starting")
    expect(page.get_by_text("No host is there.")).to_be_hidden()
    tell(table, sign())
    expect(host).to_have_attribute("data-state", "working")
    expect(host.locator("li")).to_have_count(3)
    expect(host.locator("li").nth(0)).to_contain_text("idle")
    expect(host.locator("li").nth(1)).to_contain_text("decoding")
    expect(host.locator("li").nth(2).get_by_role("link")).to_have_text("image cdcdcdcd, part 0-write/17")
    tell(table, sign(state=HostState.IDLE, work=()))
    expect(host.locator("li[data-phase]")).to_have_count(0)
    expect(host.get_by_role("link")).to_have_count(0)
    tell(table, sign(state=HostState.GONE, work=()))
    expect(host).to_have_count(0)
    expect(page.get_by_text("No host is there.")).to_be_visible()


@pytest.mark.page
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_server_and_the_module_say_the_same(
    served: Served, window_of: Callable[..., Window], language: str
) -> None:
    now = time.time()
    # long ago, so that both tell the same although they are made one after the other
    work = (
        RankWork(1, "encode", "ab" * 16, "", now - 150),
        RankWork(3, "assemble", "cd" * 16, "1-assemble/0", now - 90),
    )
    tell(served.system.table, sign(since=now - 7800, waited=75, work=work))
    served.system.jobs.send("x")
    told = window_of(locale=language, java_script_enabled=False).open(f"{served.url}/fleet")
    made = window_of(locale=language).open(f"{served.url}/fleet")
    with made.expect_response("**/api/fleet"):
        made.reload()
    made.wait_for_timeout(300)
    assert seen(made) == seen(told)


@pytest.mark.page
def test_a_silent_host_is_shown_as_one(served: Served, window: Window) -> None:
    tell(served.system.table, sign(at=time.time() - 300))
    page = window.open(f"{served.url}/fleet")
    expect(page.locator("#hosts > li")).to_contain_text("no sign of life")
    expect(page.locator("#hosts > li")).to_contain_text("told of itself 5 min ago")


@pytest.mark.page
def test_a_hundred_hosts_find_place_on_a_phone(served: Served, window_of: Callable[..., Window]) -> None:
    for number in range(100):
        tell(
            served.system.table, sign(f"ip-10-0-0-{number}.eu-central-1.compute.internal", kind="c7i.xlarge")
        )
    page = window_of(viewport={"width": 360, "height": 740}).open(f"{served.url}/fleet")
    expect(page.locator("#hosts > li")).to_have_count(100)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.page
def test_a_master_that_is_gone_is_told_and_found_again(served: Served, window: Window) -> None:
    window.allow("ERR_CONNECTION_REFUSED")
    tell(served.system.table, sign())
    page = window.open(f"{served.url}/fleet")
    served.stop()
    expect(page.locator("#offline")).to_be_visible(timeout=40_000)
    served.start()
    expect(page.locator("#offline")).to_be_hidden(timeout=40_000)


@pytest.mark.page
def test_hostile_names_of_hosts_are_only_text(served: Served, window: Window) -> None:
    tell(served.system.table, sign("<img src=x onerror=alert(1)>\u202e", kind="<b>c7i</b>"))
    page = window.open(f"{served.url}/fleet")
    page.wait_for_timeout(1500)
    expect(page.locator("#hosts img, #hosts b")).to_have_count(0)
    expect(page.locator("#hosts")).to_contain_text("<img src=x onerror=alert(1)>\\u202e")


@pytest.mark.page
def test_who_is_signed_in_sees_the_fleet_and_keeps_language_and_theme(
    served: Served,
    behind_sign_in: Served,  # noqa: F811 - the fixture
    window_of: Callable[..., Window],
) -> None:
    tell(served.system.table, sign())
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.headers.get("authorization", ""))
        body = urllib3.request("GET", f"{served.url}/api/fleet").data.decode()
        route.fulfill(content_type="application/json", body=body)

    window = window_of(locale="de-DE")
    # the pulse is throttled
    window.allow("429")
    page = open_signed_in(window, behind_sign_in, served, "/fleet", fleet=answer)
    expect(page.locator("#hosts > li")).to_have_attribute("data-state", "working")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.wait_for_function("() => performance.getEntriesByName(location.origin + '/api/fleet').length >= 1")
    assert set(asked) == {"Bearer a.b.c"}
