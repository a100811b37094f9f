"""Start the system, do what a person would do with it, and take a picture of each main view."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from local.surroundings import CREDENTIALS
from tests.browser import chromium
from tests.browser.conftest import FLAGS
from tests.flow.running_system import start
from tests.screenshots.views import VIEWS, Studio

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "page"

MOST_BYTES = 150_000
"""Of one picture: a README is read over slow lines, too."""

RANKS = "4"


def main() -> int:
    """Take those that are named, or all."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("views", nargs="*", help="which; all of them unless told")
    parser.add_argument("--pixels", type=int, default=1_000_000_000, help="of the large image")
    told = parser.parse_args()
    path = chromium.find()
    if path is None:
        sys.stderr.write(
            "There is no Chromium; `python -m tests.browser.chromium` installs one where it may.\n"
        )
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # a client takes its keys where it is made
        os.environ.update(CREDENTIALS)
        running = start(Path(folder) / "state", RANKS=RANKS, SAMPLES="0")
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, "--hide-scrollbars"])
        try:
            studio = Studio(running, browser, Path(folder), told.pixels)
            for name in told.views or VIEWS:
                save(name, VIEWS[name](studio))
        finally:
            browser.close()
            running.stop(seconds=120)
    return 0


def save(name: str, screenshot: bytes) -> None:
    """Keep it as WebP, as good as its bytes allow."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    for quality in range(90, 20, -5):
        body = io.BytesIO()
        picture.save(body, "WEBP", quality=quality, method=6)
        if body.tell() <= MOST_BYTES:
            break
    (PICTURES / f"{name}.webp").write_bytes(body.getvalue())
    sys.stdout.write(f"{name}: {picture.width} x {picture.height}, {body.tell():,} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
