"""The limit: what the codecs and kernels alone take one thread, for the same tiles and overviews.

    python -m benchmarks.large.limit SRC WORK [--part 0/2]

No halo, no seam, no file is written: each tile is unpacked, filtered by plain OpenCV, packed, and halved for the overviews,
by the very codecs that Tilework uses. Prints the seconds of each part as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import imagecodecs
import numpy as np
import simplejpeg
import tifffile

from benchmarks.large.works import TILE, WORKS
from tilework.imaging.formats import HeaderReader, read_header
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.formats.tile_encoding import encode_tile
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.sources import FileSource
from tilework.imaging.stages.planning import Wishes
from tilework.imaging.stages.planning import layout_of as planned_layout
from tilework.imaging.stopwatch import timed, watched

if TYPE_CHECKING:
    from tilework.imaging.formats.cog import CogLayout

HEIGHT = 3
"""Levels above the image itself; what is further up is a sixty-fourth of it."""

ERODED = np.ones((5, 5), np.uint8)


class Tiles:
    """The packed tiles of a TIFF, and their pixels."""

    def __init__(self, path: Path) -> None:
        self._file = tifffile.TiffFile(path)
        page = self._file.pages.first
        self.side = page.imagewidth // TILE
        self._places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        self._jpeg = page.compression == tifffile.COMPRESSION.JPEG
        self._tables: bytes = page.jpegtables or b""

    def pixels(self, row: int, column: int) -> np.ndarray:
        """(TILE, TILE, 3) uint8, blue first."""
        return self._unpacked(self._packed(row * self.side + column))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @timed("read")
    def _packed(self, index: int) -> bytes:
        offset, count = self._places[index]
        self._file.filehandle.seek(offset)
        return self._file.filehandle.read(count)

    @timed("decode")
    def _unpacked(self, data: bytes) -> np.ndarray:
        if self._jpeg:
            return simplejpeg.decode_jpeg(self._tables[:-2] + data[2:] if self._tables else data, "BGR")
        flat = np.empty(TILE * TILE * 3, np.uint8)
        imagecodecs.deflate_decode(data, out=flat)
        tile = flat.reshape(TILE, TILE, 3)
        imagecodecs.delta_decode(tile, axis=-2, out=tile)
        return cv2.cvtColor(tile, cv2.COLOR_RGB2BGR)


def filtered(image: np.ndarray, work: str) -> np.ndarray:
    """One OpenCV call for each operation."""
    if work == "canny":
        return cv2.Canny(image, 100, 200)
    if work in {"invert", "chain"}:
        image = cv2.bitwise_not(image)
    if work in {"blur", "chain"}:
        image = cv2.GaussianBlur(image, (9, 9), 0)
    if work in {"erode", "chain"}:
        image = cv2.erode(image, ERODED)
    return image


def layout_of(path: Path, work: str) -> CogLayout:
    """The layout that Tilework gives a result."""
    header = read_header(HeaderReader(FileSource(path), Limits()), None)
    pipeline = parse(WORKS[work])
    return planned_layout(
        header, pipeline, pipeline.sizes(header.size)[-1], pipeline.kinds(header.pixels)[-1], Wishes(TILE)
    )


class Pyramid:
    """Packs a tile and, as soon as four are there, the one above them."""

    def __init__(self, tiles: Tiles, work: str, layout: CogLayout) -> None:
        self._tiles, self._work, self._layout = tiles, work, layout

    def pack(self, level: int, row: int, column: int) -> Picture:
        """The picture of a tile, when it and all below it have been packed."""
        if level == 0:
            picture = Picture(self._kernel(self._tiles.pixels(row, column)))
        else:
            below = [
                [halved(self.pack(level - 1, 2 * row + down, 2 * column + right)).colour for right in (0, 1)]
                for down in (0, 1)
            ]
            picture = Picture(np.vstack([np.hstack(pair) for pair in below]))
        encode_tile(picture, self._layout)
        return picture

    @timed("kernels")
    def _kernel(self, image: np.ndarray) -> np.ndarray:
        if self._work == "canny":
            # exact edges, tile by tile, need what is above either threshold
            cv2.Canny(image, 200, 200)
        return filtered(image, self._work)


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("source", type=Path)
    options.add_argument("work")
    options.add_argument("--part", default="0/1", help="which tiles of the highest level, of how many shares")
    chosen = options.parse_args()
    part, parts = (int(number) for number in chosen.part.split("/"))
    cv2.setNumThreads(1)
    tiles = Tiles(chosen.source)
    pyramid = Pyramid(tiles, chosen.work, layout_of(chosen.source, chosen.work))
    height = min(HEIGHT, tiles.side.bit_length() - 1)
    top = tiles.side >> height
    with watched() as watch:
        for index in range(part, top * top, parts):
            pyramid.pack(height, index // top, index % top)
        seconds = watch.profile().seconds
    json.dump({"seconds": sum(seconds.values()), "parts": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
