"""Tiles for viewers, as files of one archive: Deep Zoom (DZI) or XYZ, the pyramid of a result cut into pictures.

The archive is a TAR (POSIX.1-1988, ustar): each of its files stands behind a header of its own, nothing tells of all of
them, and so whoever has a tile can write it, anywhere and in any order, as with the tiles of a TIFF. ``tar xf`` makes
the folder that viewers read.

- *Deep Zoom* (Microsoft, DZI schema 2008): ``image.dzi`` and ``image_files/LEVEL/COLUMN_ROW.jpg``. Level 0 is one
  pixel, the last the whole; tiles do not overlap, and are cut off where the image ends.
- *XYZ*: ``tiles.json`` (TileJSON 3.0.0) and ``ZOOM/COLUMN/ROW.jpg``, rows from the top. Zoom 0 is one tile; tiles are
  whole, white where the image ends (transparent where it has alpha).

Tiles are JPEGs of quality 95 where the layout says so, else PNGs, which hold the very pixels.
"""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from tilework.imaging.formats.cog import CogLayout
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.operations import Pixels

BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
"""Two blocks of zeros end an archive."""

DEPTHS = ("uint8", "uint16")
"""That a PNG holds."""

CONTENT_TYPE = "application/x-tar"

FILLING = ".filling"
"""What the file is called that is nothing but room."""

DZI = """<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="{suffix}" Overlap="0" TileSize="{tile}">
  <Size Width="{width}" Height="{height}"/>
</Image>
"""


def description(layout: CogLayout) -> bytes:
    """The first file of the archive, by which viewers know what there is."""
    if layout.scheme == "dzi":
        size = layout.size
        text = DZI.format(suffix=_suffix(layout), tile=layout.tile, width=size.width, height=size.height)
        return entry("image.dzi", text.encode())
    told = {
        "tilejson": "3.0.0",
        "tiles": [f"{{z}}/{{x}}/{{y}}.{_suffix(layout)}"],
        "minzoom": 0,
        "maxzoom": len(layout.levels) - 1,
        "tilesize": layout.tile,
        "width": layout.size.width,
        "height": layout.size.height,
    }
    return entry("tiles.json", json.dumps(told, indent=1).encode())


def check(pixels: Pixels, *, premultiplied: bool) -> None:
    """Raise :class:`~tilework.errors.UnsupportedPixelsError` for pixels that no PNG holds."""
    if pixels.dtype not in DEPTHS or (pixels.alpha and premultiplied):
        multiplied = ", multiplied by its alpha" if premultiplied and pixels.alpha else ""
        raise UnsupportedPixelsError(
            f"Tiles for viewers are JPEG or PNG, which do not hold this result: {pixels.dtype}{multiplied}.",
            advice="Make it 8 bits with convert(uint8), or ask for tiff, which viewers of its own kind read by tiles.",
        )


@timed("encode")
def tile_entry(picture: Picture, layout: CogLayout, level: int, index: int) -> bytes:
    """A tile as a file of the archive; ``level`` 0 is the whole image, tiles are counted row by row.

    The first tile of the whole image is the last that is written, and ends the archive.
    """
    if layout.scheme == "xyz":
        picture = _whole_tile(picture, layout.tile)
    end = END if level == index == 0 else b""
    return entry(tile_name(layout, level, index), _encoded(picture, layout)) + end


def archive(picture: Picture, layout: CogLayout) -> bytes:
    """The whole archive of a picture that is in memory."""
    entries: list[bytes] = []
    for level, size in enumerate(layout.levels):
        picture = halved(picture) if level else picture
        whole = Window.whole(size)
        places = tiles(size, Size(layout.tile, layout.tile))
        entries += [
            tile_entry(picture.part(place.within(whole)), layout, level, index)
            for index, place in enumerate(places)
        ]
    # the first ends the archive
    return b"".join([description(layout), *entries[1:], entries[0]])


def tile_name(layout: CogLayout, level: int, index: int) -> str:
    """What the file of a tile is called."""
    row, column = divmod(index, layout.grids[level].width)
    number = len(layout.levels) - 1 - level
    if layout.scheme == "dzi":
        return f"image_files/{number}/{column}_{row}.{_suffix(layout)}"
    return f"{number}/{column}/{row}.{_suffix(layout)}"


def entry(name: str, data: bytes) -> bytes:
    """A file of an archive: its header, and its bytes up to a whole block. The same input gives the same bytes."""
    told = tarfile.TarInfo(name)
    told.size = len(data)
    return told.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % BLOCK)


def filling(size: int) -> bytes:
    """A file of ``size`` bytes in all that holds nothing; a multiple of the block."""
    return entry(FILLING, bytes(size - BLOCK)) if size else b""


def picture_of(written: bytes) -> bytes:
    """The picture that a file of the archive holds."""
    told = tarfile.TarInfo.frombuf(written[:BLOCK], "ascii", "strict")
    return written[BLOCK : BLOCK + told.size]


def suffix(scheme: str) -> str:
    """How the name of an archive ends."""
    return f".{scheme}.tar"


def _suffix(layout: CogLayout) -> str:
    return "jpg" if layout.compression == "jpeg" else "png"


def _encoded(picture: Picture, layout: CogLayout) -> bytes:
    from tilework.imaging.formats import jpeg, png

    if layout.compression == "jpeg":
        return bytes(jpeg.encoded(picture.colour, layout.subsampling, layout.quality))
    return bytes(png.encoded(picture))


def _whole_tile(picture: Picture, tile: int) -> Picture:
    """A tile that the image ends within, made whole: white, and transparent where there is alpha."""
    import cv2
    import numpy as np

    from tilework.imaging.formats.picture import Picture

    height, width = picture.colour.shape[:2]
    if (height, width) == (tile, tile):
        return picture
    white = [float(np.iinfo(picture.colour.dtype.name).max)] * 4
    edges = (0, tile - height, 0, tile - width, cv2.BORDER_CONSTANT)
    alpha = None if picture.alpha is None else cv2.copyMakeBorder(picture.alpha, *edges, value=[0.0] * 4)
    return Picture(cv2.copyMakeBorder(picture.colour, *edges, value=white), alpha)
