"""The forms of the steps: made from what operations declare, each kind of parameter by its own control."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_builder import add, open_builder, open_catalogue, text_of, write
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse
from tilework.jobs.object_keys import picture_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Served, Window

pytestmark = pytest.mark.page

THROUGH_FORMS = """async (texts) => {
    const own = document.querySelector('script[type="module"]').src;
    const { setPipeline } = await import(new URL("builder/pipeline.js", own));
    const written = [];
    for (const text of texts) {
        await setPipeline(text);
        for (const chip of document.querySelectorAll(".chip-button")) {
            chip.click();
            for (const control of document.querySelectorAll("#step [data-parameter]")) {
                const chosen = control.querySelector?.(":checked") ?? control;
                chosen.dispatchEvent(new Event("input", { bubbles: true }));
                chosen.dispatchEvent(new Event("change", { bubbles: true }));
            }
        }
        written.push(document.getElementById("pipeline-text").value);
    }
    return written;
}"""
"""Each control says again what it says; then the text is made of what all of them said."""


def test_every_example_of_every_operation_is_the_same_after_its_way_through_the_forms(
    served: Served, window: Window
) -> None:
    page = open_builder(window, served.url)
    texts = {example.text for operation in registry().values() for example in operation.examples}
    wanted = sorted({parse(text).canonical for text in texts})
    assert {step.operation.name for text in wanted for step in parse(text).steps} == set(registry())
    assert page.evaluate(THROUGH_FORMS, wanted) == wanted


def test_a_slider_and_its_number_are_one_value(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    width, slider = page.get_by_role("textbox", name="width"), page.get_by_role("slider", name="width")
    # what people begin with lies in the middle
    expect(slider).to_have_value("500")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(width).to_have_value("11")
    expect(slider).to_have_attribute("aria-valuetext", "11 px")
    expect(text_of(page)).to_have_value("blur(11)")
    page.keyboard.press("End")
    expect(width).to_have_value("999")
    page.keyboard.press("Home")
    expect(width).to_have_value("1")
    width.fill("99")
    value = int(slider.input_value())
    assert 600 < value < 900
    # the height follows where it is not given
    height = page.get_by_role("textbox", name="height")
    expect(height).to_have_value("")
    expect(height).to_have_attribute("placeholder", "99")
    expect(page.get_by_role("slider", name="height")).to_have_value(str(value))


def test_a_wrong_value_is_said_beside_its_field_and_on_its_chip(served: Served, window: Window) -> None:
    window.allow("422")
    page = open_builder(window, served.url)
    width = page.get_by_role("textbox", name="width")
    for wrong, said in [
        ("8", "width is an odd number."),
        ("1001", "width is at most 999."),
        ("-1", "width is at least 1."),
        ("2.5", "width is a whole number."),
        ("", "width must be given."),
        ("nine", "width is a whole number."),
    ]:
        width.fill(wrong)
        expect(page.locator("#parameter-width-fault")).to_have_text(said)
        expect(width).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".chip")).to_have_attribute("data-fault", "")
    width.fill("7")
    expect(page.locator("#parameter-width-fault")).to_be_hidden()
    expect(page.locator(".chip")).not_to_have_attribute("data-fault", "")
    # what only the server knows stands at the step
    write(page, "levels(20, 235)", "levels")
    page.get_by_role("textbox", name="black").fill("240")
    expect(page.locator(".step-fault")).to_contain_text("levels: ", ignore_case=True)
    expect(page.locator("#pipeline-error mark")).to_have_text("l")


def test_a_kernel_is_a_grid_whose_rows_and_columns_come_and_go(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    write(page, "filter2d([0,-1; 1.5,2], 2)", "filter2d")
    kernel, text = page.locator("[data-parameter=kernel]"), text_of(page)
    expect(kernel).to_have_value("[0, -1; 1.5, 2]")
    page.get_by_label("Row 2, column 1").fill("-3")
    expect(text).to_have_value("filter2d([0, -1; -3, 2], 2)")
    page.get_by_role("button", name="Add a column").click()
    page.get_by_role("button", name="Add a row").click()
    expect(text).to_have_value("filter2d([0, -1, 0; -3, 2, 0; 0, 0, 0], 2)")
    page.get_by_role("button", name="Remove the last row").click()
    expect(page.locator(".grid-size")).to_have_text("2 \u00d7 3")
    kernel.fill("[1, 2; 3, 4; 5, 6]")
    expect(page.get_by_label("Row 3, column 2")).to_have_value("6")
    page.get_by_label("Row 1, column 1").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Row 2, column 1")).to_be_focused()
    page.get_by_label("Row 1, column 1").evaluate(
        """(cell) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text", "1\\t2\\t1\\n2\\t4\\t2\\n1\\t2\\t1");
            cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )
    expect(text).to_have_value("filter2d([1, 2, 1; 2, 4, 2; 1, 2, 1], 2)")
    window.allow("422")
    page.get_by_label("Row 1, column 1").fill("x")
    expect(page.locator("#parameter-kernel-fault")).to_have_text("kernel is a number.")


