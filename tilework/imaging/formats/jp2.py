"""JPEG 2000: JP2 files and bare codestreams. The boxes are read and written here, the codestream by OpenJPEG.

The decoder gets the bare codestream only: of a whole file, imagecodecs would apply the ICC profile to the pixels.
"""

from __future__ import annotations

import contextlib
import logging
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats import exif, jp2_boxes
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jp2_boxes import (
    EXIF_ID,
    FILE_TYPE,
    GEO_ID,
    GREY,
    ID_BYTES,
    OPACITY,
    SIGNATURE,
    SRGB,
    WHOLE_IMAGE,
    XMP_ID,
    Box,
    JP2Header,
    boxed,
    boxes,
    payload_of,
    read_jp2_header,
)
from tilework.imaging.formats.jp2_codestream import (
    END,
    START,
    Frame,
    Tiles,
    find_tiles,
    read_frame,
    structure_bytes,
)
from tilework.imaging.formats.jp2_colours import ICC_COLOURS, channels
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.operations.contract import Image

KINDS = {b"jp2 ", b"jpx ", b"jph "}
"""What a file of this family may say it can be read as (ftyp); JPM is pages of text, MJ2 a film."""

SAMPLE_BYTES = 7
"""Memory that OpenJPEG takes for a sample beside the result. Measured: 4.4 with 8 bits, 5.9 with 16."""

RESOLUTIONS = 6
"""Five wavelet levels: OpenJPEG's own default, and Kakadu's."""


@dataclass(frozen=True, slots=True)
class JP2Detail:
    """Where the codestream lies, its frame, and which components are colours (red, green, blue) and alpha.

    ``structure`` is the memory, in bytes, that OpenJPEG takes for the blocks of all tiles.
    """

    start: int
    stop: int
    frame: Frame
    structure: int
    colours: tuple[int, ...]
    alpha: int | None


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    if reader.head[:4] == START:
        return _header(reader, None, Box(b"jp2c", 0, reader.size), None)
    jp2_header: JP2Header | None = None
    exif_data: bytes | None = None
    for box in boxes(reader, len(SIGNATURE), reader.size):
        reader.count_part()
        if box.type == b"ftyp":
            _check_kind(payload_of(reader, box))
        elif box.type == b"jp2h" and jp2_header is None:
            jp2_header = read_jp2_header(reader, box)
        elif box.type == b"uuid" and box.stop - box.start > ID_BYTES and exif_data is None:
            if reader.read(box.start, ID_BYTES) == EXIF_ID:
                exif_data = payload_of(reader, box)[ID_BYTES:]
        elif box.type == b"jp2c":
            if jp2_header is None:
                raise DamagedImageError("The JPEG 2000 has no header box (jp2h) before its codestream.")
            return _header(reader, jp2_header, box, exif_data)
    raise DamagedImageError("The JPEG 2000 holds no codestream (jp2c).")


def _check_kind(file_type: bytes) -> None:
    names = {file_type[start : start + 4] for start in (0, *range(8, len(file_type), 4))}
    if not names & KINDS:
        raise UnsupportedFormatError(
            f"The file is of the kind {file_type[:4].decode('ascii', 'replace').strip()} of JPEG 2000; "
            "single pictures (jp2, jpx, jph) are read."
        )


def _header(
    reader: HeaderReader, container: JP2Header | None, codestream: Box, exif_data: bytes | None
) -> Header:
    frame = read_frame(reader, codestream.start)
    reader.limits.check_size(frame.size)
    colours, alpha, notes = channels(frame.components, container)
    if container is not None and container.shape != (frame.size.height, frame.size.width, frame.components):
        raise DamagedImageError("The JPEG 2000's header and its codestream tell of different sizes.")
    if frame.bits not in {8, 16}:
        notes = (*notes, f"Its {frame.bits} bits a sample stand in 16, with the values as they are.")
    structure = structure_bytes(reader, codestream.start, frame)
    return Header(
        format=Format.JP2,
        stored=frame.size,
        pixels=Pixels("uint8" if frame.bits == 8 else "uint16", len(colours), alpha is not None),  # noqa: PLR2004
        bits=frame.bits,
        colour="grey" if len(colours) == 1 else "colour",
        orientation=exif.orientation(exif_data) if exif_data else exif.UPRIGHT,
        scratch=SAMPLE_BYTES * frame.size.pixels * frame.components + structure,
        lossless=False,
        has_icc=container is not None and container.icc is not None,
        has_exif=exif_data is not None,
        detail=JP2Detail(codestream.start, codestream.stop, frame, structure, colours, alpha),
        notes=notes,
    )


