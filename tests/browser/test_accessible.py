"""axe finds nothing on any page: desktop and phone, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.devices import DEVICES
from tests.browser.places import fill
from tests.browser.test_gateway import behind_sign_in  # noqa: F401 - the shell is shown by the same

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window

CONTRASTS = {"more contrast": {"contrast": "more"}}


def settled(page: Page) -> None:
    """Nothing moves in it any more: axe measures colours, and what is half faded in has another."""
    page.wait_for_load_state("load")
    page.evaluate(
        """() => Promise.allSettled(document.getAnimations()
            .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
            .map((each) => each.finished))"""
    )


def test_the_first_page_has_nothing_that_axe_minds(served: Served, window: Window) -> None:
    page = window.open(served.url)
    settled(page)
    assert axe.findings(page) == []


def test_axe_does_find_what_is_wrong(served: Served, window: Window) -> None:
    page = window.open(served.url)
    page.evaluate(
        """() => {
            const main = document.querySelector("#main");
            main.append(document.createElement("button"));
            for (const name of ["one", "two"]) {
                const small = Object.assign(document.createElement("button"), { ariaLabel: name });
                Object.assign(small.style, { width: "9px", height: "9px", minHeight: 0, padding: 0 });
                main.append(small);
            }
        }"""
    )
    assert {each.partition(":")[0] for each in axe.findings(page)} == {"button-name", "target-size"}


@pytest.mark.page
@pytest.mark.parametrize("device", [*DEVICES, *CONTRASTS])
def test_no_page_has_anything_that_axe_minds(
    served: Served, window_of: Callable[..., Window], device: str
) -> None:
    window = window_of(**{**DEVICES, **CONTRASTS}[device])
    window.allow("404")
    page = window.open(served.url)
    found = [f"empty: {each}" for each in axe.findings(page)]
    for name, path in fill(served).items():
        page.goto(served.url + path)
        settled(page)
        found += [f"{name}: {each}" for each in axe.findings(page)]
    assert not found, "\n".join(found)


@pytest.mark.page
@pytest.mark.parametrize("device", DEVICES)
def test_neither_have_the_pages_around_a_sign_in(
    behind_sign_in: Served,  # noqa: F811
    window_of: Callable[..., Window],
    device: str,
) -> None:
    page = window_of(**DEVICES[device]).open(f"{behind_sign_in.url}/signed-out")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    settled(page)
    assert axe.findings(page) == []
