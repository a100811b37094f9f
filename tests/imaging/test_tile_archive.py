"""Deep Zoom and XYZ: the archive holds the result and all its halves, tile by tile, whichever way it was made."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import HeldPicture
from tests.imaging.test_exactness import halves
from tilework.errors import PipelineError, UnsupportedPixelsError
from tilework.imaging.engine import run_whole
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.formats.result_file import head, head_bytes, room
from tilework.imaging.formats.tiff_tags import Tree
from tilework.imaging.formats.tile_archive import BLOCK, archive
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.stages.on_one_host import Ranks, run
from tilework.imaging.stages.scratch import FolderScratch
from tilework.imaging.stages.tile_file import TileFile
from tilework.imaging.stages.work import Work

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture
    from tilework.imaging.pipeline import Pipeline

NO_TAGS = Tree({}, {})
NAMESPACE = "{http://schemas.microsoft.com/deepzoom/2008}"


def files(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        members = found.getmembers()
        assert len({member.name for member in members}) == len(members)
        return {member.name: found.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def decoded(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def stacked(picture: Picture) -> np.ndarray:
    return picture.colour if picture.alpha is None else np.dstack((picture.colour, picture.alpha))


def deep_zoom(found: dict[str, bytes]) -> list[np.ndarray]:
    """The levels of a Deep Zoom archive, from one pixel up, joined from their tiles as its own description says."""
    told = ET.fromstring(found["image.dzi"])  # noqa: S314 - our own
    tile, suffix = int(told.attrib["TileSize"]), told.attrib["Format"]
    assert told.attrib["Overlap"] == "0"
    size = told.find(f"{NAMESPACE}Size")
    assert size is not None
    width, height = int(size.attrib["Width"]), int(size.attrib["Height"])
    top = (max(width, height) - 1).bit_length()
    levels = []
    for level in range(top + 1):
        across, down = (-(-side // (1 << top - level)) for side in (width, height))
        rows = [
            np.hstack(
                [
                    decoded(found.pop(f"image_files/{level}/{column}_{row}.{suffix}"))
                    for column in range(-(-across // tile))
                ]
            )
            for row in range(-(-down // tile))
        ]
        levels.append(np.vstack(rows))
        assert levels[-1].shape[:2] == (down, across)
    assert set(found) <= {"image.dzi", ".filling"}
    return levels


def staged(image: Picture, pipeline: Pipeline, layout: CogLayout, place: Path) -> bytes:
    """The archive of a large image, as units write it."""
    work = Work(HeldPicture(image), pipeline, layout, FolderScratch(place / "scratch"), 64, 1)
    file = TileFile(place / "tiles", place, tuple(grid.pixels for grid in layout.grids))
    file.create(head_bytes(layout, NO_TAGS, b""))
    run(work, file, place, Ranks(None, 3, lambda _: None, float, int), 60)
    file.finish(head(layout, [], NO_TAGS, b""))
    return file.path.read_bytes()


@pytest.mark.parametrize(
    ("dtype", "channels"), [("uint8", 3), ("uint8", 1), ("uint16", 3), ("uint8", 4), ("uint16", 2)]
)
def test_deep_zoom_holds_the_result_and_all_its_halves(tmp_path: Path, dtype: str, channels: int) -> None:
    image, pipeline = picture(noise(211, 130, channels, dtype)), parse("blur(9)")
    layout = CogLayout(size=image.size, pixels=image.pixels, tile=32, scheme="dzi")
    whole = run_whole(image, pipeline)
    made = archive(whole, layout)
    assert made == archive(whole, layout)
    expected = [stacked(level) for level in halves(whole, 9)]
    for data in (made, staged(image, pipeline, layout, tmp_path)):
        levels = deep_zoom(files(data))[::-1]
        assert [level.shape[:2] for level in levels] == [level.shape[:2] for level in expected]
        if channels != 2:  # OpenCV has no grey with alpha
            assert all(map(np.array_equal, levels, expected))


def test_xyz_has_whole_tiles_white_beyond_the_image(tmp_path: Path) -> None:
    image, pipeline = picture(noise(211, 130, 3)), parse("invert")
    layout = CogLayout(size=image.size, pixels=image.pixels, tile=32, scheme="xyz")
    expected = halves(run_whole(image, pipeline), 4)[::-1]
    for data in (archive(run_whole(image, pipeline), layout), staged(image, pipeline, layout, tmp_path)):
        found = files(data)
        told = json.loads(found.pop("tiles.json"))
        assert (told["minzoom"], told["maxzoom"], told["tiles"]) == (0, 3, ["{z}/{x}/{y}.png"])
        for zoom, level in enumerate(expected):
            padded = np.full(
                (-(-level.size.height // 32) * 32, -(-level.size.width // 32) * 32, 3), 255, np.uint8
            )
            padded[: level.size.height, : level.size.width] = level.colour
            for row in range(padded.shape[0] // 32):
                for column in range(padded.shape[1] // 32):
                    tile = decoded(found.pop(f"{zoom}/{column}/{row}.png"))
                    assert np.array_equal(tile, padded[row * 32 :, column * 32 :][:32, :32])
        assert not found


def test_where_the_image_has_alpha_nothing_shows_beyond_it() -> None:
    image = picture(noise(40, 20, 4))
    layout = CogLayout(size=image.size, pixels=image.pixels, tile=64, scheme="xyz")
    tile = decoded(files(archive(image, layout))["0/0/0.png"])
    assert tile.shape == (64, 64, 4)
    assert not tile[20:, :, 3].any()
    assert not tile[:, 40:, 3].any()
    assert np.array_equal(tile[:20, :40], stacked(image))


def test_a_photo_becomes_jpegs_and_its_mask_pngs() -> None:
    source = BytesSource(cv2.imencode(".jpg", scene(300, 200, 3))[1].tobytes())
    photo = process(source, parse("blur(3) | output(dzi)"), Limits())
    assert (photo.suffix, photo.content_type) == (".dzi.tar", "application/x-tar")
    assert "image_files/9/0_0.jpg" in files(photo.body)
    mask = process(source, parse("canny(50, 100) | output(xyz)"), Limits())
    tiles = files(mask.body)
    assert mask.suffix == ".xyz.tar"
    assert set(np.unique(decoded(tiles["0/0/0.png"])[:200, :300])) == {0, 255}


def test_pixels_that_no_viewer_shows_are_refused_with_what_to_do() -> None:
    layout = CogLayout(size=picture(noise(9, 9)).size, pixels=picture(noise(9, 9, 3, "float32")).pixels)
    source = tiff_of(noise(40, 30, 3, "float32"))
    with pytest.raises(UnsupportedPixelsError, match="float32") as caught:
        process(source, parse("blur(3) | output(dzi)"), Limits())
    assert "convert" in caught.value.advice
    assert replace(layout, scheme="cog") == layout


def tiff_of(image: np.ndarray) -> BytesSource:
    return BytesSource(cv2.imencode(".tiff", image)[1].tobytes())


def test_room_between_tiles_is_a_file_of_the_archive() -> None:
    layout = CogLayout(size=picture(noise(9, 9)).size, pixels=picture(noise(9, 9)).pixels, scheme="dzi")
    for size in (0, BLOCK, 7 * BLOCK):
        assert len(room(layout, size)) == size
        data = (
            head(layout, [], NO_TAGS, b"")
            + room(layout, size)
            + archive(picture(noise(9, 9)), layout)[head_bytes(layout, NO_TAGS, b"") :]
        )
        deep_zoom(files(data))


def test_nothing_follows_an_archive() -> None:
    with pytest.raises(PipelineError, match="nothing can follow output"):
        parse("output(dzi) | blur(3)")


def test_an_image_is_cut_into_tiles_without_any_operation() -> None:
    image = noise(90, 60)
    source = BytesSource(cv2.imencode(".png", image)[1].tobytes())
    levels = deep_zoom(files(process(source, parse("output(dzi)"), Limits()).body))
    assert np.array_equal(levels[-1], image)