def read_metadata(data: bytes | memoryview, header: Header) -> Metadata:  # noqa: ARG001 - one signature for all formats
    """Collect what stands in boxes around the codestream of a whole file."""
    if data[:4] == START:
        return Metadata()
    source = WholeFile(data)
    found = Metadata()
    codestreams = 0
    try:
        for box in boxes(source, len(SIGNATURE), len(data)):
            codestreams += box.type == b"jp2c"
            if box.type == b"jp2h" and found.icc is None:
                head = read_jp2_header(source, box)
                found = replace(found, icc=head.icc, density=head.density)
            elif box.type in {b"uuid", b"xml ", b"asoc"}:
                found = _with(found, box.type, payload_of(source, box))
    except DamagedImageError:
        if not codestreams:
            raise
        found = replace(found, notes=("What follows its picture are no boxes, and was left out.",))
    if codestreams > 1:
        found = replace(found, notes=(*found.notes, "It holds more than one picture; the first was taken."))
    return found


def _with(found: Metadata, name: bytes, payload: bytes) -> Metadata:
    identity, rest = payload[:ID_BYTES], payload[ID_BYTES:]
    if name == b"uuid" and identity == EXIF_ID:
        return replace(found, exif=found.exif or rest)
    if name == b"uuid" and identity == XMP_ID:
        return replace(found, xmp=found.xmp or rest)
    if name == b"uuid" and identity != GEO_ID:
        return found
    return replace(found, text=(*found.text, boxed(name, payload)))


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the codestream.

    JPEG 2000 has no checksums: a wrong byte within a tile's data that leaves its structure whole cannot be seen.
    """
    detail = detail_of(header)
    codestream: bytes | memoryview = memoryview(data)[detail.start : detail.stop]
    tiles, notes = complete_tiles(memoryview(codestream), detail)
    if notes:
        codestream = bytes(codestream[: tiles.end]) + END
    return Decoded(parted(read_pixels(codestream), detail), notes)


def detail_of(header: Header) -> JP2Detail:
    """What is known of a JPEG 2000 beside its header."""
    if not isinstance(header.detail, JP2Detail):
        raise TypeError(header.detail)
    return header.detail


def complete_tiles(codestream: memoryview, detail: JP2Detail) -> tuple[Tiles, tuple[str, ...]]:
    """Return where the tiles of a codestream lie, and a note where its end marker is missing.

    Raises DamagedImageError where not all of them is there.
    """
    tiles = find_tiles(codestream, detail.frame)
    end = tiles.end
    if codestream[end : end + len(END)] == END:
        return tiles, ()
    if not any(codestream[max(0, end - HALF_WRITTEN_BYTES) : end]):
        raise DamagedImageError(
            f"The JPEG 2000 ends in zeros at byte {detail.start + len(codestream):,}: it was written in part only."
        )
    return tiles, ("Its end marker is missing; all tiles are there.",)


HALF_WRITTEN_BYTES = 256
"""Zeros at the end of a codestream without its end marker that are no empty packets, but a copy that broke off."""


class _Warnings(logging.Handler):
    """What OpenJPEG has to say of a codestream, which its bindings log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.said) < 10:  # noqa: PLR2004 - a hostile file may cause millions
            self.said.append(record.getMessage())


