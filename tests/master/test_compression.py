"""What travels compressed, what does not, and what a browser may keep."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def static(client: Client, suffix: str) -> list[str]:
    """The static files that the first page links."""
    return re.findall(rf'(?:src|href)="(/static/[^"]+\.{suffix})"', client.get("/").text)


@pytest.mark.parametrize("path", ["/", "/docs", "/api/openapi.json", "/api/operations"])
def test_pages_and_answers_of_some_length_travel_compressed_where_the_client_can(
    client: Client, path: str
) -> None:
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.text == plain.text


def test_what_is_compressed_already_or_tiny_travels_as_it_is(client: Client, world: World) -> None:
    for path in ("/api/health", *static(client, "svg")):
        assert "content-encoding" not in client.get(path, headers={"Accept-Encoding": "gzip"}).headers


def test_static_files_are_kept_for_a_year_and_everything_else_is_asked_for_again(client: Client) -> None:
    files = [*static(client, "css"), *static(client, "js")]
    assert files
    for path in files:
        assert client.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/", "/api/jobs", "/statistics"):
        assert client.get(path).headers["cache-control"] == "private, no-cache"


def test_a_compressed_answer_is_known_by_the_same_tag(client: Client) -> None:
    first = client.get("/api/jobs", headers={"Accept-Encoding": "gzip"})
    again = {"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]}
    assert client.get("/api/jobs", headers=again).status_code == 304
