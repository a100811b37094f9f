"""The transforms of a HEIF picture: a clean aperture, a rotation, a mirror, in the order in which they are listed.

ISO/IEC 23008-12, section 6.5.9 to 6.5.12; the clean aperture is that of ISO/IEC 14496-12, section 12.1.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.isobmff import Box, fields
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.isobmff import Fields
    from tilework.imaging.operations.contract import Image


@dataclass(frozen=True, slots=True)
class Crop:
    """Keep ``size`` pixels from column ``left`` and row ``top`` on."""

    left: int
    top: int
    size: Size

    def size_after(self, size: Size) -> Size:  # noqa: ARG002 - one signature for all transforms
        """The size that is left of ``size``."""
        return self.size

    def apply(self, image: Image) -> Image:
        """A view of the array that is kept."""
        return image[self.top : self.top + self.size.height, self.left : self.left + self.size.width]


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn by ``quarters`` of a circle, against the clock."""

    quarters: int

    def size_after(self, size: Size) -> Size:
        """The size that ``size`` has afterwards."""
        return size.turned if self.quarters % 2 else size

    def apply(self, image: Image) -> Image:
        """A view of the turned array."""
        import numpy as np

        return np.rot90(image, self.quarters)


@dataclass(frozen=True, slots=True)
class Mirror:
    """Exchange left and right where ``across``, else top and bottom."""

    across: bool

    def size_after(self, size: Size) -> Size:
        """The size that ``size`` has afterwards."""
        return size

    def apply(self, image: Image) -> Image:
        """A view of the mirrored array."""
        return image[:, ::-1] if self.across else image[::-1]


Transform = Crop | Turn | Mirror


def transforms(reader: HeaderReader, properties: Iterable[Box], size: Size) -> tuple[Transform, ...]:
    """Those of a picture of ``size``; raises DamagedImageError for a clean aperture that is none."""
    found: list[Transform] = []
    for box in properties:
        read = fields(reader, box) if box.type in {b"clap", b"irot", b"imir"} else None
        if read is None:
            continue
        step = _crop(read, size) if box.type == b"clap" else _moved(box.type, read.number(1))
        size = step.size_after(size)
        found.append(step)
    return tuple(found)


def _moved(name: bytes, value: int) -> Turn | Mirror:
    return Turn(value & 3) if name == b"irot" else Mirror(across=bool(value & 1))


def _crop(read: Fields, size: Size) -> Crop:
    width, height, across, down = (_fraction(read) for _ in range(4))
    left, right = _interval(size.width, width, across)
    top, bottom = _interval(size.height, height, down)
    return Crop(left, top, Size(right - left, bottom - top))


def _fraction(read: Fields) -> Fraction:
    numerator, denominator = read.signed(4), read.number(4)
    if not denominator:
        raise DamagedImageError("The picture's clean aperture (clap) divides by zero.")
    return Fraction(numerator, denominator)


def _interval(length: int, wanted: Fraction, offset: Fraction) -> tuple[int, int]:
    """Start and stop of ``wanted`` pixels whose middle is ``offset`` away from that of ``length``, whole and inside."""
    start = floor(offset + Fraction(length - 1, 2) - (wanted - 1) / 2)
    start, stop = max(0, start), min(length, start + round(wanted))
    if start >= stop:
        raise DamagedImageError("The picture's clean aperture (clap) lies outside it.")
    return start, stop


def size_after(size: Size, steps: Iterable[Transform]) -> Size:
    """The size of a picture after its transforms."""
    for step in steps:
        size = step.size_after(size)
    return size
