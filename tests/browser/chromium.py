"""The browser of the page's tests: the one installed, else one that ``python -m tests.browser.chromium`` installs.

From Debian's packages where this process may, else by Playwright. Where neither works the tests of the page are
skipped by name; in CI (``CI`` in the environment) never.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""How distributions call it."""


def find() -> str | None:
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> int:
    """Install one where there is none; 0 however it ends, for the tests tell what they miss."""
    if find():
        return 0
    for command in _ways():
        sys.stdout.write(f"Installing Chromium for the tests of the page: {' '.join(command)}\n")
        sys.stdout.flush()
        done = subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
        if done.returncode == 0 and find():
            return 0
    sys.stdout.write("No Chromium could be installed; the tests of the page need one.\n")
    return 0


def _ways() -> list[list[str]]:
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return [playwright]
    install = "apt-get update && apt-get install -y --no-install-recommends chromium"
    # Ubuntu's package only points to a snap: Playwright's own goes on from there
    return [["sh", "-c", install], [*playwright, "--with-deps"]]


if __name__ == "__main__":
    sys.exit(main())
