"""JPEG XL: its header, and its pixels by libjxl (imagecodecs)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.formats import jxl_boxes
from tilework.imaging.formats.header import Format, Header, turned_by
from tilework.imaging.formats.jxl_codestream import Codestream, read_codestream
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded
from tilework.imaging.formats.rgb import parted_rgb, raised
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.operations.contract import Image

FLOATS = (16, 32)
"""Bits of the floats that are read."""

MOST_INTEGER_BITS = 16

SCRATCH_BYTES = 24
"""Bytes of a pixel in libjxl beside what it gives: float planes of colour and alpha, or whole numbers of 32 bits, and
those that its filters take from."""


@dataclass(frozen=True, slots=True)
class JxlDetail:
    """``codestream`` is its header; ``container`` says that boxes are around it."""

    codestream: Codestream
    container: bool


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    container = not jxl_boxes.is_bare(reader)
    found = read_codestream(jxl_boxes.codestream_head(reader))
    depth, colours = found.depth, found.colours
    if depth.floats and depth.bits not in FLOATS:
        raise UnsupportedPixelsError(f"The JPEG XL has floats of {depth.bits} bits; 16 and 32 are read.")
    if not depth.floats and depth.bits > MOST_INTEGER_BITS:
        raise UnsupportedPixelsError(f"The JPEG XL has {depth.bits} bits a sample; up to 16 are read.")
    dtype = "float32" if depth.floats else "uint8" if depth.bits <= 8 else "uint16"  # noqa: PLR2004
    return Header(
        format=Format.JXL,
        stored=turned_by(found.size, found.orientation),
        pixels=Pixels(dtype, 1 if colours.grey else 3, found.alpha),
        bits=depth.bits,
        colour="grey" if colours.grey else "colour",
        scratch=SCRATCH_BYTES * found.size.pixels,
        lossless=not found.perceptual,
        has_icc=colours.profiled,
        # whether there is any or not, nobody need look for an orientation in it: that is void (18181-2)
        has_exif=True,
        detail=JxlDetail(found, container),
    )


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect what stands around the codestream of a whole file, and the colours that its header names."""
    detail = _detail(header)
    found = jxl_boxes.read_metadata(data) if detail.container else Metadata()
    colours = detail.codestream.colours
    return Metadata(
        exif=found.exif,
        xmp=found.xmp,
        icc=found.icc,
        density=found.density,
        cicp=colours.cicp,
        notes=(*found.notes, *_profile_note(detail.codestream, found)),
    )


def _profile_note(codestream: Codestream, found: Metadata) -> tuple[str, ...]:
    if not codestream.colours.profiled or found.icc is not None:
        return ()
    return ("Its ICC profile is packed among its pixels, where libjxl alone can read it, and was left out.",)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the picture; libjxl turns it upright, and rounds lossy ones in a pattern that is upright, too."""
    import numpy as np

    pixels = _pixels(data)
    if header.pixels.dtype == "float32":
        return Decoded(parted_rgb(pixels.astype(np.float32, copy=False)))
    return Decoded(parted_rgb(raised(pixels, header.bits)))


def _pixels(data: bytes) -> Image:
    """(height, width) or (height, width, 2 to 4): grey, grey and alpha, red, green, blue, alpha; at the file's depth."""
    import imagecodecs

    try:
        pixels: Image = imagecodecs.jpegxl_decode(data, numthreads=1)
    except (imagecodecs.JpegxlError, RuntimeError, ValueError) as error:
        said = str(error)
        if "NEED_MORE_INPUT" in said:
            raise DamagedImageError(
                f"The JPEG XL is cut short: it ends at byte {len(data):,}, before its last pixel."
            ) from error
        raise DamagedImageError(f"The JPEG XL's picture data is damaged: libjxl says {said}.") from error
    return pixels


def _detail(header: Header) -> JxlDetail:
    if not isinstance(header.detail, JxlDetail):
        raise TypeError("the header is none of a JPEG XL")
    return header.detail
