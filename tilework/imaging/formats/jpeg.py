"""JPEG: its header, and its pixels by libjpeg-turbo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats import colour_profiles, exif, jpeg_segments
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.jpeg_frame import (
    FRAMES,
    GREY,
    INKS,
    OTHER_FRAMES,
    Frame,
    read_frame,
    unusual_sampling,
)
from tilework.imaging.formats.jpeg_holes import find_hole
from tilework.imaging.formats.jpeg_mending import END, mended
from tilework.imaging.formats.jpeg_segments import (
    ADOBE_TAG,
    APP1,
    APP2,
    APP14,
    EXIF_TAG,
    ICC_TAG,
    MPF_TAG,
    SOS,
    end_of_picture,
    insert_metadata,
    payload_of,
    segments,
    tagged,
)
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from mmap import mmap

    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.jpeg_segments import Segment
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image


COEFFICIENT_BYTES = 2
"""Bytes of a sample, beside the decoded ones, of a JPEG whose picture comes in several scans; at 4:4:4."""

QUALITY = 95
"""OpenCV's own default, and its visually lossless range."""

MOST_ODDITIES = 5
"""Times that a file is decoded: as it is, and once for each oddity mended."""

UNKNOWN_SAMPLING = "Could not determine subsampling level"
"""What TurboJPEG says of sampling factors that it does not know."""

MORE_PICTURES = "It holds further pictures (MPO); the first was taken."
CONVERTED = "Its inks (CMYK) were converted to sRGB by its ICC profile, with the perceptual intent; the profile is gone."


@dataclass(slots=True)
class _Found:
    """What stands before the picture, as far as the header tells it."""

    frame: Frame | None = None
    exif: bytes | None = None
    has_icc: bool = False
    space: bytes = b""
    adobe: bool = False
    more_pictures: bool = False
    scanned: int = 0

    def take(self, reader: HeaderReader, segment: Segment) -> None:
        marker = segment.marker
        if marker in OTHER_FRAMES:
            raise UnsupportedFormatError(f"The file is {OTHER_FRAMES[marker]}; ordinary JPEGs are read.")
        if marker in FRAMES and self.frame is None:
            self.frame = read_frame(marker, payload_of(reader, segment))
        elif marker == APP1 and self.exif is None and tagged(reader, segment, EXIF_TAG):
            self.exif = payload_of(reader, segment)[len(EXIF_TAG) :]
        elif marker == APP2 and tagged(reader, segment, ICC_TAG):
            self.has_icc = True
            self.space = self.space or jpeg_segments.profile_space(reader, segment)
        elif marker == APP2 and tagged(reader, segment, MPF_TAG):
            self.more_pictures = True
        elif marker == APP14:
            self.adobe = self.adobe or tagged(reader, segment, ADOBE_TAG)
        elif marker == SOS:
            self.scanned = payload_of(reader, segment)[:1].ljust(1, b"\0")[0]


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    found = _Found()
    for segment in segments(reader):
        reader.count_part()
        found.take(reader, segment)
    frame = found.frame
    if frame is None:
        raise DamagedImageError("The JPEG has no frame header before its picture data.")
    if frame.components == INKS:
        _check_inks(found)
    return Header(
        format=Format.JPEG,
        stored=frame.size,
        pixels=Pixels("uint8", 1 if frame.components == GREY else 3),
        bits=frame.bits,
        colour={GREY: "grey", INKS: "CMYK"}.get(frame.components, "colour"),
        orientation=exif.orientation(found.exif) if found.exif else exif.UPRIGHT,
        scratch=_scratch(frame, found.scanned),
        subsampling=frame.subsampling,
        lossless=False,
        has_icc=found.has_icc,
        has_exif=found.exif is not None,
        detail=frame,
        notes=(MORE_PICTURES,) if found.more_pictures else (),
        # Little CMS reads whatever the profile of inks holds
        guarded=frame.components == INKS,
    )


def _check_inks(found: _Found) -> None:
    """Refuse inks of which nobody knows what they look like, or whether full is 0 or 255."""
    if found.space != colour_profiles.CMYK:
        which = f"one for {found.space.decode('ascii', 'replace').strip()}" if found.space else "none"
        raise UnsupportedPixelsError(
            "The JPEG has CMYK pixels; what such inks look like only an ICC profile for CMYK tells, and it has "
            f"{which}.",
            advice="Convert it to RGB first, or save it with the profile of its press.",
        )
    if not found.adobe:
        raise UnsupportedPixelsError(
            "The JPEG has CMYK pixels without Adobe's marker, which would say how its inks are written.",
            advice="Convert it to RGB first.",
        )


def _scratch(frame: Frame, scanned: int) -> int:
    """Bytes that decoding takes beside its result: coefficients of all samples, and four inks a pixel."""
    several_scans = frame.kind == "progressive" or scanned < frame.components
    coefficients = COEFFICIENT_BYTES * frame.components * several_scans
    return (coefficients + (INKS if frame.components == INKS else 0)) * frame.size.pixels


