"""The preview's answers under the master's address, from a server of its own on a real socket."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast
from urllib.request import urlopen

import pytest

import master.preview
from master.app import create_app as create_master
from master.preview import MOST_BYTES
from preview.app import create_app
from preview.settings import PreviewSettings
from tests.in_process import call_off
from tests.master.conftest import Client
from tests.preview.pictures import decoded, noise, png
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from master.settings import MasterSettings
    from tests.master.conftest import World

PLACE = {"x": 10, "y": 20, "width": 60, "height": 40}


def job(world: World) -> str:
    ask = world.drop("a.png", png(noise(100, 90)))
    return world.claim(ask).id


def test_a_region_and_a_thumbnail_come_from_the_preview_with_what_they_show(
    world: World, settings: MasterSettings, client_of: Callable[[MasterSettings], Client]
) -> None:
    with serving(create_app(PreviewSettings(), world.system, world.clock)) as port:
        client = client_of(replace(settings, preview_url=f"http://127.0.0.1:{port}"))
        assert client.get("/api/preview").json()["most_pixels"] > 1_000_000
        about = job(world)
        for _ in range(3):
            shown = client.post("/api/preview", json={"job": about, "pipeline": "invert()", "window": PLACE})
            assert shown.status_code == 200
            assert decoded(shown.content).shape == (40, 60, 3)
            assert '"approximate":[]' in shown.headers["tilework-preview"]
        small = client.get(f"/api/jobs/{about}/thumbnail?side=input")
        assert small.headers["content-type"] == "image/jpeg"
        assert "immutable" in small.headers["cache-control"]
        again = client.get(f"/api/jobs/{about}/thumbnail", headers={"If-None-Match": small.headers["etag"]})
        assert again.status_code == 304
        missing = client.get(f"/api/jobs/{about}/thumbnail?side=result")
        assert (missing.status_code, missing.json()["code"]) == (404, "no_image")
        # the master's own headers are on what it passes on, too
        assert small.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_preview_that_was_started_again_is_asked_on_a_new_connection(
    world: World, settings: MasterSettings, client_of: Callable[[MasterSettings], Client]
) -> None:
    app = create_app(PreviewSettings(), world.system, world.clock)
    with serving(app) as port:
        client = client_of(replace(settings, preview_url=f"http://127.0.0.1:{port}"))
        assert client.get("/api/preview").status_code == 200
    gone = client.get("/api/preview")
    assert (gone.status_code, gone.json()["code"]) == (503, "no_preview")
    assert gone.headers["retry-after"]
    with serving(app, port):
        assert client.get("/api/preview").status_code == 200


@contextmanager
def slow(answers: int) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers so many requests and then no more; its port, and the first lines of what it was asked."""
    asked: list[bytes] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.raw_requestline)
            if len(asked) > answers:
                over.wait(20)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked has gone
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, asked
        finally:
            over.set()
            server.shutdown()


def test_what_took_too_long_is_not_asked_twice(
    settings: MasterSettings, client_of: Callable[[MasterSettings], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master.preview, "SECONDS", 1.0)
    with slow(answers=1) as (port, asked):
        client = client_of(replace(settings, preview_url=f"http://127.0.0.1:{port}"))
        assert client.get("/api/preview").status_code == 200
        late = client.get("/api/preview")
        assert (late.status_code, late.json()["code"], len(asked)) == (503, "no_preview", 2)


def test_letters_that_a_client_has_not_quoted_are_passed_on_quoted(
    settings: MasterSettings, client_of: Callable[[MasterSettings], Client]
) -> None:
    with slow(answers=2) as (port, asked):
        app = client_of(replace(settings, preview_url=f"http://127.0.0.1:{port}")).app

        async def raw(scope: Scope, receive: Receive, send: Send) -> None:
            path, query = "/api/jobs/a ä/thumbnail".encode(), "side=ä b&x=%C3%A4+%2F".encode()
            await app({**scope, "raw_path": path, "query_string": query}, receive, send)

        assert Client(cast("FastAPI", raw)).get("/api/jobs/a/thumbnail").status_code == 200
        line = b"GET /api/jobs/a%20%C3%A4/thumbnail?side=%C3%A4%20b&x=%C3%A4+%2F HTTP/1.1"
        assert [each.strip() for each in asked] == [line]


def test_without_one_the_page_is_told_so_and_a_client_by_a_problem(client: Client) -> None:
    assert client.get("/api/preview").json() == {"most_pixels": 0, "most_file_bytes": 0}
    for answer in (
        client.post("/api/preview", json={"window": PLACE}),
        client.get("/api/jobs/a/thumbnail"),
        client.get("/api/jobs/a/images/input"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "no_preview")
        assert "TILEWORK_PREVIEW_URL" in answer.json()["advice"]


def test_a_body_that_no_preview_takes_is_not_passed_on(
    settings: MasterSettings, client_of: Callable[[MasterSettings], Client]
) -> None:
    # nobody listens there: whoever asked would be told so
    client = client_of(replace(settings, preview_url="http://127.0.0.1:9"))
    kind = {"Content-Type": "application/octet-stream"}
    answer = client.post("/api/preview/file", content=bytes(MOST_BYTES + 1), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_description_of_the_api_tells_of_it(client: Client) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    told = paths["/api/preview"]["post"]
    assert {"job", "pipeline", "window", "levels"} <= set(
        told["requestBody"]["content"]["application/json"]["schema"]["properties"]
    )
    assert {"image/png"} <= set(told["responses"]["200"]["content"])
    for path in ("/api/preview/file", "/api/jobs/{job_id}/thumbnail"):
        (method,) = paths[path].values()
        assert method["summary"]
        assert method["description"]


@pytest.mark.parametrize("address", ["ftp://somewhere", "nonsense"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    from master.settings import MasterSettings
    from tilework.errors import SettingsError

    with pytest.raises(SettingsError, match="TILEWORK_PREVIEW_URL"):
        MasterSettings.from_environment({"TILEWORK_PREVIEW_URL": address})


def test_a_master_that_ends_leaves_no_connection_open(world: World, settings: MasterSettings) -> None:
    forwarders: list[master.preview.Forwarder] = []
    with pytest.MonkeyPatch.context() as patch:
        made = master.preview.Forwarder
        patch.setattr(master.preview, "Forwarder", lambda url: forwarders.append(made(url)) or forwarders[-1])
        with serving(create_app(PreviewSettings(), world.system, world.clock)) as preview:
            app = create_master(replace(settings, preview_url=f"http://127.0.0.1:{preview}"), world.system)
            with serving(app) as port, urlopen(f"http://127.0.0.1:{port}/api/preview") as answer:
                assert answer.status == 200
                (forwarder,) = forwarders
                (kept,) = forwarder._idle
            assert kept.sock is None
            # one whose answer comes later is not kept either
            forwarder._through(kept, "GET", "/api/preview", {}, b"")
            assert kept.sock is None
            assert forwarder._idle == []


def test_a_request_that_a_page_calls_off_is_no_error(
    settings: MasterSettings, client_of: Callable[[MasterSettings], Client], caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(replace(settings, preview_url="http://127.0.0.1:9"))
    kind = {"content-type": "application/octet-stream"}
    assert call_off(client.app, client.host, "/api/preview/file", **kind) == []
    assert caplog.records == []