def test_choices_switches_and_what_is_seldom_needed(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    write(page, "threshold(128)", "threshold")
    page.get_by_label("kind").select_option("tozero")
    expect(text_of(page)).to_have_value("threshold(128, kind=tozero)")
    write(page, "canny(100, 200)", "canny")
    expect(page.get_by_role("radio", name="5")).to_be_hidden()
    page.get_by_text("More settings").click()
    page.get_by_role("radio", name="5").check()
    page.get_by_role("switch", name="l2gradient").check()
    expect(text_of(page)).to_have_value("canny(100, 200, 5, true)")


def test_the_result_is_asked_for_as_what_the_chain_can_give(served: Served, window: Window) -> None:
    window.allow("422")
    page = open_builder(window, served.url)
    page.get_by_text("Page and file format").click()
    output, text = page.get_by_label("Result as"), text_of(page)
    options = output.locator("option")
    expect(options).to_have_text(
        ["as it came", "PNG", "JPEG", "TIFF", "WebP", "Deep Zoom tiles (dzi)", "Map tiles (xyz)"]
    )
    output.select_option("jpeg")
    expect(text).to_have_value("blur(9) | output(jpeg)")
    expect(page.locator("#pipeline-note")).to_have_text("The result is a JPEG.")
    write(page, "page(1) | components(8)", "components")
    expect(page.get_by_label("Page of the file")).to_have_value("1")
    expect(options).to_have_text(["as it came", "TIFF", "Report in JSON", "Table in CSV"])
    output.select_option("csv")
    expect(page.locator("#pipeline-note")).to_have_text("The result is a report, and no image.")
    page.get_by_role("radio", name="4").check()
    expect(text).to_have_value("page(1) | components(4) | output(csv)")
    # what does not go together any more is said where it can be changed
    add(page, "invert")
    expect(page.locator("#output-fault")).to_contain_text("invert reports no rows", ignore_case=True)
    output.select_option("")
    expect(page.locator("#output-fault")).to_be_hidden()
    page.get_by_label("Page of the file").fill("two")
    expect(page.locator("#page-fault")).to_have_text("A page is a number from 0 to 65,535.")
    page.get_by_label("Page of the file").fill("")
    expect(text).to_have_value("components(4) | invert()")


def test_a_picture_is_chosen_among_those_that_the_bucket_has(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    write(page, "overlay(logo)", "overlay")
    expect(page.get_by_text("The bucket has no picture yet.")).to_be_visible()
    for name in ("stamp", "logo"):
        served.system.inputs.put(picture_key(name), b"x", metadata={}, content_type="image/png")
    page.reload()
    expect(page.get_by_text("There are: logo, stamp.")).to_be_visible()
    assert page.locator("#parameter-picture-list option").evaluate_all(
        "all => all.map(one => one.value)"
    ) == [
        "logo",
        "stamp",
    ]
    page.locator("[data-parameter=picture]").fill("stamp")
    expect(text_of(page)).to_have_value("overlay(stamp)")


NAMELESS = """() => {
    const seen = [...document.querySelectorAll("#pipeline, dialog[open]")].flatMap((root) =>
        [...root.querySelectorAll("button, input, select, summary, [role=option], [role=radiogroup], [role=listbox]")]);
    const named = (one) =>
        one.labels?.length || one.getAttribute("aria-label") || one.textContent.trim() ||
        (one.getAttribute("aria-labelledby") ?? "").split(" ").some((id) => document.getElementById(id)?.textContent);
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    const pointed = ["aria-describedby", "aria-controls", "aria-labelledby", "for", "list", "aria-activedescendant"];
    return [
        ...seen.filter((one) => one.checkVisibility() && !named(one)).map((one) => one.outerHTML),
        ...ids.filter((id, index) => ids.indexOf(id) !== index),
        ...pointed.flatMap((name) => [...document.querySelectorAll(`[${name}]`)].flatMap((one) =>
            one.getAttribute(name).split(" ").filter((id) => !document.getElementById(id)).map((id) => `${name}=${id}`))),
    ];
}"""
"""What is seen without a name, ids that are there twice, and what points at nothing."""

SMALL = """() => [...document.querySelectorAll("#pipeline, dialog[open]")]
    .flatMap((root) => [...root.querySelectorAll("button, select, summary, input:not([type=radio]), .segment")])
    .filter((one) => one.checkVisibility())
    .map((one) => [one.getBoundingClientRect(), one.outerHTML])
    .filter(([box]) => box.width < 24 || box.height < 24)
    .map(([box, html]) => `${box.width} x ${box.height} ${html}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_of_it_has_names_is_large_enough_for_a_finger_and_fits_a_phone(
    served: Served, window_of: Callable[..., Window], scheme: str
) -> None:
    window = window_of(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True)
    page = open_builder(window, served.url)
    for text, step in [
        ("filter2d([1,2,3,4,5,6,7; 1,2,3,4,5,6,7; 1,2,3,4,5,6,7])", "filter2d"),
        ("pad(16, border=reflect_101)", "pad"),
        ("hitmiss(isolated)", "hitmiss"),
        ("overlay(logo, top_left, opacity=0.5)", "overlay"),
        ("rotate(30, interpolation=lanczos)", "rotate"),
    ]:
        write(page, f"brightness_contrast(1.25) | {text}", "brightness_contrast", step)
        page.locator(".chip-button").nth(1).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, step
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(SMALL) == []
    open_catalogue(page)
    assert page.evaluate(NAMELESS) == []
    assert page.locator("#catalogue-list").evaluate("list => list.scrollWidth - list.clientWidth") == 0
    page.keyboard.press("Escape")
    page.locator("#open-presets").click()
    expect(page.locator(".preset").first).to_be_visible()
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(SMALL) == []
    assert page.locator("#presets .dialog-body").evaluate("body => body.scrollWidth - body.clientWidth") == 0


def test_help_has_room(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    widths = page.locator("#step .field-help").evaluate_all("all => all.map(one => one.clientWidth)")
    assert widths
    assert min(widths) > 300
    expect(page.locator("#parameter-width-help")).to_have_text(re.compile("1 to 999, odd"))


def test_a_slider_walks_in_steps_that_suit_its_numbers(served: Served, window: Window) -> None:
    page = open_builder(window, served.url)
    for text, name, parameter, walked in [
        ("hsv(30)", "hsv", "hue", "31"),
        ("gamma(0.5)", "gamma", "gamma", "0.51"),
        ("overlay(logo, opacity=0.4)", "overlay", "opacity", "0.41"),
        ("erode(3)", "erode", "size", "4"),
        ("gamma(2.2)", "gamma", "gamma", "2.3"),
        ("adaptive(31, -12)", "adaptive", "c", "-11"),
    ]:
        write(page, text, name)
        page.locator(f"input[type=range][aria-labelledby=parameter-{parameter}-name]").press("ArrowRight")
        expect(page.locator(f"[data-parameter={parameter}]")).to_have_value(walked)
