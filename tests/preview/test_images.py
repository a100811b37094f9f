"""Input and result of a job as they are looked at: levels, tiles, exact pixels, histograms."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from preview.app import create_app
from preview.settings import PreviewSettings
from tests.imaging.samples import decoded, exif, jpeg, noise, png, scene, segment, with_segments
from tests.imaging.tiffs import written
from tests.preview.conftest import Client, World
from tests.preview.looking import Looker, as_rgb, half, tiled, with_overviews
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.operations.contract import Image

PHOTO = scene(1300, 1101)
FILES: dict[str, Callable[[Image], bytes]] = {
    "png": png,
    "strips": lambda array: written(as_rgb(array), rowsperstrip=64, compression="zlib"),
    "tiles": tiled,
    "overviews": with_overviews,
    "deflate": lambda array: with_overviews(array, compression="zlib", predictor=True),
}
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("kind", FILES)
def test_tiles_of_the_whole_are_its_very_pixels_and_each_level_half_of_the_one_before(kind: str) -> None:
    looker = Looker(FILES[kind](PHOTO))
    view = looker.told()
    sizes = [(each["width"], each["height"]) for each in view["levels"]]
    assert sizes[:3] == [(1300, 1101), (650, 551), (325, 276)]
    assert max(sizes[-1]) <= view["tile"] < max(sizes[-2])
    assert (view["width"], view["height"], view["dtype"], view["channels"]) == (1300, 1101, "uint8", 3)
    assert (view["black"], view["white"], view["problem"]) == (0, 255, None)
    np.testing.assert_array_equal(looker.whole(0), PHOTO)
    for level in range(1, len(sizes)):
        shown = looker.whole(level)
        assert shown.shape[1::-1] == sizes[level]
        # of strong noise a JPEG keeps so much
        assert np.abs(shown.astype(int) - half(PHOTO, level)).mean() < 8


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("kind", ["tiles", "overviews"])
def test_deeper_pixels_are_scaled_by_one_range_for_all_tiles_which_is_told(kind: str, dtype: str) -> None:
    ramp = np.linspace(1000, 9000, 700 * 600).reshape(600, 700).astype(dtype)
    looker = Looker(FILES[kind](ramp), key="a.tif")
    view = looker.told()
    assert 1000 <= view["black"] < 1100
    assert 8900 < view["white"] <= 9000
    expected = (ramp.astype(float) - view["black"]) / (view["white"] - view["black"]) * 255
    assert np.abs(looker.whole(0) - np.clip(expected, 0, 255)).max() <= 1


def test_who_names_a_range_gets_that_one() -> None:
    ramp = np.linspace(0, 65535, 300 * 300).reshape(300, 300).astype(np.uint16)
    shown = Looker(png(ramp)).tile("0/0/0?black=0&white=65535")
    assert np.abs(shown - ramp / 257).max() <= 1


def test_what_is_no_number_is_shown_black_and_spoils_no_range() -> None:
    array = np.ones((64, 64), np.float32)
    array[0, :3] = np.nan, np.inf, -np.inf
    array[1, 0] = 2
    looker = Looker(written(array), key="a.tif")
    assert (looker.told()["black"], looker.told()["white"]) == (1, 2)
    assert looker.tile("0/0/0")[0, :3].tolist() == [0, 255, 0]
    assert looker.told("/pixel?x=0&y=0")["samples"] == ["nan"]
    assert sum(looker.told("/histogram")["channels"]["grey"]) == 64 * 64 - 3


@pytest.mark.parametrize(
    ("array", "channels"),
    [
        (noise(40, 30), ["red", "green", "blue"]),
        (noise(40, 30, 1), ["grey"]),
        (noise(40, 30, 1, "uint16"), ["grey"]),
        (noise(40, 30, 4), ["red", "green", "blue", "alpha"]),
    ],
)
def test_a_pixel_is_told_exactly(array: Image, channels: list[str]) -> None:
    found = Looker(png(array)).told("/pixel?x=7&y=11")
    value = np.atleast_1d(array[11, 7]).tolist()
    value[:3] = value[:3][::-1]
    assert found == {"x": 7, "y": 11, "channels": channels, "samples": value}


def test_floats_are_told_as_they_are() -> None:
    array = noise(300, 300, 1, "float32")
    found = Looker(tiled(array)).told("/pixel?x=299&y=280")
    assert found["samples"] == [float(array[280, 299])]


def test_a_photo_is_shown_upright() -> None:
    looker = Looker(with_segments(jpeg(PHOTO), segment(0xE1, b"Exif\0\0" + exif(6))))
    assert (looker.told()["width"], looker.told()["height"]) == (1101, 1300)
    np.testing.assert_array_equal(looker.whole(0), np.rot90(decoded(jpeg(PHOTO)), -1))


def test_alpha_is_shown_as_alpha() -> None:
    array = noise(600, 520, 4)
    looker = Looker(png(array))
    assert looker.told()["alpha"]
    np.testing.assert_array_equal(looker.whole(0), array)
    assert looker.whole(1).shape == (260, 300, 4)


def test_the_page_is_shown_that_the_pipeline_asks_for() -> None:
    pages = np.stack([noise(64, 48, 1), noise(64, 48, 1, seed=1)])
    looker = Looker(written(pages), pipeline="page(1) | blur(9)")
    np.testing.assert_array_equal(looker.tile("0/0/0"), pages[1])


def test_what_is_shown_of_an_input_is_for_ever_only_when_its_pipeline_names_the_page() -> None:
    body = tiled(noise(300, 200))
    lookers = [Looker(body, pipeline=pipeline) for pipeline in ("", "blur(9)")]
    for place in ("/tiles/0/0/0?", "/pixel?x=0&y=0&", "/histogram?"):
        early, later = (looker.get(f"{place}version={looker.job.version}") for looker in lookers)
        assert early.headers["cache-control"] == "private, no-cache"
        assert "immutable" in later.headers["cache-control"]
        assert early.headers.get("etag") is None or early.headers["etag"] != later.headers["etag"]


def test_jpeg_tiles_of_a_result_are_handed_through_as_they_are() -> None:
    body = with_overviews(scene(1600, 1200), compression="jpeg")
    answer = Looker(body, "result", result_key="results/a.tif").get("/tiles/0/3/2?version=0")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content[-2000:] in body


def test_a_tile_of_a_large_file_costs_its_own_bytes() -> None:
    array = noise(2400, 2400)
    looker = Looker(with_overviews(array))
    looker.told()
    looker.reads.clear()
    np.testing.assert_array_equal(looker.tile("0/5/5"), array[1280:1536, 1280:1536])
    assert sum(stop - start for start, stop in looker.reads) < 2 * 256 * 256 * 3


def test_one_that_can_only_be_read_whole_and_is_too_large_says_so() -> None:
    view = Looker(png(PHOTO), settings=PreviewSettings(image_bytes=1_000_000)).told()
    assert (view["levels"], view["problem"]["code"]) == ([], "image_not_previewed")


@pytest.mark.parametrize("place", ["-1/0/0", "0/-1/0", "0/0/-1", "3/0/0", "0/3/0", "0/0/3", f"{1 << 80}/0/0"])
def test_what_lies_beyond_the_image_is_no_tile(place: str) -> None:
    answer = Looker(png(PHOTO)).get(f"/tiles/{place}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_tile")
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("place", ["x=-1&y=0", "x=0&y=-1", "x=1300&y=0", "x=0&y=1101"])
def test_what_lies_beyond_the_image_is_no_pixel(place: str) -> None:
    assert Looker(png(PHOTO)).get(f"/pixel?{place}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/tiles/a/0/0", "/tiles/0/0/0?white=nan&black=0", "/pixel?x=0.5&y=0", "/pixel"]
)
def test_what_is_no_number_is_said_to_be_none(path: str) -> None:
    answer = Looker(png(PHOTO)).get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


def test_a_histogram_counts_every_pixel_of_a_photo() -> None:
    found = Looker(png(PHOTO)).told("/histogram")
    assert (found["level"], found["pixels"]) == (0, 1300 * 1101)
    assert list(found["channels"]) == ["red", "green", "blue"]
    assert found["channels"]["red"] == np.bincount(PHOTO[:, :, 2].ravel(), minlength=256).tolist()


def test_a_histogram_of_a_large_image_is_of_a_level_that_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.histograms.COUNTED_PIXELS", 400_000)
    found = Looker(with_overviews(PHOTO[:, :, 0].astype(np.uint16) * 200)).told("/histogram")
    assert (found["level"], found["pixels"]) == (1, 650 * 551)
    assert sum(found["channels"]["grey"]) == 650 * 551


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": State.FAILED}, "has no result"),
        ({"state": State.DONE, "result_key": "results/a.json"}, "report"),
    ],
)
def test_a_job_without_an_image_as_its_result_says_so(changes: dict[str, object], said: str) -> None:
    looker = Looker(png(PHOTO), **changes)
    looker.side = "result"
    view = looker.told()
    assert (view["levels"], view["problem"]["code"]) == ([], "no_image")
    assert said in view["problem"]["detail"]
    assert looker.get("/tiles/0/0/0").status_code == 404


def test_what_is_no_image_says_so() -> None:
    view = Looker(b"no image").told()
    assert (view["levels"], view["problem"]["code"]) == ([], "not_an_image")


def test_a_job_that_nobody_knows_has_none() -> None:
    looker = Looker(png(PHOTO))
    assert looker.client.get("/api/jobs/nobody/images/input").json()["code"] == "no_such_job"
    assert looker.client.get(f"/api/jobs/{looker.job.id}/images/other").status_code == 422


def test_an_address_with_the_version_is_for_ever_and_of_no_other_one() -> None:
    looker = Looker(png(PHOTO))
    version = looker.told()["version"]
    kept = looker.get(f"/tiles/0/0/0?version={version}")
    assert kept.headers["cache-control"].endswith("immutable")
    assert looker.get("/tiles/0/0/0").headers["cache-control"] == "private, no-cache"
    has = {"If-None-Match": kept.headers["etag"]}
    assert looker.get(f"/tiles/0/0/0?version={version}", headers=has).status_code == 304
    other = looker.get("/tiles/0/0/0?version=other")
    assert (other.status_code, other.json()["code"]) == (404, "no_image")


def test_many_who_look_at_once_open_it_once() -> None:
    looker = Looker(png(PHOTO))
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(looker.tile("1/1/1").tobytes())) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(looker.reads) == 1


def test_images_that_are_zoomed_take_no_more_memory_than_is_given() -> None:
    world = World(memory_system(lambda: 0.0))
    jobs = [world.job(png(noise(300, 300, seed=seed)), f"{seed}.png") for seed in range(4)]
    app = create_app(PreviewSettings(cache_bytes=2 * 300 * 300 * 3), world.system)
    client = Client(app)
    for _ in range(2):
        shown = [client.get(f"/api/jobs/{job.id}/images/input/tiles/0/0/0").content for job in jobs]
        assert len(set(shown)) == 4


def test_busy_is_no_answer_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.workshop.WAIT_SECONDS", 0.01)
    looker = Looker(png(PHOTO))
    with monkeypatch.context() as patched:
        patched.setattr("threading.BoundedSemaphore.acquire", lambda *_, **__: False)
        for path in ("", "/tiles/0/0/0", "/pixel?x=0&y=0", "/histogram"):
            answer = looker.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "preview_busy")
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["cache-control"] == "no-store"
    assert looker.told()["problem"] is None


def test_what_lies_behind_a_photo_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.opened.STORED_BYTES", 1_000_000)
    looker = Looker(jpeg(noise(50, 40)) + bytes(20_000_000))
    assert looker.told()["problem"]["code"] == "image_not_previewed"
    assert sum(stop - start for start, stop in looker.reads) < 10_000_000


def test_a_tile_that_says_it_is_longer_than_it_can_be_is_not_read() -> None:
    body = bytearray(with_overviews(scene(1600, 1200), compression="jpeg"))
    with tifffile.TiffFile(io.BytesIO(body)) as file:
        tag = file.pages[0].tags["TileByteCounts"]  # type: ignore[union-attr]
        counts = list(tag.value)
    counts[0] = 400_000
    size = len(counts)
    body[tag.valueoffset : tag.valueoffset + tag.valuebytecount] = np.array(
        counts, f"<u{tag.valuebytecount // size}"
    ).tobytes()
    looker = Looker(bytes(body), key="a.tif")
    looker.told()
    looker.reads.clear()
    assert looker.get("/tiles/0/0/0").json()["code"] == "damaged"
    assert looker.get("/tiles/0/1/0").status_code == 200
    assert sum(stop - start for start, stop in looker.reads) < 400_000
