"""What every request passes and every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from master.settings import MasterSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.master.conftest import Client


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "", "[", "localhost.evil"])
def test_a_foreign_name_that_points_here_gets_nothing(client: Client, host: str) -> None:
    response = client.get("/api/jobs", headers={"Host": host})
    assert response.status_code == 421
    assert response.json()["code"] == "foreign_host"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:1", "[::1]:8000", "LOCALHOST"])
def test_the_machines_own_names_are_ours(client: Client, host: str) -> None:
    assert client.get("/api/jobs", headers={"Host": host}).status_code == 200


def test_the_public_address_is_ours_and_behind_a_gateway_every_name_is(
    client_of: Callable[[MasterSettings], Client],
) -> None:
    headers = {"Host": "tiles.example"}
    public = client_of(MasterSettings(public_url="https://tiles.example"))
    assert public.get("/api/jobs", headers=headers).status_code == 200
    behind = client_of(MasterSettings(any_host=True))
    assert behind.get("/api/jobs", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/docs", "/nothing"])
def test_a_page_allows_no_inline_code_and_no_other_site_but_the_buckets(client: Client, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";")
    )
    assert "unsafe" not in response.headers["content-security-policy"]
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    stores = "memory://memory-input memory://memory-output"
    assert policy["connect-src"] == f"'self' {stores}"
    assert policy["img-src"] == f"'self' blob: {stores}"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


@pytest.mark.parametrize("path", ["/", "/api/jobs", "/nothing", "/api/openapi.json"])
def test_every_answer_is_taken_for_what_it_says_and_tells_no_other_site_its_address(
    client: Client, path: str
) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
