"""GIF: its header, and its pixels by Pillow. Only single pictures; what is written instead is PNG."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.gif_blocks import (
    CODE_BITS,
    StillPicture,
    blocks_to_pixels,
    end_of_sub_blocks,
    refuse_second_picture,
    sub_blocks,
)
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.operations.contract import Image

XMP_NAME, ICC_NAME = b"XMP DataXMP", b"ICCRGBG1012"

XMP_TAIL_BYTES = 258
"""A packet of XMP stands there as it is and not in sub-blocks; 258 bytes behind it lead any reader to its end."""

SCRATCH_BYTES = 5
"""Of a pixel, beside the decoded ones: its index, and its colours one by one. Measured: 4.4."""

MOST_CODE_BYTES = 3
"""Of a pixel: its code of at most 12 bits, and another to clear the codes before it."""

SPARE_BYTES = 1024

OPAQUE = 255


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read.

    A second picture is looked for in the bytes that are there anyway; the whole file is walked before it is decoded.
    """
    still = blocks_to_pixels(reader.read, reader.count_part)
    if not still.table:
        raise DamagedImageError("The GIF has no colour table.")
    if still.code_bits not in CODE_BITS:
        raise DamagedImageError(f"The GIF's codes begin with {still.code_bits} bits; 1 to 8 are possible.")
    end = end_of_sub_blocks(reader.head, still.start, _most(still))
    if end is not None:
        refuse_second_picture(reader.head, end)
    return Header(
        format=Format.GIF,
        stored=still.canvas,
        pixels=Pixels("uint8", 3, still.transparent is not None or not still.fills_canvas),
        bits=math.ceil(math.log2(len(still.table) // 3)),
        colour="palette",
        scratch=SCRATCH_BYTES * still.frame.width * still.frame.height,
        has_icc=ICC_NAME in still.applications,
        detail=still,
        notes=still.notes,
    )


def _most(still: StillPicture) -> int:
    """How many bytes the picture's codes may take, with the lengths of their sub-blocks, one a byte at worst."""
    return 2 * MOST_CODE_BYTES * still.frame.width * still.frame.height + SPARE_BYTES


def _still(header: Header) -> StillPicture:
    assert isinstance(header.detail, StillPicture)  # noqa: S101 - what read_header put there
    return header.detail


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect what stands before the pixels of a whole file: XMP and a profile, in applications' extensions."""
    places = _still(header).applications
    xmp = icc = None
    if XMP_NAME in places:
        start, stop = places[XMP_NAME]
        xmp = data[start : stop - XMP_TAIL_BYTES] or None
    if ICC_NAME in places:
        icc = b"".join(sub_blocks(data, places[ICC_NAME][0])) or None
    return Metadata(xmp=xmp, icc=icc)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a whole file: the picture's colours on its canvas, which is transparent where the picture does not reach.

    Raises UnsupportedFormatError for a second picture that lay beyond the header's bytes.
    """
    still = _still(header)
    stop = end_of_sub_blocks(data, still.start, _most(still))
    end = refuse_second_picture(data, stop) if stop is not None else None
    indices = _indices(data[still.start : stop], still)
    notes = _notes(len(data), end)
    return Decoded(_painted(indices, still, alpha=header.pixels.alpha), notes)


def _notes(size: int, end: int | None) -> tuple[str, ...]:
    if end is None:
        return ("Its end is missing; all rows are there.",)
    return (f"{size - end:,} bytes follow the picture.",) if end < size else ()


def _indices(codes: bytes, still: StillPicture) -> Image:
    """(height, width) of the picture, each an index that the table has. Pillow fails where one of them is missing."""
    import numpy as np
    from PIL import Image as PillowImage

    size = (still.frame.width, still.frame.height)
    try:
        image = PillowImage.frombytes("P", size, codes, "gif", still.code_bits, still.interlaced)
    except (ValueError, OSError) as error:
        raise DamagedImageError(
            f"The GIF's picture data from byte {still.start:,} on is corrupt or too short: {error}."
        ) from error
    indices = np.asarray(image)
    _check_indices(indices, still)
    return indices


def _check_indices(indices: Image, still: StillPicture) -> None:
    entries = len(still.table) // 3
    wrong = indices >= entries
    if still.transparent is not None:
        wrong &= indices != still.transparent
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        raise DamagedImageError(
            f"The GIF's picture data is damaged: row {row:,} has colours that its table of {entries} has not."
        )


def _painted(indices: Image, still: StillPicture, *, alpha: bool) -> Picture:
    import cv2
    import numpy as np

    colours = np.zeros((256, 3), np.uint8)
    table = np.frombuffer(still.table, np.uint8).reshape(-1, 3)
    colours[: len(table)] = table[:, ::-1]
    colour = cv2.merge([cv2.LUT(indices, np.ascontiguousarray(colours[:, channel])) for channel in range(3)])
    if not alpha:
        return Picture(colour)
    opacity = np.full(256, OPAQUE, np.uint8)
    if still.transparent is not None:
        opacity[still.transparent] = 0
    return Picture(_on_canvas(colour, still), _on_canvas(cv2.LUT(indices, opacity), still))


def _on_canvas(image: Image, still: StillPicture) -> Image:
    import numpy as np

    if still.fills_canvas:
        return image
    canvas = np.zeros((still.canvas.height, still.canvas.width, *image.shape[2:]), image.dtype)
    frame = still.frame
    canvas[frame.top : frame.bottom, frame.left : frame.right] = image
    return canvas
