from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from preview.app import create_app
from preview.settings import PreviewSettings
from tests.preview.conftest import NOW, Client, World
from tests.preview.pictures import decoded, jpeg, noise, png, tiff
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.pipeline import parse
from tilework.jobs.object_keys import PICTURES

if TYPE_CHECKING:
    import httpx

PLACE = {"x": 10, "y": 20, "width": 60, "height": 40}


def facts(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = json.loads(response.headers["tilework-preview"])
    return found


def test_a_slider_shows_the_result_s_own_pixels(world: World, client: Client) -> None:
    image = noise(200, 150)
    job = world.job(png(image))
    for size in (3, 9, 21):
        shown = client.preview(job=job.id, pipeline=f"blur({size}) | otsu()", window=PLACE)
        expected = run_whole(Picture(image), parse(f"blur({size}) | otsu()")).colour[20:60, 10:70]
        assert np.array_equal(decoded(shown.content), expected)
        told = facts(shown)
        assert (told["width"], told["height"], told["approximate"]) == (200, 150, [])
        assert told["window"] == PLACE
        assert told["levels"] is None


def test_without_a_pipeline_it_shows_the_image_itself(world: World, client: Client) -> None:
    image = noise(100, 90)
    job = world.job(tiff(image))
    shown = client.preview(job=job.id, window=PLACE)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["cache-control"] == "no-store"
    assert np.array_equal(decoded(shown.content), image[20:60, 10:70])


def test_what_is_deeper_than_a_screen_is_scaled_and_says_how(world: World, client: Client) -> None:
    image = noise(100, 90, 1, "uint16")
    job = world.job(tiff(image))
    part = image[20:60, 10:70].astype(float)
    shown = client.preview(job=job.id, window=PLACE)
    told = facts(shown)
    assert told["dtype"] == "uint16"
    assert told["levels"] == [part.min(), part.max()]
    scaled = np.rint((part - part.min()) / (part.max() - part.min()) * 255)
    assert np.array_equal(decoded(shown.content), scaled)
    fixed = client.preview(job=job.id, window=PLACE, levels=[0, 65535])
    assert np.array_equal(decoded(fixed.content), np.rint(part / 65535 * 255))


def test_what_is_no_number_is_black(world: World, client: Client) -> None:
    image = noise(100, 90, 1, "float32")
    image[20, 10], image[21, 11] = np.nan, np.inf
    shown = client.preview(job=world.job(tiff(image)).id, window=PLACE)
    assert facts(shown)["levels"] == [pytest.approx(0, abs=0.3), pytest.approx(1, abs=0.4)]
    found = decoded(shown.content)
    assert found[0, 0] == 0
    assert found[1, 1] == 255


def test_alpha_is_shown_as_alpha(world: World, client: Client) -> None:
    image = np.dstack([noise(100, 90), noise(100, 90, 1)])
    shown = client.preview(job=world.job(png(image)).id, window=PLACE)
    assert np.array_equal(decoded(shown.content), image[20:60, 10:70])


def test_an_image_that_no_job_is_about_yet_is_named_by_its_version(world: World, client: Client) -> None:
    image = noise(100, 90)
    version = world.system.inputs.put("a/b.png", png(image), metadata={}, content_type="image/png")
    shown = client.preview(key="a/b.png", version=version, pipeline="invert()", window=PLACE)
    assert np.array_equal(decoded(shown.content), 255 - image[20:60, 10:70])


def test_a_pipeline_may_name_a_picture_of_the_bucket(world: World, client: Client) -> None:
    image = noise(100, 90)
    logo = np.full((8, 8, 3), 255, np.uint8)
    world.system.inputs.put(f"{PICTURES}logo", png(logo), metadata={}, content_type="image/png")
    shown = client.preview(
        job=world.job(png(image)).id, pipeline="overlay(logo)", window={**PLACE, "x": 0, "y": 0}
    )
    assert facts(shown)["approximate"] == []
    missing = client.preview(job=world.job(png(image)).id, pipeline="overlay(none)", window=PLACE)
    assert missing.json()["code"] == "bad_picture"


def test_a_page_of_a_file_is_chosen_by_the_pipeline(world: World, client: Client) -> None:
    import io

    import tifffile

    file, pages = io.BytesIO(), [noise(80, 70, 1, seed=seed) for seed in (1, 2)]
    with tifffile.TiffWriter(file) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None)
    job = world.job(file.getvalue())
    for number, page in enumerate(pages):
        shown = client.preview(job=job.id, pipeline=f"page({number}) | invert()", window=PLACE)
        assert np.array_equal(decoded(shown.content), 255 - page[20:60, 10:70])
    assert client.preview(job=job.id, window=PLACE).json()["code"] == "several_pages"


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"pipeline": "blur("}, 422, "bad_pipeline"),
        ({"pipeline": "blur(9)", "job": "none"}, 404, "no_such_job"),
        ({"key": "a", "job": "b"}, 422, "bad_request"),
        ({"job": "", "key": "a"}, 422, "bad_request"),
        ({"job": "", "key": "a", "version": "none"}, 404, "no_image"),
        ({"job": "", "key": f"{PICTURES}logo", "version": "1"}, 404, "no_image"),
        ({"levels": ["nan", 1]}, 422, "bad_request"),
        ({"levels": [0, "inf"]}, 422, "bad_request"),
        ({"window": {"x": 0, "y": 0, "width": 0, "height": 1}}, 422, "bad_request"),
        ({"window": {"x": 900, "y": 0, "width": 1, "height": 1}}, 422, "no_such_region"),
        ({"pipeline": "components()"}, 422, "unsupported_pixels"),
    ],
)
def test_what_cannot_be_shown_is_told_as_a_problem(
    world: World, client: Client, wanted: dict[str, Any], status: int, code: str
) -> None:
    job = world.job(png(noise(50, 40)))
    answer = client.preview(**{"job": job.id, "window": PLACE, **wanted})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["advice"]


