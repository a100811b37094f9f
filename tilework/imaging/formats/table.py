"""The table of formats: for each input what is read, how it is treated, and what the result is.

One place: the code asks it, ``tilework formats`` prints it, and docs/formats.md is rendered from it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tilework.imaging.formats.header import Format

if TYPE_CHECKING:
    from tilework.imaging.formats.contract import Decoder, Encoder, WindowedDecoder
    from tilework.imaging.operations import Pixels
    from tilework.imaging.windows import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """What a file of a format that is written can hold: depths, alpha or not, and the longest side in pixels.

    ``pixel_scratch`` and ``sample_scratch`` are the memory, in bytes a pixel and a sample, that its encoder takes beside a
    copy of the result where that is more than other encoders take.
    """

    dtypes: tuple[str, ...]
    alpha: bool
    side: int
    lossless: bool = True
    pixel_scratch: int = 0
    sample_scratch: int = 0

    def encoding_bytes(self, size: Size, pixels: Pixels) -> int:
        """The memory that encoding such an image takes beside a copy of it."""
        return size.pixels * (self.pixel_scratch + self.sample_scratch * (pixels.channels + pixels.alpha))

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
    only its own bytes, ``paged`` that a file may hold several pages. ``guarded``: its pixels are decoded in a child process only, for its decoder may crash or never
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
    paged: bool = False
    guarded: bool = True
    module: str = ""
    holds: Holds | None = None

    @property
    def codec(self) -> Decoder:
        """The module of the format."""
        name = self.module or self.format.value
        return cast("Decoder", importlib.import_module(f"tilework.imaging.formats.{name}"))

    @property
    def windowed(self) -> WindowedDecoder | None:
        """The module of a format of which a part costs only its own bytes."""
        return cast("WindowedDecoder", self.codec) if self.window else None

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
    Row(
        format=Format.WEBP,
        name="WebP",
        pages="one",
        pixels="8 bit colour; lossy (VP8) and lossless (VP8L)",
        alpha="alpha channel; the colours under it are kept, too",
        colour="as stored; the ICC profile is kept",
        orientation="EXIF orientation is applied, and set to upright in the result",
        kept="ICC profile, EXIF (without thumbnail), XMP",
        refused="animated WebP, also of one picture; damaged picture data, as far as it can be told: WebP has no checksums",
        decoder="libwebp (imagecodecs; Pillow writes: lossless, but a lossy WebP's result at quality 95 with exact alpha;"
        " grey becomes colour, an alpha that is opaque everywhere is left out)",
        result=Format.WEBP,
        holds=Holds(dtypes=("uint8",), alpha=True, side=16_383, pixel_scratch=38),
    ),
    Row(
        format=Format.GIF,
        name="GIF",
        pages="one picture",
        pixels="1 to 8 bit palette, which becomes 8 bit colour; interlaced or not",
        alpha="the transparent index; what the picture leaves empty of its screen",
        colour="the palette's, as stored; an ICC profile is kept",
        orientation="none",
        kept="ICC profile, XMP",
        refused="animated GIF and any of several pictures; damaged picture data, indices that the palette has not. There are no checksums: wrong bytes that give other pixels cannot be seen",
        decoder="Pillow",
        result=Format.PNG,
    ),
    Row(
        format=Format.BMP,
        name="BMP",
        pages="one",
        pixels="1 to 8 bit palette (a grey one becomes grey), RLE4 and RLE8, 16, 24 and 32 bit with any masks; "
        "Windows headers up to version 5 and OS/2's; either order of rows; fewer than 8 bits become 8, more become 16; "
        "pixels that a coding leaves out have the palette's first colour, and a note says so",
        alpha="where a mask declares it; an undeclared fourth byte is left out, and a note says so",
        colour="as stored; an embedded profile, or end points and gamma, are kept",
        orientation="none; the rows are turned right",
        kept="ICC profile, calibrated colours, resolution",
        refused="embedded JPEG and PNG, Huffman and RLE24 of OS/2, 64 bit; runs beyond their row; palette numbers "
        "without a colour",
        decoder="own (NumPy): no library reads all of it rightly",
        result=Format.BMP,
        guarded=False,
        holds=Holds(dtypes=("uint8",), alpha=True, side=1_000_000),
    ),
    Row(
        format=Format.PNM,
        name="PNM",
        pages="one; page= chooses one of several that follow one another, unless they are plain",
        pixels="P1 to P6, plain ones too, to 16 bit; PAM (P7) of black and white, grey and colour; PFM floats in either "
        "byte order. A largest sample other than 255 or 65,535 is stretched to it, to the nearest",
        alpha="of a PAM",
        colour="as stored",
        orientation="none",
        kept="nothing but a PFM's factor: there is no more, and comments are left out",
        refused="PAM of other tuples; samples beyond the largest, what is no number, a header of more than 64 KiB",
        decoder="own (NumPy): the bytes are the pixels",
        result=Format.PNM,
        window=True,
        paged=True,
        guarded=False,
        holds=Holds(dtypes=("uint8", "uint16", "float32"), alpha=True, side=1_000_000),
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
        kept="ICC profile, EXIF and GPS, texts, XMP, IPTC, resolution; GeoTIFF tags where no"
        " operation moves pixels and the source was upright; nodata value and GDAL's metadata, but for masks; pixels of the nodata value"
        " are treated as any others, with a note",
        refused="several pictures where none is asked for; CMYK, Lab, LogLuv; camera raw (DNG, CR2, NEF); NDPI; two,"
        " or four and more, channels beside alpha; 8-bit signed, 32-bit unsigned, 64-bit and complex numbers; JPEG of"
        " 12 bits, old-style JPEG, LERC, JPEG XL, CCITT G3 in two dimensions; damaged or missing parts of strips and"
        " tiles",
        decoder="imagecodecs, a strip or tile at a time; JPEG by libjpeg-turbo (simplejpeg). Results are packed by deflate, and BigTIFF only where they must be",
        result=Format.TIFF,
        window=True,
        paged=True,
        holds=Holds(
            dtypes=("uint8", "uint16", "int16", "int32", "float32", "float64"), alpha=True, side=(1 << 31) - 1
        ),
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
        decoder="OpenJPEG (imagecodecs; windows of large tiles, in an image beyond one rank, by GDAL's)",
        result=Format.JP2,
        holds=Holds(dtypes=("uint8", "uint16"), alpha=True, side=1_000_000, sample_scratch=16),
    ),
)
"""Every format that is read."""


def row(image_format: Format) -> Row:
    """The row of a format."""
    return _BY_FORMAT[image_format]


_BY_FORMAT = {each.format: each for each in ROWS}


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
