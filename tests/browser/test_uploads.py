"""What a person drops arrives: folders, pasted images, hundreds of files; and nothing is sent twice unasked."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_page import choose, file, picture
from tests.browser.uploads import LONG, MIB, Line, drop, is_there_whole, queued, there
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Served, Window


@pytest.fixture
def upload_limit_bytes() -> int:
    return 512 * MIB


# --- what comes --------------------------------------------------------------------------------------------------------


def test_a_folder_is_dropped_with_all_that_is_below_it_as_far_as_it_is_an_image(
    served: Served, window: Window, tmp_path: Path
) -> None:
    folder = tmp_path / "harbour"
    for name in ("a.png", "mast/b.PNG", "mast/top/c.pgm", "mast/notes.txt", ".hidden.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture() + name.encode())
    page = window.open(served.url)
    drop(page, folder)
    queued(page, 3)
    told = page.locator("#drop-error")
    expect(told).to_contain_text("2 files of the folder are no images and were left out: ")
    expect(told).to_contain_text("harbour/mast/notes.txt")
    is_there_whole(served, folder / "a.png", folder / "mast/b.PNG", folder / "mast/top/c.pgm")
    assert "harbour/mast/top/c.pgm" in page.locator("#uploads .job-name").all_inner_texts()


@pytest.mark.page
def test_a_folder_can_be_chosen_instead(served: Served, window: Window, tmp_path: Path) -> None:
    (tmp_path / "harbour/mast").mkdir(parents=True)
    for name in ("a.png", "mast/b.png"):
        (tmp_path / "harbour" / name).write_bytes(picture() + name.encode())
    page = window.open(served.url)
    page.locator("#folder").set_input_files(tmp_path / "harbour")
    queued(page, 2)
    assert set(there(served)) == {"a.png", "b.png"}


@pytest.mark.page
def test_a_picture_of_another_site_is_only_an_address_and_the_page_says_so(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    devtools = page.context.new_cdp_session(page)
    items = [{"mimeType": "text/uri-list", "data": "https://elsewhere.example/a.png"}]
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": items, "dragOperationsMask": 1}
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})
    expect(page.locator("#drop-error")).to_have_text(
        "That is only an address. Save the picture, then drop its file."
    )
    assert page.url.rstrip("/") == served.url


@pytest.mark.page
def test_an_image_is_pasted(served: Served, window: Window) -> None:
    page = window.open(served.url)
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array([1, 2, 3])], "image.png", { type: "image/png" }));
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }"""
    )
    queued(page)
    assert there(served) == {"image.png": hashlib.sha256(b"\1\2\3").hexdigest()}


