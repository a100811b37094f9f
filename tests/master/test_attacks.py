"""What other sites, caches and frames could try, on every route that there is: one that is added is tried as well."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from master.page import STATIC
from master.settings import MasterSettings
from tests.master.gateway import Gateway, routes
from tilework.jobs.job import State
from tilework.jobs.quotas import KEY_BYTES

if TYPE_CHECKING:
    import httpx

    from tests.master.conftest import Client, World

ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

FORMS: tuple[tuple[str | None, bytes], ...] = (
    ("application/x-www-form-urlencoded", b"code=&pipeline=invert"),
    ("text/plain", b'{"code": "", "pipeline": "invert", "filename": "a"}'),
    ("text/plain;charset=application/json", b"{}"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n\r\n--x--',
    ),
    (None, b""),
)
"""What a page of another site makes a browser send without asking first."""


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "0", path.replace("{job_id}", "a"))


@pytest.fixture
def gateway(world: World) -> Gateway:
    world.put_row("a", state=State.FAILED, code="crashed", owner="zoe")
    return Gateway.to(world, MasterSettings(any_host=True))


def answers(gateway: Gateway, **options: Any) -> list[tuple[str, httpx.Response]]:
    return [
        (path, gateway.get(filled(path), **options))
        for method, path in routes(gateway.app, "/")
        if method == "GET"
    ]


def test_no_form_and_no_script_of_another_site_can_order_anything(gateway: Gateway, world: World) -> None:
    orders = [path for method, path in routes(gateway.app) if method == "POST"]
    assert len(orders) > 6
    for path in orders:
        for kind, body in FORMS:
            headers = {**ELSEWHERE, **({"Content-Type": kind} if kind else {})}
            told = gateway.post(filled(path), content=body, headers=headers)
            assert (told.status_code, told.json()["code"]) == (415, "not_json"), (path, kind)
    assert [row.id for row in world.system.table.list(State.FAILED)] == ["a"]
    assert world.told() == []


def test_no_answer_lets_another_site_read_it_or_sets_a_cookie(gateway: Gateway) -> None:
    for path, told in answers(gateway, headers=ELSEWHERE):
        assert "set-cookie" not in told.headers, path
        assert not [name for name in told.headers if name.startswith("access-control-")], path
        assert told.headers["cross-origin-resource-policy"] == "same-origin", path
    for method, path in routes(gateway.app):
        asked = {
            **ELSEWHERE,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type",
        }
        told = gateway.request("OPTIONS", filled(path), headers=asked)
        assert told.status_code >= 400, path
        assert not [name for name in told.headers if name.startswith("access-control-")], path


def test_every_answer_says_what_it_is_and_is_no_page_of_somebody_elses_frame(gateway: Gateway) -> None:
    for path, told in answers(gateway, headers={"Accept": "text/html"}):
        assert told.headers["x-content-type-options"] == "nosniff", path
        policy = told.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path


def test_nothing_private_is_kept_by_a_cache_between(gateway: Gateway) -> None:
    public = {"/docs", "/sign-in"}
    for path, told in answers(gateway):
        kept = told.headers.get("cache-control", "")
        assert "public" not in kept, path
        if path not in public and told.headers["content-type"].startswith("text/html"):
            assert "private" in kept or "no-store" in kept, path


def test_behind_a_sign_in_no_answer_about_jobs_is_kept_by_a_cache_between(world: World) -> None:
    world.put_row("a", state=State.FAILED, code="crashed", owner="zoe")
    gateway = Gateway.to(world)
    for path in (
        "/api/jobs",
        "/api/jobs/a",
        "/api/failures",
        "/api/export",
        "/api/page/",
        "/api/page/jobs/a",
    ):
        told = gateway.get(path, user="zoe")
        assert told.status_code == 200
        assert re.search("private|no-store", told.headers["cache-control"]), path


def test_an_upload_is_one_key_one_size_one_owner_and_for_minutes(client: Client) -> None:
    def refused(**body: Any) -> bool:
        answer = client.post(
            "/api/uploads", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        return answer.status_code in {413, 422}

    for wrong in (
        {"filename": ""},
        {"filename": "x" * 1025},
        {"filename": "a", "size": -1},
        {"filename": "a", "size": 1_000_001},
        {"filename": "a", "content_type": "text/html\r\nx: y"},
        {"filename": "a", "batch": "../x"},
        {"filename": "a", "key": "elsewhere/a.png"},
        {"filename": "a", "key": "submitted/${filename}"},
        {"filename": "a", "key": "submitted/" + "k" * KEY_BYTES},
        {"filename": "a", "pipeline": "x" * 5000},
    ):
        assert refused(**wrong), wrong
    told = client.post("/api/uploads", json={"filename": "../../a.png"}).json()
    assert told["key"].startswith("uploads/")
    assert told["key"].endswith("/a.png")
    assert (told["expires"], told["max_bytes"]) == (900, 1_000_000)


SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTMLUnsafe"
    r"|\beval\(|new Function|srcdoc|javascript:"
)


def test_no_module_makes_markup_of_text() -> None:
    modules = [file for file in STATIC.rglob("*.js") if "vendor" not in file.parts]
    assert len(modules) > 10
    found = {file.name for file in modules if SINKS.search(file.read_text())}
    assert found == {"trusted.js"}
