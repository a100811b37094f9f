"""The header of a JPEG XL codestream (ISO/IEC 18181-1, annexes B and D), as far as the samples are described.

It is packed bit by bit, and fields that have their usual values are mostly left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from tilework.errors import DamagedImageError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.windows import Size

SIGNATURE = b"\xff\x0a"

MOST_HEADER_BYTES = 4096
"""More than the fields below can take, names of extra channels included."""

Distribution = tuple[tuple[int, int], ...]
"""Four ways to write a number, chosen by two bits: what is added, and how many bits follow."""

SIDE: Distribution = ((1, 9), (1, 13), (1, 18), (1, 30))
PREVIEW_EIGHTHS: Distribution = ((16, 0), (32, 0), (1, 5), (33, 9))
PREVIEW_SIDE: Distribution = ((1, 6), (65, 8), (321, 10), (1345, 12))
INTEGER_BITS: Distribution = ((8, 0), (10, 0), (12, 0), (1, 6))
FLOAT_BITS: Distribution = ((32, 0), (16, 0), (24, 0), (1, 6))
EXTRA_CHANNELS: Distribution = ((0, 0), (1, 0), (2, 4), (1, 12))
ENUMERATION: Distribution = ((0, 0), (1, 0), (2, 4), (18, 6))
DIMENSION_SHIFT: Distribution = ((0, 0), (3, 0), (4, 0), (1, 3))
NAME_LENGTH: Distribution = ((0, 0), (0, 4), (16, 5), (48, 10))
CHROMATICITY: Distribution = ((0, 19), (524_288, 19), (1_048_576, 20), (2_097_152, 21))

RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, by the number of the ratio, from 1."""

ALPHA = 0
"""The type of an extra channel that is alpha."""

RGB, GREY, XYB = 0, 1, 2
"""Colour spaces."""

CUSTOM = 2
"""The white point or the primaries follow as coordinates."""

D65, SRGB_PRIMARIES, SRGB_TRANSFER = 1, 1, 13
P3 = 11
DISPLAY_P3 = 12
"""JPEG XL tells P3's white point apart; ITU-T H.273 has a number for P3 with D65."""


