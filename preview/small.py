"""An image made small, without ever decoding more than a bound: a JPEG by its own reduction, a TIFF by its overviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import simplejpeg

from preview.opened import STORED_BYTES, Opened, longest_segment
from preview.overviews import overviews
from preview.refusals import ImageNotPreviewedError
from preview.resizing import resized
from tilework.errors import DamagedImageError
from tilework.imaging.formats import Format, HeaderReader, Picture, is_windowed, open_reader, read_header
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.formats import Header
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source

DECODED_BYTES = 160 * MIB
"""Most of what is decoded for one small picture: 56 megapixels of colour, in a second or two."""

COEFFICIENT_BYTES = 512 * MIB
"""Most of what libjpeg holds of a progressive JPEG, at whatever size it is wanted."""


def small_picture(source: Source, limits: Limits, *, side: int, page: int | None = None) -> Picture:
    """The upright image with a longer side of ``side`` pixels at most; of the depth that it has.

    Raises ImageNotPreviewedError where more would have to be decoded than the bounds, ImageError for what cannot be read.
    """
    reader = HeaderReader(source, limits)
    header = read_header(reader, page)
    if header.format is Format.JPEG and header.colour != "CMYK":
        return _fitted(_reduced_jpeg(reader, header, side), header.size, side)
    if is_windowed(header):
        return _fitted(_overview(source, header, side, limits), header.size, side)
    if source.size > STORED_BYTES:
        raise _too_large(header)
    opened = Opened(source, limits, image_bytes=DECODED_BYTES, page=page)
    opened.prepare()
    return _fitted(opened.whole(), opened.size, side)


def _reduced_jpeg(reader: HeaderReader, header: Header, side: int) -> Picture:
    """By the DCT's own reduction to a half, a quarter, an eighth: no pixel is made that is not kept."""
    if reader.size > STORED_BYTES or header.scratch > COEFFICIENT_BYTES:
        raise _too_large(header)
    wide = header.stored.width >= header.stored.height
    longest = min(side, max(header.stored.width, header.stored.height))
    space = "GRAY" if header.pixels.channels == 1 else "BGR"
    least = {"min_width": longest} if wide else {"min_height": longest}
    try:
        # what the decoder mends is good enough to be recognised
        colour = cast("Image", simplejpeg.decode_jpeg(reader.everything(), space, strict=False, **least))
    except ValueError as error:
        raise DamagedImageError(f"The JPEG cannot be decoded: {error}.") from error
    return Picture(colour[:, :, 0] if colour.ndim == 3 and colour.shape[2] == 1 else colour).upright(  # noqa: PLR2004
        header.orientation
    )


def _overview(source: Source, header: Header, side: int, limits: Limits) -> Picture:
    """The smallest version that is large enough."""
    found = [header, *overviews(source, header, limits)]
    fitting = [each for each in found if max(each.stored.width, each.stored.height) >= side] or found[:1]
    smallest = fitting[-1]
    too_much = smallest.decoded_bytes > DECODED_BYTES or longest_segment(smallest) > STORED_BYTES
    reader = None if too_much else open_reader(source, smallest)
    if reader is None:
        raise _too_large(header)
    return reader.read(Window.whole(reader.size))


def _fitted(picture: Picture, size: Size, side: int) -> Picture:
    """Shrunk by means of areas, where it is larger, to the shape of the image of ``size`` that it is a version of."""
    scale = side / max(size.width, size.height)
    if scale >= 1:
        return picture
    target = Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))
    return resized(picture, target)


def _too_large(header: Header) -> ImageNotPreviewedError:
    return ImageNotPreviewedError(
        f"The image has {header.size} pixels and no smaller version; no small picture is made of so many.",
        advice="A TIFF with overviews has one; the results of large images are such.",
    )