def read_metadata(data: bytes | memoryview, header: Header) -> Metadata:
    """Collect what stands before the picture in a whole file; the profile of inks is gone with the inks."""
    metadata = jpeg_segments.read_metadata(data)
    return replace(metadata, icc=None) if header.colour == "CMYK" else metadata


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the first picture of a file; inks become sRGB.

    libjpeg conceals damage and goes on. Every warning of it that means missing or wrong pixels is an error here.
    """
    frame = frame_of(header)
    ended = data if data.endswith(END) else data + END
    pixels, notes = read_pixels(memoryview(ended), len(data), header)
    if frame.components != INKS:
        return Decoded(Picture(pixels[:, :, 0] if frame.components == GREY else pixels), notes)
    profile = jpeg_segments.read_metadata(data).icc
    return Decoded(Picture(pixels if profile is None else inks_to_srgb(pixels, profile)), (*notes, CONVERTED))


def frame_of(header: Header) -> Frame:
    """The frame of a JPEG's header."""
    if not isinstance(header.detail, Frame):
        raise TypeError("the header is no JPEG's")
    return header.detail


def inks_to_srgb(inks: Image, profile: bytes) -> Image:
    """Convert (height, width, 4) as Adobe writes them, 0 for a full ink; ``inks`` is overwritten, for it is large."""
    import cv2

    return colour_profiles.to_srgb(cv2.bitwise_not(inks, dst=inks), profile)


def read_pixels(
    data: memoryview, length: int, header: Header, into: mmap | None = None
) -> tuple[Image, tuple[str, ...]]:
    """Decode the first picture of a file of ``length`` bytes: (height, width, samples), and what was odd about it.

    ``data`` holds the file, and behind it an end marker where it does not end with one; it is mended in place if it
    may be changed. The pixels come ``into`` such memory if there is some. That more pictures are announced and follow
    is not odd. Raises :class:`~tilework.errors.DamagedImageError`, and MemoryError.
    """
    frame, more = frame_of(header), MORE_PICTURES in header.notes
    notes: list[str] = []
    end = length if len(data) == length else end_of_picture(data)
    whole = end is not None and end <= length
    if not whole:
        notes = ["Its end marker is missing; all rows are there."]
    elif end is not None and end < length:
        data, notes = data[:end], [] if more else [f"{length - end:,} bytes follow the picture."]
    for _ in range(MOST_ODDITIES):
        try:
            pixels = strict_pixels(data, frame, into)
        except ValueError as error:
            warning = str(error)
        else:
            _check_holes(data, frame)
            return pixels, tuple(notes)
        if UNKNOWN_SAMPLING in warning:
            raise unusual_sampling(frame)
        if not whole:
            raise DamagedImageError(
                f"The JPEG is cut short: it ends at byte {length:,}, before its last row ({warning})."
            )
        first_end = end_of_picture(data) or len(data)
        if first_end < len(data):
            # another picture, or something that ends like one, follows
            notes += [] if more else [f"{len(data) - first_end:,} bytes follow the picture."]
            data = data[:first_end]
        note, data = mended(warning, data)
        notes.append(note)
    raise DamagedImageError(f"The JPEG's picture data is damaged: {warning}.")


def _check_holes(data: memoryview, frame: Frame) -> None:
    """Raise DamagedImageError for zeros that decode in silence; those of a progressive JPEG never do."""
    hole = None if frame.kind == "progressive" else find_hole(data)
    if hole is not None:
        raise DamagedImageError(f"The JPEG has zeros at byte {hole:,}, where its picture data should be.")


def strict_pixels(
    data: bytes | memoryview, frame: Frame, room: Image | memoryview | mmap | None = None
) -> Image:
    """(height, width, samples), blue first, in ``room`` (bytes) where that is given.

    Raises ValueError where libjpeg fails or warns.
    """
    import simplejpeg

    space = {GREY: "GRAY", INKS: "CMYK"}.get(frame.components, "BGR")
    pixels: Image = simplejpeg.decode_jpeg(data, space, buffer=room)
    return pixels


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:
    """Encode at quality 95, with the source's subsampling where that is a JPEG, else with none."""
    subsampling = source.subsampling if source.format is Format.JPEG else None
    return insert_metadata(encoded(picture.colour, subsampling), metadata)


def encoded(image: Image, subsampling: str | None, quality: int = QUALITY) -> memoryview:
    """Encode by OpenCV, with JPEG's standard Huffman tables; None means full chroma. The metadata is JFIF's marker."""
    import cv2

    samplings = {
        "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
        "4:4:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
        "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        "4:1:1": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
    }
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if image.ndim == 3:  # noqa: PLR2004
        parameters += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, samplings[subsampling or "4:4:4"]]
    return cv2.imencode(".jpg", image, parameters)[1].data