@contextlib.contextmanager
def hearing(binding: str, damage: str, *failures: type[Exception]) -> Iterator[None]:
    """Raise DamagedImageError, which begins with ``damage``, where the body fails or its ``binding`` logs a warning."""
    log, warnings = logging.getLogger(binding), _Warnings()
    propagate, log.propagate = log.propagate, False
    log.addHandler(warnings)
    try:
        yield
    except failures as error:
        raise DamagedImageError(f"{damage}: {'; '.join(warnings.said) or error}.") from error
    finally:
        log.removeHandler(warnings)
        log.propagate = propagate
    if warnings.said:
        raise DamagedImageError(f"{damage}: {'; '.join(warnings.said)}.")


DAMAGE = "The JPEG 2000's codestream is damaged"


def read_pixels(codestream: Any, damage: str = DAMAGE) -> Image:
    """(height, width) or (height, width, components), in their order; raises DamagedImageError that ``damage`` begins."""
    import imagecodecs

    with hearing("imagecodecs", damage, imagecodecs.Jpeg2kError, ValueError):
        pixels: Image = imagecodecs.jpeg2k_decode(codestream, planar=False, verbose=2, numthreads=1)
    return pixels


def parted(array: Image, detail: JP2Detail) -> Picture:
    """A picture of (height, width) or (height, width, components) of one."""
    import numpy as np

    if array.ndim == 2:  # noqa: PLR2004
        return Picture(array)
    colour = array[:, :, detail.colours[0]] if len(detail.colours) == 1 else array[:, :, detail.colours[::-1]]
    alpha = None if detail.alpha is None else np.ascontiguousarray(array[:, :, detail.alpha])
    return Picture(np.ascontiguousarray(colour), alpha)


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:
    """Encode without loss, as a JP2 file whatever the source was."""
    codestream = _encoded(picture)
    kept = metadata.text
    if metadata.place != "kept" or picture.size != source.stored or source.orientation != 1:
        kept = tuple(box for box in kept if box[4:8] == b"xml ")
    parts = [SIGNATURE, boxed(FILE_TYPE[:4], FILE_TYPE[4:]), _header_box(picture, metadata)]
    if metadata.exif is not None:
        parts.append(boxed(b"uuid", EXIF_ID, metadata.exif))
    if metadata.xmp is not None:
        parts.append(boxed(b"uuid", XMP_ID, metadata.xmp))
    return b"".join((*parts, *kept, boxed(b"jp2c", codestream)))


def _header_box(picture: Picture, metadata: Metadata) -> bytes:
    pixels, size = picture.pixels, picture.size
    components = pixels.channels + pixels.alpha
    depth = picture.colour.itemsize * 8 - 1
    parts = [
        boxed(b"ihdr", struct.pack(">IIHBBBB", size.height, size.width, components, depth, 7, 0, 0)),
        boxed(b"colr", _colours(pixels, metadata.icc)),
    ]
    if pixels.alpha:
        rows = [(index, 0, index + 1) for index in range(pixels.channels)]
        rows.append((pixels.channels, OPACITY, WHOLE_IMAGE))
        parts.append(
            boxed(b"cdef", struct.pack(">H", components), *(struct.pack(">HHH", *row) for row in rows))
        )
    if metadata.density is not None and metadata.density.unit != "aspect":
        parts.append(jp2_boxes.resolution(metadata.density))
    return boxed(b"jp2h", *parts)


def _colours(pixels: Pixels, icc: bytes | None) -> bytes:
    """The payload of colr: the profile, else the number for sRGB or grey."""
    if icc is not None and ICC_COLOURS.get(icc[16:20]) == pixels.channels:
        return b"\2\0\0" + icc
    return struct.pack(">BBBI", 1, 0, 0, GREY if pixels.channels == 1 else SRGB)


def _encoded(picture: Picture) -> bytes:
    import imagecodecs
    import numpy as np

    array = picture.colour
    if picture.pixels.channels == 3:  # noqa: PLR2004
        array = array[:, :, ::-1]
    if picture.alpha is not None:
        array = np.dstack((array, picture.alpha))
    encoded = imagecodecs.jpeg2k_encode(
        np.ascontiguousarray(array), level=0, codecformat="j2k", planar=False,
        resolutions=RESOLUTIONS, reversible=True, numthreads=1,
    )  # fmt: skip
    return bytes(encoded)
