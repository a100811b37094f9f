"""Input and result of a job as they are looked at: levels, tiles, exact pixels, histograms."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from preview.display import Range
from preview.images import Images
from tests.imaging.samples import decoded, exif, jpeg, noise, png, scene, segment, with_segments
from tests.imaging.tiffs import written
from tests.master.conftest import Clock, World
from tilework.errors import NoImageError, NoSuchTileError, NotZoomableError, TileNotShownError
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.formats.picture import Picture
from tilework.imaging.limits import Limits
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from preview.images import Side
    from tilework.imaging.operations.contract import Image
    from tilework.jobs.job import Job


class Looker:
    """A job in a table of its own, and who looks at its images."""

    def __init__(self, body: bytes, *, side: Side = "input", name: str = "a.png", pipeline: str = "blur(9)") -> None:
        clock = Clock()
        self.world = World(memory_system(clock), clock)
        self.side = side
        self.reads: list[tuple[int, int]] = []
        store = self.world.system.inputs if side == "input" else self.world.system.outputs
        version = store.put(name, body, metadata={}, content_type="image/png")
        state = State.QUEUED if side == "input" else State.DONE
        self.world.put_row("j", key=name, version=version, state=state, pipeline=pipeline, result_key=name if state is State.DONE else "")
        read = store.read

        def counted(key: str, version: str | None, start: int, stop: int) -> bytes:
            self.reads.append((start, stop))
            return read(key, version, start, stop)

        store.read = counted  # type: ignore[method-assign]
        self.images = Images(self.world.system, self.row, Limits())

    def row(self, job_id: str) -> Job:
        row = self.world.system.table.get(job_id)
        assert row is not None
        return row

    def view(self) -> Any:
        return self.images.describe("j", self.side)

    def tile(self, level: int, column: int, row: int, displayed: Range | None = None) -> Image:
        shown = self.images.tile("j", self.side, (level, column, row), version=None, displayed=displayed)
        return decoded(shown.data)

    def whole(self, level: int) -> Image:
        """A level put together from its tiles."""
        view = self.view()
        told, side = view.levels[level], view.tile
        rows = [
            np.hstack([self._cut(level, column, row, told, side) for column in range(told.across)])
            for row in range(told.down)
        ]
        return np.vstack(rows)

    def _cut(self, level: int, column: int, row: int, told: Any, side: int) -> Image:
        tile = self.tile(level, column, row)
        # what a file's own tiles hold beyond the edge is padding
        return tile[: min(side, told.height - row * side), : min(side, told.width - column * side)]


def tiled(array: Image, **options: Any) -> bytes:
    """A TIFF in tiles; colours as red, green, blue."""
    return written(array[:, :, ::-1] if array.ndim == 3 else array, tile=(256, 256), **options)


def with_overviews(array: Image, **options: Any) -> bytes:
    """The same with its overviews behind it."""
    import io

    import tifffile

    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        level = 0
        while True:
            photometric = "rgb" if array.ndim == 3 else "minisblack"
            page = array[:, :, ::-1] if array.ndim == 3 else array
            writer.write(page, tile=(256, 256), subfiletype=int(level > 0), photometric=photometric, metadata=None, software=False, **options)
            if max(array.shape[:2]) <= 256:
                return file.getvalue()
            array, level = halved(Picture(array)).colour, level + 1


PHOTO = scene(1300, 1101)
FILES: dict[str, Callable[[Image], bytes]] = {
    "png": png,
    "strips": lambda array: written(array[:, :, ::-1], rowsperstrip=64, compression="zlib"),
    "tiles": tiled,
    "overviews": with_overviews,
    "deflate": lambda array: with_overviews(array, compression="zlib", predictor=True),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_tiles_of_the_whole_are_its_very_pixels(kind: str) -> None:
    looker = Looker(FILES[kind](PHOTO))
    np.testing.assert_array_equal(looker.whole(0), PHOTO)


@pytest.mark.parametrize("kind", FILES)
def test_each_level_is_half_of_the_one_before_rounded_up_until_one_fits_a_tile(kind: str) -> None:
    looker = Looker(FILES[kind](PHOTO))
    view = looker.view()
    sizes = [(each.width, each.height) for each in view.levels]
    assert sizes[:3] == [(1300, 1101), (650, 551), (325, 276)]
    assert max(sizes[-1]) <= view.tile < max(sizes[-2])
    assert (view.width, view.height, view.dtype, view.channels) == (1300, 1101, "uint8", 3)
    for level in range(len(sizes)):
        shown = looker.whole(level)
        assert shown.shape[1::-1] == sizes[level]
        small = PHOTO
        for _ in range(level):
            small = halved(Picture(small)).colour
        assert np.abs(shown.astype(int) - small).mean() < 5


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("kind", ["tiles", "overviews"])
def test_deeper_pixels_are_scaled_by_one_range_for_all_tiles_which_is_told(kind: str, dtype: str) -> None:
    ramp = np.linspace(1000, 9000, 700 * 600).reshape(600, 700).astype(dtype)
    looker = Looker(FILES[kind](ramp))
    view = looker.view()
    assert 1000 <= view.low < 1100
    assert 8900 < view.high <= 9000
    expected = np.clip((ramp.astype(float) - view.low) / (view.high - view.low) * 255, 0, 255)
    assert np.abs(looker.whole(0) - expected).max() <= 1


def test_who_names_a_range_gets_that_one() -> None:
    ramp = np.linspace(0, 65535, 300 * 300).reshape(300, 300).astype(np.uint16)
    shown = Looker(png(ramp)).tile(0, 0, 0, Range(0, 65535))
    assert np.abs(shown - ramp / 257).max() <= 1


def test_what_is_no_number_is_shown_black_and_spoils_no_range() -> None:
    array = np.ones((64, 64), np.float32)
    array[0, :3] = np.nan, np.inf, -np.inf
    array[1, 0] = 2
    looker = Looker(written(array))
    assert (looker.view().low, looker.view().high) == (1, 2)
    assert looker.tile(0, 0, 0)[0, :3].tolist() == [0, 255, 0]
    assert looker.images.pixel("j", "input", 0, 0).samples == ("nan",)


@pytest.mark.parametrize(
    ("array", "samples"),
    [
        (noise(40, 30), ("red", "green", "blue")),
        (noise(40, 30, 1), ("grey",)),
        (noise(40, 30, 1, "uint16"), ("grey",)),
        (noise(40, 30, 4), ("red", "green", "blue", "alpha")),
    ],
)
def test_a_pixel_is_told_exactly(array: Image, samples: tuple[str, ...]) -> None:
    found = Looker(png(array)).images.pixel("j", "input", 7, 11)
    value = np.atleast_1d(array[11, 7]).tolist()
    value[:3] = value[:3][::-1]
    assert (found.channels, found.samples) == (samples, tuple(value))


def test_floats_are_told_as_they_are() -> None:
    array = noise(300, 300, 1, "float32")
    found = Looker(tiled(array)).images.pixel("j", "input", 299, 280)
    assert found.samples == (float(array[280, 299]),)


def test_a_photo_is_shown_upright() -> None:
    body = with_segments(jpeg(PHOTO), segment(0xE1, b"Exif\0\0" + exif(6)))
    looker = Looker(body)
    assert (looker.view().width, looker.view().height) == (1101, 1300)
    upright = np.rot90(decoded(jpeg(PHOTO)), -1)
    np.testing.assert_array_equal(looker.whole(0), upright)


def test_alpha_is_shown_as_alpha() -> None:
    array = noise(600, 520, 4)
    looker = Looker(png(array))
    assert looker.view().alpha
    np.testing.assert_array_equal(looker.whole(0), array)
    assert looker.whole(1).shape == (260, 300, 4)


def test_the_page_is_shown_that_the_pipeline_asks_for() -> None:
    pages = np.stack([noise(64, 48, 1), noise(64, 48, 1, seed=1)])
    looker = Looker(written(pages), pipeline="page(1) | blur(9)")
    np.testing.assert_array_equal(looker.tile(0, 0, 0), pages[1])


def test_jpeg_tiles_of_a_file_are_handed_through_by_one_read() -> None:
    body = with_overviews(scene(2600, 2200), compression="jpeg")
    assert len(body) < 8 * 2**20
    looker = Looker(body, side="result", name="results/a.tif")
    looker.view()
    shown = looker.images.tile("j", "result", (0, 3, 2), version="0", displayed=None)
    assert shown.media_type == "image/jpeg"
    # the scan itself is the file's
    assert shown.data[-2000:] in body


def test_a_tile_of_a_large_file_costs_its_own_bytes() -> None:
    array = noise(3000, 3000)
    looker = Looker(with_overviews(array))
    looker.view()
    looker.reads.clear()
    looker.tile(0, 5, 5)
    assert sum(stop - start for start, stop in looker.reads) < 2 * 256 * 256 * 3
    np.testing.assert_array_equal(looker.tile(0, 5, 5), array[1280:1536, 1280:1536])


def test_a_large_file_without_overviews_is_read_once_for_its_small_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.layers.READ_BYTES", 500_000)
    monkeypatch.setattr("preview.layers.COARSE_SIDE", 500)
    looker = Looker(tiled(PHOTO))
    shown = looker.whole(len(looker.view().levels) - 1)
    assert np.abs(shown.astype(int) - decoded(png(PHOTO))[::8, ::8][: shown.shape[0], : shown.shape[1]]).mean() < 12
    looker.reads.clear()
    looker.whole(2)
    assert looker.reads == []
    np.testing.assert_array_equal(looker.whole(0), PHOTO)


def test_one_that_is_too_large_for_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.layers.STREAMED_BYTES", 1_000_000)
    with pytest.raises(NotZoomableError, match="no overviews"):
        Looker(tiled(PHOTO)).view()


def test_one_that_can_only_be_read_whole_and_is_too_large_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.opening.DECODED_BYTES", 1_000_000)
    with pytest.raises(NotZoomableError, match="from its beginning"):
        Looker(png(PHOTO)).view()


@pytest.mark.parametrize("place", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (3, 0, 0), (0, 3, 0), (0, 0, 3), (1 << 80, 0, 0)])
def test_what_lies_beyond_the_image_is_no_tile(place: tuple[int, int, int]) -> None:
    with pytest.raises(NoSuchTileError):
        Looker(png(PHOTO)).tile(*place)


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (1300, 0), (0, 1101)])
def test_what_lies_beyond_the_image_is_no_pixel(place: tuple[int, int]) -> None:
    with pytest.raises(NoSuchTileError):
        Looker(png(PHOTO)).images.pixel("j", "input", *place)


def test_a_histogram_counts_every_pixel_of_a_photo() -> None:
    found = Looker(png(PHOTO)).images.histogram("j", "input", None)
    assert (found.level, found.pixels) == (0, 1300 * 1101)
    assert list(found.channels) == ["red", "green", "blue"]
    assert found.channels["red"] == np.bincount(PHOTO[:, :, 2].ravel(), minlength=256).tolist()


def test_a_histogram_of_a_large_image_is_of_a_level_that_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preview.histograms.COUNTED_PIXELS", 400_000)
    array = (PHOTO[:, :, 0].astype(np.uint16)) * 200
    found = Looker(with_overviews(array)).images.histogram("j", "input", None)
    assert (found.level, found.pixels) == (1, 650 * 551)
    assert sum(found.channels["grey"]) == 650 * 551


def test_a_job_without_a_result_says_so() -> None:
    with pytest.raises(NoImageError, match="QUEUED"):
        Looker(png(PHOTO)).images.describe("j", "result")


def test_a_report_is_no_image() -> None:
    with pytest.raises(TileNotShownError, match="report"):
        Looker(b"{}", side="result", name="results/a.json").view()


def test_no_tile_is_shown_of_another_version() -> None:
    looker = Looker(png(PHOTO))
    assert looker.view().version == looker.row("j").version
    with pytest.raises(NoImageError, match="another version"):
        looker.images.tile("j", "input", (0, 0, 0), version="other", displayed=None)


def test_images_that_are_open_take_no_more_memory_than_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    looker = Looker(png(PHOTO))
    looker.images = Images(looker.world.system, looker.row, Limits(), kept_bytes=1)
    looker.world.system.outputs.put("results/b.png", png(PHOTO), metadata={}, content_type="image/png")
    looker.world.put_row("k", state=State.DONE, result_key="results/b.png")
    for _ in range(2):
        looker.images.describe("j", "input")
        looker.images.describe("k", "result")
        assert len(looker.images._open) == 1
    assert len(looker.images._opening) <= 2


def test_many_who_look_at_once_open_it_once() -> None:
    looker = Looker(png(PHOTO))
    found: list[Image] = []
    threads = [threading.Thread(target=lambda: found.append(looker.whole(1))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({each.tobytes() for each in found}) == 1
    assert len(looker.reads) == 1
