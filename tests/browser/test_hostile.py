"""What strangers name and upload, in a real browser: shown, and never run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from master.jobs import display_name
from tests.browser.test_page import picture
from tests.hostile_keys import ON_A_PAGE
from tilework.jobs.history import Deed, Entry
from tilework.jobs.job import Job, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" onload="fetch('CANARY')"><script>fetch('CANARY')</script></svg>"""
HTML = b"<!doctype html><script>fetch('CANARY'); document.title = 'pwned'</script><img src=x onerror=fetch('CANARY')>"
XML = b"""<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>fetch('CANARY')</script></html>"""
SCRIPTS = {
    "image/svg+xml": SVG, "text/html": HTML, "application/xhtml+xml": XML, "image/jpeg": HTML, "text/javascript": HTML
}  # fmt: skip
"""Files that would run, and what they say that they are."""


def put(served: Served, number: int, text: str) -> Job:
    """A failed job of which everything that a stranger writes is ``text``."""
    entry = Entry(Deed.ATTEMPT, 1.0, end=2.0, number=1, host=text, rank=1, code=text[:60], reason=text[:100])
    row = Job(
        f"{number:032x}", served.system.inputs.bucket, text, "v", State.FAILED, code=text[:60], reason=text, advice=text,
        pipeline=text, batch=text[:60], note=text, owner=text, history=(entry,), created=1e9 - number, updated=1e9 - number,
    )  # fmt: skip
    assert served.system.table.create(row) is None
    return row


def names(page: Page, place: str) -> list[str]:
    return [" ".join(each.split()) for each in page.locator(place).all_text_contents()]


def wanted(rows: list[Job]) -> list[str]:
    return [" ".join(display_name(row).split()) for row in rows]


def ran(page: Page) -> bool:
    return bool(page.evaluate("window.pwned !== undefined"))


def test_thirty_nine_names_come_to_the_list_and_the_reasons_by_the_modules_as_mere_text(
    served: Served, window_of: Callable[..., Window]
) -> None:
    # so high that the list, which holds what can be seen, holds all
    window = window_of(viewport={"width": 1280, "height": 6000})
    lists, reasons = window.open(served.url), window.open(f"{served.url}/failures")
    expect(lists.locator("#empty")).to_be_visible()
    rows = [put(served, number, text) for number, text in enumerate(ON_A_PAGE)]
    for page, place in ((lists, "#jobs .job-name"), (reasons, "#reasons [data-field=name]")):
        page.bring_to_front()
        expect(page.locator(place)).to_have_count(len(rows))
        assert sorted(names(page, place)) == sorted(wanted(rows))
        # from the server it is the same, and what the modules add to it
        page.reload()
        expect(page.locator(place)).to_have_count(len(rows))
        assert sorted(names(page, place)) == sorted(wanted(rows))
        assert not ran(page)
        assert page.locator("iframe, main script, #jobs img, #reasons img, [onerror], [onload]").count() == 0


@pytest.mark.page
def test_thirty_nine_names_on_the_page_of_their_job_and_of_their_batch(
    served: Served, window: Window
) -> None:
    # there are no such objects, and the browser says so
    window.allow("404", "Failed to load resource")
    window.context.set_default_navigation_timeout(60_000)
    page = window.open(served.url)
    for number, text in enumerate(ON_A_PAGE):
        row = put(served, number, text)
        page.goto(f"{served.url}/jobs/{row.id}")
        expect(page.locator("h1")).to_have_text(" ".join(display_name(row).split()))
        # a module has written it anew: the times are as the reader's clock has them
        expect(page.locator("#story time").first).not_to_contain_text("UTC")
        assert not ran(page)
        page.goto(f"{served.url}/?batch={quote(row.batch, safe='')}")
        expect(page.locator("#jobs .job-name")).to_have_count(1)
        assert not ran(page)
        assert page.url.startswith(served.url)


@pytest.mark.page
@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_that_is_called_an_image_is_saved_and_never_run(
    served: Served, window: Window, kind: str
) -> None:
    """Both links of a job, opened as an address, and as a picture."""
    window.allow("Failed to load", "violates", "404", "ERR_")
    canary = f"{served.url}/canary"
    asked: list[str] = []
    window.context.on("request", lambda request: asked.append(request.url))
    body = SCRIPTS[kind].replace(b"CANARY", canary.encode())
    upload = {"filename": "photo.jpg", "content_type": kind}
    form = httpx.post(f"{served.url}/api/uploads", json=upload).json()
    assert (
        httpx.post(form["url"], data=form["fields"], files={"file": ("photo.jpg", body)}).status_code == 201
    )
    job = served.claim_dropped("photo.jpg")
    served.system.outputs.put("results/photo.svg", body, metadata={}, content_type=kind)
    row = served.system.table.get(job.id)
    assert row is not None
    over = replace(
        row, state=State.DONE, result_key="results/photo.svg", serial=row.serial + 1, updated=time.time()
    )
    assert served.system.table.replace(over, seen=row) is None
    page = window.open(f"{served.url}/jobs/{job.id}")
    links = httpx.get(f"{served.url}/api/jobs/{job.id}").json()["links"]
    for side in ("input", "result"):
        told = httpx.get(links[side]).headers
        assert told["content-disposition"].startswith("attachment;")
        assert told["content-type"] == "application/octet-stream"
        # opened in a tab of its own, it is a download: the tab stays where it was
        tab = window.context.new_page()
        with tab.expect_download() as download, pytest.raises(Exception, match="Download is starting"):
            tab.goto(links[side])
        assert download.value.path().read_bytes() == body
        assert tab.url == "about:blank"
        # a frame of somebody's saves it as well
        framed = window.context.new_page()
        framed.set_content(f'<iframe src="{links[side]}"></iframe><object data="{links[side]}"></object>')
        framed.wait_for_timeout(300)
    page.wait_for_timeout(300)
    assert [each for each in asked if each.startswith(canary)] == []


def test_a_name_that_is_too_long_is_told_so_and_not_offered_to_be_sent_again(
    served: Served, window: Window
) -> None:
    window.allow("422")
    page = window.open(served.url)
    page.locator("#files").set_input_files(
        {"name": "x" * 1100 + ".png", "mimeType": "image/png", "buffer": picture()}
    )
    row = page.locator("#uploads .upload[data-state=FAILED]")
    expect(row).to_contain_text("The file's name is too long for S3")
    expect(row.get_by_role("button", name="Try again")).to_be_hidden()
