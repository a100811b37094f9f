from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from preview import small
from preview.app import create_app
from preview.settings import PreviewSettings
from preview.small import small_picture
from tests.preview.conftest import NOW, Client, World
from tests.preview.pictures import decoded, jpeg, noise, png, tiff
from tilework.imaging.limits import Limits
from tilework.imaging.run import BytesSource
from tilework.imaging.windows import Size


def test_a_job_is_shown_small_and_for_ever(world: World, client: Client) -> None:
    image = cv2.GaussianBlur(noise(1200, 900), (0, 0), 12)
    job = world.job(jpeg(image), result=png(255 - image))
    for side, expected in (("input", image), ("result", 255 - image)):
        answer = client.get(f"/api/jobs/{job.id}/thumbnail?side={side}")
        assert answer.headers["content-type"] == "image/jpeg"
        assert "immutable" in answer.headers["cache-control"]
        found = decoded(answer.content)
        assert found.shape == (192, 256, 3)
        assert (
            np.abs(found.astype(int) - cv2.resize(expected, (256, 192), interpolation=cv2.INTER_AREA)).mean()
            < 4
        )
        again = client.get(
            f"/api/jobs/{job.id}/thumbnail?side={side}", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304


def test_a_thumbnail_is_asked_for_anew_until_a_pipeline_says_what_page_it_is_of(
    world: World, client: Client
) -> None:
    job = world.job(png(noise(30, 20)), pipeline="")
    address = f"/api/jobs/{job.id}/thumbnail"
    early = client.get(address)
    assert early.headers["cache-control"] == "private, no-cache"
    assert world.system.table.replace(replace(job, pipeline="page(0) | invert()", serial=1), seen=job) is None
    later = client.get(address, headers={"If-None-Match": early.headers["etag"]})
    assert later.status_code == 200
    assert "immutable" in later.headers["cache-control"]
    assert client.get(address, headers={"If-None-Match": later.headers["etag"]}).status_code == 304


def test_a_small_image_is_not_made_larger(world: World, client: Client) -> None:
    job = world.job(png(noise(30, 20)))
    assert decoded(client.get(f"/api/jobs/{job.id}/thumbnail").content).shape == (20, 30, 3)


def test_alpha_stays_alpha(world: World, client: Client) -> None:
    image = np.dstack([noise(300, 200), np.zeros((200, 300), np.uint8)])
    answer = client.get(f"/api/jobs/{world.job(png(image)).id}/thumbnail")
    assert answer.headers["content-type"] == "image/png"
    assert decoded(answer.content).shape == (171, 256, 4)
    assert not decoded(answer.content)[:, :, 3].any()


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_deep_images_are_scaled_from_their_darkest_to_their_brightest(
    world: World, client: Client, dtype: str
) -> None:
    image = noise(300, 200, 1, dtype)
    image = (image // 16 if dtype == "uint16" else image / 16).astype(dtype)
    found = decoded(client.get(f"/api/jobs/{world.job(tiff(image)).id}/thumbnail").content)
    assert found.min() < 8
    assert found.max() > 247


def test_labels_are_shown_too(world: World, client: Client) -> None:
    import io

    import tifffile

    file = io.BytesIO()
    tifffile.imwrite(file, np.arange(300 * 200, dtype=np.int32).reshape(200, 300), photometric="minisblack")
    job = world.job(png(noise(30, 20)), result=file.getvalue(), result_key="results/a.tif")
    assert client.get(f"/api/jobs/{job.id}/thumbnail?side=result").status_code == 200


def test_an_image_on_its_side_stands_upright() -> None:
    image = cv2.GaussianBlur(noise(900, 300), (0, 0), 12)
    body = jpeg(image)
    exif = bytes.fromhex("4d4d002a 00000008 0001 0112 0003 00000001 0006 0000 00000000")
    segment = b"Exif\0\0" + exif
    turned = body[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + body[2:]
    found = small_picture(BytesSource(turned), Limits(), side=256)
    assert found.size == Size(85, 256)
    expected = cv2.rotate(cv2.resize(image, (256, 85), interpolation=cv2.INTER_AREA), cv2.ROTATE_90_CLOCKWISE)
    assert np.abs(found.colour.astype(int) - expected).mean() < 4


def test_a_jpeg_is_never_decoded_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    decode = small.simplejpeg.decode_jpeg
    monkeypatch.setattr(
        small.simplejpeg,
        "decode_jpeg",
        lambda *a, **k: sizes.append((found := decode(*a, **k)).shape) or found,
    )
    small_picture(BytesSource(jpeg(noise(2100, 1400))), Limits(), side=256)
    assert sizes == [(175, 263, 3)]


def test_a_large_tiff_is_shown_by_its_overview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "DECODED_BYTES", 300 * 200)
    image = noise(1200, 800, 1)
    found = small_picture(BytesSource(tiff(image, levels=3)), Limits(), side=256)
    assert found.size == Size(256, 171)


def test_what_would_take_too_much_has_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(create_app(PreviewSettings(), world.system, lambda: NOW))
    monkeypatch.setattr(small, "DECODED_BYTES", 1000)
    for body in (tiff(noise(300, 200)), png(noise(300, 200))):
        answer = client.get(f"/api/jobs/{world.job(body).id}/thumbnail")
        assert (answer.status_code, answer.json()["code"]) == (404, "image_not_previewed")


@pytest.mark.parametrize(
    ("changes", "side"),
    [({}, "result"), ({"result_key": "results/a.json"}, "result"), ({"result_key": "results/a.dzi.tar"}, "result"), ({"key": ""}, "input")],
)  # fmt: skip
def test_what_is_no_image_has_none(world: World, client: Client, changes: dict[str, str], side: str) -> None:
    job = world.job(png(noise(30, 20)), key="a.png", id="a" * 32)
    row = replace(job, id="b" * 32, **changes)
    assert world.system.table.create(row) is None
    answer = client.get(f"/api/jobs/{row.id}/thumbnail?side={side}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_image")


def test_what_is_no_image_at_all_is_told(world: World, client: Client) -> None:
    answer = client.get(f"/api/jobs/{world.job(b'<svg onload=alert(1)>').id}/thumbnail")
    assert (answer.status_code, answer.json()["code"]) == (404, "unsupported_format")


def test_who_asks_without_knowing_is_told_that_there_is_none_without_an_error(
    world: World, client: Client
) -> None:
    for address in (
        f"/api/jobs/{world.job(b'<svg>').id}/thumbnail?side=input",
        f"/api/jobs/{world.job(png(noise(30, 20)), key='a.png').id}/thumbnail?side=result",
    ):
        assert client.get(address).status_code == 404
        empty = client.get(f"{address}&absent=empty")
        assert (empty.status_code, empty.content) == (204, b"")
        assert "immutable" not in empty.headers["cache-control"]
    assert client.get("/api/jobs/nobody/thumbnail?absent=empty").status_code == 404
