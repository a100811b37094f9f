"""GET /api/presets, and the presets on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import ServiceError
from tilework.jobs.object_keys import PRESETS
from tilework.jobs.preset_file import shipped_presets

if TYPE_CHECKING:
    import pytest

    from tests.master.conftest import Client, World


def write(world: World, text: str) -> None:
    world.system.inputs.put(PRESETS, text.encode(), metadata={}, content_type="application/toml")


def test_the_shipped_presets_are_told_and_are_on_the_page(client: Client) -> None:
    told = client.get("/api/presets").json()
    assert {one["name"]: one["pipeline"] for one in told["presets"]} == shipped_presets()
    assert all(one["shipped"] and not one["fault"] for one in told["presets"])
    assert told["fault"] == ""
    page = client.get("/").text
    for name, pipeline in shipped_presets().items():
        assert f'<option value="{pipeline}">{name}</option>' in page


def test_the_buckets_own_go_before_the_shipped_and_are_there_at_once(client: Client, world: World) -> None:
    write(world, '[presets]\nedges = "invert"\n"my\u202e own" = "blur(3)"')
    told = {one["name"]: one for one in client.get("/api/presets").json()["presets"]}
    assert (told["edges"]["pipeline"], told["edges"]["shipped"]) == ("invert", False)
    assert told["my\u202e own"]["folder"] == "drop/my\u202e own/"
    assert '<option value="blur(3)">my\\u202e own</option>' in client.get("/").text


def test_what_is_wrong_with_the_file_is_told_with_its_place(client: Client, world: World) -> None:
    write(world, '[presets]\nown = "blurr(9)"')
    (bad,) = [one for one in client.get("/api/presets").json()["presets"] if one["fault"]]
    assert "at character 1" in bad["fault"]
    page = client.get("/").text
    assert "did you mean &#39;blur&#39;? (at character 1)" in page
    assert ">own</option>" not in page
    write(world, "[presets]\n= 3")
    assert "at line 2" in client.get("/api/presets").json()["fault"]
    assert "at line 2" in client.get("/").text


def test_the_page_is_there_without_the_presets(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ServiceError("The store is down.")

    monkeypatch.setattr(world.system.inputs, "head", fail)
    assert client.get("/").status_code == 200
    assert "The store is down." in client.get("/").text
    assert client.get("/api/presets").status_code == 503