def test_a_damaged_image_is_told_as_the_worker_would(world: World, client: Client) -> None:
    body = jpeg(noise(100, 90))
    job = world.job(body[: len(body) // 2])
    assert client.preview(job=job.id, window=PLACE).json()["code"] == "damaged"


def test_an_image_too_large_to_be_decoded_whole_is_refused_with_advice(world: World) -> None:
    client = Client(create_app(PreviewSettings(image_bytes=1000), world.system, lambda: NOW))
    answer = client.preview(job=world.job(png(noise(100, 90))).id, window=PLACE)
    assert (answer.status_code, answer.json()["code"]) == (422, "image_not_previewed")
    assert "tiled TIFF" in answer.json()["advice"]
    tiled = client.preview(job=world.job(tiff(noise(100, 90))).id, window=PLACE)
    assert tiled.status_code == 200


def test_a_decoder_that_is_not_installed_is_told(
    world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preview.opened.decode", missing)
    answer = client.preview(job=world.job(png(noise(100, 90))).id, window=PLACE)
    assert "no decoder for such a PNG file" in answer.json()["detail"]


def missing(*_: object) -> None:
    raise ModuleNotFoundError("No module named 'cv2'")


@pytest.mark.parametrize("suffix", [".webp", ".jp2"])
def test_what_only_a_child_process_decodes_is_shown_as_well(
    world: World, client: Client, suffix: str
) -> None:
    import cv2
    import imagecodecs

    image = noise(100, 90)
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    body = (
        imagecodecs.webp_encode(rgb, lossless=True)
        if suffix == ".webp"
        else cv2.imencode(suffix, image)[1].tobytes()
    )
    shown = client.preview(job=world.job(bytes(body)).id, window=PLACE)
    assert np.array_equal(
        decoded(shown.content), cv2.imdecode(np.frombuffer(body, np.uint8), -1)[20:60, 10:70]
    )


# --- who may see what --------------------------------------------------------------------------------------------------


def signed_in(app: Any, owner: str) -> Any:
    """What a gateway makes of a request whose token it has judged."""
    event = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": owner}}}}}

    async def with_event(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "aws.event": event}, receive, send)

    return with_event


def test_where_people_sign_in_each_sees_their_own_images(world: World) -> None:
    app = create_app(PreviewSettings(sign_in=True, any_host=True), world.system, lambda: NOW)
    job = world.job(png(noise(100, 90)), owner="ann")
    ann, bob = (Client(signed_in(app, name)) for name in ("ann", "bob"))
    assert ann.preview(job=job.id, window=PLACE).status_code == 200
    assert ann.get(f"/api/jobs/{job.id}/thumbnail").status_code == 200
    refused = bob.preview(job=job.id, window=PLACE)
    never = bob.preview(job="f" * 32, window=PLACE)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_job")
    assert refused.json()["detail"].replace(job.id, "") == never.json()["detail"].replace("f" * 32, "")
    assert bob.get(f"/api/jobs/{job.id}/thumbnail").status_code == 404


def test_a_key_of_another_s_is_not_told_from_one_that_is_not_there(world: World) -> None:
    app = create_app(PreviewSettings(sign_in=True, any_host=True), world.system, lambda: NOW)
    version = world.system.inputs.put(
        "a.png", png(noise(100, 90)), metadata={"owner": "ann"}, content_type="image/png"
    )
    asked = {"key": "a.png", "version": version, "window": PLACE}
    assert Client(signed_in(app, "ann")).preview(**asked).status_code == 200
    bob = Client(signed_in(app, "bob"))
    told = bob.preview(**asked)
    assert told.status_code == 404
    for missing in ({"version": "none"}, {"key": "nothing.png"}):
        assert bob.preview(**{**asked, **missing}).json() == told.json()


def test_without_a_token_nothing_is_told_where_people_sign_in(world: World) -> None:
    client = Client(create_app(PreviewSettings(sign_in=True, any_host=True), world.system, lambda: NOW))
    for answer in (
        client.get("/api/preview"),
        client.preview(job="a", window=PLACE),
        client.get("/api/jobs/a/thumbnail"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_foreign_name_in_the_host_header_is_refused(client: Client) -> None:
    answer = replace(client, host="evil.example:8001").get("/api/preview")
    assert (answer.status_code, answer.json()["code"]) == (421, "foreign_host")


def test_every_answer_has_the_security_headers(world: World, client: Client) -> None:
    job = world.job(png(noise(100, 90)))
    for answer in (
        client.preview(job=job.id, window=PLACE),
        client.get("/nothing"),
        client.get(f"/api/jobs/{job.id}/thumbnail"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


def test_it_tells_how_large_a_region_may_be(client: Client) -> None:
    assert client.get("/api/preview").json() == {"most_pixels": 1 << 20, "most_file_bytes": 50 * 2**20}
