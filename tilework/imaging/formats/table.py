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
    """What a file of a format that is written can hold: depths, alpha or not, and the longest side in pixels.

    ``sample_bytes`` is the memory that encoding takes for a sample beside what it takes of every format.
    """

    dtypes: tuple[str, ...]
    alpha: bool
    side: int
    lossless: bool = True
    sample_bytes: int = 0

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
        format=Format.JP2,
        name="JPEG 2000",
        pages="one; of a file with several codestreams the first, with a note",
        pixels="8 to 16 bit unsigned; grey and RGB; 9 to 15 bits stand in 16 with their values as they are; JP2, JPX "
        "and JPH files, bare codestreams, high-throughput code-blocks",
        alpha="a channel that the file defines as opacity; one that it does not define, with a note",
        colour="as stored; the ICC profile is kept",
        orientation="EXIF orientation is applied, and set to upright in the result",
        kept="ICC profile, resolution, EXIF, XMP, XML boxes; GeoJP2 and GML where the pixels stay in place",
        refused="signed, subsampled and palette pixels, components of several depths, fewer than 8 bits, "
        "premultiplied alpha, sYCC, CMYK, Lab; JPM, MJ2; tiles that are missing or cut short. There are no checksums: "
        "wrong bytes within a tile that leave its structure whole cannot be seen",
        decoder="OpenJPEG (imagecodecs)",
        result=Format.JP2,
        holds=Holds(dtypes=("uint8", "uint16"), alpha=True, side=1_000_000, sample_bytes=11),
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
