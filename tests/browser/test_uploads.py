"""What a person drops arrives: folders, hundreds of files, large ones over a line that breaks, and nothing twice unasked."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_page import choose, file, picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Served, Window

MIB = 2**20
PART = 8 * MIB
LARGE = 3 * PART + 12_345
LONG = 60_000
"""Milliseconds: against hanging only."""

PARTS = re.compile(r"partNumber=")
SENT = "#drops [data-field=count]"


@pytest.fixture
def upload_limit_bytes() -> int:
    return 512 * MIB


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "scan.tif"
    path.write_bytes(random.Random(7).randbytes(LARGE))
    return path


@dataclass
class Line:
    """The way of parts to the bucket: notes what is asked for, and cuts what it is told to cut."""

    window: Window
    cuts: Callable[[int], bool] = lambda _: False
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.window.allow("ERR_")
        self.window.context.route(PARTS, self._pass)

    def _pass(self, route: Route) -> None:
        if route.request.method != "PUT":
            route.continue_()
            return
        number = int(re.findall(r"partNumber=(\d+)", route.request.url)[0])
        self.asked.append(number)
        if self.cuts(number):
            route.abort("connectionreset")
        else:
            route.continue_()


def there(served: Served) -> dict[str, str]:
    """The SHA-256 of what lies in the bucket, by name."""
    found = {}
    for each in served.system.inputs.versions("uploads/"):
        body = served.system.inputs.read(each.key, each.version, 0, each.size)
        name = each.key.rpartition("/")[2]
        assert name not in found, f"{name} is there twice"
        found[name] = hashlib.sha256(body).hexdigest()
    return found


def is_there_whole(served: Served, *paths: Path) -> None:
    assert there(served) == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def queued(page: Page, count: int = 1) -> None:
    expect(page.locator("#uploads .upload[data-state=QUEUED]")).to_have_count(count, timeout=LONG)


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders of the disk, as the system's file manager does."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})


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
    expect(page.locator("#drop-error")).to_have_text(
        "2 files of the folder are no images and were left out."
    )
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


# --- over a line that breaks -----------------------------------------------------------------------------------------


@pytest.mark.page
def test_a_large_file_arrives_whole_though_a_third_of_its_parts_is_cut_off(
    served: Served, window: Window, large: Path
) -> None:
    dice = random.Random(3)
    line = Line(window, cuts=lambda _: dice.random() < 0.4)
    page = window.open(served.url)
    page.locator("#files").set_input_files(large)
    queued(page)
    assert len(line.asked) > 4
    is_there_whole(served, large)
    (key,) = [each.key for each in served.system.inputs.list("uploads/")]
    assert served.system.inputs.head(key).metadata["pipeline"] == "blur(9)"


@pytest.mark.page
def test_a_drop_waits_while_there_is_no_line_and_goes_on_when_it_is_back(
    served: Served, window: Window, large: Path
) -> None:
    window.allow("ERR_")
    page = window.open(served.url)
    page.locator("#files").set_input_files(large)
    expect(page.locator("#uploads .upload[data-state=UPLOADING]")).to_have_count(1)
    window.context.set_offline(offline=True)
    expect(page.locator("#drops .sending")).to_contain_text("goes on by itself", timeout=LONG)
    expect(page.locator("#uploads .badge")).to_have_text("held up")
    window.context.set_offline(offline=False)
    queued(page)
    is_there_whole(served, large)


@pytest.mark.page
def test_a_small_file_whose_answer_was_lost_is_not_sent_twice(served: Served, window: Window) -> None:
    window.allow("ERR_")
    posts: list[int] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method != "POST" or "/api/" in route.request.url:
            route.continue_()
            return
        posts.append(route.fetch().status)
        route.abort("connectionreset")

    window.context.route(re.compile("-input"), lose_the_answer)
    page = window.open(served.url)
    choose(page, file("a.png"))
    queued(page)
    assert posts == [201]
    assert set(there(served)) == {"a.png"}


def cut_after(window: Window, page: Page, path: Path, *, parts: int) -> Line:
    """Send ``parts`` parts of a file, and no more."""
    line = Line(window, cuts=lambda number: number > parts)
    page.locator("#files").set_input_files(path)
    expect(page.locator("#uploads .badge")).to_have_text("held up", timeout=LONG)
    page.wait_for_function(
        """async (parts) => {
            const upload = await new Promise((resolve) => {
                const opening = indexedDB.open("tilework");
                opening.onsuccess = () => {
                    const all = opening.result.transaction("begun").objectStore("begun").getAll();
                    all.onsuccess = () => resolve(all.result[0]);
                };
            });
            if (!upload) return false;
            const query = new URLSearchParams({ key: upload.key, upload: upload.upload, size: upload.size });
            const answer = await (await fetch(`/api/uploads/multipart?${query}`)).json();
            return answer.stored.length === parts;
        }""",
        arg=parts,
    )
    return line


@pytest.mark.page
def test_an_upload_whose_tab_was_closed_goes_on_behind_the_parts_that_are_there(
    served: Served, window: Window, large: Path, tmp_path: Path
) -> None:
    page = window.open(served.url)
    page.locator("#pipeline-text").fill("invert()")
    expect(page.locator(".step h3")).to_have_text(["invert"])
    line = cut_after(window, page, large, parts=2)
    page.close(run_before_unload=False)

    page = window.open(served.url)
    page.locator("#pipeline-text").fill("blur(5)")
    unfinished = page.locator("#unfinished")
    expect(unfinished).to_contain_text("scan.tif")
    expect(unfinished).to_contain_text("16.8 MB of 25.2 MB sent")
    other = tmp_path / "other.tif"
    other.write_bytes(large.read_bytes()[:-1] + b"!")
    unfinished.locator("input[type=file]").set_input_files(other)
    expect(unfinished).to_contain_text("This is another file than scan.tif was.")

    line.asked.clear()
    line.cuts = lambda _: False
    unfinished.locator("input[type=file]").set_input_files(large)
    queued(page)
    expect(unfinished).to_be_hidden()
    assert sorted(line.asked) == [3, 4]
    is_there_whole(served, large)
    (key,) = [each.key for each in served.system.inputs.list("uploads/")]
    assert served.system.inputs.head(key).metadata["pipeline"] == "invert()"
    page.reload()
    expect(unfinished).to_be_hidden()


@pytest.mark.page
def test_the_same_file_that_is_dropped_again_goes_on_as_well(
    served: Served, window: Window, large: Path
) -> None:
    page = window.open(served.url)
    line = cut_after(window, page, large, parts=3)
    page.close(run_before_unload=False)
    page = window.open(served.url)
    line.asked.clear()
    line.cuts = lambda _: False
    page.locator("#files").set_input_files(large)
    queued(page)
    assert line.asked == [4]
    is_there_whole(served, large)


KEEPS_FILES = """
    // a file that the page itself keeps stands in for one of the disk: the browser lets both be read again
    DataTransferItem.prototype.getAsFileSystemHandle = async function () {
        const folder = await navigator.storage.getDirectory();
        return folder.getFileHandle("scan.tif", { create: true });
    };
