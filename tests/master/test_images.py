"""GET /api/images, and the keys that a client may choose: what a command line without AWS credentials needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from master import images

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def test_images_are_listed_with_all_their_versions_page_by_page_a_key_never_torn(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "VERSIONS_AT_ONCE", 2)
    drops = [world.drop(key).drop for key in ("a/1.png", "a/2.png", "a/2.png", "a/3.png", "b/1.png")]
    pages: list[dict[str, Any]] = [client.get("/api/images?prefix=a/").json()]
    while pages[-1]["after"]:
        pages.append(client.get("/api/images", params={"prefix": "a/", "after": pages[-1]["after"]}).json())
    told = [[(each["key"], each["version"]) for each in page["versions"]] for page in pages]
    assert sorted(one for page in told for one in page) == sorted(
        (drop.key, drop.version) for drop in drops[:4]
    )
    assert [{key for key, _ in page} for page in told[:2]] == [{"a/1.png", "a/2.png"}, {"a/3.png"}]
    assert pages[0]["bucket"] == "memory-input"


def test_a_job_is_found_by_the_first_digits_of_its_id(world: World, client: Client) -> None:
    for digits in ("1f0c93ab", "1f0cffff", "aaaa0000"):
        world.put_row(digits + "0" * 24)
    found = client.get("/api/jobs?digits=1f0c").json()["jobs"]
    assert sorted(job["id"][:8] for job in found) == ["1f0c93ab", "1f0cffff"]
    assert client.get("/api/jobs?digits=1f").status_code == 422


def test_a_client_may_choose_a_key_under_submitted_and_nowhere_else(client: Client) -> None:
    def ask(key: str) -> Any:
        return client.post("/api/uploads", json={"filename": "a.png", "key": key})

    assert ask("submitted/photos/a.png").json()["key"] == "submitted/photos/a.png"
    for key in (
        "a.png",
        "drop/cells/a.png",
        ".tilework/presets.toml",
        "submitted/${filename}",
        "uploads/a.png",
    ):
        assert ask(key).status_code == 422
    assert ask("submitted/" + "ä" * 510).status_code == 422