@dataclass(frozen=True, slots=True)
class Depth:
    """Bits of a sample, and whether it is a float."""

    bits: int
    floats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """``profiled``: an ICC profile is packed into the codestream. ``cicp`` as in :class:`~.metadata.Metadata`."""

    grey: bool = False
    profiled: bool = False
    cicp: tuple[int, int] | None = (SRGB_PRIMARIES, SRGB_TRANSFER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codestream:
    """What the header tells. ``size`` is the stored one, before ``orientation`` (1 to 8, as EXIF's) is applied.

    ``perceptual``: pixels are coded as XYB, and not in the space of the profile, where there is one.
    """

    size: Size
    orientation: int = 1
    depth: Depth = Depth(8)
    alpha: bool = False
    colours: Colours = Colours()
    perceptual: bool = True


def read_codestream(data: bytes) -> Codestream:
    """Read the header that ``data`` begins with.

    Raises DamagedImageError where it ends too early, UnsupportedFormatError for an animation, and
    UnsupportedPixelsError for channels that are not read.
    """
    if not data.startswith(SIGNATURE):
        raise DamagedImageError("The JPEG XL has no codestream where one must be.")
    bits = Bits(data[len(SIGNATURE) :])
    size = _size(bits)
    if bits.flag():
        return Codestream(size=size)
    orientation = _extra_fields(bits) if bits.flag() else 1
    depth = _depth(bits)
    bits.flag()
    alphas = [_extra_channel(bits, depth) for _ in range(_few(bits.number(EXTRA_CHANNELS)))]
    perceptual = bits.flag()
    colours = Colours() if bits.flag() else _colours(bits)
    return Codestream(
        size=size,
        orientation=orientation,
        depth=depth,
        alpha=bool(alphas),
        colours=colours,
        perceptual=perceptual,
    )


class Bits:
    """Bytes read bit by bit, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> int:
        """The next ``count`` bits, 32 or fewer, as a number."""
        start, stop = self.position, self.position + count
        if stop > 8 * len(self.data):
            raise DamagedImageError("The JPEG XL is cut short within its header.")
        self.position = stop
        window = int.from_bytes(self.data[start // 8 : (stop + 7) // 8], "little")
        return window >> start % 8 & ((1 << count) - 1)

    def flag(self) -> bool:
        """The next bit."""
        return bool(self.take(1))

    def number(self, distribution: Distribution) -> int:
        """The next number that is written in one of four ways."""
        offset, count = distribution[self.take(2)]
        return offset + self.take(count)


def _size(bits: Bits) -> Size:
    eighths = bits.flag()
    height = 8 * (bits.take(5) + 1) if eighths else bits.number(SIDE)
    ratio = bits.take(3)
    if ratio:
        across, down = RATIOS[ratio - 1]
        return Size(max(1, height * across // down), height)
    return Size(8 * (bits.take(5) + 1) if eighths else bits.number(SIDE), height)


def _extra_fields(bits: Bits) -> int:
    """The orientation; what else stands beside it is passed over, or refused."""
    orientation = bits.take(3) + 1
    if bits.flag():
        _size(bits)
    if bits.flag():
        _pass_preview(bits)
    if bits.flag():
        raise UnsupportedFormatError("The file is an animated JPEG XL; single pictures are read.")
    return orientation


def _pass_preview(bits: Bits) -> None:
    distribution = PREVIEW_EIGHTHS if bits.flag() else PREVIEW_SIDE
    bits.number(distribution)
    if not bits.take(3):
        bits.number(distribution)


def _depth(bits: Bits) -> Depth:
    if not bits.flag():
        return Depth(bits.number(INTEGER_BITS))
    found = Depth(bits.number(FLOAT_BITS), floats=True)
    bits.take(4)
    return found


def _few(count: int) -> int:
    if count > 1:
        raise UnsupportedPixelsError(
            f"The JPEG XL has {count} extra channels; none or alpha alone is read.",
            advice="Convert it to one with RGB or grey pixels, and at most an alpha channel.",
        )
    return count


def _extra_channel(bits: Bits, depth: Depth) -> Depth:
    """The depth of an alpha channel; others are refused."""
    found = Depth(8)
    if not bits.flag():
        kind = bits.number(ENUMERATION)
        if kind != ALPHA:
            raise UnsupportedPixelsError(
                "The JPEG XL has a channel that is neither colour nor alpha; such are not read.",
                advice="Convert it to one with RGB or grey pixels, and at most an alpha channel.",
            )
        found = _depth(bits)
        bits.number(DIMENSION_SHIFT)
        for _ in range(bits.number(NAME_LENGTH)):
            bits.take(8)
        if bits.flag():
            raise UnsupportedPixelsError(
                "The JPEG XL's colours are multiplied by its alpha already.",
                advice="Write it again with straight (not premultiplied) alpha.",
            )
    if found != depth:
        raise UnsupportedPixelsError(
            f"The JPEG XL has {depth.bits} bits of colour and {found.bits} of alpha; equal ones are read.",
            advice="Convert it to one with as many bits of alpha as of colour.",
        )
    return found


def _colours(bits: Bits) -> Colours:
    profiled = bits.flag()
    space = bits.number(ENUMERATION)
    grey = space == GREY
    if profiled or space == XYB:
        return Colours(grey=grey, profiled=profiled, cicp=None)
    white = bits.number(ENUMERATION)
    if white == CUSTOM:
        _pass_chromaticities(bits, 1)
    primaries = SRGB_PRIMARIES if grey else bits.number(ENUMERATION)
    if not grey and primaries == CUSTOM:
        _pass_chromaticities(bits, 3)
    if bits.flag():
        return Colours(grey=grey, cicp=None)
    transfer = bits.number(ENUMERATION)
    primaries = DISPLAY_P3 if primaries == P3 else primaries
    known = white == D65 and CUSTOM not in {primaries, transfer}
    return Colours(grey=grey, cicp=(primaries, transfer) if known else None)


def _pass_chromaticities(bits: Bits, count: int) -> None:
    for _ in range(2 * count):
        bits.number(CHROMATICITY)
