"""What is refused, and at which size. Checked from the header, before any pixel has memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import TooLargeError

if TYPE_CHECKING:
    from tilework.imaging.windows import Size

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit, with the reason for its default. Picklable: it crosses to the ranks with each task."""

    pixels: int = 1 << 30
    """Pixels of an image read whole: OpenCV's own limit (CV_IO_MAX_IMAGE_PIXELS)."""

    side: int = 1 << 20
    """Pixels of a side: OpenCV's own limit (CV_IO_MAX_IMAGE_WIDTH and _HEIGHT)."""

    working_set: int = GIB
    """Bytes one rank may need for one image: encoded, decoded, kernels and result together. A 24-megapixel colour
    photograph through canny needs about 0.6 GiB, and four ranks fit the 8 GiB of a host with 2 GiB a core."""

    header_bytes: int = 16 * MIB
    """Bytes before the pixel data. Real headers with thumbnails, profiles and maker notes stay below 1 MiB; a
    JPEG's profile alone can be 16 MiB."""

    header_parts: int = 10_000
    """Segments or chunks before the pixel data; 16 MiB of empty ones would take seconds to walk."""

    pages: int = 10_000
    """Pages of a file that are looked at, overviews and thumbnails included. Stacks of microscopes have some thousand;
    walking 10,000 takes a third of a second, a million half a minute."""

    ratio: int = 1_100
    """Decoded bytes for each stored one. Deflate reaches 1,032, so no honest 8-bit image exceeds it; a bomb of 1-bit
    pixels, which become 8 to 32 bits in memory, does."""

    ratio_from: int = 64 * MIB
    """Decoded bytes from which the ratio counts: a small blank page is no bomb."""

    def check_size(self, size: Size) -> None:
        """Raise :class:`~tilework.errors.TooLargeError` for an image with too many pixels or too long a side."""
        if max(size.width, size.height) > self.side:
            raise TooLargeError(f"The image is {size} pixels; a side may have {self.side:,} (limit: side).")
        if size.pixels > self.pixels:
            raise TooLargeError(
                f"The image is {size} pixels, {size.pixels:,} in all; {self.pixels:,} are allowed (limit: pixels)."
            )

    def check_ratio(self, decoded: int, stored: int) -> None:
        """Raise :class:`~tilework.errors.TooLargeError` where ``stored`` bytes claim to be far more, decoded."""
        if decoded >= self.ratio_from and decoded > self.ratio * stored:
            raise TooLargeError(
                f"{stored:,} bytes claim to hold {decoded:,} bytes of pixels; {self.ratio:,} times as many are allowed"
                " (limit: ratio)."
            )

    def check_working_set(self, needed: int) -> None:
        """Raise :class:`~tilework.errors.TooLargeError` if one rank would need too much memory (bytes)."""
        if needed > self.working_set:
            raise TooLargeError(
                f"The image needs {needed / MIB:,.0f} MiB of memory with this pipeline; "
                f"{self.working_set / MIB:,.0f} MiB are allowed (limit: working_set)."
            )
