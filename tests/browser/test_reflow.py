"""Wide letters, narrow and huge screens, quiet motion: the page bends, and nothing breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.devices import DESKTOP, NARROW, PHONE, REFLOW, WALL
from tests.browser.places import fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

pytestmark = pytest.mark.page

TEXT_SPACING = """* {
    line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important;
}
p { margin-bottom: 2em !important; }"""
"""WCAG 1.4.12."""

CUT = """() => [...document.querySelectorAll("main *, header *")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".visually-hidden, svg"))
    .filter((each) => /hidden|clip/.test(getComputedStyle(each).overflowX + getComputedStyle(each).overflowY))
    .filter((each) => each.innerText && getComputedStyle(each).textOverflow !== "ellipsis")
    .filter((each) => each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1)
    .map((each) => each.outerHTML.slice(0, 120))"""
"""Elements that hide a part of their text; what ends in an ellipsis tells so, and its whole text elsewhere."""

MOVING = """() => document.getAnimations()
    .filter((each) => each.playState === "running" && each.effect.getComputedTiming().duration > 10)
    .map((each) => each.effect.target?.outerHTML.slice(0, 100))"""


def everywhere(
    served: Served, window: Window, look: Callable[[Page], list[str]], style: str = ""
) -> list[str]:
    """What ``look`` finds on any page."""
    window.allow("404")
    page = window.open(served.url)
    found = [f"empty: {each}" for each in look(page)]
    for name, path in fill(served).items():
        page.goto(served.url + path)
        if style:
            # a style sheet that is made, as no policy lets one in
            page.evaluate(
                """(text) => {
                    const sheet = new CSSStyleSheet();
                    sheet.replaceSync(text);
                    document.adoptedStyleSheets = [sheet];
                }""",
                style,
            )
        found += [f"{name}: {each}" for each in look(page)]
    return found


def width(page: Page) -> list[str]:
    """Whether it scrolls sideways, and because of what."""
    return list(
        page.evaluate(
            """() => {
                const most = document.documentElement.clientWidth;
                if (document.documentElement.scrollWidth <= most) return [];
                const wide = [...document.querySelectorAll("body *")].filter((each) =>
                    each.getBoundingClientRect().right > most + 1 && !each.closest(".scroll"));
                return wide.slice(0, 5).map((each) => each.outerHTML.slice(0, 120));
            }"""
        )
    )


@pytest.mark.parametrize(
    "device", [REFLOW, NARROW, PHONE, DESKTOP, WALL], ids=["320", "360", "390", "1280", "3840"]
)
def test_nothing_scrolls_in_two_directions(
    served: Served, window_of: Callable[..., Window], device: dict[str, Any]
) -> None:
    found = everywhere(served, window_of(**device), width)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("device", [NARROW, DESKTOP], ids=["360", "1280"])
def test_text_that_is_spaced_wider_is_still_all_there(
    served: Served, window_of: Callable[..., Window], device: dict[str, Any]
) -> None:
    def look(page: Page) -> list[str]:
        return width(page) + list(page.evaluate(CUT))

    found = everywhere(served, window_of(**device), look, TEXT_SPACING)
    assert not found, "\n".join(found)


def test_nothing_moves_for_whom_motion_makes_ill(served: Served, window_of: Callable[..., Window]) -> None:
    found = everywhere(
        served, window_of(**DESKTOP, reduced_motion="reduce"), lambda page: list(page.evaluate(MOVING))
    )
    assert not found, "\n".join(found)
