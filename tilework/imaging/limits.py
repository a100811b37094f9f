"""What is refused, and at which size. Checked from the header, before any pixel has memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.environment import number
from tilework.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.imaging.windows import Size

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
DAY = 86_400


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

    ratio: int = 1_100
    """Decoded bytes for each stored one. Deflate reaches 1,032, so no honest 8-bit image exceeds it; a bomb of 1-bit
    pixels, which become 8 to 32 bits in memory, does."""

    ratio_from: int = 64 * MIB
    """Decoded bytes from which the ratio counts: a small blank page is no bomb."""

    fetch_seconds: float = 300.0
    """Seconds by the clock for one request to a store with all its tries, and for reading a header. A request that the
    store does not answer is given up after 90 (four tries of 20 and the pauses between them)."""

    decoder_seconds: float = 10.0
    """Seconds of processor time that any image may take, however small: loading a library, a busy host."""

    deadline_factor: float = 10.0
    """How many times longer than estimated from its pixels and pipeline an image may take beyond that. The estimates
    are above what was measured on one core of a small server."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Limits:
        """Read those limits that are settings. Raises SettingsError naming the variable that makes no sense."""
        own = cls()
        return cls(
            fetch_seconds=number(environ, "TILEWORK_FETCH_SECONDS", own.fetch_seconds, 1, DAY),
            decoder_seconds=number(environ, "TILEWORK_DECODER_SECONDS", own.decoder_seconds, 1, DAY),
            deadline_factor=number(environ, "TILEWORK_DEADLINE_FACTOR", own.deadline_factor, 1, 1_000),
        )

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