@pytest.mark.page
def test_a_phone_offers_its_camera_and_shows_uploads_without_scrolling_sideways(
    served: Served, window_of: Callable[..., Window]
) -> None:
    phone = window_of(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = phone.open(served.url)
    camera = page.locator("#camera")
    expect(page.get_by_text("Take a photo")).to_be_visible()
    assert (camera.get_attribute("capture"), camera.get_attribute("accept")) == ("environment", "image/*")
    camera.set_input_files([file("x" * 200 + ".png")])
    queued(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    desktop = window_of(viewport={"width": 1280, "height": 900}).open(served.url)
    expect(desktop.get_by_text("Take a photo")).to_be_hidden()


@pytest.mark.page
def test_five_hundred_images_at_once_arrive_while_the_page_stays_small_and_quick(
    served: Served, window: Window, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number:03}.png" for number in range(500)]
    for path in paths:
        path.write_bytes(picture() + path.name.encode())
    page = window.open(served.url)
    page.evaluate(
        """() => {
            window.most = 0;
            window.longest = 0;
            const rows = document.getElementById("uploads");
            new MutationObserver(() => (window.most = Math.max(window.most, rows.children.length)))
                .observe(rows, { childList: true });
            new PerformanceObserver((list) => {
                for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
            }).observe({ type: "longtask" });
        }"""
    )
    page.locator("#files").set_input_files(paths)
    expect(page.locator("#drops .sending")).to_contain_text("of 500 sent")
    expect(page.locator("#more-uploads")).to_have_text(re.compile("and 49[0-9] more"))
    expect(page.locator("#drops .sending")).to_be_hidden(timeout=2 * LONG)
    expect(page.locator("#transfers-told")).to_have_text("All 500 images were sent.")
    is_there_whole(served, *paths)
    assert page.evaluate("window.most") <= 8
    # a second is what a person calls frozen; the tests' own machine may be busy
    assert page.evaluate("window.longest") < 1000


# --- what was there already ------------------------------------------------------------------------------------------


@pytest.mark.page
def test_what_was_dropped_before_is_noticed_and_a_person_decides(served: Served, window: Window) -> None:
    page = window.open(served.url)
    choose(page, file("a.png"), file("b.png"))
    queued(page, 2)
    page.reload()
    # the same name with other bytes is another image, and so are the same bytes under another name
    choose(page, file("a.png"), file("b.png", picture("red")), file("c.png"))
    queued(page, 2)
    question = page.locator("#drops [data-field=question]")
    expect(question).to_contain_text("1 image was dropped here before.")
    expect(question).to_contain_text("a.png")
    expect(question.get_by_role("button", name="in the bucket")).to_be_hidden()
    question.get_by_role("button", name="Leave out").click()
    expect(question).to_be_hidden()
    expect(page.locator("#drops")).to_contain_text("1 left out")
    names = [each.key.rpartition("/")[2] for each in served.system.inputs.list("uploads/")]
    assert sorted(names) == ["a.png", "b.png", "b.png", "c.png"]
    choose(page, file("a.png"))
    summary = page.locator("#drops .summary").first
    count, link = (summary.locator(f"[data-field={name}]") for name in ("count", "link"))
    # as long as it is asked, nothing is said of sending
    expect(question.get_by_role("button", name="Send anyway")).to_be_visible()
    expect(count).to_be_hidden()
    expect(link).to_be_hidden()
    question.get_by_role("button", name="Send anyway").click()
    expect(count).to_have_text("On its way")
    queued(page, 3)
    expect(link).to_be_visible()
    names = [each.key.rpartition("/")[2] for each in served.system.inputs.list("uploads/")]
    assert names.count("a.png") == 2
    choose(page, file("a.png"))
    question.get_by_role("button", name="Leave out").click()
    expect(count).to_have_text("Nothing to do")
    expect(link).to_be_hidden()


@pytest.mark.page
def test_the_same_file_twice_in_one_drop_is_sent_once(served: Served, window: Window) -> None:
    page = window.open(served.url)
    choose(page, file("a.png"), file("a.png"))
    expect(page.locator("#drops [data-field=question]")).to_contain_text("1 image was dropped here before.")
    queued(page)
    assert set(there(served)) == {"a.png"}


def drop_for_another_pipeline(page: Page) -> None:
    """Drop an image, then once more with another pipeline."""
    choose(page, file("a.png"))
    queued(page)
    page.locator("#pipeline-text").fill("invert()")
    expect(page.locator(".step h3")).to_have_text(["invert"])
    choose(page, file("a.png"))


@pytest.mark.page
def test_an_image_in_the_bucket_gets_another_pipeline_without_being_sent_again(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    drop_for_another_pipeline(page)
    page.get_by_role("button", name="Take the one in the bucket").click()
    expect(page.locator("#jobs .job")).to_have_count(1)
    assert set(there(served)) == {"a.png"}
    (row,) = served.rows()
    assert (row.key.rpartition("/")[2], row.pipeline) == ("a.png", "invert()")


@pytest.mark.page
def test_a_file_beyond_the_limit_is_refused_before_a_byte_of_it_is_sent(
    served: Served, window: Window, tmp_path: Path
) -> None:
    window.allow("413")
    path = tmp_path / "huge.tif"
    with path.open("wb") as huge:
        huge.truncate(512 * MIB + 1)
    line = Line(window)
    window.allow("413", "ERR_")
    page = window.open(served.url)
    page.locator("#files").set_input_files(path)
    expect(page.locator("#uploads .job-reason")).to_contain_text("one upload takes at most 536,870,912")
    expect(page.locator("#drops")).to_contain_text("1 image could not be sent.")
    assert line.asked == []
    # it is no part of the batch any more, which would else never be over
    wait_for(lambda: [each.size for each in served.system.batches.recent(1)] == [0])


@pytest.mark.page
def test_what_lies_in_the_bucket_is_counted_and_put_to_work(served: Served, window: Window) -> None:
    for name in ("in/a.png", "in/b.png", "in/folder/c.png", "elsewhere/d.png", ".tilework/pictures/logo"):
        served.system.inputs.put(name, picture(), metadata={}, content_type="image/png")
    served.system.inputs.put("in/a.png", picture("red"), metadata={}, content_type="image/png")
    page = window.open(served.url)
    panel = page.locator("#bucket")
    panel.get_by_text("Process what is already in the bucket").click()
    expect(panel).to_contain_text("4 images, 547 B")
    panel.get_by_label("Keys that begin with").fill("in/")
    panel.get_by_role("button", name="Look").click()
    expect(panel).to_contain_text("3 images")
    page.locator("#pipeline-text").fill("invert()")
    expect(page.locator(".step h3")).to_have_text(["invert"])
    panel.get_by_role("button", name="Start").click()
    expect(panel).to_contain_text("3 images are queued.")
    rows = served.rows()
    assert {(row.key, row.pipeline) for row in rows} == {
        (f"in/{name}.png", "invert()") for name in ("a", "b", "folder/c")
    }
    assert len({row.batch for row in rows}) == 1
    panel.get_by_role("button", name="Start").click()
    expect(panel).to_contain_text("0 images are queued.")
    panel.get_by_label("Keys that begin with").fill("")
    panel.get_by_label("Only those without a job").check()
    panel.get_by_role("button", name="Start").click()
    expect(panel).to_contain_text(re.compile("[1-9] images? (is|are) queued."))
    assert "elsewhere/d.png" in {row.key for row in served.rows()}
