"""How soon the live preview follows a slider: from the move until the picture is painted."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from benchmarks.browser.chromium import SECONDS, browser, visited
from benchmarks.drops.system import fresh, one_host
from benchmarks.large import inputs
from benchmarks.large.works import Input
from benchmarks.photos import photograph
from benchmarks.tables import head, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope

ASKED_MS = 300

MOVED: dict[str, Callable[[int], str]] = {
    "blur(n)": lambda step: f"blur({3 + 2 * step})",
    "sharpen(n) | gamma(m)": lambda step: f"sharpen({1 + step / 20:.2f}) | gamma({0.5 + step / 50:.2f})",
    "clahe(n)": lambda step: f"clahe({1 + step / 10:.1f})",
    "blur(5) | canny(n, m)": lambda step: f"blur(5) | canny({20 + step}, {100 + step})",
}
"""What a slider makes of a pipeline, from one step to the next."""

MOVE = """text => new Promise((resolve) => {
  const began = performance.now();
  const told = ({ detail }) => resolve([performance.now() - began, 1000 * detail.seconds]);
  document.getElementById("preview").addEventListener("tilework:previewed", told, { once: true });
  document.dispatchEvent(new CustomEvent("tilework:pipeline", { detail: { text, valid: true } }));
})"""
"""The page's own event of a changed pipeline, and that of a painted preview: milliseconds until it, and of these in the preview."""


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Sliders over a photo and over a scan, on a host that has nothing else to do."""
    scan = Input("deflate", scope.scan_side)
    images = {
        f"{scope.megapixels} MP JPEG": ("photo.jpg", photograph(0, *scope.photo)),
        f"{scope.scan_side**2 / 1e6:.0f} MP TIFF in deflate tiles": (
            "scan.tif",
            inputs.make(scan).read_bytes(),
        ),
    }
    with fresh(**one_host(scope)) as system, browser() as launched:
        jobs = {image: system.drop(name, body, pipeline="invert()") for image, (name, body) in images.items()}
        system.ended(jobs.values(), SECONDS)
        with visited(launched) as page:
            page.goto(system.environment["TILEWORK_URL"])
            for image, job in jobs.items():
                _choose(page, job)
                for pipeline, text_of in MOVED.items():
                    yield f"{image}, {pipeline}", _moved(page, [text_of(step) for step in range(scope.moves)])


def _choose(page: Page, job: str) -> None:
    page.locator(f'#preview-image option[value="{job}"]').wait_for(state="attached")
    with page.expect_response(
        lambda answer: "/api/preview" in answer.url and answer.request.method == "POST"
    ):
        page.locator("#preview-image").select_option(job)
    page.wait_for_load_state("networkidle")


def _moved(page: Page, texts: list[str]) -> dict[str, Any]:
    # what stands before the slider is computed with its first move
    page.evaluate(MOVE, texts[-1])
    told = [page.evaluate(MOVE, text) for text in texts]
    return {
        "painted": [painted for painted, _ in told],
        "preview": [inside for _, inside in told],
        "told": page.locator("#preview-exact").inner_text(),
        "region": page.evaluate(
            "(({ width, height }) => [width, height])(document.getElementById('preview-canvas'))"
        ),
    }


def told(rows: Rows) -> Iterator[str]:
    """A table."""
    one = next(iter(rows.values())).figures
    across, down = one["region"]
    yield (
        f"{len(one['painted'])} moves of a slider each, one after the other, over a region of {across} x {down} pixels in"
        " headless Chromium, on a host without other work: milliseconds from the move until the picture is painted"
        f" ({ASKED_MS}), and what of it the preview's own code took."
    )
    lines = [*head("image", "pipeline", "told as", "median", "95 %", "of it in the preview, median")]
    for name, each in rows.items():
        image, pipeline = name.split(", ", 1)
        painted = each.figures["painted"]
        last = statistics.quantiles(painted, n=20)[-1] if len(painted) > 1 else painted[0]
        lines += row(
            image, f"`{pipeline}`".replace("|", "\\|"), each.figures["told"],
            f"{statistics.median(painted):.0f}", f"{last:.0f}", f"{statistics.median(each.figures['preview']):.0f}",
        )  # fmt: skip
    yield "\n".join(lines)
