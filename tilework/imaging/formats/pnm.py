"""PNM: bitmaps, greymaps and pixmaps, plain or not (P1 to P6), PAM (P7) and the floats of PFM; read and written here.

OpenCV leaves a maximum other than 255 or 65,535 as it is, and Pillow lets samples beyond it pass; the bytes themselves
are the pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tilework.errors import NoSuchPageError, SeveralPagesError, UnsupportedPixelsError
from tilework.imaging.formats.bands import band_bytes
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.formats.pnm_header import MAGIC, PnmDetail, read_detail
from tilework.imaging.formats.pnm_pixels import PnmReader, picture
from tilework.imaging.formats.pnm_plain import BLOCK_SCRATCH, plain_picture

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.sources import Source
    from tilework.imaging.windows import Size

PEEKED = 64
"""Bytes behind a picture in which another may begin after white space."""

ONE_PICTURE = "Split the file; a plain PNM holds one picture."


def read_header(reader: HeaderReader, page: int | None) -> Header:
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    detail = read_detail(reader, 0)
    after = _next(reader, detail)
    if page is None and after is not None:
        raise SeveralPagesError("The file holds several pictures, one after another.")
    for number in range(page or 0):
        if after is None:
            raise NoSuchPageError(
                f"The file's last picture is page {number}; page {page} was asked for." if number
                else "The file holds one picture, page 0; another was asked for."
            )  # fmt: skip
        detail = read_detail(reader, after)
        after = _next(reader, detail)
    trailing = reader.size - detail.stop if after is None else 0
    notes = (*detail.notes, *((f"{trailing:,} bytes follow the picture.",) if trailing else ()))
    if detail.scale not in {-1.0, 1.0}:
        notes = (*notes, f"Its samples are left as they are; the factor for them is {abs(detail.scale):g}.")
    return _header(detail, notes)


def _next(reader: HeaderReader, detail: PnmDetail) -> int | None:
    """Where the next picture of the file begins, None where none does."""
    behind = reader.source.read(detail.stop, min(reader.size, detail.stop + PEEKED))
    start = len(behind) - len(behind.lstrip())
    return detail.stop + start if MAGIC.match(behind, start) else None


def _header(detail: PnmDetail, notes: tuple[str, ...]) -> Header:
    plain = detail.coding == "plain"
    return Header(
        format=Format.PNM,
        stored=detail.size,
        pixels=detail.pixels,
        bits=_bits(detail),
        colour="grey" if detail.channels == 1 else "colour",
        scratch=(detail.size.pixels * detail.pixels.bytes + BLOCK_SCRATCH if plain else 0)
        + 4 * band_bytes(detail.size, 8),
        detail=detail,
        notes=notes,
    )


def _bits(detail: PnmDetail) -> int:
    """Bits that a sample in the file can fill."""
    if detail.coding == "floats":
        return 32
    return 1 if detail.magic in {b"P1", b"P4"} else detail.most.bit_length()


def read_metadata(data: bytes, header: Header) -> Metadata:  # noqa: ARG001 - one signature for all formats
    """There is nothing beside the pixels."""
    return Metadata()


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a whole file; samples are stretched to 8 or 16 bits, floats are left as they are."""
    detail = cast("PnmDetail", header.detail)
    stored = memoryview(data)[detail.start : detail.stop]
    if detail.coding != "plain":
        return Decoded(picture(stored, detail, detail.stride))
    found, used = plain_picture(stored, detail)
    behind = bytes(stored[used:]).strip()
    if MAGIC.match(behind):
        raise SeveralPagesError("The file holds several pictures, one after another.", advice=ONE_PICTURE)
    return Decoded(found, (f"{len(behind):,} bytes follow the picture.",) if behind else ())


def open_reader(source: Source, header: Header, cache_bytes: int = 0) -> PnmReader | None:  # noqa: ARG001 - one signature
    """A reader of single windows of ``source``; None for a plain PNM, which is read in sequence. It keeps nothing."""
    detail = cast("PnmDetail", header.detail)
    return None if detail.coding == "plain" else PnmReader(source, detail)


def overlap_bytes(header: Header, window: Size, overlap: int) -> int:  # noqa: ARG001 - one signature for all formats
    """Nothing is decoded twice, for nothing is coded."""
    return 0


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:  # noqa: ARG001 - one signature for all
    """Encode as P5 or P6, with alpha as P7, floats as PFM with the low byte first and the factor of a PFM that it was.

    Raises UnsupportedPixelsError for floats with alpha.
    """
    size, pixels = picture.size, picture.pixels
    shape = f"{size.width} {size.height}"
    if pixels.dtype == "float32":
        if pixels.alpha:
            raise UnsupportedPixelsError("PNM cannot hold floats with alpha.")
        head = f"{'Pf' if pixels.channels == 1 else 'PF'}\n{shape}\n{-_factor(source)!r}\n"
        return _written(head, picture, "<f4")
    most = 255 if pixels.dtype == "uint8" else 65_535
    if pixels.alpha:
        name, depth = ("GRAYSCALE_ALPHA", 2) if pixels.channels == 1 else ("RGB_ALPHA", 4)
        head = f"P7\nWIDTH {size.width}\nHEIGHT {size.height}\nDEPTH {depth}\nMAXVAL {most}\nTUPLTYPE {name}\nENDHDR\n"
    else:
        head = f"{'P5' if pixels.channels == 1 else 'P6'}\n{shape}\n{most}\n"
    return _written(head, picture, "u1" if most == 255 else ">u2")  # noqa: PLR2004


def _written(head: str, picture: Picture, kind: str) -> bytes:
    """A header and the samples behind it: red, green, blue or grey, and alpha, side by side; floats bottom up."""
    import numpy as np

    size, channels = picture.size, picture.pixels.channels
    samples = channels + (picture.alpha is not None)
    body = bytearray(len(head) + size.pixels * samples * np.dtype(kind).itemsize)
    body[: len(head)] = head.encode()
    rows = np.frombuffer(body, kind, offset=len(head)).reshape(size.height, size.width, samples)
    rows = rows[::-1] if kind == "<f4" else rows
    for channel in range(channels):
        rows[:, :, channel] = picture.colour if channels == 1 else picture.colour[:, :, 2 - channel]
    if picture.alpha is not None:
        rows[:, :, channels] = picture.alpha
    return bytes(body)


def _factor(source: Header) -> float:
    detail = source.detail
    return abs(detail.scale) if isinstance(detail, PnmDetail) else 1.0
