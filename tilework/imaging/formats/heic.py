"""HEIC: its header, and its pixels by libheif and libde265 (pillow-heif)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError, UnsupportedFormatError
from tilework.imaging.formats import heif_metadata
from tilework.imaging.formats.header import Format
from tilework.imaging.formats.heif_metadata import detail_of
from tilework.imaging.formats.heif_picture import Coding, Samples, read_picture
from tilework.imaging.formats.opencv import parted
from tilework.imaging.formats.picture import Decoded

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.heif_items import Extent
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

CHROMA, LUMA_BITS, PREFIX = 16, 17, 21
"""Bytes of the hvcC property (ISO/IEC 14496-15, 8.3.2) that tell the chroma sampling, bits less 8, and the length,
less 1, of the lengths before the NAL units; each in its lowest bits."""

MOST_ITEMS = 1_000
"""libheif's own limit."""

FORBIDDEN = re.compile(rb"\0\0[\0-\2]")
"""What no NAL unit contains (ITU-T H.265, 7.4.2): encoders put a 3 between. Lost blocks of a file are zeros."""

MOST_TRAILING_ZEROS = 8
"""Zeros behind a NAL unit that writers leave there; more of them are a hole in the file."""


def _samples(configuration: bytes) -> Samples:
    bits = (configuration[LUMA_BITS] & 7) + 8
    return Samples(bits, grey=not configuration[CHROMA] & 3, prefix=(configuration[PREFIX] & 3) + 1)


CODING = Coding(b"hvc1", b"hvcC", _samples, MOST_ITEMS)


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    detail = read_picture(reader, CODING)
    sample = 1 if detail.samples.bits <= 8 else 2  # noqa: PLR2004
    return detail.header(Format.HEIC, scratch=detail.coded.pixels * sample * SCRATCH_SAMPLES)


SCRATCH_SAMPLES = 8
"""Samples of a pixel in libheif beside what it gives: its planes as decoded, of the whole and of tiles, and turned."""


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect what stands around the pixels of a whole file."""
    return heif_metadata.read_metadata(data, header)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the primary picture; its transforms are applied by libheif.

    libde265 conceals damage. What can be told from the coded data without decoding is looked for here.
    """
    detail = detail_of(header)
    for stream in detail.streams:
        _check_stream(data, stream, detail.samples.prefix)
    return Decoded(parted(_pixels(data), header.pixels.channels))


def _check_stream(data: bytes, stream: tuple[Extent, ...], prefix: int) -> None:
    """Raise DamagedImageError where the NAL units of an item do not follow each other, or contain what none does."""
    whole = stream[0][0]
    coded = data[slice(*stream[0])] if len(stream) == 1 else b"".join(data[a:b] for a, b in stream)
    position = 0
    while position < len(coded):
        start = position + prefix
        position = start + int.from_bytes(coded[position:start])
        unit = coded[start:position]
        if position > len(coded) or not unit:
            raise DamagedImageError(
                f"The picture's coded data is damaged at byte {whole + start - prefix:,}."
            )
        bare = unit.rstrip(b"\0")
        hole = FORBIDDEN.search(bare)
        if hole is not None or len(unit) - len(bare) > MOST_TRAILING_ZEROS:
            place = whole + start + (hole.start() if hole else len(bare))
            raise DamagedImageError(
                f"The picture's coded data is damaged at byte {place:,}: a hole of zeros, or worse."
            )


def _pixels(data: bytes) -> Image:
    """(height, width), (height, width, 3 or 4) with blue, green, red, alpha; of 16 bits where the file has more than 8.

    The bits of 10 or 12 become the upper ones of 16, as libheif's binding does it.
    """
    import numpy as np
    import pillow_heif

    for option in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(pillow_heif.options, option, False)
    pillow_heif.options.DECODE_THREADS = 1
    try:
        file = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, bgr_mode=True)
        picture = file[file.primary_index]
        if picture.info["primary"]:
            return np.asarray(picture)
    except (ValueError, EOFError, RuntimeError, OSError, SyntaxError, IndexError) as error:
        raise _refusal(error) from error
    raise DamagedImageError("The file's primary picture cannot be decoded.")


def _refusal(error: Exception) -> DamagedImageError | TooLargeError | UnsupportedFormatError:
    said = " ".join(str(error).split())
    if "ecurity limit" in said:
        return TooLargeError(f"libheif does not take the file: {said}.")
    if isinstance(error, SyntaxError):
        return UnsupportedFormatError(f"libheif does not read the file: {said}.")
    return DamagedImageError(f"The picture cannot be decoded: {said}.")
