"""GET /api/presets."""

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


def test_the_shipped_presets_are_told_with_pictures_of_those_that_make_one(client: Client) -> None:
    told = client.get("/api/presets").json()
    assert {one["name"]: one["pipeline"] for one in told["presets"]} == shipped_presets()
    assert all(one["shipped"] and not one["fault"] for one in told["presets"])
    assert told["fault"] == ""
    without = {one["name"] for one in told["presets"] if not one["picture"]}
    assert without == {"map-tiles", "slide-viewer", "cell-counts", "exposure"}
    for one in told["presets"]:
        if one["picture"]:
            picture = client.get(one["picture"])
            assert picture.headers["content-type"] == "image/webp"
            assert "immutable" in picture.headers["cache-control"]


def test_the_buckets_own_go_before_the_shipped_and_are_there_at_once(client: Client, world: World) -> None:
    write(world, '[presets]\nedges = "invert"\n"my\u202e own" = "blur(3)"')
    told = {one["name"]: one for one in client.get("/api/presets").json()["presets"]}
    assert (told["edges"]["pipeline"], told["edges"]["shipped"]) == ("invert", False)
    # the picture is of the shipped one, which does something else
    assert told["edges"]["picture"] == ""
    assert told["my\u202e own"]["folder"] == "drop/my\u202e own/"


def test_what_is_wrong_with_the_file_is_told_with_its_place(client: Client, world: World) -> None:
    write(world, '[presets]\nown = "blurr(9)"')
    (bad,) = [one for one in client.get("/api/presets").json()["presets"] if one["fault"]]
    assert "at character 1" in bad["fault"]
    assert "did you mean 'blur'?" in bad["fault"]
    write(world, "[presets]\n= 3")
    assert "at line 2" in client.get("/api/presets").json()["fault"]


def test_the_page_is_there_without_the_presets(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ServiceError("The store is down.")

    monkeypatch.setattr(world.system.inputs, "head", fail)
    assert client.get("/").status_code == 200
    assert client.get("/api/presets").status_code == 503


def test_a_preset_in_a_pipeline_s_text_is_told_with_its_operations(client: Client) -> None:
    problem = client.get("/api/pipeline", params={"text": "median(3) | edges"}).json()
    assert (problem["code"], problem["position"]) == ("bad_pipeline", 12)
    assert problem["detail"] == "'edges' is a preset, and no operation (at character 13)."
    assert problem["preset"] == {"name": "edges", "text": f"median(3) | {shipped_presets()['edges']}"}
    assert "preset" not in client.get("/api/pipeline", params={"text": "edgess"}).json()
