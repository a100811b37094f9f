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


class Format(StrEnum):
    """The formats that are read and written."""

    JPEG = "jpeg"
    PNG = "png"

    @property
    def suffix(self) -> str:
        """How its file names end."""
        return {"jpeg": ".jpg", "png": ".png"}[self.value]

    @property
    def content_type(self) -> str:
        """Its media type."""
        return f"image/{self.value}"

    @property
    def guarded(self) -> bool:
        """Whether its pixels are decoded in a child process only, for its decoder may crash or never end.

        OpenCV's libjpeg-turbo and libpng are fuzzed as nothing else is, and a child costs a photo milliseconds.
        """
        return self not in {Format.JPEG, Format.PNG}


SUFFIXES = {
    ".jpg": Format.JPEG,
    ".jpeg": Format.JPEG,
    ".jpe": Format.JPEG,
    ".jfif": Format.JPEG,
    ".png": Format.PNG,
}
"""How names of each format end, in small letters. A name is only a hint: the first bytes decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """An image's header.

    ``stored`` is the size in the file, :attr:`size` the upright one after its EXIF ``orientation`` (1 to 8) is applied.
    ``pixels`` is what decoding gives; ``bits`` one sample's in the file. ``layers`` says that decoding needs all
    coefficients at once (progressive JPEG). ``subsampling`` is a JPEG's chroma sampling such as ``4:2:0``, None for
    grey or an unusual one. ``transparent_grey`` is the grey, as decoded, that a PNG declares transparent.
    """

    format: Format
    stored: Size
    pixels: Pixels
    bits: int
    colour: str
    orientation: int = 1
    layers: bool = False
    interlaced: bool = False
    subsampling: str | None = None
    transparent_grey: int | None = None
    has_icc: bool = False
    has_exif: bool = False

    @property
    def size(self) -> Size:
        """Width and height of the upright image."""
        return self.stored.turned if self.orientation in SIDEWAYS else self.stored

    @property
    def decoded_bytes(self) -> int:
        """Bytes of the decoded image in memory."""
        return self.stored.pixels * self.pixels.bytes
