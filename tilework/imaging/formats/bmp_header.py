"""The headers of a BMP: which of its seven kinds it has, where its pixels lie, and how they are coded.

Sources: the BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER structures of the Windows SDK, and
the bitmap file format of OS/2 2.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats.metadata import Density
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader

FILE_BYTES = 14
"""The file header before the information header."""

CORE, SHORT, INFO, WITH_MASKS, WITH_ALPHA, OS2, V4, V5 = 12, 16, 40, 52, 56, 64, 108, 124
"""Sizes in bytes of the information headers there are; OS/2 may cut its own off at 16."""

KINDS = frozenset({CORE, SHORT, INFO, WITH_MASKS, WITH_ALPHA, OS2, V4, V5})

PLAIN, RLE8, RLE4, BITFIELDS, JPEG, PNG, ALPHA_BITFIELDS = range(7)
"""The values of the field ``compression``. OS/2 has others for 3 (Huffman) and 4 (RLE of 24 bits)."""

PALETTE_BITS = (1, 2, 4, 8)
MASKS_555 = (0x7C00, 0x03E0, 0x001F, 0)
MASKS_888 = (0xFF0000, 0xFF00, 0xFF, 0)

EMBEDDED_PROFILE = b"DEBM"
"""``MBED``, as it stands in a little-endian file; its colour space is the profile behind the header."""

CALIBRATED = bytes(4)
"""The colour space that end points and gamma tell."""

COLOUR_SPACE = slice(56, 108)
"""Colour space, end points and gamma in a header of version 4 or 5."""


@dataclass(frozen=True, slots=True)
class BmpDetail:
    """How the pixels are stored.

    ``start`` is the byte where they begin, ``stop`` where they end at the latest. ``palette`` has blue, green, red for
    each entry. ``masks`` are those of red, green, blue, alpha for 16 and 32 bits; an absent channel's is 0.
    ``profile`` is where in the file an ICC profile begins and ends, ``colour`` the calibrated colour space.
    """

    bits: int
    compression: int
    top_down: bool
    start: int
    stop: int
    palette: bytes = b""
    masks: tuple[int, int, int, int] = (0, 0, 0, 0)
    density: Density | None = None
    profile: tuple[int, int] | None = None
    colour: bytes = b""

    @property
    def run_length(self) -> bool:
        """Whether the pixels are run-length coded."""
        return self.compression in {RLE8, RLE4}


@dataclass(frozen=True, slots=True)
class Info:
    """The fields of any information header, as they stand; what a kind lacks is 0. ``masks`` are always four."""

    kind: int
    width: int
    height: int
    planes: int
    bits: int
    compression: int = PLAIN
    across: int = 0
    down: int = 0
    colours: int = 0
    masks: tuple[int, ...] = (0, 0, 0, 0)
    raw: bytes = b""

    @property
    def size(self) -> Size:
        """Width and height; a negative height only tells the order of the rows."""
        return Size(self.width, abs(self.height))

    @property
    def masks_behind(self) -> int:
        """Bytes of the masks that follow a header that has no room for them."""
        if self.kind != INFO:
            return 0
        return {BITFIELDS: 12, ALPHA_BITFIELDS: 16}.get(self.compression, 0)

    @property
    def stride(self) -> int:
        """Bytes of a row that is not run-length coded; each is filled up to four."""
        return (self.width * self.bits + 31) // 32 * 4


def read_info(reader: HeaderReader) -> Info:
    """Read the information header, and the masks behind it. Raises DamagedImageError, UnsupportedFormatError."""
    kind = struct.unpack("<I", reader.read(FILE_BYTES, 4))[0]
    if kind not in KINDS:
        raise DamagedImageError(f"The BMP's header says that it is {kind:,} bytes long, which none is.")
    raw = reader.read(FILE_BYTES, kind)
    info = _short(kind, raw) if kind < INFO else _long(raw)
    check(info)
    if info.masks_behind:
        masks = struct.unpack("<4I", reader.read(FILE_BYTES + INFO, info.masks_behind).ljust(16, b"\0"))
        return _with_masks(info, masks)
    return info


def _short(kind: int, raw: bytes) -> Info:
    """A header of OS/2 that ends after its bits; the oldest has sizes of 16 bits."""
    width, height, planes, bits = struct.unpack_from("<HHHH" if kind == CORE else "<iiHH", raw, 4)
    return Info(kind, width, height, planes, bits)


def _long(raw: bytes) -> Info:
    width, height, planes, bits, compression, _, across, down, colours = struct.unpack_from(
        "<iiHHIIiiI", raw, 4
    )
    info = Info(len(raw), width, height, planes, bits, compression, across, down, colours, raw=raw)
    count = {WITH_MASKS: 3, WITH_ALPHA: 4, V4: 4, V5: 4}.get(len(raw), 0)
    masks = struct.unpack_from(f"<{count}I", raw, INFO)
    return _with_masks(info, (*masks, 0, 0, 0, 0)[:4])


def _with_masks(info: Info, masks: tuple[int, ...]) -> Info:
    return Info(
        info.kind, info.width, info.height, info.planes, info.bits, info.compression, info.across, info.down,
        info.colours, masks, info.raw,
    )  # fmt: skip


def check(info: Info) -> None:
    """Refuse what is no BMP, and what is one of a kind that is not read."""
    if info.width < 1 or info.height == 0:
        raise DamagedImageError(f"The BMP's header says {info.width} x {info.height} pixels.")
    if info.compression in {JPEG, PNG} and info.kind != OS2:
        inner = "JPEG" if info.compression == JPEG else "PNG"
        raise UnsupportedFormatError(
            f"The BMP only wraps a {inner}, which is not read.", advice=f"Extract the {inner}, and drop that."
        )
    if info.compression > ALPHA_BITFIELDS or (info.kind == OS2 and info.compression > RLE4):
        raise UnsupportedFormatError(
            f"The BMP's pixels are compressed in a way that is not read (number {info.compression})."
        )
    if info.bits == 64 and info.compression == PLAIN:  # noqa: PLR2004
        raise UnsupportedFormatError("The BMP has 64 bits a pixel; up to 32 are read.")
    if info.bits not in allowed_bits(info.compression):
        raise DamagedImageError(
            f"The BMP's header says {info.bits} bits a pixel in compression {info.compression}, which no BMP has."
        )
    if info.height < 0 and info.compression in {RLE4, RLE8}:
        raise DamagedImageError("The BMP says that run-length coded rows run downwards, which they cannot.")


def allowed_bits(compression: int) -> tuple[int, ...]:
    """Bits a pixel that go with a compression."""
    if compression == PLAIN:
        return (*PALETTE_BITS, 16, 24, 32)
    return {RLE8: (8,), RLE4: (4,)}.get(compression, (16, 32))


def masks_of(info: Info) -> tuple[int, int, int, int]:
    """The masks of red, green, blue and alpha that are in force; raises DamagedImageError for impossible ones."""
    if info.bits not in {16, 32}:
        return (0, 0, 0, 0)
    if info.compression == PLAIN:
        return MASKS_555 if info.bits == 16 else MASKS_888  # noqa: PLR2004
    red, green, blue, alpha = info.masks
    seen = 0
    for mask in (red, green, blue, alpha):
        one_run = mask // ((mask & -mask) or 1)
        if mask >> info.bits or mask & seen or one_run & (one_run + 1):
            raise DamagedImageError(
                f"The BMP's masks ({red:x}, {green:x}, {blue:x}, {alpha:x}) overlap, have gaps or leave the pixel."
            )
        seen |= mask
    if not red | green | blue:
        raise DamagedImageError("The BMP's masks leave no colour.")
    return red, green, blue, alpha


def density_of(info: Info) -> Density | None:
    """The resolution, where both numbers can be one."""
    return Density(info.across, info.down, "metre") if min(info.across, info.down) > 0 else None


def palette_of(reader: HeaderReader, info: Info, start: int) -> tuple[bytes, tuple[str, ...]]:
    """Read the palette of an image whose pixels begin at ``start``; entries that they leave no room for are missing.

    Returns blue, green, red for each entry, and notes. Raises DamagedImageError.
    """
    if info.bits not in PALETTE_BITS:
        return b"", ()
    step = 3 if info.kind == CORE else 4
    first, most = FILE_BYTES + info.kind + info.masks_behind, 1 << info.bits
    wanted = min(info.colours or most, most)
    count = min(wanted, (start - first) // step)
    if count < 1:
        raise DamagedImageError("The BMP has palette pixels and no palette.")
    entries = reader.read(first, count * step)
    palette = b"".join(entries[at : at + 3] for at in range(0, count * step, step))
    return palette, (
        f"Its palette has {count} of {wanted} colours.",
    ) if count < wanted and info.colours else ()


def profile_of(info: Info, size: int) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Where the ICC profile lies in a file of ``size`` bytes, and notes."""
    if info.kind != V5 or info.raw[COLOUR_SPACE][:4] != EMBEDDED_PROFILE:
        return None, ()
    offset, length = struct.unpack_from("<II", info.raw, 112)
    start, stop = FILE_BYTES + offset, FILE_BYTES + offset + length
    if offset < V5 or not length or stop > size:
        return None, ("Its ICC profile lies outside the file, and was left out.",)
    return (start, stop), ()


def colour_of(info: Info) -> bytes:
    """The calibrated colour space, where end points and gamma tell one."""
    space = info.raw[COLOUR_SPACE] if info.kind >= V4 else b""
    return space if space.startswith(CALIBRATED) and any(space) else b""
