"""A large image without overviews: read once, by instalments, to be shown small."""

from __future__ import annotations

import io
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from preview.coarse import IDLE_SECONDS, ReadingTurn
from preview.settings import PreviewSettings
from tests.imaging.samples import scene
from tests.imaging.tiffs import written
from tests.preview.looking import Looker, as_rgb, half, tiled
from tilework.imaging.formats.tiff_cache import SegmentCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.operations.contract import Image

PHOTO = scene(1300, 1101)

FILES: dict[str, Callable[[Image], bytes]] = {
    "tiles": tiled,
    "odd tiles": lambda array: written(as_rgb(array), tile=(48, 80)),
    "strips": lambda array: written(as_rgb(array), rowsperstrip=64, compression="zlib"),
    "turned": lambda array: written(
        as_rgb(np.rot90(array)), tile=(256, 256), extratags=[(274, "H", 1, 6, True)]
    ),
    "turned strips": lambda array: written(
        as_rgb(np.rot90(array)), rowsperstrip=16, compression="zlib", extratags=[(274, "H", 1, 6, True)]
    ),
}


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a photo is beyond."""
    monkeypatch.setattr("preview.layers.READ_BYTES", 500_000)
    monkeypatch.setattr("preview.coarse.COARSE_BYTES", 300_000)
    monkeypatch.setattr("preview.coarse.BLOCK_BYTES", 500_000)


@pytest.mark.usefixtures("small_bounds")
@pytest.mark.parametrize("kind", FILES)
def test_a_large_file_without_overviews_is_read_once_for_its_small_levels(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded_segments: Counter[object] = Counter()
    keep = SegmentCache.keep

    def counted(cache: SegmentCache, index: int, *given: Any) -> Any:
        decoded_segments[index] += 1
        return keep(cache, index, *given)

    monkeypatch.setattr(SegmentCache, "keep", counted)
    looker = Looker(FILES[kind](PHOTO), settings=PreviewSettings(image_bytes=1_000_000))
    looker.told()
    assert len(decoded_segments) > 10
    assert set(decoded_segments.values()) == {1}
    last = len(looker.told()["levels"]) - 1
    assert np.abs(looker.whole(last).astype(int) - half(PHOTO, last)).mean() < 12
    looker.reads.clear()
    looker.whole(2)
    assert looker.reads == []
    np.testing.assert_array_equal(looker.whole(0), PHOTO)


@pytest.mark.usefixtures("small_bounds")
def test_one_whose_reading_takes_long_is_read_by_instalments_and_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("preview.coarse.TURN_SECONDS", 0.0)
    looker = Looker(tiled(PHOTO))
    early = looker.get("/tiles/2/0/0")
    assert (early.status_code, early.json()["code"]) == (503, "image_being_read")
    assert (early.headers["cache-control"], int(early.headers["retry-after"])) == ("no-store", 2)
    percents = []
    while problem := looker.told()["problem"]:
        assert problem["code"] == "image_being_read"
        percents.append(problem["percent"])
    assert len(percents) > 2
    assert percents == sorted(set(percents))
    assert looker.told()["levels"]
    looker.reads.clear()
    assert looker.whole(2).shape == (276, 325, 3)
    assert looker.reads == []


@pytest.mark.usefixtures("small_bounds")
def test_what_is_damaged_of_it_is_black_and_all_else_is_seen() -> None:
    body = bytearray(tiled(PHOTO, compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(bytes(body))) as file:
        start = file.pages.first.dataoffsets[7]
    body[start : start + 40] = bytes(40)
    looker = Looker(bytes(body))
    last = len(looker.told()["levels"]) - 1
    assert looker.whole(last).mean() > 40
    assert looker.get("/tiles/0/0/0").status_code == 200
    assert looker.get("/tiles/0/1/1").status_code == 422


@pytest.mark.usefixtures("small_bounds")
def test_images_are_read_one_after_the_other_and_one_that_is_left_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("preview.coarse.TURN_SECONDS", 0.0)
    now = [0.0]
    monkeypatch.setattr("preview.image_library.ReadingTurn", partial(ReadingTurn, lambda: now[0]))
    looker = Looker(tiled(PHOTO))
    other = looker.world.job(tiled(PHOTO), key="other.tif")

    def percent(job_id: str) -> int:
        view = looker.client.get(f"/api/jobs/{job_id}/images/input").json()
        return 100 if view["problem"] is None else int(view["problem"]["percent"])

    first = percent(looker.job.id)
    assert [percent(other.id) for _ in range(3)] == [0, 0, 0]
    assert percent(looker.job.id) > first
    now[0] = IDLE_SECONDS + 1
    assert percent(other.id) > 0
    assert percent(looker.job.id) < 100
    while percent(other.id) < 100:
        pass
    while percent(looker.job.id) < 100:
        pass


def test_one_that_is_too_large_for_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.layers.STREAMED_BYTES", 1_000_000)
    view = Looker(tiled(PHOTO)).told()
    assert (view["levels"], view["problem"]["code"]) == ([], "not_zoomable")
    assert "no overviews" in view["problem"]["detail"]
