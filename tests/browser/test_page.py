"""The page as a person meets it: drop, choose, watch, compare."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import UPLOAD_LIMIT_BYTES
from tilework.errors import DamagedImageError
from tilework.jobs.job import State
from tilework.jobs.object_keys import result_key
from tilework.jobs.transitions import Outcome
from tilework.shown import is_harmless

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FilePayload, Page

    from tests.browser.conftest import Served, Window
    from tilework.jobs.job import Job


def picture(colour: str = "navy", size: tuple[int, int] = (64, 48)) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, colour).save(body, "PNG")
    return body.getvalue()


def file(name: str, body: bytes | None = None) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": picture() if body is None else body}


def choose(page: Page, *files: FilePayload) -> None:
    page.locator("#files").set_input_files(list(files))


def store_result(served: Served, job: Job, colour: str = "gold", suffix: str = ".png") -> Job:
    key = result_key(job, suffix)
    served.system.outputs.create(key, picture(colour), metadata={}, content_type="image/png")
    outcome = Outcome(result_key=key, seconds=0.42, width=64, height=48, dtype="uint8")
    return served.life.done(job, outcome)


# --- drop ----------------------------------------------------------------------------------------------------------


def test_a_chosen_image_reaches_the_bucket_with_its_pipeline_and_is_followed_to_its_result(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    expect(page.get_by_text("No image yet.")).to_be_visible()
    page.get_by_role("textbox", name="width").fill("15")
    expect(page.locator("#pipeline-text")).to_have_value("blur(15)")
    choose(page, file("Häfen & Öl +1.png"))
    expect(page.locator("#uploads .badge")).to_have_text("queued")
    expect(page.get_by_text("No image yet.")).to_be_hidden()

    job = served.claim_dropped("Häfen & Öl +1.png")
    info = served.system.inputs.head(job.key, job.version)
    assert served.system.inputs.read(job.key, job.version, 0, info.size) == picture()
    assert info.content_type == "image/png"
    assert dict(info.metadata) == {"pipeline": "blur(15)", "batch": job.batch}

    running = page.locator("#jobs .job")
    expect(running.locator(".badge")).to_have_text("running")
    expect(running.locator(".job-name")).to_have_text("Häfen & Öl +1.png")
    expect(page.locator("#uploads .job")).to_have_count(0)
    store_result(served, job)
    expect(running.locator(".badge")).to_have_text("done")
    expect(running.locator(".job-seconds")).to_have_text("0.42 s")
    expect(page.locator("#drops")).to_contain_text("Finished")


def test_images_that_are_dropped_anywhere_are_one_drop_that_is_counted(
    served: Served, window: Window
) -> None:
    page = window.open(served.url)
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            for (const name of ["a.png", "b.png", "c.png", "d.png"])
                transfer.items.add(new File([new Uint8Array([1, 2, 3])], name, { type: "image/png" }));
            for (const kind of ["dragenter", "dragover", "drop"])
                document.querySelector(".jobs").dispatchEvent(
                    new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }"""
    )
    jobs = [served.claim_dropped(f"{name}.png") for name in "abcd"]
    assert len({job.batch for job in jobs}) == 1
    store_result(served, jobs[0])
    served.life.end(jobs[1], State.FAILED, failure=DamagedImageError("It is cut short."))
    expect(page.locator("#drops")).to_contain_text("2 of 4 finished")
    expect(page.locator("#drops")).to_contain_text("1 without a result")
    page.get_by_role("link", name="Only this drop").click()
    expect(page.locator("#jobs .job")).to_have_count(4)


def test_an_upload_that_is_refused_says_why_and_can_be_tried_again(served: Served, window: Window) -> None:
    window.allow("413")
    page = window.open(served.url)
    choose(page, file("large.png", b"x" * (UPLOAD_LIMIT_BYTES + 1)))
    upload = page.locator("#uploads .job")
    expect(upload.locator(".badge")).to_have_text("failed")
    expect(upload.locator(".job-reason")).to_contain_text("one upload takes at most 1,000,000")
    upload.get_by_role("button", name="Try again").click()
    expect(upload.locator(".badge")).to_have_text("failed")


