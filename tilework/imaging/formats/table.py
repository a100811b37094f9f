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
    only its own bytes. ``guarded``: its pixels are decoded in a child process only, for its decoder may crash or never
    end (libjpeg-turbo and libpng are fuzzed as nothing else is, and a child costs a photo milliseconds). ``result`` is the format that
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
        format=Format.HEIC,
        name="HEIC",
        pages="the primary picture, of others beside it a note; no sequence",
        pixels="8, 10, 12 bit HEVC; grey, colour; one or a grid; 10 and 12 bits become the upper ones of 16",
        alpha="alpha channel",
        colour="RGB, as libheif converts it; the ICC profile is kept, colour numbers (nclx) where there is none",
        orientation="clap, irot and imir are applied, once, by libheif; EXIF orientation is void, and set to upright",
        kept="ICC profile, colour numbers, EXIF (without thumbnail), XMP",
        refused="sequences, overlays, premultiplied alpha, other codings; files cut short, holes in the coded data",
        decoder="libheif, libde265 (pillow-heif), which notice no other damage of the coded data",
        result=Format.PNG,
    ),
    Row(
        format=Format.AVIF,
        name="AVIF",
        pages="the primary picture, of others beside it a note; no sequence",
        pixels="8, 10, 12 bit AV1; grey, colour; one or a grid; 10 and 12 bits become the upper ones of 16",
        alpha="alpha channel",
        colour="RGB, as libavif converts it; the ICC profile is kept, colour numbers (nclx) where there is none",
        orientation="clap, irot and imir are applied, once; EXIF orientation is void, and set to upright",
        kept="ICC profile, colour numbers, EXIF (without thumbnail), XMP",
        refused="sequences, overlays, premultiplied alpha; files cut short, coded data that dav1d rejects, holes in it",
        decoder="libavif, dav1d (imagecodecs), which notice some damage of the coded data",
        result=Format.PNG,
    ),
    Row(
        format=Format.JXL,
        name="JPEG XL",
        pages="one; no animation",
        pixels="1 to 16 bit, floats of 16 and 32; grey, colour; bare or in boxes; 9 to 15 bits become the upper ones of 16, fewer than 8 are scaled to 8, floats become 32 bit",
        alpha="alpha channel of the same depth",
        colour="RGB, as libjxl gives it; colours that the header names are kept as numbers",
        orientation="that of the codestream is applied, once, by libjxl; EXIF orientation is void, and set to upright",
        kept="colour numbers, EXIF (without thumbnail), XMP; ICC profile and resolution of a JPEG that was packed without loss, any other profile is left out with a note",
        refused="animations, more than 16 bits, other channels than alpha, premultiplied alpha; damaged picture data",
        decoder="libjxl (imagecodecs)",
        result=Format.PNG,
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


COLUMNS = {
    "format": "format",
    "pages": "pages",
    "pixels": "pixels read",
    "alpha": "alpha",
    "colour": "colour",
    "orientation": "orientation",
    "kept": "kept",
    "refused": "refused",
    "access": "read",
    "decoder": "decoder",
    "result": "result",
}
"""What the table tells of each format, and how its columns are headed."""


def described(entry: Row) -> dict[str, str]:
    """Tell a row in words, by the names of :data:`COLUMNS`."""
    result = "as the source" if entry.result is entry.format else row(entry.result).name
    facts = {
        "format": entry.name,
        "access": "by window" if entry.window else "in sequence",
        "decoder": entry.decoder + (", in a process of its own" if entry.guarded else ""),
        "result": f"{result}; masks {'TIFF' if entry.format is Format.TIFF else 'PNG'}",
    }
    return {name: facts.get(name) or str(getattr(entry, name)) for name in COLUMNS}


def rendered() -> str:
    """The table as docs/formats.md has it: a section a format, for the texts are long for columns."""
    parts = []
    for entry in ROWS:
        facts = described(entry)
        lines = [f"## {facts.pop('format')}", "", "| | |", "|---|---|"]
        lines += [f"| {COLUMNS[name]} | {text} |" for name, text in facts.items()]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
