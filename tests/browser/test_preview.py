"""The live preview as a person meets it: a region of the real image, before and after, while a slider moves."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from preview import region
from tests.browser.viewing import hide
from tests.preview.pictures import noise, png, tiff
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.pipeline import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Request

    from tests.browser.conftest import Served, Window

PIXELS = """([left, top, width, height]) => {
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(document.getElementById("preview-canvas"), -left, -top);
  return [...copy.getImageData(0, 0, width, height).data];
}"""


def put(served: Served, body: bytes, name: str = "photo.png") -> None:
    version = served.system.inputs.put(name, body, metadata={}, content_type="image/png")
    served.claim(name, version=version)


def half_up(value: float) -> int:
    """Round as JavaScript does."""
    return int(np.floor(value + 0.5))


def choose(page: Page, text: str, *, valid: bool = True) -> None:
    """Tell as the builder does that the pipeline has changed."""
    detail = {"text": text, "valid": valid}
    page.evaluate(
        "detail => document.dispatchEvent(new CustomEvent('tilework:pipeline', { detail }))", detail
    )


def stage(page: Page) -> tuple[int, int]:
    size = page.evaluate(
        "[document.getElementById('preview-canvas').width, document.getElementById('preview-canvas').height]"
    )
    return size[0], size[1]


def shown(page: Page, left: int, top: int, width: int, height: int) -> np.ndarray:
    """(height, width, 3), blue first, of what the canvas shows."""
    values = page.evaluate(PIXELS, [left, top, width, height])
    return np.array(values, np.uint8).reshape(height, width, 4)[:, :, 2::-1]


def wait_until_shown(page: Page, expected: np.ndarray, left: int, top: int) -> None:
    end = time.monotonic() + 20
    while True:
        found = shown(page, left, top, expected.shape[1], expected.shape[0])
        if np.array_equal(found, expected):
            return
        assert time.monotonic() < end, f"{np.mean(found != expected):.2%} of the samples differ"
        time.sleep(0.05)


def test_a_region_of_the_image_is_shown_before_and_after_with_the_result_s_own_pixels(
    previewed: Served, window: Window
) -> None:
    image = noise(900, 800)
    put(previewed, png(image))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    width, height = stage(page)
    left, top = half_up((900 - width) / 2), half_up((800 - height) / 2)
    for text in ("invert()", "blur(21)", "median(5) | invert()"):
        choose(page, text)
        after = run_whole(Picture(image), parse(text)).colour[top : top + height, left : left + width]
        # beside the map and the line
        right = slice(width // 2 + 30, width - 150)
        wait_until_shown(page, after[150:300, right], right.start, 150)
        before = image[top + 150 : top + 300, left + 10 : left + width // 2 - 30]
        assert np.array_equal(shown(page, 10, 150, before.shape[1], 150), before)
    expect(page.locator("#preview-time")).to_have_text(re.compile(r"^[\d,]+ ms$"))


# --- and all the rest ----------------------------------------------------------------------------------------------------


@pytest.mark.page
def test_the_first_region_is_where_there_is_something_to_be_seen(previewed: Served, window: Window) -> None:
    image = np.full((1600, 2400, 3), 90, np.uint8)
    image[1200:1500, 1700:2200] = noise(500, 300)
    put(previewed, png(image))
    page = window.open("about:blank")

    def is_lively(request: Request) -> bool:
        region = (request.post_data_json or {}).get("window") if request.method == "POST" else None
        if region is None:
            return False
        across, down = region["x"] + region["width"] / 2, region["y"] + region["height"] / 2
        return 1700 < across < 2200 and 1200 < down < 1500

    with page.expect_request(is_lively):
        page.goto(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact")


@pytest.mark.page
def test_the_line_and_the_region_are_moved_by_keys_alone(previewed: Served, window: Window) -> None:
    put(previewed, png(noise(1500, 1200)))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    line = page.get_by_role("slider", name="How much of the image before is shown")
    line.focus()
    for key, value in (("ArrowRight", "55"), ("Home", "0"), ("End", "100"), ("ArrowLeft", "95")):
        page.keyboard.press(key)
        expect(line).to_have_attribute("aria-valuenow", value)
    page.get_by_label("Region of the image").focus()
    with page.expect_request(lambda each: '"x":' in (each.post_data or "")) as asked:
        page.keyboard.press("ArrowRight")
    width, _ = stage(page)
    assert f'"x":{half_up(750 + 64 - width / 2)}' in (asked.value.post_data or "")
    page.keyboard.press("+")
    expect(page.locator("#preview-scale")).to_have_text("200 %")


@pytest.mark.page
def test_a_slider_of_the_builder_moves_the_picture(previewed: Served, window: Window) -> None:
    image = noise(900, 800)
    put(previewed, png(image))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    slider = page.locator("#step input[type=range]").first
    for _ in range(3):
        slider.press("ArrowRight")
    text = page.locator("#pipeline-text")
    expect(text).not_to_have_value("blur(9)")
    width, height = stage(page)
    left, top = half_up((900 - width) / 2), half_up((800 - height) / 2)
    after = run_whole(Picture(image), parse(text.input_value())).colour[top:, left:]
    right = slice(width // 2 + 30, width - 150)
    wait_until_shown(page, after[150:250, right], right.start, 150)


@pytest.mark.page
def test_the_region_is_dragged_and_pointed_at_in_the_map(previewed: Served, window: Window) -> None:
    image = noise(1500, 1200)
    put(previewed, png(image))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    choose(page, "invert()")
    expect(page.locator("#preview-map")).to_be_visible()
    box = page.locator("#preview-stage").bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 160, steps=4)
    page.mouse.up()
    width, height = stage(page)
    left, top = half_up(790 - width / 2), half_up(640 - height / 2)
    wait_until_shown(page, image[top + 150 : top + 200, left + 10 : left + 80], 10, 150)
    page.locator("#preview-map").click(position={"x": 1, "y": 1})
    wait_until_shown(page, image[150:200, 10:80], 10, 150)


@pytest.mark.page
def test_while_a_slider_moves_the_latest_is_asked_for_and_the_last_one_is_shown(
    previewed: Served, window: Window
) -> None:
    image = noise(900, 800)
    put(previewed, png(image))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    under_way: set[Request] = set()
    most = asked = 0

    def began(request: Request) -> None:
        nonlocal most, asked
        if request.url.endswith("/api/preview") and request.method == "POST":
            under_way.add(request)
            asked += 1
            most = max(most, len(under_way))

    def ended(request: Request) -> None:
        under_way.discard(request)

    page.on("request", began)
    for event in ("requestfinished", "requestfailed"):
        page.on(event, ended)
    for size in range(3, 63, 2):
        choose(page, f"blur({size})")
        page.wait_for_timeout(5)
    width, height = stage(page)
    left, top = half_up((900 - width) / 2), half_up((800 - height) / 2)
    after = run_whole(Picture(image), parse("blur(61)")).colour[top : top + height, left : left + width]
    wait_until_shown(page, after[150:250, width // 2 + 30 : width - 150], width // 2 + 30, 150)
    # thirty moves; beside the one that is waited for there may be one that was overtaken
    assert most <= 2
    assert asked < 30


@pytest.mark.page
def test_what_is_approximate_says_why(
    previewed: Served, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region, "is_quick", lambda *_: False)
    put(previewed, tiff(noise(900, 800, 1)), "scan.tif")
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    choose(page, "equalize()")
    expect(page.locator("#preview-exact")).to_have_text(
        "approximate: all of it would take too long, so a sample was measured"
    )
    choose(page, "canny(50, 100)")
    expect(page.locator("#preview-exact")).to_have_text(
        "approximate: all of it would take too long, so only what is around it was looked at"
    )
    choose(page, "blur(3)")
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)


@pytest.mark.page
def test_a_pipeline_that_cannot_be_shown_is_explained_and_the_next_one_is_shown(
    previewed: Served, window: Window
) -> None:
    put(previewed, png(noise(900, 800)))
    window.allow("422")
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    choose(page, "components()")
    expect(page.locator("#preview-problem")).to_contain_text("Make it grey first")
    awaited = []
    page.route("**/api/preview", lambda route: awaited.append(route))  # noqa: PLW0108 - a built-in method is taken for none
    with page.expect_request("**/api/preview"):
        choose(page, "grayscale() | otsu() | components()")
    # as soon as another one is awaited, and not only when that is there
    expect(page.locator("#preview-problem")).to_be_hidden()
    page.unroute("**/api/preview")
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)


@pytest.mark.page
@pytest.mark.parametrize(
    "text", ["crop(100, 100, 200, 150)", "resize(300, 200)", "rotate(90)", "resize(3000, 2000)"]
)
def test_a_result_of_another_size_is_shown_where_it_is(previewed: Served, window: Window, text: str) -> None:
    image = noise(900, 800)
    put(previewed, png(image))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    choose(page, text)
    result = run_whole(Picture(image), parse(text)).colour
    (width, height), (rows, columns) = stage(page), result.shape[:2]
    # where the region's first pixel is on the stage, or the stage's first in the result
    left = half_up((width - columns) / 2) if columns <= width else -half_up((columns - width) / 2)
    top = half_up((height - rows) / 2) if rows <= height else -half_up((rows - height) / 2)
    x, y = width // 2 + 30, height // 2 + 10
    wait_until_shown(page, result[y - top : y - top + 30, x - left : x - left + 40], x, y)


@pytest.mark.page
def test_without_an_image_a_sample_is_shown_and_a_file_of_one_s_own_is_not_stored(
    previewed: Served, window: Window, tmp_path: Path
) -> None:
    page = window.open(previewed.url)
    expect(page.locator("#preview-image")).to_have_value("sample")
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    image = noise(900, 800)
    page.locator("#preview-file").set_input_files(
        [{"name": "mine.png", "mimeType": "image/png", "buffer": png(image)}]
    )
    choose(page, "invert()")
    width, height = stage(page)
    left, top = half_up((900 - width) / 2), half_up((800 - height) / 2)
    expected = 255 - image[top + 150 : top + 200, left + width // 2 + 30 : left + width - 150]
    wait_until_shown(page, expected, width // 2 + 30, 150)
    expect(page.locator("#preview-image option:checked")).to_have_text("mine.png")
    assert list(previewed.system.inputs.list()) == []
    large = tmp_path / "large.png"
    large.write_bytes(bytes(53_000_000))
    page.locator("#preview-file").set_input_files(large)
    expect(page.locator("#preview-problem")).to_contain_text("more than 52.4 MB")


@pytest.mark.page
def test_a_file_that_is_chosen_again_is_shown_before_and_after(
    previewed: Served, window: Window, tmp_path: Path
) -> None:
    image = noise(900, 800)
    path = tmp_path / "mine.png"
    path.write_bytes(png(image))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    width, height = stage(page)
    left, top = half_up((900 - width) / 2), half_up((800 - height) / 2)
    expected = image[top + 150 : top + 200, left + 10 : left + width // 2 - 30]
    for _ in range(2):
        page.locator("#preview-file").set_input_files(path)
        wait_until_shown(page, expected, 10, 150)


@pytest.mark.page
def test_a_job_that_a_link_names_is_shown_and_taken_out_of_the_address(
    previewed: Served, window: Window
) -> None:
    put(previewed, png(noise(900, 800)), "old.png")
    (job,) = previewed.rows()
    put(previewed, png(noise(900, 800)), "new.png")
    page = window.open(f"{previewed.url}/?pipeline=invert()&job={job.id}")
    expect(page.locator("#preview-image")).to_have_value(job.id, timeout=30_000)
    expect(page).to_have_url(f"{previewed.url}/")
    expect(page.locator("#pipeline-text")).to_have_value("invert()")


@pytest.mark.page
def test_the_first_image_of_one_s_own_takes_the_place_of_the_sample(
    previewed: Served, window: Window
) -> None:
    page = window.open(previewed.url)
    expect(page.locator("#preview-image")).to_have_value("sample", timeout=30_000)
    put(previewed, png(noise(900, 800)), "first of mine.png")
    chosen = page.locator("#preview-image option:checked")
    expect(chosen).to_contain_text("first of mine.png", timeout=30_000)


@pytest.mark.page
def test_a_deep_image_is_shown_between_its_own_black_and_white_on_both_sides(
    previewed: Served, window: Window
) -> None:
    image = (noise(300, 200, 1, "uint16") // 16).astype(np.uint16)
    put(previewed, tiff(image), "scan.tif")
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    choose(page, "brightness_contrast(brightness=500)")
    black, white = float(image.min()), float(image.max())
    result = run_whole(Picture(image), parse("brightness_contrast(brightness=500)")).colour
    scaled = np.rint(np.clip((result - black) / (white - black), 0, 1) * 255).astype(np.uint8)
    part = np.repeat(scaled[120:160, 185:230, None], 3, axis=2)
    width, height = stage(page)
    wait_until_shown(page, part, half_up((width - 300) / 2) + 185, half_up((height - 200) / 2) + 120)


@pytest.mark.page
def test_where_there_is_no_preview_the_page_does_without(served: Served, window: Window) -> None:
    page = window.open(served.url)
    expect(page.get_by_text("No image yet.")).to_be_visible()
    expect(page.locator("#preview")).to_be_hidden()


@pytest.mark.page
def test_it_is_quiet_while_nobody_looks(previewed: Served, window: Window) -> None:
    put(previewed, png(noise(900, 800)))
    page = window.open(previewed.url)
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    hide(page, hidden=True)
    hide(page, hidden=False)
    page.wait_for_timeout(300)
    # what is shown is what is wanted still
    assert asked == []
    hide(page, hidden=True)
    choose(page, "invert()")
    page.wait_for_timeout(300)
    assert asked == []
    hide(page, hidden=False)
    end = time.monotonic() + 30
    while not asked:
        assert time.monotonic() < end
        page.wait_for_timeout(20)


@pytest.mark.page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(previewed: Served, window_of: Callable[..., Window], scheme: str) -> None:
    put(previewed, png(noise(900, 800)))
    page = window_of(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True).open(
        previewed.url
    )
    expect(page.locator("#preview")).to_be_visible()
    page.locator("#preview").scroll_into_view_if_needed()
    expect(page.locator("#preview-exact")).to_have_text("exact", timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
