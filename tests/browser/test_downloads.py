"""A result that is no image is a download, and nothing that the page fetches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.test_page import picture, store_result

if TYPE_CHECKING:
    from tests.browser.conftest import Served, Window


def test_an_archive_is_never_fetched_to_be_looked_at(served: Served, window: Window) -> None:
    version = served.system.inputs.put("in/p.png", picture(), metadata={}, content_type="image/png")
    job = served.claim("in/p.png", version=version)
    page = window.open(f"{served.url}/jobs/{job.id}")
    expect(page.get_by_text("Not there yet.")).to_be_visible()
    store_result(served, job, suffix=".dzi.tar")
    expect(page.locator("[data-field=result-note]")).to_have_text(
        "The result is an archive of tiles; download it."
    )
    expect(page.locator("[data-field=result-image]")).not_to_have_attribute("src", re.compile("."))
    expect(page.locator("[data-field=result-link]")).to_be_visible()
