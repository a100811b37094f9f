"""What failed, on its own page: reasons, orders for all of one, and the story of a job with and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_orders import fail
from tests.browser.test_page import store_result
from tilework.errors import CrashedError, UnexpectedError
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.transitions import Claimant

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.conftest import Served, Window


def test_all_of_a_reason_are_tried_again_or_go_through_another_pipeline(
    served: Served, window: Window
) -> None:
    window.allow("422")
    for number in range(3):
        fail(served, f"{number}.png", CrashedError)
    fail(served, "damaged.png")
    page = window.open(f"{served.url}/failures")
    crashed, damaged = page.locator("[data-code=crashed]"), page.locator("[data-code=damaged]")
    expect(crashed.locator(".badge")).to_have_text("3 images")
    expect(damaged.get_by_role("button", name="Try again")).to_be_hidden()
    crashed.get_by_text("With another pipeline").click()
    text = crashed.get_by_label("Another pipeline for these images")
    expect(text).to_have_value("blur(9)")
    text.fill("blurr(9)")
    crashed.get_by_role("button", name="Run").click()
    expect(crashed.get_by_role("alert")).to_contain_text("blurr")
    expect(crashed.get_by_role("status")).to_be_hidden()
    red, green = (crashed.locator(f"[data-field={name}]") for name in ("trouble", "told"))
    assert background(red) != background(green)
    text.fill("invert")
    crashed.get_by_role("button", name="Run").click()
    expect(crashed.get_by_role("status")).to_have_text("3 images are queued with the other pipeline.")
    expect(crashed.get_by_role("alert")).to_be_hidden()
    assert {row.pipeline for row in served.system.table.list(State.QUEUED)} == {"invert()"}
    crashed.get_by_role("button", name="Try again").click()
    expect(crashed.get_by_role("status")).to_have_text("3 images are queued again.")
    expect(crashed.locator(".badge")).to_have_text("0 images")
    assert [row.code for row in served.system.table.list(State.FAILED)] == ["damaged"]


def background(element: Locator) -> object:
    return element.evaluate("element => getComputedStyle(element).backgroundColor")


@pytest.mark.page
def test_images_that_a_newer_run_has_mended_are_told_as_soon_as_it_is_done(
    served: Served, window: Window
) -> None:
    failed = [fail(served, f"{number}.png") for number in range(2)]
    page = window.open(f"{served.url}/failures")
    damaged = page.locator("[data-code=damaged]")
    expect(damaged.get_by_text("0.png")).to_be_visible()
    expect(damaged.get_by_text("Done since in a newer run")).to_be_hidden()
    ask = Ask(Drop(failed[0].bucket, "0.png", failed[0].version), "invert()")
    job = served.life.claim(
        ask, pipeline="invert()", source_bytes=1, claimant=Claimant("host-1", "m", 60)
    ).job
    store_result(served, job)
    expect(damaged.get_by_text("Done since in a newer run: 1 of 2")).to_be_visible()
    expect(damaged.locator("[data-field=through]")).to_have_text("invert()")
    expect(page.get_by_text("1 of them is done since, in a newer run.")).to_be_visible()
    link = damaged.get_by_role("link", name="done in a newer run")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", f"/jobs/{job.id}")


@pytest.mark.page
def test_reasons_appear_as_they_come_and_lead_to_their_images_and_tables(
    served: Served, window: Window
) -> None:
    page = window.open(f"{served.url}/failures")
    expect(page.get_by_text("Nothing has failed.")).to_be_visible()
    job = fail(served, "late.png", CrashedError)
    crashed = page.locator("[data-code=crashed]")
    expect(crashed.get_by_role("heading", level=2)).to_have_text("The work ended its own process")
    expect(page.get_by_text("1 image failed.")).to_be_visible()
    expect(page.get_by_text("Nothing has failed.")).to_be_hidden()
    expect(crashed.get_by_role("link", name="late.png")).to_have_attribute("href", f"/jobs/{job.id}")
    with page.expect_download() as download:
        crashed.get_by_role("link", name="CSV").click()
    assert job.id in download.value.path().read_text()
    crashed.get_by_role("link", name="What it means").click()
    expect(page.locator("#problem-crashed")).to_be_in_viewport()
    page.go_back()
    page.locator("[data-code=crashed]").get_by_role("link", name="All of its images").click()
    expect(page.locator("#jobs .job-name")).to_have_text(["late.png"])


@pytest.mark.page
def test_the_story_of_a_job_reads_the_same_with_and_without_scripts(
    served: Served, window_of: Callable[..., Window]
) -> None:
    version = served.system.inputs.put("a.png", b"no image", metadata={}, content_type="image/png")
    served.life.release(served.claim("a.png", version=version), UnexpectedError("It was odd."), rank=3)
    again = served.claim("a.png", version=version)
    job = served.life.end(again, State.FAILED, failure=CrashedError("It died."))
    served.life.cancel(served.life.retry(job))
    told = []
    for scripts in (False, True):
        page = window_of(java_script_enabled=scripts).open(f"{served.url}/jobs/{job.id}")
        story = page.locator("#story")
        if scripts:
            # the module has written the times as the reader's clock has them
            expect(story.locator("time").first).not_to_contain_text("UTC")
        text = story.inner_text()
        for time in story.locator("time").all_inner_texts():
            text = text.replace(time, "")
        told.append(text)
    assert told[0] == told[1]
    assert "Attempt 1" in told[0]
    assert "rank 3" in told[0]


@pytest.mark.page
@pytest.mark.parametrize("code", [CrashedError, None])
def test_a_failed_jobs_page_offers_only_what_could_help(
    served: Served, window: Window, code: type[CrashedError] | None
) -> None:
    job = fail(served, "a.png", code) if code else fail(served, "a.png")
    page = window.open(f"{served.url}/jobs/{job.id}")
    hopeful = code is not None
    expect(page.get_by_role("button", name="Try again")).to_be_visible(visible=hopeful)
    expect(page.get_by_label("Another pipeline for this image")).to_be_visible(visible=hopeful)
    expect(page.get_by_text("Trying again cannot help")).to_be_visible(visible=not hopeful)
