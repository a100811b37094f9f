"""/api/uploads/multipart: a large file in parts, begun and completed by whom it belongs to, never larger than was said."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from master.app import create_app
from master.multipart import MIB, part_bytes, part_count, size_of_part
from master.settings import MasterSettings
from tests.master.conftest import Client
from tilework.jobs.quotas import OBJECT_BYTES, PARTS
from tilework.jobs.stores import Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from tests.master.conftest import World

SIZE = 20 * MIB


@pytest.fixture
def settings() -> MasterSettings:
    return MasterSettings(upload_limit_bytes=SIZE)


@pytest.fixture
def signed_in(client: Client) -> Callable[[str], Client]:
    """Clients whom a gateway's authorizer has named."""

    def make(subject: str) -> Client:
        claims = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": subject}}}}}

        async def behind_gateway(scope: Scope, receive: Receive, send: Send) -> None:
            await client.app({**scope, "aws.event": claims}, receive, send)

        return Client(behind_gateway)  # type: ignore[arg-type]

    return make


def begin(client: Client, **wanted: Any) -> dict[str, Any]:
    asked = {"filename": "scan.tif", "size": SIZE, "pipeline": "blur(9)"} | wanted
    response = client.post("/api/uploads/multipart", json=asked)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def of(begun: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: begun[name] for name in ("key", "upload", "size")} | changes


def send(world: World, begun: dict[str, Any], *numbers: int, less: int = 0) -> None:
    """What the browser sends to the signed addresses."""
    for number in numbers:
        body = b"x" * (size_of_part(number, begun["size"]) - less)
        world.system.inputs.upload_part(Upload(begun["key"], begun["upload"]), number, body)


def complete(client: Client, begun: dict[str, Any], **changes: Any) -> Any:
    return client.post("/api/uploads/multipart/complete", json=of(begun, **changes))


def test_a_file_that_came_in_parts_is_an_image_with_its_pipeline_and_batch(
    client: Client, world: World
) -> None:
    begun = begin(client, pipeline=" blur( width=9 )", batch="drop-1", content_type="image/tiff")
    assert (begun["part_bytes"], begun["parts"], begun["pipeline"]) == (8 * MIB, 3, "blur(9)")
    assert re.fullmatch(r"uploads/2025-11-24/[0-9a-f]{16}-[0-9a-f]{24}/scan.tif", begun["key"])
    send(world, begun, 3, 1, 2)
    assert world.told() == []
    answer = complete(client, begun)
    assert answer.status_code == 200
    info = world.system.inputs.head(begun["key"])
    assert answer.json() == {"key": begun["key"], "version": info.version, "size": SIZE}
    assert (info.size, info.content_type) == (SIZE, "image/tiff")
    assert dict(info.metadata) == {"pipeline": "blur(9)", "batch": "drop-1"}
    assert len(world.told()) == 1


def test_an_address_is_signed_for_the_number_and_the_length_of_a_part(client: Client) -> None:
    begun = begin(client)
    answer = client.post("/api/uploads/multipart/parts", json=of(begun) | {"numbers": [1, 3]}).json()
    assert [(part["number"], part["start"], part["size"]) for part in answer["parts"]] == [
        (1, 0, 8 * MIB),
        (3, 16 * MIB, 4 * MIB),
    ]
    assert f"partNumber=3&uploadId={begun['upload']}&size={4 * MIB}" in answer["parts"][1]["url"]


def test_whoever_was_interrupted_is_told_which_parts_are_there_whole(client: Client, world: World) -> None:
    begun = begin(client)
    send(world, begun, 2)
    send(world, begun, 3, less=1)
    answer = client.get("/api/uploads/multipart", params=of(begun))
    assert answer.json() == {"stored": [2], "part_bytes": 8 * MIB, "parts": 3}


def test_an_upload_is_completed_only_with_all_parts_of_the_size_that_was_said(
    client: Client, world: World
) -> None:
    begun = begin(client)
    send(world, begun, 1)
    send(world, begun, 3, less=1)
    answer = complete(client, begun)
    assert (answer.status_code, answer.json()["code"]) == (409, "parts_missing")
    assert answer.json()["missing"] == [2, 3]
    assert list(world.system.inputs.list()) == []


