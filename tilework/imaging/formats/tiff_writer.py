"""Writing a TIFF that every reader takes: deflate with a predictor, in strips, or in tiles where it is large."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.rgb import red_first
from tilework.imaging.formats.tiff_coding import DEFLATE_LEVEL
from tilework.imaging.formats.tiff_description import kept, resolution, unnamed_channels
from tilework.imaging.formats.tiff_detail import TiffDetail
from tilework.imaging.formats.tiff_directory import LONG, TiffFile
from tilework.imaging.formats.tiff_tags import write_directory
from tilework.imaging.limits import KIB, Limits
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.formats.tiff_tags import Tree
    from tilework.imaging.operations.contract import Image

TILE = Size(512, 512)
TILED_FROM = 1 << 24
"""Pixels from which a result is tiled: a viewer then need not unpack whole rows. Photographs stay in strips."""

CLASSIC_BYTES = (1 << 32) - (1 << 26)
"""Uncompressed bytes that surely fit the offsets of a classic TIFF, packed badly and with their tags."""


def encode(
    picture: Picture, metadata: Metadata, source: Header, *, most_classic: int = CLASSIC_BYTES
) -> bytes:
    """Encode a picture, in the classic form unless it has more than ``most_classic`` bytes."""
    from tifffile import TiffWriter

    file = io.BytesIO()
    big = picture.size.pixels * picture.pixels.bytes > most_classic
    tree = kept(metadata)
    with TiffWriter(file, bigtiff=big, byteorder="<") as writer:
        writer.write(**_layout(picture, source), **_description(tree, metadata, source))
    _append(file, tree, big=big)
    return file.getvalue()


def _layout(picture: Picture, source: Header) -> dict[str, Any]:
    """How the pixels are arranged and packed, as arguments of tifffile."""
    channels, alpha = picture.pixels.channels, picture.pixels.alpha
    detail = source.detail if isinstance(source.detail, TiffDetail) else None
    bands = unnamed_channels(source, channels)
    extra = ["unspecified"] * 2 * bands
    if alpha:
        extra.append("assocalpha" if source.premultiplied else "unassalpha")
    tiled = picture.size.pixels >= TILED_FROM or (detail is not None and detail.segments.tiled)
    count = channels + alpha
    height, width = picture.colour.shape[:2]
    return {
        "data": _tiles(picture) if tiled else _interleaved(picture, Window.whole(picture.size)),
        "shape": (height, width) if count == 1 else (height, width, count),
        "dtype": picture.colour.dtype,
        "photometric": "rgb" if channels == 3 and not bands else "minisblack",  # noqa: PLR2004
        "planarconfig": None if count == 1 else "contig",
        "extrasamples": extra or None,
        "tile": (TILE.height, TILE.width) if tiled else None,
        "compression": "adobe_deflate",
        "compressionargs": {"level": DEFLATE_LEVEL},
        "predictor": 3 if picture.colour.dtype.kind == "f" else 2,
    }


def _tiles(picture: Picture) -> Iterator[Image]:
    for window in tiles(picture.size, TILE):
        yield _interleaved(picture, window)


def _interleaved(picture: Picture, window: Window) -> Image:
    """Red, green, blue and alpha of a window in one array."""
    place = window.within(Window.whole(picture.size))
    alpha = None if picture.alpha is None else picture.alpha[place]
    return red_first(Picture(picture.colour[place], alpha))


def _description(tree: Tree, metadata: Metadata, source: Header) -> dict[str, Any]:
    """What stands beside the pixels, as arguments of tifffile; nothing of its own."""
    extra: list[tuple[int, int, int, Any, bool]] = [
        (number, tag.type, tag.count, tag.value, True) for number, tag in tree.tags.items()
    ]
    extra += [(number - 1, LONG, 1, 0, True) for number in tree.below]
    across, down, unit = resolution(metadata, source) or (None, None, None)
    return {
        "resolution": None if unit is None else (across, down),
        "resolutionunit": unit,
        "extratags": extra,
        "metadata": None,
        "software": False,
    }


def _append(file: io.BytesIO, tree: Tree, *, big: bool) -> None:
    """Write the directories below the first at the end of the file, and their positions into the first.

    tifffile writes no such pointers. They stand in for themselves under the number before theirs, which keeps the order
    of the tags, and get their own here.
    """
    if not tree.below:
        return
    head = bytes(file.getbuffer()[: 64 * KIB])
    written = TiffFile(HeaderReader(BytesSource(head), Limits()))
    directory = written.directory(written.first)
    tags = sorted(directory.entries)
    start, entry = directory.position + (8 if big else 2), 20 if big else 12
    for number, below in tree.below.items():
        position = file.seek(0, io.SEEK_END)
        position += file.write(bytes(position % 2))
        file.write(write_directory(below, position, big=big))
        place = start + tags.index(number - 1) * entry
        file.seek(place)
        file.write(struct.pack("<H", number))
        file.seek(place + (12 if big else 8))
        file.write(struct.pack("<I", position))
