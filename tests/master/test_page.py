"""The page as the server renders it: what can be read without JavaScript."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

import pytest
from markupsafe import escape

from master.page import ROWS_RENDERED, ago, at_most
from master.settings import MasterSettings
from master.words import Words
from tilework.imaging.operations import registry
from tilework.jobs.job import State
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.master.conftest import Client, World

HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    '"><script>alert(1)</script>.png',
    "' onmouseover='alert(1).png",
    "{{ 7 * 7 }}.png",
    "\u202egpj.exe",
    "</bdi></template><b>.png",
    "&lt;b&gt;.png",
)


def test_the_list_and_its_reasons_can_be_read_without_javascript(client: Client, world: World) -> None:
    world.put_row("a", key="uploads/x/Harbour.jpg", state=State.DONE, seconds=0.62)
    world.put_row(
        "b", state=State.FAILED, code="damaged", reason="It is cut short.", advice="Upload it again."
    )
    page = client.get("/").text
    assert "Harbour.jpg" in page
    assert "0.62 s" in page
    assert "It is cut short." in page
    assert "Upload it again." in page


def test_the_first_page_says_how_to_begin_where_there_is_nothing_yet(client: Client) -> None:
    page = client.get("/").text
    assert "No image yet." in page
    assert "aws s3 cp photo.jpg s3://memory-input/</code>" in page


def test_a_command_asks_where_the_bucket_is_and_tells_where_the_credentials_are(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = lambda key, *_, **__: f"http://127.0.0.1:4566/b/{key}?X-Amz-Signature=a"  # noqa: E731
    monkeypatch.setattr(world.system.inputs, "presigned_get", here)
    monkeypatch.setattr(world.system.outputs, "presigned_get", here)
    page = client.get("/").text
    command = "aws s3 cp photo.jpg s3://memory-input/ --endpoint-url http://127.0.0.1:4566</code>"
    # for who has no image yet, and for who has no JavaScript
    assert page.count(f"<pre><code>set -a; . .tilework/local.env; set +a\n{command}") == 1
    assert (
        page.count(f'<pre class="without-script"><code>set -a; . .tilework/local.env; set +a\n{command}') == 1
    )
    world.put_row("a", state=State.DONE, result_key="results/a.png")
    (download,) = client.get("/api/downloads").json()["downloads"]
    assert download["endpoint"] == "http://127.0.0.1:4566"


def test_the_default_pipeline_can_be_read_without_javascript(client: Client) -> None:
    page = client.get("/").text
    assert "Images that name no pipeline of their own go through <code>blur(9)</code>" in page


def test_no_form_is_in_the_page_for_they_are_made_where_they_are_shown(client: Client) -> None:
    page = client.get("/").text
    assert not [each.name for each in registry().values() if str(escape(each.summary)) in page]
    (address,) = re.findall(r'data-operations="([^"]+)"', page)
    kept = client.get(address)
    assert "immutable" in kept.headers["cache-control"]
    assert [each["name"] for each in kept.json()["operations"]] == list(registry())


@pytest.mark.parametrize(
    ("suffix", "kind", "said"),
    [
        (".json", "report", "The result is a report; download it."),
        (".csv", "report", "The result is a report; download it."),
        (".dzi.tar", "archive", "The result is an archive of tiles; download it."),
        (".xyz.tar", "archive", "The result is an archive of tiles; download it."),
        (".png", "image", ""),
        (".tif", "image", "The browser cannot show this file; download it instead."),
    ],
)
def test_only_an_image_is_shown_and_all_else_is_a_download(
    client: Client, world: World, suffix: str, kind: str, said: str
) -> None:
    world.put_row("a", state=State.DONE, result_key=f"results/a{suffix}")
    side = client.get("/jobs/a").text.split('data-side="result"')[1].split("</figure>")[0]
    assert client.get("/api/jobs/a").json()["result_kind"] == kind
    assert 'data-field="result-link" href="' in side
    assert ('src="' in side) is (suffix == ".png")
    assert said in side


@pytest.mark.parametrize(
    ("changes", "shown_as"),
    [
        ({}, "memory:"),
        ({"key": "a.tif"}, ""),
        ({"source_bytes": 64_000_001}, ""),
    ],
)
def test_what_no_browser_shows_or_is_very_large_is_never_an_image_of_the_page(
    client: Client, world: World, changes: dict[str, object], shown_as: str
) -> None:
    world.put_row("a", **changes)
    side = client.get("/jobs/a").text.split('data-side="input"')[1].split("</figure>")[0]
    found = re.findall(r'<img[^>]* src="(\w+:)', side)
    assert found == ([shown_as] if shown_as else [])


def test_with_a_preview_the_page_shows_small_pictures(
    client_of: Callable[[MasterSettings], Client], world: World
) -> None:
    world.put_row("a", key="a.tif", state=State.DONE, result_key="results/a.tif")
    page = client_of(MasterSettings(preview_url="http://127.0.0.1:1")).get("/jobs/a").text
    assert "data-previews" in page
    assert re.findall(r'<img[^>]* src="(/api/[^"]+)"', page) == [
        "/api/jobs/a/thumbnail?side=input&amp;absent=empty",
        "/api/jobs/a/thumbnail?side=result&amp;absent=empty",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_and_reasons_are_only_text(client: Client, world: World, name: str) -> None:
    world.put_row("a", key=name, state=State.FAILED, reason=name, advice=name, pipeline=name, batch="b")
    for path in ("/", "/jobs/a"):
        page = client.get(path).text
        # pipeline, reason and advice; the name too where it has no folder
        assert page.count(str(escape(shown(name)))) >= 3 + ("/" not in name)
        assert name not in page or name == "{{ 7 * 7 }}.png"
        assert "49.png" not in page


def test_no_page_has_inline_style_code_or_handlers(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE, result_key="results/a.png")
    for path in ("/", "/jobs/a", "/api/docs"):
        page = client.get(path).text
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page), path
        assert not re.search(r"<script(?![^>]*\ssrc=|\stype=\"application/json\")", page), path
        assert "<style" not in page, path


def test_no_page_loads_anything_from_another_site(client: Client, world: World) -> None:
    world.put_row("a")
    for path in ("/", "/jobs/a", "/api/docs"):
        page = client.get(path).text
        addresses = re.findall(r'<(?:script|link|img)[^>]*\s(?:src|href)="([^"]+)"', page)
        assert addresses
        assert all(address.startswith(("/static/", "memory://")) for address in addresses), path


def test_static_files_are_kept_for_a_year_under_an_address_that_changes_with_them(client: Client) -> None:
    page = client.get("/").text
    (style,) = re.findall(r'href="(/static/[0-9a-f]{12}/css/tokens.css)"', page)
    response = client.get(style)
    assert response.headers["content-type"].startswith("text/css")
    assert "immutable" in response.headers["cache-control"]
    assert client.get("/static/000000000000/css/tokens.css").status_code == 404


def test_the_first_load_leaves_room_for_what_the_api_answers(client: Client, world: World) -> None:
    for number in range(100):
        world.put_row(f"j{number}", updated=float(number), state=State.DONE)
    page = client.get("/").text
    (folder,) = set(re.findall(r"/static/[0-9a-f]{12}/", page))
    linked = re.findall(r'(?:src|href)="/static/[0-9a-f]{12}/([^"]+)"', page)
    files, new = set(), set(linked)
    while new:
        files |= new
        new = {name for file in new for name in _imported(client, folder, file)} - files
    assert {"home.js", "dom.js", "css/base.css"} <= files
    assert len(page) + sum(len(client.get(folder + file).content) for file in files) < 260_000


def test_a_filter_that_finds_nothing_says_so(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE)
    assert "No image is failed." in client.get("/?state=FAILED").text


def test_failures_can_be_tried_again_and_downloaded_where_they_are_listed(
    client: Client, world: World
) -> None:
    world.put_row("a", state=State.FAILED, code="damaged", batch="b 1")
    world.put_row("b", state=State.FAILED, code="crashed", batch="b 1")
    page = client.get("/?state=failed&batch=b 1").text
    # what is damaged stays so, whatever is tried
    assert re.findall(r'<option value="(\w+)">', page.split('id="retry-code"')[1].split("</select>")[0]) == [
        "crashed"
    ]
    assert 'href="/api/export?format=csv&amp;batch=b%201"' in page
    assert 'id="retry-failed"' not in client.get("/?state=DONE").text


@pytest.mark.parametrize(
    ("code", "hint"),
    [("damaged", "the file itself is the reason"), ("does_not_fit", "The same again would end the same")],
)
def test_nothing_is_offered_to_be_tried_again_where_that_helps_nobody(
    client: Client, world: World, code: str, hint: str
) -> None:
    world.put_row("a", state=State.FAILED, code=code)
    page = client.get("/?state=FAILED").text
    assert 'id="retry-failed"' not in page
    assert hint in page


def test_what_is_offered_for_failures_is_for_those_that_the_list_is_about(
    client: Client, world: World
) -> None:
    world.put_row("a", state=State.FAILED, code="crashed")
    world.put_row("b", state=State.FAILED, code="no_attempts_left")
    page = client.get("/?state=FAILED&code=crashed").text
    assert 'href="/api/export?format=csv&amp;code=crashed"' in page
    assert re.search(r'<option value="crashed" selected>', page)
    for narrower in ("search=a", "since=2020-01-01", "before=2100-01-01"):
        page = client.get(f"/?state=FAILED&{narrower}").text
        assert re.search(r'id="failures" hidden>', page)
    assert re.search(r'id="failures">', client.get("/?state=FAILED").text)


def test_older_images_are_a_link_away(client: Client, world: World) -> None:
    for number in range(ROWS_RENDERED + 1):
        world.put_row(f"j{number}", updated=float(number), state=State.DONE)
    page = client.get("/?state=DONE").text
    (older,) = re.findall(r'href="(/\?[^"]*before=[^"]*)"', page)
    assert 'data-id="j0"' in client.get(older.replace("&amp;", "&")).text
    assert 'data-id="j0"' not in page


def test_any_time_can_be_asked_for_and_what_is_none_is_said(client: Client) -> None:
    assert client.get("/?since=253402214399&before=0").status_code == 200
    # milliseconds
    told = client.get("/?since=1764571200000")
    assert (told.status_code, told.json()["code"]) == (422, "bad_cursor")


def test_a_job_offers_what_can_be_done_to_it_and_tells_its_story(client: Client, world: World) -> None:
    world.put_row("a", state=State.FAILED, code="damaged", reason="cut short")
    page = client.get("/jobs/a").text
    # what is cut short stays so, whatever is tried
    assert re.search(r'id="retry" hidden>', page)
    assert re.search(r'id="rerun"[^>]* hidden>', page)
    assert 'href="/docs#problem-damaged"' in page
    assert "Trying again cannot help" in page
    world.put_row("d", state=State.FAILED, code="crashed", reason="It died.")
    page = client.get("/jobs/d").text
    assert re.search(r'id="retry">', page)
    assert re.search(r'id="rerun" data-job="[^"]*">', page)
    assert re.search(r'id="cancel" hidden>', page)
    assert "It died." in page.split('id="story"')[1]
    world.put_row("b", state=State.RUNNING)
    assert re.search(r'id="retry" hidden>', client.get("/jobs/b").text)
    assert (
        "rerun-pipeline" not in client.get(f"/jobs/{world.put_row('c', key='', state=State.FAILED).id}").text
    )


def test_the_description_of_the_api_is_readable_here(client: Client) -> None:
    page = client.get("/api/docs").text
    document = client.get("/api/openapi.json").json()
    for path in document["paths"]:
        assert path in page
    assert 'id="problem-bad_pipeline"' in page


def test_every_link_in_the_description_leads_somewhere(client: Client) -> None:
    page = client.get("/api/docs").text
    for target in set(re.findall(r'href="#([^"]+)"', page)):
        assert f'id="{target}"' in page, target


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (1, "now"), (59, "59 s ago"), (60, "1 min ago"), (3600, "1 h ago"), (200_000, "2 d ago")],
)
def test_how_long_ago_is_told_roughly(seconds: float, text: str) -> None:
    assert ago(Words().say, seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(12, "12 bytes"), (536_870_912, "536 MB"), (5_368_709_120, "5.3 GB"), (999_999_999, "999 MB")],
)
def test_a_limit_is_never_told_too_high(count: int, text: str) -> None:
    assert at_most(count) == text


def _imported(client: Client, folder: str, file: str) -> set[str]:
    """The modules that a module imports when it is loaded."""
    if not file.endswith(".js"):
        return set()
    found = re.findall(r'^(?:import|export) .*from "([^"]+)";$', client.get(folder + file).text, re.MULTILINE)
    return {posixpath.normpath(posixpath.join(posixpath.dirname(file), each)) for each in found}
