"""A large file over a line that breaks: it arrives whole, and nothing of it is sent again that is there."""

from __future__ import annotations

import hashlib
import os
import random
import re
import threading
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_page import choose, file, picture, store_result
from tests.browser.uploads import LONG, MIB, Line, is_there_whole, queued, there

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Served, Window

LARGE = 3 * 8 * MIB + 12_345
"""Four parts, the last of them short."""


@pytest.fixture
def upload_limit_bytes() -> int:
    return 512 * MIB


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "scan.tif"
    path.write_bytes(random.Random(7).randbytes(LARGE))  # noqa: S311 -- bytes, no secret
    return path


@pytest.mark.page
def test_a_large_file_arrives_whole_though_a_third_of_its_parts_is_cut_off(
    served: Served, window: Window, large: Path
) -> None:
    dice = random.Random(3)  # noqa: S311 -- the same cuts each time
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
    back = threading.Event()
    # its later parts never arrive before the line is gone, however quick the machine
    line = Line(window, cuts=lambda number: number > 2 and not back.is_set())
    page = window.open(served.url)
    page.locator("#files").set_input_files(large)
    while not line.asked:
        page.wait_for_timeout(50)
    window.context.set_offline(offline=True)
    expect(page.locator("#drops .sending")).to_contain_text("goes on by itself", timeout=LONG)
    expect(page.locator("#uploads .badge")).to_have_text("held up")
    back.set()
    window.context.set_offline(offline=False)
    queued(page)
    is_there_whole(served, large)


@pytest.mark.page
def test_the_first_drop_of_a_page_that_has_lost_its_line_is_kept_until_it_is_back(
    served: Served, window: Window
) -> None:
    window.allow("ERR_")
    page = window.open(served.url)
    expect(page.locator("#add-operation")).to_be_enabled()
    window.context.set_offline(offline=True)
    choose(page, file("a.png"))
    expect(page.locator("#drop-error")).to_contain_text("What was dropped is kept")
    # it is asked for more than once in vain
    page.wait_for_timeout(4000)
    window.context.set_offline(offline=False)
    queued(page)
    expect(page.locator("#drop-error")).to_be_hidden()


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
    # a part that was held up when the tab was closed may have got through by that
    assert set(line.asked) <= {3, 4}
    is_there_whole(served, large)
    (key,) = [each.key for each in served.system.inputs.list("uploads/")]
    assert served.system.inputs.head(key).metadata["pipeline"] == "invert()"
    page.reload()
    expect(unfinished).to_be_hidden()


@pytest.mark.page
def test_the_same_file_that_is_dropped_again_goes_on_as_well_with_the_batch_that_it_began_with(
    served: Served, window: Window, large: Path, tmp_path: Path
) -> None:
    page = window.open(served.url)
    line = cut_after(window, page, large, parts=3)
    page.close(run_before_unload=False)
    page = window.open(served.url)
    line.asked.clear()
    line.cuts = lambda _: False
    expect(page.locator("#unfinished")).to_contain_text("scan.tif")
    other = tmp_path / "new.png"
    other.write_bytes(picture())
    page.locator("#files").set_input_files([large, other])
    queued(page, 2)
    assert set(line.asked) <= {4}
    is_there_whole(served, large, other)
    expect(page.locator("#unfinished")).to_be_hidden()
    # each is followed by the batch that its image bears
    batches = [
        served.system.inputs.head(each.key).metadata["batch"]
        for each in served.system.inputs.list("uploads/")
    ]
    links = page.locator("#drops [data-field=link]").evaluate_all("(all) => all.map((each) => each.search)")
    assert sorted(links) == sorted(f"?batch={batch}" for batch in batches)
    for name in ("scan.tif", "new.png"):
        store_result(served, served.claim_dropped(name))
    expect(page.locator("#drops [data-field=count]")).to_have_text(["Finished", "Finished"])


@pytest.mark.page
def test_a_file_that_was_written_anew_between_its_samples_is_not_joined_to_what_it_was(
    served: Served, window: Window, large: Path
) -> None:
    page = window.open(served.url)
    line = cut_after(window, page, large, parts=2)
    page.close(run_before_unload=False)
    # of the same size, and as old: only its bytes tell
    was = large.stat()
    body = bytearray(large.read_bytes())
    body[500_000:500_100] = bytes(100)
    large.write_bytes(body)
    os.utime(large, ns=(was.st_atime_ns, was.st_mtime_ns))
    page = window.open(served.url)
    line.asked.clear()
    line.cuts = lambda _: False
    page.locator("#files").set_input_files(large)
    queued(page)
    is_there_whole(served, large)
    assert set(line.asked) <= {1, 3, 4}


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
    expect(page.locator("#drops [data-field=count]")).to_have_text("Nothing to do")
    page.reload()
    expect(page.locator("#unfinished")).to_be_hidden()
    assert there(served) == {}