# --- watch ---------------------------------------------------------------------------------------------------------


def test_a_failed_image_shows_its_reason_and_what_to_do_without_a_reload(
    served: Served, window: Window
) -> None:
    job = served.claim("half.png")
    page = window.open(served.url)
    failed = page.locator("#jobs .job")
    expect(failed.locator(".badge")).to_have_text("running")
    served.life.end(job, State.FAILED, failure=DamagedImageError("The image is cut short."))
    expect(failed.locator(".badge")).to_have_text("failed")
    expect(failed.locator(".job-reason")).to_contain_text("The image is cut short.")
    expect(failed.locator(".job-reason")).to_contain_text("Get the file from where it came from again")
    failed.get_by_role("link").click()
    expect(page.locator(".failure-reason")).to_have_text("The image is cut short.")


def test_polling_costs_a_304_while_nothing_changes_and_nothing_while_nobody_looks(
    served: Served, window: Window
) -> None:
    served.claim("a.png")
    page = window.open(served.url)
    with page.expect_response(lambda each: "/api/jobs?" in each.url and each.status == 304):
        pass
    asked: list[str] = []
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_timeout(300)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1500)
    assert asked == []
    with page.expect_request(re.compile(r"/api/jobs\?")):
        page.evaluate(
            """() => {
                delete document.hidden;
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )


def test_a_master_that_is_started_again_is_found_again(served: Served, window: Window) -> None:
    window.allow("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
    job = served.claim("a.png")
    pages = [window.open(served.url), window.open(f"{served.url}/jobs/{job.id}")]
    for page in pages:
        page.wait_for_load_state("networkidle")
    served.stop()
    for page in pages:
        expect(page.locator("#offline")).to_be_visible()
    store_result(served, job)
    served.start()
    for page in pages:
        expect(page.locator("#offline")).to_be_hidden()
        expect(page.locator("#jobs .badge, #job .badge")).to_have_text("done")


# --- compare -------------------------------------------------------------------------------------------------------


def test_input_and_result_appear_side_by_side_and_download_under_telling_names(
    served: Served, window: Window
) -> None:
    version = served.system.inputs.put("in/photo 1.png", picture(), metadata={}, content_type="image/png")
    job = served.claim("in/photo 1.png", version=version)
    page = window.open(f"{served.url}/jobs/{job.id}")
    expect(page.get_by_text("Not there yet.")).to_be_visible()
    store_result(served, job)
    for side in ("input", "result"):
        image = page.locator(f"[data-field={side}-image]")
        expect(image).to_be_visible()
        expect(image).to_have_js_property("naturalWidth", 64)
    expect(page.locator(".badge")).to_have_text("done")
    expect(page.locator("[data-field=size]")).to_have_text("64 \u00d7 48")
    link = page.locator("[data-field=result-link]")
    asked = page.request.get(link.get_attribute("href") or "")
    assert 'filename="photo 1-blur-9.png"' in asked.headers["content-disposition"]
    with page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes() == picture("gold")
    left, right = (page.locator(f"[data-side={side}]").bounding_box() for side in ("input", "result"))
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]


def test_a_file_that_no_browser_can_show_is_offered_for_download(served: Served, window: Window) -> None:
    version = served.system.inputs.put("notes.png", b"no image", metadata={}, content_type="image/png")
    job = served.claim("notes.png", version=version)
    served.life.end(job, State.FAILED, failure=DamagedImageError("This is no image."))
    page = window.open(f"{served.url}/jobs/{job.id}")
    expect(page.get_by_text("The browser cannot show this file")).to_be_visible()
    expect(page.locator("[data-side=result]")).to_be_hidden()


# --- everywhere ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    '"><script>alert(1)<script>.png',
    "{{7*7}} ${alert(1)} 'onload='alert(1).png",
    "\u202egpj.exe",
    "\x1b[31m\u2066\U000e0041.png",
    "javascript:alert(1)",
    "x" * 300 + ".png",
)


def without_time(text: str) -> str:
    return re.sub(r"\d+ s ago|now", "", text)


def test_hostile_names_are_only_text_where_the_server_writes_them_and_where_the_page_does(
    served: Served, window_of: Callable[..., Window]
) -> None:
    page = window_of().open(served.url)
    for name in HOSTILE:
        job = served.claim(name, pipeline=name)
        served.life.end(job, State.FAILED, failure=DamagedImageError(name, advice=name))
    expect(page.locator("#jobs .job[data-state=FAILED]")).to_have_count(len(HOSTILE))
    by_page = sorted(page.locator("#jobs .job").all_inner_texts())
    assert len(by_page) == len(HOSTILE)
    assert all(is_harmless(each) or each == "\n" for text in by_page for each in text)
    # no module puts rows of its own in the place of the server's while they are read
    rendered = window_of(java_script_enabled=False).open(served.url)
    by_server = sorted(rendered.locator("#jobs .job").all_inner_texts())
    assert [without_time(each) for each in by_server] == list(map(without_time, by_page))
    for each in (page, rendered):
        assert each.locator("#jobs img, #jobs script, #jobs [onerror]").count() == 0
        assert "<img src=x onerror=alert(1)>.png" in each.locator("#jobs .job-name").all_inner_texts()
    assert "\\u202egpj.exe" in page.locator("#jobs .job-name").all_inner_texts()
    page.locator("#jobs .job-name", has_text="onerror").click()
    expect(page.locator("h1")).to_have_text("<img src=x onerror=alert(1)>.png")


def test_a_hostile_file_name_is_only_text_while_it_is_uploaded(served: Served, window: Window) -> None:
    page = window.open(served.url)
    choose(page, file("<img src=x onerror=alert(1)>.png"))
    expect(page.locator("#uploads .job-name")).to_have_text("<img src=x onerror=alert(1)>.png")
    served.claim_dropped("<img src=x onerror=alert(1)>.png")
    expect(page.locator("#jobs .job-name")).to_have_text("<img src=x onerror=alert(1)>.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone(
    served: Served, window_of: Callable[..., Window], scheme: str
) -> None:
    job = served.claim("x" * 300 + ".png", pipeline="blur(9) | canny(100, 200, aperture=5) | dilate(3)")
    served.life.end(job, State.FAILED, failure=DamagedImageError("y" * 300))
    window = window_of(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    window.allow("404")
    page = window.open(served.url)
    for path in ("/", f"/jobs/{job.id}", "/api/docs", "/nothing"):
        page.goto(served.url + path)
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_page_can_be_read_with_javascript_off(served: Served, window_of: Callable[..., Window]) -> None:
    version = served.system.inputs.put("a.png", picture(), metadata={}, content_type="image/png")
    store_result(served, served.claim("a.png", version=version))
    served.life.end(served.claim("b.png"), State.FAILED, failure=DamagedImageError("The image is cut short."))
    page = window_of(java_script_enabled=False).open(served.url)
    expect(page.get_by_text("The image is cut short.")).to_be_visible()
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    expect(page.locator("#pipeline")).to_contain_text("go through blur(9)")
    expect(page.locator("#add-operation")).to_be_hidden()
    page.get_by_role("link", name="a.png").click()
    expect(page.locator("[data-field=result-image]")).to_be_visible()
    page.goto(f"{served.url}/?state=FAILED")
    expect(page.locator("#jobs .job")).to_have_count(1)


def test_everything_can_be_reached_and_done_by_keyboard(served: Served, window: Window) -> None:
    job = served.claim("a.png")
    page = window.open(served.url)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert reached[0] == "Skip to the content"
    assert {"files", "add-operation", "pipeline-text", "a.png", "Failed"} <= set(reached)
    page.locator("#jobs a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/jobs/{job.id}")
