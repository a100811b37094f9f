"""How soon the page can be used, and how a long list of jobs scrolls."""

from __future__ import annotations

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import urlopen

from benchmarks.browser.chromium import browser, visited
from benchmarks.drops.system import fresh
from benchmarks.tables import head, row
from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope
    from tests.flow.running_system import RunningSystem
    from tilework.jobs.table import JobTable

WRITERS = 4
PAGE_ROWS = 100
SCREENS = 300
"""That are scrolled, one in two frames."""

USABLE = "() => document.querySelector('[data-parameter=height]')?.placeholder === '9'"
"""The form of the first operation is there, made by the page's own code from what the API says."""

SCROLL = """async ([screens]) => {
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  let most = 0;
  for (let count = 0; count < screens; count += 1) {
    scrollBy(0, innerHeight);
    for (let half = 0; half < 2; half += 1) {
      const before = performance.now();
      await frame();
      times.push(performance.now() - before);
    }
    most = Math.max(most, document.querySelectorAll("#jobs .job").length);
  }
  const last = document.querySelector("#jobs .job:last-child")?.getAttribute("aria-rowindex");
  return { times, most, last: Number(last) };
}"""


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """An empty system, then one with many jobs."""
    with fresh(SUPERVISORS="0") as system, browser() as launched:
        address = system.environment["TILEWORK_URL"]
        yield "0", {"usable": _visits(launched, address, scope.visits)}
        _fill(system, scope.listed)
        figures: dict[str, Any] = {
            "usable": _visits(launched, address, scope.visits), "pages": _pages(address), "rows": PAGE_ROWS,
        }  # fmt: skip
        with visited(launched) as page:
            page.goto(address)
            page.wait_for_selector("#jobs .job[aria-rowindex]")
            figures["scroll"] = _scrolled(page)
        yield f"{scope.listed}", figures


def _visits(launched: Browser, address: str, count: int) -> list[float]:
    """Milliseconds until somebody who was never here can choose."""
    found = []
    for _ in range(count):
        with visited(launched) as page:
            began = time.perf_counter()
            page.goto(address)
            page.wait_for_function(USABLE)
            found.append(1000 * (time.perf_counter() - began))
    return found


def _fill(system: RunningSystem, count: int) -> None:
    bucket, table, now = system.system.inputs.bucket, system.system.table, time.time()

    def put(number: int) -> None:
        _create(table, bucket, number, now - number)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(put, range(count)))


def _create(table: JobTable, bucket: str, number: int, moment: float) -> None:
    table.create(
        Job(
            digest(str(number)), bucket, f"nightly/IMG_{number:06}.jpg", "v", State.DONE, pipeline="blur(9)",
            width=4000, height=3000, seconds=1.25, created=moment, updated=moment, result_key=f"results/{number}.jpg",
        )
    )  # fmt: skip


def _pages(address: str) -> list[float]:
    """Milliseconds of each page of the list, to its end."""
    found, cursor = [], ""
    while True:
        before = f"&before={quote(cursor)}" if cursor else ""
        began = time.perf_counter()
        with urlopen(f"{address}/api/jobs?limit={PAGE_ROWS}{before}") as answer:  # noqa: S310 - our own address
            told = json.load(answer)
        found.append(1000 * (time.perf_counter() - began))
        cursor = told["next"]
        if not cursor:
            return found


def _scrolled(page: Page) -> dict[str, Any]:
    page.evaluate("document.getElementById('jobs-section').scrollIntoView()")
    found: dict[str, Any] = page.evaluate(SCROLL, [SCREENS])
    return found


def told(rows: Rows) -> Iterator[str]:
    """Sentences and a table."""
    yield (
        "Until the page can be used: milliseconds from the navigation of a browser that was never here until the first form is made"
        " (1,000), median of the visits and the longest. A page of the list is what the API tells at once, asked for one after"
        " the other to the end: the median of the first ten and of the last ten."
    )
    lines = [*head("jobs", "usable, ms", "longest", "rows a page", "first pages, ms", "last pages, ms")]
    for count, each in rows.items():
        usable, pages = each.figures["usable"], each.figures.get("pages", [])
        lines += row(
            f"{int(count):,}", f"{statistics.median(usable):.0f}", f"{max(usable):.0f}",
            *((str(each.figures["rows"]), f"{statistics.median(pages[:10]):.0f}", f"{statistics.median(pages[-10:]):.0f}") if pages else ("", "", "")),
        )  # fmt: skip
    yield "\n".join(lines)
    for count, each in rows.items():
        if found := each.figures.get("scroll"):
            times = found["times"]
            last = statistics.quantiles(times, n=20)[-1]
            yield (
                f"Scrolled by a screen in two frames, {SCREENS} screens of {int(count):,} jobs, to row {found['last']:,}: a frame"
                f" takes {statistics.median(times):.1f} ms (median), 95 % of them {last:.1f}, the longest {max(times):.0f};"
                f" {found['most']} rows are in the page at most. Chromium draws without a graphics card here."
            )
