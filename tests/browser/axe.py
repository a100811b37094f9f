"""axe-core, which judges how accessible a page is: installed by ``python -m tests.browser.axe``, run inside the page."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.lock import in_turn
from local.npm import NpmLock
from local.progress import Progress, make_console
from local.settings import LocalSettings
from local.stopping import Stopping
from local.surroundings import of_children
from tilework.errors import TileworkError

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOCK = NpmLock(Path(__file__).parent / "axe_lock", "axe-core")

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
"""WCAG 2.2 AA, and what axe's makers advise beside it."""

RUN = """async (tags) => {
    const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return found.violations.flatMap((rule) => rule.nodes.map((node) =>
        `${rule.id}: ${node.target.join(" ")}: ${node.any.concat(node.all, node.none).map((why) => why.message).join("; ")}`));
}"""


def install() -> None:
    """Install it unless it is there. Raises SetupError."""
    places = LocalSettings.from_environment({}).places
    for folder in (places.logs, places.temporary):
        folder.mkdir(parents=True, exist_ok=True)
    with in_turn(places.tools / "lock"):
        LOCK.install(Progress(make_console(), Stopping()), places, of_children(os.environ, places))


@functools.cache
def _source() -> str:
    install()
    places = LocalSettings.from_environment({}).places
    return (LOCK.installed(places) / "node_modules" / "axe-core" / "axe.min.js").read_text()


def findings(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is shown now: a line an element, with the rule, where, and why."""
    # the page's own policy lets no script in; what the debugger evaluates is not asked
    page.evaluate(_source())
    found: Any = page.evaluate(RUN, list(TAGS))
    return list(found)


def main() -> int:
    """0 when axe is there."""
    try:
        install()
    except TileworkError as error:
        sys.stdout.write(f"{error.reason}\n{error.advice}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
