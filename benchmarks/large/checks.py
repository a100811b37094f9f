"""Whether the results are what they must be: everybody's of the right size, Tilework's equal to OpenCV's to the byte."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import cv2
import numpy as np
import tifffile

from benchmarks.large.contestants import TARGET, Limit, Tilework
from benchmarks.large.limit import Tiles, filtered, layout_of
from benchmarks.large.works import TILE
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.tile_encoding import encode_tile

if TYPE_CHECKING:
    from benchmarks.large.contestants import Contestant
    from benchmarks.large.works import Input


def check(contestant: Contestant, given: Input, work: str) -> None:
    """Raise RuntimeError where the result that was just made is wrong."""
    if isinstance(contestant, Limit):
        return
    with tifffile.TiffFile(TARGET) as file:
        page = file.pages.first
        levels = len(file.series[0].levels)
        if (page.imagewidth, page.imagelength) != (given.side, given.side) or page.dtype != np.uint8:
            raise RuntimeError(f"{contestant.name}: {page.shape} of {page.dtype}")
        if page.tilewidth != TILE or (levels > 1) != contestant.overviews:
            raise RuntimeError(f"{contestant.name}: tiles of {page.tilewidth}, {levels} levels")
        if isinstance(contestant, Tilework):
            wrong = _wrong_tiles(file, given, work)
            if wrong:
                raise RuntimeError(f"{contestant.name}, {work}: {wrong} tiles differ from OpenCV's")


def _wrong_tiles(file: tifffile.TiffFile, given: Input, work: str) -> int:
    """Tiles of the result that are not those of one OpenCV call on the whole image, encoded once."""
    page, across = file.pages.first, given.side // TILE
    whole = np.empty((given.side, given.side, 3), np.uint8)
    with closing(Tiles(given.path)) as tiles:
        for row, column in np.ndindex(across, across):
            whole[row * TILE :, column * TILE :][:TILE, :TILE] = tiles.pixels(row, column)
    cv2.setNumThreads(0)
    result = filtered(whole, work)
    layout = layout_of(given.path, work)
    wrong = 0
    for index, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
        row, column = divmod(index, across)
        expected = encode_tile(Picture(result[row * TILE :, column * TILE :][:TILE, :TILE]), layout)
        file.filehandle.seek(offset)
        wrong += file.filehandle.read(count) != expected
    return wrong
