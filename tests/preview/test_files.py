from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from preview.app import create_app
from preview.settings import PreviewSettings
from tests.in_process import call_off
from tests.preview.conftest import NOW, Client, World
from tests.preview.pictures import decoded, jpeg, noise, png, tiff
from tests.preview.test_regions import signed_in

if TYPE_CHECKING:
    import httpx

PLACE = {"x": 10, "y": 20, "width": 60, "height": 40}


def ask(client: Client, body: bytes, *, send: bool = True, **wanted: Any) -> httpx.Response:
    headers = {"Tilework-File": hashlib.sha256(body).hexdigest(), "Content-Type": "application/octet-stream"}
    return client.request(
        "POST",
        "/api/preview/file",
        params={**PLACE, **wanted},
        headers=headers,
        content=body if send else b"",
    )


def test_a_file_that_is_not_stored_is_sent_once_and_shown_for_each_move(client: Client) -> None:
    image = noise(100, 90)
    body = png(image)
    assert ask(client, body, send=False).json()["code"] == "no_such_file"
    for send in (True, False, False):
        shown = ask(client, body, send=send, pipeline="invert()")
        assert np.array_equal(decoded(shown.content), 255 - image[20:60, 10:70])
        assert json.loads(shown.headers["tilework-preview"])["approximate"] == []


def test_levels_and_regions_are_those_of_stored_images(client: Client) -> None:
    image = noise(100, 90, 1, "uint16")
    shown = ask(client, tiff(image), black=0, white=65535)
    assert np.array_equal(decoded(shown.content), np.rint(image[20:60, 10:70] / 65535 * 255))
    assert ask(client, png(image), x=500).json()["code"] == "no_such_region"


def test_another_file_than_the_one_that_is_named_is_refused(client: Client) -> None:
    headers = {"Tilework-File": "0" * 64}
    answer = client.request(
        "POST", "/api/preview/file", params=PLACE, headers=headers, content=png(noise(9, 9))
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


def test_a_file_that_is_too_large_is_not_even_read_to_its_end(
    world: World,
) -> None:
    client = Client(create_app(PreviewSettings(file_bytes=100), world.system, lambda: NOW))
    assert ask(client, jpeg(noise(100, 90))).status_code == 413


@pytest.mark.parametrize(
    ("environ", "mib"),
    [({}, 50), ({"AWS_LAMBDA_FUNCTION_NAME": "p"}, 4), ({"TILEWORK_PREVIEW_FILE_MIB": "7"}, 7)],
)
def test_a_file_may_be_as_large_as_a_camera_s_photo_but_where_lambda_takes_less(
    world: World, environ: dict[str, str], mib: int
) -> None:
    client = Client(create_app(PreviewSettings.from_environment(environ), world.system, lambda: NOW))
    assert client.get("/api/preview").json()["most_file_bytes"] == mib * 2**20


def test_the_oldest_file_is_forgotten_first(world: World) -> None:
    bodies = [png(noise(100, 90, seed=seed)) for seed in range(4)]
    room = 3 * (100 * 90 * 3 + 2 * max(map(len, bodies)))
    client = Client(create_app(PreviewSettings(cache_bytes=room), world.system, lambda: NOW))
    for body in bodies:
        assert ask(client, body).status_code == 200
    assert ask(client, bodies[0], send=False).status_code == 404
    assert ask(client, bodies[2], send=False).status_code == 200


def test_a_file_that_is_refused_is_not_kept(client: Client) -> None:
    body = b"no image at all"
    assert ask(client, body).status_code == 422
    assert ask(client, body, send=False).json()["code"] == "no_such_file"


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_levels_that_are_no_numbers_are_refused(client: Client, number: str) -> None:
    answer = ask(client, png(noise(100, 90)), black=number, white=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


def test_what_one_person_sent_is_no_other_s_to_see(world: World) -> None:
    app = create_app(PreviewSettings(sign_in=True, any_host=True), world.system, lambda: NOW)
    body = png(noise(100, 90))
    ann, bob = (Client(signed_in(app, name)) for name in ("ann", "bob"))
    assert ask(ann, body).status_code == 200
    assert ask(ann, body, send=False).status_code == 200
    assert ask(bob, body, send=False).json()["code"] == "no_such_file"


def test_a_file_that_a_page_calls_off_while_it_is_sent_is_no_error(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    place = "/api/preview/file?x=0&y=0&width=9&height=9"
    assert call_off(client.app, client.host, place, **{"tilework-file": "0" * 64}) == []
    assert caplog.records == []
