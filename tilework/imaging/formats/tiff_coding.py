"""How the segments of a TIFF are packed, checked from its header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats.tiff_samples import FLOAT, PALETTE, UINT, YCBCR

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.formats.tiff_samples import Samples

COMPRESSION, FILL_ORDER, T4_OPTIONS, PREDICTOR, JPEG_TABLES = 259, 266, 292, 317, 347
NONE, CCITT_RLE, CCITT_G3, CCITT_G4, LZW, JPEG, DEFLATE = 1, 2, 3, 4, 5, 7, 8
PACKBITS, OLD_DEFLATE, LZMA, ZSTD, WEBP = 32773, 32946, 34925, 50000, 50001
APERIO_YCBCR, APERIO_RGB, JPEG_2000 = 33003, 33005, 34712
CCITT = frozenset({CCITT_RLE, CCITT_G3, CCITT_G4})
JPEGS_2000 = frozenset({APERIO_YCBCR, APERIO_RGB, JPEG_2000})
PREDICTED = frozenset({LZW, DEFLATE, OLD_DEFLATE, LZMA, ZSTD})
"""Compressions that a predictor goes before; libtiff ignores the tag for all others."""

LOSSY = frozenset({JPEG, WEBP}) | JPEGS_2000
"""Compressions whose segments are pictures of formats of their own; their pixels may have been changed."""

BYTES = frozenset({NONE, PACKBITS}) | PREDICTED
READ = BYTES | LOSSY | CCITT
REFUSED = {
    6: "old-style JPEG (compression 6)",
    32766: "NeXT's run lengths",
    32771: "word-aligned CCITT",
    32809: "ThunderScan",
    34661: "JBIG",
    34676: "SGI's LogLuv",
    34677: "SGI's LogLuv",
    34887: "LERC",
    34892: "lossy JPEG of a camera's raw picture",
    34933: "PNG",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
HORIZONTAL, FLOATING = 2, 3
DEFLATE_LEVEL = 6
"""Of what is written: zlib's own default."""

REVERSED = 2
TWO_DIMENSIONAL, UNCOMPRESSED_MODE = 1, 2
"""Bits of the T.4 options."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How a segment is packed: the values of its tags, and the JPEG tables that all segments share."""

    compression: int
    predictor: int
    reversed_bits: bool
    tables: bytes

    @property
    def blue_first(self) -> bool:
        """Whether the decoder gives blue, green, red; the others give the order of the file."""
        return self.compression == JPEG


def read_coding(directory: Directory, samples: Samples, *, chunky: bool) -> Coding:
    """Read how segments are packed.

    Raises UnsupportedFormatError and UnsupportedPixelsError for what the table of formats does not list.
    """
    compression = directory.number(COMPRESSION, NONE)
    if compression not in READ:
        name = REFUSED.get(compression, f"compression {compression}, which nobody here knows")
        raise UnsupportedFormatError(
            f"The TIFF is packed by {name}, which is not read.",
            advice="Save it again with deflate, LZW or no compression.",
        )
    predictor = directory.number(PREDICTOR, 1) if compression in PREDICTED else 1
    _check_samples(compression, samples, chunky=chunky)
    _check_predictor(predictor, samples)
    if compression == CCITT_G3 and directory.number(T4_OPTIONS, 0) & (TWO_DIMENSIONAL | UNCOMPRESSED_MODE):
        raise UnsupportedFormatError(
            "The TIFF is packed by two-dimensional CCITT group 3, which is not read.",
            advice="Save it again with CCITT group 4, deflate or LZW.",
        )
    return Coding(
        compression=compression,
        predictor=predictor,
        reversed_bits=directory.number(FILL_ORDER, 1) == REVERSED and compression not in LOSSY,
        tables=directory.data(JPEG_TABLES) if compression == JPEG else b"",
    )


def _check_samples(compression: int, samples: Samples, *, chunky: bool) -> None:
    """Raise UnsupportedPixelsError for samples that do not go with a compression."""
    kind, count = (samples.bits, samples.format), samples.count if chunky else 1
    fits = {
        JPEG: kind == (8, UINT) and count in {1, 3} and samples.photometric != PALETTE,
        WEBP: kind == (8, UINT) and count in {3, 4},
        **dict.fromkeys(JPEGS_2000, kind in {(8, UINT), (16, UINT)} and samples.photometric != PALETTE),
        **dict.fromkeys(CCITT, kind == (1, UINT) and count == 1),
    }.get(compression, True)
    if samples.photometric == YCBCR:
        fits = fits and chunky and compression in {JPEG, *JPEGS_2000}
    if not fits:
        raise UnsupportedPixelsError(
            f"The TIFF has {count} samples of {samples.bits} bits in a segment, of photometric interpretation"
            f" {samples.photometric}, in compression {compression}; that combination is not read.",
            advice="Save it again as RGB or grey, with deflate, LZW or no compression.",
        )


def _check_predictor(predictor: int, samples: Samples) -> None:
    if predictor not in {1, HORIZONTAL, FLOATING}:
        raise UnsupportedFormatError(f"The TIFF has predictor {predictor}; 1 to 3 are read.")
    if (predictor == HORIZONTAL and samples.bits < 8) or (predictor == FLOATING) > (samples.format == FLOAT):  # noqa: PLR2004
        raise DamagedImageError(
            f"The TIFF has predictor {predictor} with {samples.bits}-bit samples, which does not go together."
        )
