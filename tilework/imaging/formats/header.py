"""What a header tells about an image, before any pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.imaging.operations import Pixels
    from tilework.imaging.windows import Size

SIDEWAYS = frozenset({5, 6, 7, 8})
"""The EXIF orientations that swap width and height."""


def turned_by(size: Size, orientation: int) -> Size:
    """The upright size of an image that is stored in ``size``, and the stored one of an upright one."""
    return size.turned if orientation in SIDEWAYS else size


class Format(StrEnum):
    """The formats that are read; :mod:`~tilework.imaging.formats.table` says how, and which of them are written."""

    JPEG = "jpeg"
    PNG = "png"
    TIFF = "tiff"
    WEBP = "webp"
    BMP = "bmp"
    JP2 = "jp2"
    AVIF = "avif"
    HEIC = "heic"
    JXL = "jxl"
    GIF = "gif"
    PNM = "pnm"

    @property
    def suffix(self) -> str:
        """How its file names end."""
        return {"jpeg": ".jpg", "tiff": ".tif"}.get(self.value, f".{self.value}")

    @property
    def content_type(self) -> str:
        """Its media type."""
        return {"pnm": "image/x-portable-anymap"}.get(self.value, f"image/{self.value}")


SUFFIXES = {
    ".jpg": Format.JPEG,
    ".jpeg": Format.JPEG,
    ".jpe": Format.JPEG,
    ".jfif": Format.JPEG,
    ".mpo": Format.JPEG,
    ".png": Format.PNG,
    ".tif": Format.TIFF,
    ".tiff": Format.TIFF,
    ".btf": Format.TIFF,
    ".svs": Format.TIFF,
    ".webp": Format.WEBP,
    ".bmp": Format.BMP,
    ".dib": Format.BMP,
    ".jp2": Format.JP2,
    ".j2k": Format.JP2,
    ".jpf": Format.JP2,
    ".jpx": Format.JP2,
    ".avif": Format.AVIF,
    ".heic": Format.HEIC,
    ".heif": Format.HEIC,
    ".jxl": Format.JXL,
    ".gif": Format.GIF,
    ".pnm": Format.PNM,
    ".pbm": Format.PNM,
    ".pgm": Format.PNM,
    ".ppm": Format.PNM,
    ".pam": Format.PNM,
    ".pfm": Format.PNM,
}
"""How names of each format end, in small letters. A name is only a hint: the first bytes decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An image's header.

    ``stored`` is the size in the file, :attr:`size` the upright one after its EXIF ``orientation`` (1 to 8) is applied.
    ``pixels`` is what decoding gives; ``bits`` one sample's in the file. ``scratch`` is the memory, in bytes, that
    decoding takes beside what it gives (a progressive JPEG's coefficients). ``subsampling`` is a JPEG's chroma sampling
    such as ``4:2:0``, None for grey or an unusual one. ``lossless`` says that the file holds its pixels as they were,
    ``premultiplied`` that its colours are multiplied by its alpha.
    ``detail`` is the format's own: what its decoder, and its encoder for a result like the source, want to know.
    ``notes`` are sentences about what is odd and was taken all the same. ``guarded`` asks for a child process although
    the format as a rule needs none. ``any_ratio`` says that it is coded in runs, whose blank rows take a bit each, so
    that few bytes for many pixels are no sign of a bomb.
    """

    format: Format
    stored: Size
    pixels: Pixels
    bits: int
    colour: str
    orientation: int = 1
    scratch: int = 0
    subsampling: str | None = None
    lossless: bool = True
    premultiplied: bool = False
    has_icc: bool = False
    has_exif: bool = False
    detail: object = None
    notes: tuple[str, ...] = ()
    guarded: bool = False
    any_ratio: bool = False

    @property
    def size(self) -> Size:
        """Width and height of the upright image."""
        return turned_by(self.stored, self.orientation)

    @property
    def decoded_bytes(self) -> int:
        """Bytes of the decoded image in memory."""
        return self.stored.pixels * self.pixels.bytes
