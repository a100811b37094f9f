"""The table of formats: for each input what is read, how it is treated, and what the result is.

One place: the code asks it, ``tilework formats`` prints it, and docs/formats.md is rendered from it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tilework.imaging.formats.header import Format

if TYPE_CHECKING:
    from tilework.imaging.formats.contract import Decoder, Encoder
    from tilework.imaging.operations import Pixels
    from tilework.imaging.windows import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """What a file of a format that is written can hold: depths, alpha or not, and the longest side in pixels."""

    dtypes: tuple[str, ...]
    alpha: bool
    side: int
    lossless: bool = True

    def takes(self, pixels: Pixels, size: Size) -> bool:
        """Whether an image of such pixels and size fits."""
        return (
            pixels.dtype in self.dtypes
            and (self.alpha or not pixels.alpha)
            and max(size.width, size.height) <= self.side
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input format.

    The texts are for people, and each is a promise that a test holds. ``window`` says that a part of the image costs
    only its own bytes. ``guarded``: its decoder runs in a child process of its own. ``result`` is the format that
    results get unless another is asked for; ``holds`` what files of the format itself can hold where it is written.
    """

    format: Format
    name: str
    pages: str
    pixels: str
    alpha: str
    colour: str
    orientation: str
    kept: str
    refused: str
    decoder: str
    result: Format
    window: bool = False
    guarded: bool = True
    module: str = ""
    holds: Holds | None = None

    @property
    def codec(self) -> Decoder:
        """The module of the format."""
        name = self.module or self.format.value
        return cast("Decoder", importlib.import_module(f"tilework.imaging.formats.{name}"))

    @property
    def encoder(self) -> Encoder:
        """The module of a format that is written."""
        return cast("Encoder", self.codec)


ROWS: tuple[Row, ...] = (
    Row(
        format=Format.JPEG,
        name="JPEG",
        pages="one; of an MPO the first picture",
        pixels="8 bit; grey, YCbCr with any subsampling, RGB; baseline, extended, progressive",
        alpha="none",
        colour="as stored; the ICC profile is kept",
        orientation="EXIF orientation is applied, and set to upright in the result",
        kept="ICC profile, EXIF (without thumbnail), XMP, IPTC, comments, resolution",
        refused="12 bit, lossless, hierarchical, arithmetic-coded, JPEG-LS; damaged picture data",
        decoder="libjpeg-turbo (simplejpeg), the very pixels of OpenCV's",
        result=Format.JPEG,
        guarded=False,
        holds=Holds(dtypes=("uint8",), alpha=False, side=65_500, lossless=False),
    ),
    Row(
        format=Format.PNG,
        name="PNG",
        pages="one",
        pixels="1 to 16 bit; grey, colour, palette; interlaced or not; fewer than 8 bits become 8",
        alpha="alpha channel and transparent colour (tRNS)",
        colour="as stored; profile, gamma and the like are kept",
        orientation="EXIF orientation is applied, and set to upright in the result",
        kept="ICC profile, gAMA, cHRM, sRGB, cICP, EXIF, XMP, texts, resolution",
        refused="animated PNG; damaged chunks",
        decoder="OpenCV (libpng)",
        result=Format.PNG,
        guarded=False,
        holds=Holds(dtypes=("uint8", "uint16"), alpha=True, side=1_000_000),
    ),
    Row(
        format=Format.TIFF,
        name="TIFF, BigTIFF",
        pages="one: the only picture where all other pages are overviews, thumbnails or masks, or levels, label and"
        " overview of an Aperio or Philips slide; else the one that page(N) names, from 0 in the main chain",
        pixels="unsigned whole numbers of 1, 2, 4, 8, 16 bits, signed of 16 and 32, floats of 16, 32, 64; grey, RGB,"
        " YCbCr in JPEG, palette, three channels without a name; strips or tiles, chunky or planar, in either byte"
        " order; uncompressed, PackBits, LZW, deflate, LZMA, Zstandard, JPEG, JPEG 2000, WebP, CCITT RLE, G3 in one"
        " dimension, G4; predictors 2 and 3; fewer than 8 bits become 8, a palette its colours (the upper 8 bits of"
        " each), floats of 16 bits such of 32; white-is-zero becomes black-is-zero; a missing (sparse) tile is nodata"
        " or zero, with a note",
        alpha="associated or not: kept as it is stored, and named so in the result (associated alpha goes to TIFF"
        " only); a fourth channel of RGB without a name is taken as alpha, with a note",
        colour="as stored; the ICC profile is kept",
        orientation="the orientation tag is applied; the result is upright",
        kept="ICC profile, EXIF and GPS, texts, XMP, IPTC, resolution; GeoTIFF tags where the result has the size of"
        " the source and was not turned; nodata value and GDAL's metadata, but for masks; pixels of the nodata value"
        " are treated as any others, with a note",
        refused="several pictures where none is asked for; CMYK, Lab, LogLuv; camera raw (DNG, CR2, NEF); NDPI; two,"
        " or four and more, channels beside alpha; 8-bit signed, 32-bit unsigned, 64-bit and complex numbers; JPEG of"
        " 12 bits, old-style JPEG, LERC, JPEG XL, CCITT G3 in two dimensions; damaged or missing parts of strips and"
        " tiles",
        decoder="imagecodecs, a strip or tile at a time; JPEG by libjpeg-turbo (simplejpeg)",
        result=Format.TIFF,
        window=True,
        holds=Holds(
            dtypes=("uint8", "uint16", "int16", "int32", "float32", "float64"), alpha=True, side=(1 << 31) - 1
        ),
    ),
)
"""Every format that is read."""


def row(image_format: Format) -> Row:
    """The row of a format."""
    return _BY_FORMAT[image_format]


_BY_FORMAT = {each.format: each for each in ROWS}


def is_read(image_format: Format) -> bool:
    """Whether the table lists the format."""
    return image_format in _BY_FORMAT
