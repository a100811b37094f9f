"""JPEG: its header, and its pixels by libjpeg-turbo."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats import exif, jpeg_segments
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.jpeg_segments import (
    APP1,
    APP2,
    EXIF_TAG,
    ICC_TAG,
    Segment,
    end_of_picture,
    insert_metadata,
    payload_of,
    segments,
    tagged,
)
from tilework.imaging.formats.pages import refuse_page
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

FRAMES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
"""The kinds of frames that are read (SOF0 to SOF2, Huffman-coded DCT)."""

OTHER_FRAMES = {
    0xC3: "a lossless JPEG",
    **dict.fromkeys((0xC5, 0xC6, 0xC7), "a hierarchical JPEG"),
    **dict.fromkeys((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), "an arithmetic-coded JPEG"),
    0xF7: "a JPEG-LS",
}

SAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (1, 2): "4:4:0", (2, 2): "4:2:0", (4, 1): "4:1:1"}
"""Luma samples for each chroma sample (across, down), and their names."""

FRAME_BYTES = 6
"""Precision, height, width and number of components, before three bytes for each component."""

COEFFICIENT_BYTES = 6
"""Bytes of a pixel of a progressive JPEG beside its decoded ones: three coefficients of 16 bits, at 4:4:4."""

QUALITY = 95
"""OpenCV's own default, and its visually lossless range."""

END = b"\xff\xd9"
EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
IRRITATIONS = re.compile(r"Invalid SOS parameters|Adobe color transform|Inconsistent progression")
"""Warnings of libjpeg about files that are odd and whose pixels are whole (jerror.h)."""


def read_header(reader: HeaderReader, page: int | None) -> Header:
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    refuse_page(page)
    frame: Segment | None = None
    exif_data: bytes | None = None
    has_icc = False
    for segment in segments(reader):
        reader.count_part()
        if segment.marker in OTHER_FRAMES:
            raise UnsupportedFormatError(
                f"The file is {OTHER_FRAMES[segment.marker]}; ordinary JPEGs are read."
            )
        if segment.marker in FRAMES and frame is None:
            frame = segment
        elif segment.marker == APP1 and exif_data is None and tagged(reader, segment, EXIF_TAG):
            exif_data = payload_of(reader, segment)[len(EXIF_TAG) :]
        elif segment.marker == APP2 and tagged(reader, segment, ICC_TAG):
            has_icc = True
    if frame is None:
        raise DamagedImageError("The JPEG has no frame header before its picture data.")
    return _header(FRAMES[frame.marker], payload_of(reader, frame), exif_data, has_icc=has_icc)


def _header(kind: str, frame: bytes, exif_data: bytes | None, *, has_icc: bool) -> Header:
    if len(frame) < FRAME_BYTES or len(frame) < FRAME_BYTES + 3 * frame[5]:
        raise DamagedImageError("The JPEG's frame header is cut short.")
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    if not width or not height:
        raise DamagedImageError(f"The JPEG's header says {width} x {height} pixels.")
    if bits != 8:  # noqa: PLR2004
        raise UnsupportedPixelsError(
            f"The JPEG has {bits} bits a sample; 8 are read.", advice="Convert it to a PNG."
        )
    if components not in {1, 3}:
        colour = "CMYK" if components == 4 else f"{components}-channel"  # noqa: PLR2004
        raise UnsupportedPixelsError(
            f"The JPEG has {colour} pixels; grey and colour (YCbCr, RGB) are read.",
            advice="Convert it to RGB first.",
        )
    return Header(
        format=Format.JPEG,
        stored=Size(width, height),
        pixels=Pixels("uint8", components),
        bits=bits,
        colour="grey" if components == 1 else "colour",
        orientation=exif.orientation(exif_data) if exif_data else exif.UPRIGHT,
        scratch=COEFFICIENT_BYTES * width * height if kind == "progressive" else 0,
        subsampling=_subsampling(frame, components),
        lossless=False,
        has_icc=has_icc,
        has_exif=exif_data is not None,
    )


def _subsampling(frame: bytes, components: int) -> str | None:
    """Name how much finer the first component is sampled than the two others; None for grey or anything unusual."""
    factors = [divmod(frame[FRAME_BYTES + 3 * index + 1], 16) for index in range(components)]
    if components == 1 or factors[1] != factors[2] or 0 in factors[1]:
        return None
    (luma_across, luma_down), (across, down) = factors[0], factors[1]
    if luma_across % across or luma_down % down:
        return None
    return SAMPLINGS.get((luma_across // across, luma_down // down))


def read_metadata(data: bytes, header: Header) -> Metadata:  # noqa: ARG001 - one signature for all formats
    """Collect what stands before the picture in a whole file."""
    return jpeg_segments.read_metadata(data)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the first picture of a file.

    libjpeg conceals damage and goes on. Every warning of it that means missing or wrong pixels is an error here.
    """
    notes: list[str] = []
    length, end = len(data), len(data) if data.endswith(END) else end_of_picture(data)
    if end is None:
        data, notes = data + END, ["Its end marker is missing; all rows are there."]
    elif end < length:
        notes = [f"{length - end:,} bytes follow the picture."]
    try:
        return Decoded(Picture(_pixels(data, header, strict=True)), tuple(notes))
    except ValueError as error:
        warning = str(error)
    if end is None:
        raise DamagedImageError(
            f"The JPEG is cut short: it ends at byte {length:,}, before its last row ({warning})."
        )
    notes.append(_irritation(warning, data[:end]))
    return Decoded(Picture(_pixels(data, header, strict=False)), tuple(notes))


def _pixels(data: bytes, header: Header, *, strict: bool) -> Image:
    """(height, width) or (height, width, 3); ValueError where libjpeg fails, or warns and ``strict``."""
    import simplejpeg

    grey = header.pixels.channels == 1
    pixels: Image = simplejpeg.decode_jpeg(data, "GRAY" if grey else "BGR", strict=strict)
    return pixels[:, :, 0] if grey else pixels


def _irritation(warning: str, data: bytes) -> str:
    """A note about a warning that costs no pixel; raises DamagedImageError for any other."""
    extraneous = EXTRANEOUS.search(warning)
    if extraneous is not None:
        stop = len(data) - len(END)
        if len(set(data[stop - int(extraneous[1]) : stop])) <= 1:
            return f"{extraneous[1]} bytes of padding follow its last row."
    if IRRITATIONS.search(warning):
        return f"libjpeg says of it: {warning}."
    raise DamagedImageError(f"The JPEG's picture data is damaged: {warning}.")


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:
    """Encode at quality 95, with the source's subsampling where that is a JPEG, else with none."""
    subsampling = source.subsampling if source.format is Format.JPEG else None
    return insert_metadata(_encoded(picture.colour, subsampling), metadata)


def _encoded(image: Image, subsampling: str | None) -> memoryview:
    import cv2

    samplings = {
        "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
        "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
        "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    }
    parameters = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    if image.ndim == 3:  # noqa: PLR2004
        parameters += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, samplings[subsampling or "4:4:4"]]
    return cv2.imencode(".jpg", image, parameters)[1].data
