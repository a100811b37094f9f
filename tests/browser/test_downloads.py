"""Results as they are downloaded: what is no image is nothing that the page fetches, and a script asks where they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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


def test_a_script_that_copies_results_asks_where_they_are(served: Served, window: Window) -> None:
    version = served.system.inputs.put("in/p.png", picture(), metadata={}, content_type="image/png")
    job = store_result(served, served.claim("in/p.png", version=version))
    script = window.open(served.url).evaluate(
        """async () => {
            const own = document.querySelector('script[type="module"]').src;
            const { script } = await import(new URL("jobs/downloads.js", own));
            return script((await (await fetch("/api/downloads")).json()).downloads);
        }"""
    )
    (place,) = (line for line in script.splitlines() if line.startswith("aws "))
    endpoint = urlsplit(served.system.outputs.presigned_get("a", None, filename="a", seconds=9))
    assert f"'s3://{served.system.outputs.bucket}/{job.result_key}'" in place
    assert place.endswith(f" --endpoint-url '{endpoint.scheme}://{endpoint.netloc}'")
    assert ". .tilework/local.env;" in script
