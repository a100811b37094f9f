"""Choosing what is done: steps as chips, found and moved by keyboard, pointer and finger; the text beside them; undo."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.test_page import choose, file
from tests.browser.uploads import queued

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page, Route

    from tests.browser.conftest import Served, Window

NAMES = ".chip [data-field=name]"


def open_builder(window: Window, url: str) -> Page:
    """The first page, once its builder is alive."""
    page = window.open(url)
    expect(page.locator("#add-operation")).to_be_enabled()
    expect(page.locator("#step")).to_be_visible()
    return page


def text_of(page: Page) -> Locator:
    return page.locator("#pipeline-text")


def write(page: Page, text: str, *steps: str) -> None:
    """Type a text, and wait until the chips are of it."""
    text_of(page).fill(text)
    expect(page.locator(NAMES)).to_have_text(list(steps))


def open_catalogue(page: Page) -> None:
    """Open it, and wait until it is: it is loaded first, and Escape before that would close nothing."""
    page.locator("#add-operation").click()
    expect(page.locator("#catalogue-search")).to_be_focused()


def add(page: Page, name: str) -> None:
    open_catalogue(page)
    page.locator("#catalogue-search").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("#catalogue")).to_be_hidden()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_a_pipeline_is_found_built_reordered_and_mended_by_keyboard_alone(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "add-operation":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#catalogue-search")).to_be_focused()
    # by a word of its summary; then the next one of those found
    page.keyboard.type("unsharp")
    options = page.locator("#catalogue").get_by_role("option")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Unsharp mask: adds what a Gaussian blur would take away.")
    page.keyboard.press("Enter")
    # the first choice takes the place of the default that nobody asked for
    expect(text_of(page)).to_have_value("sharpen()")
    expect(page.locator("#undo-told")).to_have_text("blur(9), the default, has made room.")
    page.locator("#add-operation").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("edges")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(text_of(page)).to_have_value("sharpen() | canny(100, 200)")
    assert focused(page).startswith("canny")
    page.keyboard.press("Alt+ArrowLeft")
    expect(text_of(page)).to_have_value("canny(100, 200) | sharpen()")
    expect(page.locator("#pipeline-told")).to_have_text("canny is now step 1 of 2.")
    assert focused(page).startswith("canny")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("sharpen")
    page.keyboard.press("Enter")
    expect(page.locator("#step-title")).to_have_text("sharpen")
    page.keyboard.press("Delete")
    expect(text_of(page)).to_have_value("canny(100, 200)")
    assert focused(page).startswith("canny")
    page.keyboard.press("Control+z")
    expect(text_of(page)).to_have_value("canny(100, 200) | sharpen()")
    expect(page.locator("#pipeline-note")).to_contain_text("mask")


@pytest.mark.page
def test_the_catalogue_finds_by_name_family_summary_and_parameter_and_says_when_it_does_not(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    open_catalogue(page)
    options = page.locator("#catalogue .option strong")
    expect(page.locator("#catalogue .family").first).to_have_text("Point operations")
    assert options.count() >= 50
    # nothing is chosen by an Enter in an empty field
    page.keyboard.press("Enter")
    expect(page.locator("#catalogue")).to_be_visible()
    search = page.locator("#catalogue-search")
    for words, first in [
        ("CANNY", "canny"),
        ("morphology specks smaller", "open"),
        ("watermark", "overlay"),
        ("sigma_space", "bilateral"),
        ("brightness contrast", "brightness_contrast"),
        ("viridis", "colormap"),
    ]:
        search.fill(words)
        expect(options.first).to_have_text(first)
    search.fill("zzz")
    expect(page.get_by_text("There is no such operation.")).to_be_visible()
    assert search.get_attribute("aria-activedescendant") is None
    page.keyboard.press("Escape")
    expect(page.locator("#catalogue")).to_be_hidden()
    expect(page.locator("#add-operation")).to_be_focused()
    expect(text_of(page)).to_have_value("blur(9)")


@pytest.mark.page
def test_every_operation_of_the_catalogue_makes_a_text_that_the_server_understands(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    open_catalogue(page)
    names = page.locator("#catalogue .option strong").all_inner_texts()
    assert len(names) >= 50
    page.keyboard.press("Escape")
    write(page, "invert", "invert")
    for name in names:
        add(page, name)
        expect(page.locator(NAMES)).to_have_text(["invert", name])
        page.wait_for_timeout(120)
        expect(text_of(page)).to_have_attribute("aria-invalid", "false")
        page.keyboard.press("Delete")


@pytest.mark.page
def test_a_chip_is_dragged_with_the_mouse_and_stays_where_it_is_let_go(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    write(page, "blur(9) | canny(100, 200) | dilate(5)", "blur", "canny", "dilate")
    drag(page, page.locator(".chip").nth(2), page.locator(".chip").nth(0))
    expect(text_of(page)).to_have_value("dilate(5) | blur(9) | canny(100, 200)")
    expect(page.locator("#step-title")).to_have_text("dilate")
    # called off, it goes back
    page.locator(".chip").nth(0).hover()
    page.mouse.down()
    page.mouse.move(*middle(page.locator(".chip").nth(2), beyond=True), steps=8)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(NAMES)).to_have_text(["dilate", "blur", "canny"])
    expect(text_of(page)).to_have_value("dilate(5) | blur(9) | canny(100, 200)")
    # a press that trembles is no drag
    page.locator(".chip").nth(1).hover()
    page.mouse.down()
    page.mouse.move(*(value + 3 for value in middle(page.locator(".chip").nth(1))))
    page.mouse.up()
    expect(page.locator("#step-title")).to_have_text("blur")


def middle(locator: Locator, *, beyond: bool = False) -> tuple[float, float]:
    """The middle of an element, or a little before its right end."""
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + (box["width"] - 4 if beyond else box["width"] / 2), box["y"] + box["height"] / 2


def drag(page: Page, chip: Locator, to: Locator) -> None:
    """Drag a chip before another."""
    target = to.bounding_box()
    assert target is not None
    page.mouse.move(*middle(chip))
    page.mouse.down()
    page.mouse.move(target["x"] + 6, target["y"] + target["height"] / 2, steps=10)
    page.mouse.up()


@pytest.mark.page
def test_a_chip_is_dragged_by_a_finger_and_the_page_does_not_scroll(
    served: Served, window_of: Callable[..., Window]
) -> None:
    window = window_of(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = open_builder(window, served.url)
    write(page, "invert | canny(100, 200)", "invert", "canny")
    page.locator("#chips").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    from_x, from_y = middle(page.locator(".chip").nth(1).locator(".chip-grip"))
    to = page.locator(".chip").nth(0).bounding_box()
    assert to is not None
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )

    touch("touchStart", (from_x, from_y))
    for part in range(1, 9):
        touch(
            "touchMove",
            (from_x + (to["x"] + 4 - from_x) * part / 8, from_y + (to["y"] + 10 - from_y) * part / 8),
        )
    touch("touchEnd")
    expect(text_of(page)).to_have_value("canny(100, 200) | invert()")
    assert page.evaluate("scrollY") == before


@pytest.mark.page
def test_forms_and_text_are_two_views_of_one_pipeline(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    text = text_of(page)
    write(page, "blur(9) | canny(100, 200)", "blur", "canny")
    page.locator(".chip-button").nth(1).click()
    page.get_by_text("More settings").click()
    page.get_by_label("l2gradient").check()
    expect(text).to_have_value("blur(9) | canny(100, 200, l2gradient=true)")
    expect(page.locator("#pipeline-note")).to_contain_text("mask")
    page.get_by_role("button", name="Move earlier").click()
    expect(text).to_have_value("canny(100, 200, l2gradient=true) | blur(9)")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(text).to_have_value("blur(9)")
    write(page, "erode(5, iterations=2) | blur(7, 9)", "erode", "blur")
    expect(page.locator("[data-parameter=iterations]")).to_have_value("2")
    page.locator(".chip-button").nth(1).click()
    expect(page.locator("[data-parameter=height]")).to_have_value("9")
    # what is at its default, or follows another, is not written
    page.locator("[data-parameter=height]").fill("7")
    expect(text).to_have_value("erode(5, 2) | blur(7)")


@pytest.mark.page
def test_a_wrong_text_is_pointed_at_below_its_field_and_nothing_is_uploaded_with_it(
    served: Served, window: Window
) -> None:
    window.allow("422")
    page = open_builder(window, served.url)
    text_of(page).fill("blur(9) | canyn(1, 2)")
    error = page.locator("#pipeline-error")
    expect(error).to_contain_text("did you mean 'canny'?")
    expect(error.locator("mark")).to_have_text("c")
    assert error.locator("mark").evaluate("mark => mark.previousSibling.length") == 10
    expect(page.locator("#pipeline-note")).to_have_text("The steps above are still those of the text before.")
    choose(page, file("a.png"))
    expect(page.locator("#drop-error")).to_contain_text("Correct the pipeline first. The image is kept")
    assert list(served.system.inputs.list()) == []
    # what is right in between is not meant
    text_of(page).fill("blur(9)")
    text_of(page).press_sequentially(" | canny(1, 2)", delay=50)
    expect(error).to_be_hidden()
    queued(page)
    expect(page.locator("#drop-error")).to_be_hidden()
    (sent,) = served.system.inputs.list()
    assert served.system.inputs.head(sent.key).metadata["pipeline"] == "blur(9) | canny(1, 2)"


@pytest.mark.page
def test_what_is_lost_can_be_had_back(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    write(page, "page(1) | blur(9) | invert() | output(png)", "blur", "invert")
    page.locator(".chip-button").nth(0).click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#undo-told")).to_have_text("blur is removed.")
    expect(text_of(page)).to_have_value("page(1) | invert() | output(png)")
    page.get_by_role("button", name="Undo").click()
    expect(text_of(page)).to_have_value("page(1) | blur(9) | invert() | output(png)")
    expect(page.locator("#step-title")).to_have_text("blur")
    expect(page.locator("#undo-bar")).to_be_hidden()


@pytest.mark.page
def test_the_last_step_can_go_and_an_empty_pipeline_says_what_to_do(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("No operation yet.")).to_be_visible()
    expect(page.locator("#pipeline-note")).to_contain_text("An empty pipeline does nothing")
    expect(page.locator("#pipeline-error")).to_be_hidden()
    choose(page, file("a.png"))
    expect(page.locator("#drop-error")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(text_of(page)).to_have_value("blur(9)")
    write(page, "", *())
    add(page, "canny")
    expect(text_of(page)).to_have_value("canny(100, 200)")
    # an output alone is a pipeline
    write(page, "output(xyz)", *())
    expect(page.locator("#pipeline-note")).to_contain_text("archive of tiles")


@pytest.mark.page
def test_the_pipeline_chosen_last_is_there_again_and_a_link_overrules_it_once(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    write(page, "dilate(5)", "dilate")
    expect(page.locator("[data-parameter=size]")).to_have_value("5")
    page.reload()
    expect(text_of(page)).to_have_value("dilate(5)")
    expect(page.locator("[data-parameter=size]")).to_have_value("5")
    page.goto(f"{served.url}/?{urlencode({'pipeline': 'median(7) | invert', 'job': 'j 1', 'view': 'grid'})}")
    expect(page.locator(NAMES)).to_have_text(["median", "invert"])
    assert page.evaluate("location.search") == "?view=grid"
    add(page, "canny")
    expect(text_of(page)).to_have_value("median(7) | invert() | canny(100, 200)")
    page.wait_for_function("() => localStorage.getItem('tilework.pipeline')?.includes('canny')")
    page.reload()
    expect(page.locator(NAMES)).to_have_text(["median", "invert", "canny"])


@pytest.mark.page
def test_each_change_is_told_to_who_wants_to_know(served: Served, window: Window) -> None:
    window.allow("422")
    page = open_builder(window, served.url)
    page.evaluate(
        """() => {
            window.told = [];
            document.addEventListener("tilework:pipeline", (event) => window.told.push(event.detail));
        }"""
    )
    page.locator("[data-parameter=width]").fill("15")
    page.wait_for_function("() => window.told.length === 1")
    page.locator("[data-parameter=width]").fill("16")
    page.wait_for_function("() => window.told.length === 2")
    write(page, "invert", "invert")
    page.wait_for_function("() => window.told.length === 3")
    assert page.evaluate("window.told") == [
        {"text": "blur(15)", "valid": True},
        {"text": "blur(16)", "valid": False},
        {"text": "invert", "valid": True},
    ]


@pytest.mark.page
def test_a_builder_that_is_filled_from_outside_shows_it(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    told = page.evaluate(
        """async () => {
            const own = document.querySelector('script[type="module"]').src;
            const builder = await import(new URL("builder/pipeline.js", own));
            await builder.setPipeline("median(5)");
            builder.focusPipeline();
            return [builder.pipelineText(), document.activeElement.id];
        }"""
    )
    assert told == ["median(5)", "pipeline-text"]
    expect(page.locator(NAMES)).to_have_text(["median"])


@pytest.mark.page
def test_a_builder_whose_operations_come_late_takes_text_meanwhile(served: Served, window: Window) -> None:
    window.allow("503")
    refusals = iter(range(3))

    def refuse(route: Route) -> None:
        if next(refusals, None) is None:
            route.fallback()
        else:
            route.fulfill(status=503, content_type="application/json", body="{}")

    window.context.route("**/api/operations*", refuse)
    page = window.open(served.url)
    text_of(page).fill("canny(1, 2)")
    expect(page.locator("#pipeline-note")).to_contain_text("mask")
    expect(page.locator(NAMES)).to_have_text(["canny"])
