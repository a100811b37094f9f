"""What a person does to jobs on the page: try again, call off, another pipeline, all failures of a code."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.network import First
from tests.browser.test_page import picture, store_result
from tilework.errors import CrashedError, DamagedImageError, TooSlowError
from tilework.jobs.batches import Batch
from tilework.jobs.job import Ask, Drop, State

if TYPE_CHECKING:
    from tests.browser.conftest import Served, Window
    from tilework.jobs.job import Job


def fail(
    served: Served,
    key: str,
    failure: type[DamagedImageError | CrashedError | TooSlowError] = DamagedImageError,
) -> Job:
    version = served.system.inputs.put(key, picture(), metadata={}, content_type="image/png")
    job = served.claim(key, version=version)
    return served.life.end(job, State.FAILED, failure=failure("It is cut short."))


def test_a_failed_image_is_tried_again_called_off_and_its_story_told(served: Served, window: Window) -> None:
    job = fail(served, "a.png", CrashedError)
    page = window.open(f"{served.url}/jobs/{job.id}")
    story = page.locator("#story")
    expect(story).to_contain_text(re.compile(r"Attempt 1\s+failed\s+on host-1"))
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".detail-head .badge")).to_have_text("queued")
    expect(story).to_contain_text("A user had it tried again")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".detail-head .badge")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".detail-head .badge")).to_have_text("queued")
    store_result(served, served.claim("a.png", version=job.version))
    expect(page.locator(".detail-head .badge")).to_have_text("done")
    expect(story).to_contain_text("Its result is stored.")


def test_an_image_goes_through_another_pipeline_from_its_page(served: Served, window: Window) -> None:
    window.allow("422")
    job = fail(served, "a.png", CrashedError)
    page = window.open(f"{served.url}/jobs/{job.id}")
    text = page.get_by_label("Another pipeline for this image")
    expect(text).to_have_value("blur(9)")
    text.fill("blurr(9)")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#rerun-error")).to_contain_text("blur")
    text.fill("canny(100,200)")
    page.get_by_role("button", name="Run").click()
    asked = Ask(Drop(job.bucket, job.key, job.version), "canny(100, 200)").job_id
    page.wait_for_url(f"**/jobs/{asked}")
    expect(page.locator(".detail-head .job-pipeline")).to_have_text("canny(100, 200)")
    expect(page.locator(".detail-head .badge")).to_have_text("queued")


def test_all_failures_of_a_code_are_tried_again_from_their_list_and_downloaded(
    served: Served, window: Window
) -> None:
    for number in range(3):
        fail(served, f"{number}.png", CrashedError)
    fail(served, "damaged.png")
    page = window.open(f"{served.url}/?state=FAILED")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 5
    page.locator("#retry-code").select_option("crashed")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#retry-told")).to_have_text("3 images are queued again.")
    expect(page.locator("#jobs .job-name")).to_have_text(["damaged.png"])
    assert len(list(served.system.table.list(State.QUEUED))) == 3


@pytest.mark.page
def test_what_is_tried_again_is_what_the_list_is_filtered_by(served: Served, window: Window) -> None:
    crashed = fail(served, "crashed.png", CrashedError)
    slow = fail(served, "slow.png", TooSlowError)
    page = window.open(f"{served.url}/?state=FAILED")
    button = page.get_by_role("button", name="Try again")
    expect(button).to_be_visible()
    page.get_by_role("searchbox").fill("crashed")
    # of words an order knows nothing
    expect(button).to_be_hidden()
    page.get_by_role("searchbox").fill("")
    expect(button).to_be_visible()
    page.get_by_text("More filters").click()
    code = page.get_by_label("Failure code")
    code.fill("crashed")
    code.press("Tab")
    expect(page.locator("#retry-code")).to_have_value("crashed")
    expect(page.get_by_role("link", name="CSV")).to_have_attribute("href", re.compile(r"[?&]code=crashed$"))
    button.click()
    expect(page.locator("#retry-told")).to_have_text("1 image is queued again.")
    states = {job.id: job.state for job in served.system.table.list()}
    assert (states[crashed.id], states[slow.id]) == (State.QUEUED, State.FAILED)


@pytest.mark.page
def test_a_batch_that_was_over_is_followed_again_when_its_failures_are_tried_again(
    served: Served, window: Window
) -> None:
    served.system.batches.note(Batch("b1", "", 1, title="trip", created=time.time() - 60))
    version = served.system.inputs.put("a.png", picture(), metadata={}, content_type="image/png")
    job = served.claim("a.png", version=version, batch="b1")
    served.life.end(job, State.FAILED, failure=CrashedError("It crashed."))
    page = window.open(f"{served.url}/?batch=b1&state=FAILED")
    rest = page.locator('#batch [data-field="rest"]')
    expect(rest).to_have_text("All are over")
    page.get_by_role("button", name="Try again").click()
    expect(rest).to_have_text("1 waiting")


@pytest.mark.page
def test_orders_for_more_than_may_be_ordered_at_once_go_on_when_they_may(
    served: Served, window: Window
) -> None:
    window.allow("429")
    jobs = [fail(served, f"{number}.png", CrashedError) for number in range(6)]
    page = window.open(f"{served.url}/?state=FAILED")
    told = json.dumps({"status": 429, "code": "too_many_requests", "detail": "Too many.", "seconds": 1})
    asked = First(
        lambda route: route.fulfill(status=429, content_type="application/problem+json", body=told), 3
    )
    page.route("**/api/jobs/*/retry", asked)
    page.locator("#pick-all").check()
    page.locator('#selection [data-do="retry"]').click()
    expect(page.locator('#selection [data-field="told"]')).to_have_text("6 are queued again.")
    assert len(asked.met) == 3 + len(jobs)
    assert {served.system.table.get(job.id).state for job in jobs} == {State.QUEUED}  # type: ignore[union-attr]


def test_statistics_are_a_page_of_their_own(served: Served, window: Window) -> None:
    page = window.open(served.url)
    page.get_by_role("link", name="Statistics").click()
    expect(page.get_by_text("Nothing has ended in these days.")).to_be_visible()
    expect(page.locator("h1")).to_have_text(re.compile("Statistics"))
