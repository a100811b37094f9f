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
        pixels="8 bit; grey, YCbCr (4:4:4, 4:2:2, 4:4:0, 4:2:0, 4:1:1, 4:4:1), RGB, CMYK and YCCK; baseline, extended, "
        "progressive",
        alpha="none",
        colour="as stored, and the ICC profile is kept; CMYK becomes sRGB by its profile (perceptual intent)",
        orientation="EXIF orientation is applied, and set to upright in the result",
        kept="ICC profile, EXIF (without thumbnail), XMP, IPTC, comments, resolution",
        refused="12 bit, lossless, hierarchical, arithmetic-coded, JPEG-LS; other subsamplings; CMYK without a profile for "
        "it or without Adobe's marker; damaged picture data",
        decoder="libjpeg-turbo (simplejpeg), the very pixels of OpenCV's; littleCMS (Pillow) for CMYK",
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
)
"""Every format that is read."""


def row(image_format: Format) -> Row:
    """The row of a format."""
    return _BY_FORMAT[image_format]


_BY_FORMAT = {each.format: each for each in ROWS}


def is_read(image_format: Format) -> bool:
    """Whether the table lists the format."""
    return image_format in _BY_FORMAT
