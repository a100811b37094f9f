"""The smaller versions of an image that a TIFF holds beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from preview.opened import STORED_BYTES
from tilework.errors import ImageError
from tilework.imaging.formats import Format, HeaderReader
from tilework.imaging.formats.tiff_detail import read_detail
from tilework.imaging.formats.tiff_directory import TiffFile
from tilework.imaging.formats.tiff_pages import REDUCED, SLIDES, SUBDIRECTORIES, SUBFILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats import Header
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source
    from tilework.imaging.windows import Size

MOST_OVERVIEWS = 32

ALIKE = 0.02
"""By how much the shape of an overview may differ: sides are rounded, and thumbnails of something else are not alike."""


def overviews(source: Source, header: Header, limits: Limits) -> list[Header]:
    """The headers of a TIFF's overviews, from large to small: of the same pixels as ``header``'s page, and upright as it is.

    None where there are none that can be read; what is wrong with one leaves it out.
    """
    if header.format is not Format.TIFF:
        return []
    found = []
    for directory in _directories(TiffFile(HeaderReader(source, limits)), header):
        try:
            detail, _ = read_detail(directory)
        except ImageError:
            continue
        size = detail.segments.size
        smaller = size.pixels < header.stored.pixels
        brief = detail.segments.index.longest <= STORED_BYTES
        if smaller and brief and detail.samples.pixels == header.pixels and _is_alike(size, header):
            found.append(replace(header, stored=size, detail=detail))
    return sorted(found, key=lambda each: -each.stored.pixels)


def _directories(file: TiffFile, header: Header) -> Iterator[Directory]:
    """Those below the page, and those behind it that say that they are a smaller version."""
    position = cast("TiffDetail", header.detail).position
    beyond, slide, count = False, False, 0
    for directory in file.chain():
        if directory.position == position:
            beyond = True
            slide = any(directory.text(tag).startswith(name) for name, tag in SLIDES if tag in directory)
            for below in directory.numbers(SUBDIRECTORIES)[:MOST_OVERVIEWS]:
                try:
                    yield file.directory(below)
                except ImageError:
                    continue
        elif beyond:
            if not slide and not directory.number(SUBFILE, 0) & REDUCED:
                return
            yield directory
            count += 1
            if count == MOST_OVERVIEWS:
                return


def _is_alike(size: Size, header: Header) -> bool:
    across, down = header.stored.width / size.width, header.stored.height / size.height
    rounded = max(1.0 / size.width, 1.0 / size.height)
    return abs(across - down) <= max(ALIKE, 2 * rounded) * max(across, down)