"""


@pytest.mark.page
def test_an_upload_goes_on_by_itself_where_the_browser_kept_the_file(served: Served, window: Window) -> None:
    window.context.add_init_script(KEEPS_FILES)
    page = window.open(served.url)
    line = Line(window, cuts=lambda number: number > 1)
    page.evaluate(
        """async (size) => {
            const folder = await navigator.storage.getDirectory();
            const handle = await folder.getFileHandle("scan.tif", { create: true });
            const stream = await handle.createWritable();
            await stream.write(new Uint8Array(size).fill(7));
            await stream.close();
            const transfer = new DataTransfer();
            transfer.items.add(await handle.getFile());
            document.body.dispatchEvent(
                new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        LARGE,
    )
    expect(page.locator("#uploads .badge")).to_have_text("held up", timeout=LONG)
    page.close(run_before_unload=False)
    line.cuts = lambda _: False
    page = window.open(served.url)
    queued(page)
    assert there(served) == {"scan.tif": hashlib.sha256(b"\7" * LARGE).hexdigest()}


@pytest.mark.page
def test_an_upload_that_is_forgotten_leaves_nothing_in_the_bucket(
    served: Served, window: Window, large: Path
) -> None:
    page = window.open(served.url)
    line = cut_after(window, page, large, parts=2)
    page.close(run_before_unload=False)
    page = window.open(served.url)
    with page.expect_response(lambda each: each.request.method == "DELETE") as answered:
        page.get_by_role("button", name="Forget it").click()
    assert answered.value.status == 204
    expect(page.locator("#unfinished")).to_be_hidden()
    line.asked.clear()
    line.cuts = lambda _: False
    page.locator("#files").set_input_files(large)
    queued(page)
    assert sorted(line.asked) == [1, 2, 3, 4]


@pytest.mark.page
def test_a_drop_is_paused_goes_on_where_it_was_and_is_called_off(
    served: Served, window: Window, large: Path
) -> None:
    line = Line(window, cuts=lambda number: number > 2)
    page = window.open(served.url)
    page.locator("#files").set_input_files(large)
    expect(page.locator("#uploads .badge")).to_have_text("held up", timeout=LONG)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#uploads .badge")).to_have_text("waiting")
    expect(page.locator("#drops .sending")).to_contain_text("paused")
    asked = len(line.asked)
    page.wait_for_timeout(1500)
    assert len(line.asked) == asked
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#uploads .badge")).to_have_text("held up", timeout=LONG)
    with page.expect_response(lambda each: each.request.method == "DELETE"):
        page.get_by_role("button", name="Call off", exact=True).click()
    expect(page.locator(SENT)).to_have_text("Nothing to do")
    page.reload()
    expect(page.locator("#unfinished")).to_be_hidden()
    assert there(served) == {}


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
    question.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#drops .summary").first.locator("[data-field=count]")).to_have_text("On its way")
    page.wait_for_function("document.querySelectorAll('#uploads [data-state=QUEUED]').length >= 2")
    names = [each.key.rpartition("/")[2] for each in served.system.inputs.list("uploads/")]
    assert names.count("a.png") == 2


@pytest.mark.page
def test_the_same_file_twice_in_one_drop_is_sent_once(served: Served, window: Window) -> None:
    page = window.open(served.url)
    choose(page, file("a.png"), file("a.png"))
    expect(page.locator("#drops [data-field=question]")).to_contain_text("1 image was dropped here before.")
    queued(page)
    assert set(there(served)) == {"a.png"}


@pytest.mark.page
def test_an_image_in_the_bucket_gets_another_pipeline_without_being_sent_again(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    choose(page, file("a.png"))
    queued(page)
    page.locator("#pipeline-text").fill("invert()")
    expect(page.locator(".step h3")).to_have_text(["invert"])
    choose(page, file("a.png"))
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