def test_parts_beyond_the_size_that_was_said_never_become_part_of_the_image(
    client: Client, world: World
) -> None:
    begun = begin(client)
    send(world, begun, 1, 2, 3)
    world.system.inputs.upload_part(Upload(begun["key"], begun["upload"]), 4, b"more")
    assert complete(client, begun).status_code == 200
    assert world.system.inputs.head(begun["key"]).size == SIZE


def test_to_complete_again_what_was_completed_makes_no_second_image(client: Client, world: World) -> None:
    begun = begin(client)
    send(world, begun, 1, 2, 3)
    first, second = complete(client, begun), complete(client, begun)
    assert first.json() == second.json()
    assert len(list(world.system.inputs.versions())) == 1


def test_an_upload_that_was_called_off_is_over(client: Client, world: World) -> None:
    begun = begin(client)
    send(world, begun, 1, 2, 3)
    for _ in range(2):
        assert client.request("DELETE", "/api/uploads/multipart", params=of(begun)).status_code == 204
    over = complete(client, begun), client.get("/api/uploads/multipart", params=of(begun))
    assert [(answer.status_code, answer.json()["code"]) for answer in over] == [(410, "upload_over")] * 2
    assert list(world.system.inputs.list()) == []


def test_a_file_beyond_the_limit_is_refused_before_a_part_of_it_is_sent(client: Client) -> None:
    answer = client.post("/api/uploads/multipart", json={"filename": "a.tif", "size": SIZE + 1})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": SIZE - 1},
        {"size": 1},
        {"key": "uploads/2025-11-24/scan.tif"},
        {"key": "submitted/scan.tif"},
        {"key": "uploads"},
        {"key": "uploads/2025-11-24/ä-ö/scan.tif"},
    ],
)
def test_an_upload_is_known_only_by_the_key_and_the_size_it_was_begun_with(
    client: Client, changes: dict[str, Any]
) -> None:
    begun = begin(client)
    refused_everywhere(client, of(begun, **changes))


def test_nobody_comes_near_to_the_upload_of_somebody_else(
    client: Client, signed_in: Callable[[str], Client], world: World
) -> None:
    begun = begin(signed_in("Zoë"))
    send(world, begun, 1, 2, 3)
    for other in (signed_in("eve"), client):
        refused_everywhere(other, of(begun))
    # another's id under a key of one's own is no upload that S3 knows
    own = begin(signed_in("eve"))
    answer = complete(signed_in("eve"), begun, key=own["key"])
    assert (answer.status_code, answer.json()["code"]) == (410, "upload_over")
    assert complete(signed_in("Zoë"), begun).status_code == 200
    assert world.system.inputs.head(begun["key"]).metadata["owner"] == "Zoë"


def refused_everywhere(client: Client, wanted: dict[str, Any]) -> None:
    address = "/api/uploads/multipart"
    answers = (
        client.post(f"{address}/parts", json=wanted | {"numbers": [1]}),
        client.post(f"{address}/complete", json=wanted),
        client.get(address, params=wanted),
        client.request("DELETE", address, params=wanted),
    )
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "no_such_upload")] * 4


def test_a_part_that_the_file_does_not_have_is_not_signed(client: Client) -> None:
    answer = client.post("/api/uploads/multipart/parts", json=of(begin(client)) | {"numbers": [4]})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_part")


@pytest.mark.parametrize("size", [1, 8 * MIB, 8 * MIB + 1, 5 * 2**30, 2**37 + 1, OBJECT_BYTES])
def test_a_file_of_any_size_is_cut_into_parts_that_s3_takes_and_that_are_the_file(size: int) -> None:
    count = part_count(size)
    assert count <= PARTS
    assert (count - 1) * part_bytes(size) + size_of_part(count, size) == size
    assert 0 < size_of_part(count, size) <= part_bytes(size)


def test_a_form_takes_no_more_than_s3_takes_in_one_piece(world: World, settings: MasterSettings) -> None:
    large = replace(settings, upload_limit_bytes=6 * 2**30)
    client = Client(create_app(large, world.system, world.clock))
    assert client.post("/api/uploads", json={"filename": "a.tif"}).json()["max_bytes"] == 5 * 2**30
    assert begin(client, size=6 * 2**30)["parts"] == 768
