"""What the samples of a TIFF mean, and what pixels they become. TIFF 6.0, sections 4 to 6 and 18."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_directory import Directory

BITS, PHOTOMETRIC, SAMPLES, COLOUR_MAP, EXTRA_SAMPLES, SAMPLE_FORMAT = 258, 262, 277, 320, 338, 339
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, YCBCR = 0, 1, 2, 3, 4, 6
REFUSED = {
    5: "CMYK",
    8: "CIE Lab",
    9: "ICC Lab",
    10: "ITU Lab",
    32803: "colour filter array (camera raw)",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear camera raw",
}
"""Photometric interpretations that are known and not read."""

UINT, INT, FLOAT, UNDEFINED = 1, 2, 3, 4
FORMATS = {UINT: "unsigned", INT: "signed", FLOAT: "floating-point", 5: "complex", 6: "complex"}
DTYPES = {
    (1, UINT): "uint8",
    (2, UINT): "uint8",
    (4, UINT): "uint8",
    (8, UINT): "uint8",
    (16, UINT): "uint16",
    (16, INT): "int16",
    (32, INT): "int32",
    (16, FLOAT): "float32",
    (32, FLOAT): "float32",
    (64, FLOAT): "float64",
}
"""What samples of so many bits and such a format become."""

ASSOCIATED, UNASSOCIATED = 1, 2
ALPHAS: dict[int, Literal["associated", "unassociated"]] = {
    ASSOCIATED: "associated",
    UNASSOCIATED: "unassociated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What one pixel is in the file.

    ``count`` samples of ``bits`` bits and ``format`` (1 unsigned, 2 signed, 3 float). ``alpha`` is how the last of
    them masks the others, None where none does. ``palette`` holds blue, green and red of each index, 8 bits each.
    """

    count: int
    bits: int
    format: int
    photometric: int
    alpha: Literal["associated", "unassociated"] | None
    palette: bytes | None = None

    @property
    def pixels(self) -> Pixels:
        """What one pixel becomes."""
        channels = 3 if self.palette else self.count - (self.alpha is not None)
        return Pixels(DTYPES[self.bits, self.format], channels, self.alpha is not None)

    @property
    def dtype(self) -> str:
        """NumPy's name of one sample as it is stored, without byte order; one byte for fewer than 8 bits."""
        return f"{'xuif'[self.format]}{max(1, self.bits // 8)}"

    @property
    def colour(self) -> str:
        """What kind of colours they are, in a word."""
        if self.palette:
            return "palette"
        return "grey" if self.pixels.channels == 1 else "colour"


def read_samples(directory: Directory) -> tuple[Samples, tuple[str, ...]]:
    """Read what the samples are, with notes about what is odd.

    Raises UnsupportedPixelsError for what the table of formats does not list.
    """
    count = directory.number(SAMPLES, 1)
    bits, kind = _depth(directory, count)
    photometric, notes = _photometric(directory, count)
    extra = directory.numbers(EXTRA_SAMPLES)[:count]
    alpha = ALPHAS.get(extra[-1]) if extra else None
    if photometric == RGB and count == 4 and not extra:  # noqa: PLR2004
        alpha = "unassociated"
        notes = (*notes, "It does not say what its fourth channel is: it is taken as alpha.")
    colours = count - (alpha is not None)
    _check_colours(photometric, colours)
    if photometric not in {RGB, YCBCR} and colours == 3:  # noqa: PLR2004
        notes = (*notes, "Its three channels are no colours by name; the first is taken as red.")
    if photometric == WHITE_IS_ZERO and kind != UINT:
        raise UnsupportedPixelsError(
            f"The TIFF has {FORMATS[kind]} values with white as zero, which is not read."
        )
    samples = Samples(
        count=count,
        bits=bits,
        format=kind,
        photometric=photometric,
        alpha=alpha,
        palette=_palette(directory, bits, count, kind) if photometric == PALETTE else None,
    )
    return samples, notes


def _depth(directory: Directory, count: int) -> tuple[int, int]:
    """Bits and format of a sample, which all samples of a pixel share."""
    bits = set(directory.numbers(BITS)[:count] or (1,))
    kinds = {UINT if kind == UNDEFINED else kind for kind in directory.numbers(SAMPLE_FORMAT)[:count] or (1,)}
    if len(bits) > 1 or len(kinds) > 1:
        raise UnsupportedPixelsError(
            f"The TIFF has samples of different kinds ({', '.join(map(str, sorted(bits)))} bits)."
        )
    found = (bits.pop(), kinds.pop())
    if found not in DTYPES:
        raise UnsupportedPixelsError(
            f"The TIFF has {found[0]}-bit {FORMATS.get(found[1], 'unknown')} samples, which OpenCV's filters do not"
            " take.",
            advice="Convert it to 8 or 16 bits, or to 32-bit floating point.",
        )
    return found


def _photometric(directory: Directory, count: int) -> tuple[int, tuple[str, ...]]:
    """How values mean colours; guessed as libtiff does where the file does not say."""
    found = directory.numbers(PHOTOMETRIC)
    if not found:
        guessed = RGB if count >= 3 else BLACK_IS_ZERO  # noqa: PLR2004
        name = "colours" if guessed == RGB else "grey with black as zero"
        return guessed, (f"It does not say what its values mean: they are taken as {name}.",)
    if found[0] not in {WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, YCBCR}:
        name = REFUSED.get(found[0], f"unknown (photometric interpretation {found[0]})")
        raise UnsupportedPixelsError(
            f"The TIFF's pixels are {name}; grey, RGB, YCbCr in JPEG and palettes are read.",
            advice="Convert it to RGB first.",
        )
    return found[0], ()


def _check_colours(photometric: int, colours: int) -> None:
    """Raise UnsupportedPixelsError for any but grey and three colours (beside an alpha)."""
    allowed = {RGB: (3,), YCBCR: (3,), PALETTE: (1,), MASK: (1,), WHITE_IS_ZERO: (1,)}.get(
        photometric, (1, 3)
    )
    if colours not in allowed:
        raise UnsupportedPixelsError(
            f"The TIFF has {colours} channels beside its alpha, if any; grey and three colours are read.",
            advice="Keep one or three channels; a fourth that is alpha must say so (tag ExtraSamples 1 or 2).",
        )


def _palette(directory: Directory, bits: int, count: int, kind: int) -> bytes:
    """Blue, green and red of each index.

    A colour map holds all reds, all greens, all blues, 16 bits each; where none exceeds 255 a writer took 8 bits for
    16, as libtiff sees it, too.
    """
    if count != 1 or kind != UINT or bits > 8:  # noqa: PLR2004
        raise UnsupportedPixelsError("The TIFF's palette has more than 256 colours, or an alpha beside it.")
    table, colours = directory.numbers(COLOUR_MAP), 1 << bits
    if len(table) < 3 * colours:
        raise DamagedImageError(
            f"The TIFF's palette has {len(table):,} numbers where {3 * colours:,} must be."
        )
    shift = 8 if max(table) > 255 else 0  # noqa: PLR2004
    red, green, blue = (table[start * colours : (start + 1) * colours] for start in range(3))
    return bytes(value >> shift for entry in zip(blue, green, red, strict=True) for value in entry)
