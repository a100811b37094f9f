"""What a person does on the page, and sees there. Where the page changes, this changes, and no story."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import FilePayload, Locator, Page

    from tests.browser.conftest import Window

SOON = 45_000
"""Milliseconds: a generous limit against hanging, not a promise of speed."""

DROP = """([files, kinds]) => {
    const transfer = new DataTransfer();
    for (const [name, body] of files) {
        const bytes = Uint8Array.from(atob(body), (each) => each.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: "image/png" }));
    }
    for (const kind of kinds) {
        const options = { bubbles: true, cancelable: true };
        document.querySelector("main").dispatchEvent(kind === "paste"
            ? new ClipboardEvent(kind, { clipboardData: transfer, ...options })
            : new DragEvent(kind, { dataTransfer: transfer, ...options }));
    }
}"""
"""Files from outside come into a page by events whose data only a browser's own script can make."""


@dataclass
class Person:
    """Somebody with a browser."""

    window: Window
    page: Page

    def is_ready(self) -> None:
        """Wait until the page's modules have run."""
        expect(self.page.locator("#add-operation")).to_be_enabled(timeout=SOON)

    # --- drop ------------------------------------------------------------------------------------------------------

    def takes(self, pipeline: str) -> None:
        """Write a pipeline."""
        self.pipeline.fill(pipeline)
        expect(self.page.locator("#pipeline-error")).to_be_hidden()

    @property
    def pipeline(self) -> Locator:
        return self.page.locator("#pipeline-text")

    def chooses(self, *files: FilePayload | Path) -> None:
        self.page.locator("#files").set_input_files(list(files))  # type: ignore[arg-type]

    def drops(self, **files: str) -> None:
        """Let files (their bodies in base64) fall onto the page."""
        self._throw(files, "dragenter", "dragover", "drop")

    def pastes(self, **files: str) -> None:
        self._throw(files, "paste")

    def _throw(self, files: dict[str, str], *kinds: str) -> None:
        self.page.evaluate(DROP, [[[f"{name}.png", body] for name, body in files.items()], list(kinds)])

    # --- watch -----------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Locator:
        """The jobs of the list that are shown."""
        return self.page.locator("#jobs .job")

    def scrolls_to(self, name: str) -> None:
        """Go down the list, whose end brings older jobs, until that of ``name`` is there; only rows near the screen are."""

        def found() -> bool:
            self.page.evaluate("scrollBy(0, innerHeight)")
            self.page.wait_for_timeout(100)
            return self.row(name).count() > 0

        wait_for(found, SOON / 1000, f"{name} in the list")

    def row(self, name: str | re.Pattern[str]) -> Locator:
        """The first job in the list that is of a file called so."""
        return self.rows.filter(has_text=name).first

    @property
    def drop_path(self) -> str:
        """Where the jobs of the last drop are listed, once all of it is in the bucket."""
        expect(self.page.locator("#uploads .upload")).to_have_count(0, timeout=4 * SOON)
        return self.page.locator("#drops [data-field=link]").get_attribute("href") or ""

    def looks_at_the_list(self) -> None:
        """Scroll to it: only rows that can be seen are there."""
        self.page.locator("#jobs-title").evaluate("(title) => title.scrollIntoView()")

    def upload(self, name: str) -> Locator:
        """The row of an upload that is not yet a job."""
        return self.page.locator("#uploads .job").filter(has_text=name).first

    def sees(self, name: str, state: str) -> None:
        """Look at the list until it shows the job of ``name`` in ``state``."""
        self.looks_at_the_list()
        expect(self.row(name).locator("[data-field=state]")).to_have_text(state, timeout=SOON)

    def is_told_that_nobody_answers(self, told: bool = True) -> None:
        expect(self.page.locator("#offline")).to_be_visible(visible=told, timeout=SOON)

    # --- compare ---------------------------------------------------------------------------------------------------

    def opens(self, name: str) -> None:
        self.looks_at_the_list()
        self.row(name).get_by_role("link").first.click()
        self.page.wait_for_url("**/jobs/*")

    @property
    def state(self) -> Locator:
        """The state that a job's page shows."""
        return self.page.locator("#job [data-field=state]").first

    @property
    def story(self) -> Locator:
        """What has happened to a job, on its page."""
        return self.page.locator("#story")

    def sees_pictures_of(self, width: int, height: int) -> None:
        """Both sides are there, at their full size."""
        expect(self.viewer).to_contain_text(f"{width:,} \u00d7 {height:,}", timeout=SOON)
        for side in ("input", "result"):
            expect(self.viewer.locator(f"[data-pane={side}] canvas").first).to_be_attached(timeout=SOON)

    @property
    def viewer(self) -> Locator:
        return self.page.locator("#viewer")

    def downloads(self) -> bytes:
        with self.page.expect_download() as download:
            self.download.click()
        return download.value.path().read_bytes()

    @property
    def download(self) -> Locator:
        """The link to the result."""
        return self.page.get_by_role("link", name=re.compile("Download")).last

    # --- without a pointer -------------------------------------------------------------------------------------------

    def tabs_to(self, wanted: Locator, most: int = 80) -> None:
        """Go to ``wanted`` with the tab key alone; wherever that stops, it is seen where."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if wanted.evaluate_all("(all) => all.includes(document.activeElement)"):
                assert wanted.evaluate(SEEN), "nobody sees that it has the focus"
                return
        raise AssertionError(f"{wanted} is not reached with {most} tabs")


SEEN = """(element) => [element, ...(element.labels ?? []), element.closest(".job")].some((each) => {
    if (!each) return false;
    const style = getComputedStyle(each);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
})"""
"""Whether the element, a label of it, or the row that it stands for has an outline."""
