"""While ranks work, the page of the fleet says which of them does what; and when they are done, that they are idle."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flow.pictures import noise, png
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.running_system import RunningSystem

SOON = 60_000
"""Milliseconds: a limit against hanging."""


@pytest.fixture
def page(running: RunningSystem, browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.goto(f"{running.environment['TILEWORK_URL']}/fleet")
    yield page
    page.close()
    assert faults == []


def test_the_fleet_s_page_follows_the_ranks_at_their_work(running: RunningSystem, page: Page) -> None:
    host = page.locator("#hosts > li")
    expect(host).to_have_attribute("data-state", "idle", timeout=SOON)
    gate = running.state / "gate"
    gate.mkdir()
    try:
        jobs = [
            running.drop(f"fleet/{number}.png", png(noise(60, 50)), pipeline="wait_at_gate() | invert()")
            for number in range(2)
        ]
        wait_for(lambda: len(list(gate.iterdir())) == 2, 30)
        expect(host).to_have_attribute("data-state", "working", timeout=SOON)
        at_work = host.locator("li[data-phase=kernels]")
        expect(at_work).to_have_count(2, timeout=SOON)
        links = {link.get_attribute("href") for link in at_work.locator("a").all()}
        assert links == {f"/jobs/{job}" for job in jobs}
        expect(page.locator("[data-field=busy]").first).not_to_have_text("0 %", timeout=SOON)
        expect(page.locator("#pulse")).to_have_text(re.compile("in work"), timeout=SOON)
    finally:
        shutil.rmtree(gate)
    running.ended(jobs)
    expect(host).to_have_attribute("data-state", "idle", timeout=SOON)
    expect(at_work).to_have_count(0)
    expect(page.get_by_text("The same work in AWS")).to_be_visible()
