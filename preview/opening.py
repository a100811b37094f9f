"""An object opened so that it can be zoomed: of a TIFF the page and its overviews, of others what was decoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from preview.layers import READ_BYTES, Stored, Zoomable, halvings
from preview.levels import FITTING_TILES, TILE
from tilework.errors import NotZoomableError, TileworkError
from tilework.imaging.formats import Format, HeaderReader, decode, open_reader, read_header, read_metadata, segment_bytes
from tilework.imaging.formats.tiff_detail import read_detail
from tilework.imaging.formats.tiff_directory import TiffFile
from tilework.imaging.formats.tiff_pages import REDUCED, SLIDES, SUBDIRECTORIES, SUBFILE
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preview.layers import Layer
    from tilework.imaging.formats import Header
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source

DECODED_BYTES = 320 * MIB
"""Most that is decoded whole: a photo of 100 megapixels in colour, and its halves."""

CACHE_BYTES = 64 * MIB
"""Decoded tiles or strips that are kept of each layer: a row of tiles meets the same strips."""

MOST_OVERVIEWS = 32


def open_zoomable(source: Source, page: int | None, limits: Limits) -> Zoomable:
    """Open an image, upright; nothing of a TIFF in tiles is decoded for that.

    Raises ImageError, ServiceError, NotZoomableError for what cannot be zoomed within the memory there is.
    """
    reader = HeaderReader(source, limits)
    header = read_header(reader, page)
    pages = list(_pages(reader, header)) if header.format is Format.TIFF else [header]
    tiled = header.format is Format.TIFF and cast("TiffDetail", header.detail).segments.tiled
    if header.decoded_bytes <= DECODED_BYTES and not tiled and len(pages) == 1:
        data = reader.everything()
        # a PNG's orientation may follow its pixels
        picture = decode(data, read_metadata(data, header)[0]).picture
        return Zoomable(halvings(picture, TILE), header.pixels, TILE)
    if segment_bytes(header) <= READ_BYTES:
        readers = [open_reader(source, each, CACHE_BYTES) for each in pages]
        layers = [Stored(each) for each in readers if each is not None]
        if layers:
            return Zoomable(layers, header.pixels, _own_tile(header) if tiled else TILE)
    raise NotZoomableError(
        f"The image is {header.size} pixels and can only be read from its beginning on; {DECODED_BYTES // MIB:,} MiB of"
        " pixels are decoded whole."
    )


def _pages(reader: HeaderReader, header: Header) -> Iterator[Header]:
    """The page and those that say that they are smaller versions of it, from large to small."""
    yield header
    sizes = {header.stored}
    found: list[Header] = []
    file = TiffFile(reader)
    detail = cast("TiffDetail", header.detail)
    for directory in _reduced(file, detail.position):
        try:
            smaller, _ = read_detail(directory)
        except TileworkError:
            # what cannot be read is no overview
            continue
        size = smaller.segments.size
        if size not in sizes and _is_smaller(size, header.stored) and smaller.samples.pixels == header.pixels:
            sizes.add(size)
            found.append(replace(header, stored=size, detail=smaller))
    yield from sorted(found, key=lambda each: -each.stored.pixels)


def _reduced(file: TiffFile, position: int) -> Iterator[Directory]:
    """Directories behind the page until the next picture, and below it."""
    behind = slide = False
    for count, directory in enumerate(file.chain()):
        if count > MOST_OVERVIEWS:
            return
        if directory.position == position:
            behind = True
            for below in directory.numbers(SUBDIRECTORIES)[:MOST_OVERVIEWS]:
                yield file.directory(below)
            slide = any(directory.text(tag).startswith(name) for name, tag in SLIDES if tag in directory)
        elif behind:
            if not (slide or directory.number(SUBFILE, 0) & REDUCED):
                return
            yield directory


def _is_smaller(size: Size, whole: Size) -> bool:
    """Whether it may be the same picture, smaller: of its proportions, to a pixel."""
    if size.width >= whole.width:
        return False
    scale = whole.width / size.width
    return abs(size.height - whole.height / scale) <= 1 + 1 / scale


def _own_tile(header: Header) -> int:
    """The side of a file's own tiles, where they are square and of a fitting size."""
    segments = cast("TiffDetail", header.detail).segments
    side = segments.segment.width
    fits = segments.tiled and side == segments.segment.height and side in FITTING_TILES
    return side if fits else TILE
