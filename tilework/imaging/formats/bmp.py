"""BMP: read and written here, since no library reads all of it rightly.

OpenCV takes the masks of 32 bits for granted, drops the lower bits of 16, and shows black for a missing palette
colour; Pillow knows few masks, and drops what runs over in a run-length coding (docs/decisions/one-decoder.md). What is left to do for a stored BMP is to turn its rows.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

from tilework.errors import DamagedImageError
from tilework.imaging.formats import bmp_header, bmp_pixels
from tilework.imaging.formats.bands import band_bytes
from tilework.imaging.formats.bmp_header import FILE_BYTES, INFO, V4, V5, BmpDetail
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from tilework.imaging.formats.bmp_header import Info
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.windows import Size

MASKS_ALPHA = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
GREYS = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
PICTURES = 4
"""The rendering intent LCS_GM_IMAGES: perceptual."""

SRGB = b"BGRs"
"""``sRGB``, as it stands in a little-endian file."""


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    info = bmp_header.read_info(reader)
    reader.limits.check_size(info.size)
    start = struct.unpack("<I", reader.read(10, 4))[0]
    first = FILE_BYTES + info.kind + info.masks_behind
    if not first <= start < reader.size:
        raise DamagedImageError(
            f"The BMP's pixels are said to begin at byte {start:,}, outside of what follows its header."
        )
    palette, notes = bmp_header.palette_of(reader, info, start)
    profile, more = bmp_header.profile_of(info, reader.size)
    if info.planes != 1:
        more = (*more, f"It says that it has {info.planes} planes, where 1 is meant.")
    detail = BmpDetail(
        bits=info.bits,
        compression=info.compression,
        top_down=info.height < 0,
        start=start,
        stop=_stop(info, start, reader.size),
        palette=palette,
        masks=bmp_header.masks_of(info),
        density=bmp_header.density_of(info),
        profile=profile,
        colour=bmp_header.colour_of(info),
    )
    return _header(info, detail, (*notes, *more))


def _stop(info: Info, start: int, size: int) -> int:
    """Where the pixels end in a file of ``size`` bytes; raises DamagedImageError where they do not fit.

    The padding of the last row may be missing.
    """
    if info.compression in {bmp_header.RLE4, bmp_header.RLE8}:
        return size
    rows = info.size.height
    padding = info.stride - (info.width * info.bits + 7) // 8
    stop = start + info.stride * rows
    if stop - padding > size:
        whole = (size - start) // info.stride
        raise DamagedImageError(
            f"The BMP is cut short: it ends at byte {size:,}, in row {whole:,} of {rows:,}."
        )
    return min(stop, size)


def _header(info: Info, detail: BmpDetail, notes: tuple[str, ...]) -> Header:
    palette = detail.palette
    grey = bool(palette) and palette[0::3] == palette[1::3] == palette[2::3]
    deep = any((mask // ((mask & -mask) or 1)).bit_length() > 8 for mask in detail.masks)  # noqa: PLR2004
    size = info.size
    return Header(
        format=Format.BMP,
        stored=size,
        pixels=Pixels("uint16" if deep else "uint8", 1 if grey else 3, bool(detail.masks[3])),
        bits=info.bits if palette else max(8, *(mask.bit_count() for mask in detail.masks)),
        colour="palette" if palette and not grey else "grey" if grey else "colour",
        scratch=(size.pixels if detail.run_length else 0) + 8 * band_bytes(size, 8),
        has_icc=detail.profile is not None,
        detail=detail,
        notes=notes,
    )


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect profile, calibrated colours and resolution."""
    detail = cast("BmpDetail", header.detail)
    icc = None if detail.profile is None else data[slice(*detail.profile)]
    return Metadata(icc=icc, density=detail.density, colour=(detail.colour,) if detail.colour else ())


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a whole file: a palette becomes its colours, fewer than 8 bits 8, more than 8 bits 16."""
    detail = cast("BmpDetail", header.detail)
    stored = memoryview(data)[detail.start : detail.stop]
    notes: tuple[str, ...] = ()
    if detail.run_length:
        picture, used, skipped = bmp_pixels.run_length_picture(stored, header, detail)
        if skipped:
            notes = (f"Its coding leaves out {skipped:,} pixels; they have the palette's first colour.",)
        return Decoded(picture, (*notes, *_trailing(data, detail, detail.start + used)))
    if detail.masks == bmp_header.MASKS_888 and detail.bits == 32 and bmp_pixels.unused_bytes_vary(stored):  # noqa: PLR2004
        notes = ("Its pixels have a fourth byte that is not declared to be alpha, and was left out.",)
    return Decoded(
        bmp_pixels.picture(stored, header, detail), (*notes, *_trailing(data, detail, detail.stop))
    )


def _trailing(data: bytes, detail: BmpDetail, stop: int) -> tuple[str, ...]:
    """A note about bytes behind the pixels that are no profile, if there are any."""
    if detail.profile is not None:
        start, end = detail.profile
        stop = max(stop, end) if start <= stop + 4 else stop
    return (f"{len(data) - stop:,} bytes follow the picture.",) if stop < len(data) else ()


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:  # noqa: ARG001 - one signature for all
    """Encode as 8 bits with a palette of all greys, as 24 bits, or with alpha as 32 bits and their masks.

    Grey with alpha, which no BMP has, becomes colour with alpha.
    """
    import numpy as np

    samples = 4 if picture.alpha is not None else picture.pixels.channels
    size, stride = picture.size, (picture.size.width * samples + 3) // 4 * 4
    icc = metadata.icc or b""
    head = _written_head(size, samples, stride * size.height, metadata)
    body = bytearray(len(head) + stride * size.height) + icc
    body[: len(head)] = head
    rows = np.frombuffer(body, np.uint8, stride * size.height, len(head)).reshape(size.height, stride)[::-1]
    if picture.alpha is None:
        rows[:, : size.width * samples] = picture.colour.reshape(size.height, -1)
    else:
        whole = rows.reshape(size.height, size.width, 4)
        whole[:, :, :3] = picture.colour if picture.colour.ndim == 3 else picture.colour[:, :, None]  # noqa: PLR2004
        whole[:, :, 3] = picture.alpha
    return bytes(body)


def _written_head(size: Size, samples: int, stored: int, metadata: Metadata) -> bytes:
    """All that goes before ``stored`` bytes of pixels with one, three or four samples."""
    kind, palette = _kind(samples, metadata), GREYS if samples == 1 else b""
    start, icc = FILE_BYTES + kind + len(palette), metadata.icc or b""
    density = metadata.density.per_metre if metadata.density is not None else None
    has_length = density is not None and density.unit == "metre"
    across, down = (density.across, density.down) if density is not None and has_length else (0, 0)
    compression = bmp_header.BITFIELDS if samples == 4 else bmp_header.PLAIN  # noqa: PLR2004
    info = struct.pack(
        "<IiiHHIIiiII", kind, size.width, size.height, 1, 8 * samples, compression,
        stored, across, down, len(palette) // 4, 0,
    )  # fmt: skip
    if kind > INFO:
        masks = MASKS_ALPHA if samples == 4 else (0, 0, 0, 0)  # noqa: PLR2004
        info += struct.pack("<4I", *masks) + _colour_space(metadata)
    if kind == V5:
        info += struct.pack("<IIII", PICTURES, kind + len(palette) + stored, len(icc), 0)
    return b"BM" + struct.pack("<IHHI", start + stored + len(icc), 0, 0, start) + info + palette


def _kind(samples: int, metadata: Metadata) -> int:
    """The smallest header that holds everything: alpha and calibrated colours need version 4, a profile 5."""
    if metadata.icc is not None:
        return V5
    return V4 if samples == 4 or metadata.colour else INFO  # noqa: PLR2004


def _colour_space(metadata: Metadata) -> bytes:
    if metadata.icc is not None:
        return bmp_header.EMBEDDED_PROFILE.ljust(52, b"\0")
    return metadata.colour[0] if metadata.colour else SRGB.ljust(52, b"\0")
