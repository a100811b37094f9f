"""A large image on the page while its stages run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Served, Window


def test_a_job_in_stages_shows_how_far_it_is(served: Served, window: Window) -> None:
    job = served.claim("scan.tiff")
    staged = replace(
        job,
        stage="1-write",
        stage_units=60,
        units_in_all=64,
        units_behind=3,
        staged=job.started,
        serial=job.serial + 1,
    )
    table = served.system.table
    assert table.replace(staged, seen=job) is None
    page = window.open(served.url)
    progress = page.locator("#jobs progress")
    expect(progress).to_have_attribute("max", "64")
    assert (
        table.mark_done(job.id, range(29), epoch=staged.epoch, stage="1-write", now=job.started) is not None
    )
    expect(progress).to_have_js_property("value", 32)
    page = window.open(f"{served.url}/jobs/{job.id}")
    expect(page.locator("#job [data-field=progress]")).to_be_visible()
    columns = page.locator("#job").evaluate(
        "it => getComputedStyle(it).gridTemplateColumns.split(' ').length"
    )
    assert columns == 1, "the bar makes no columns of its own"
