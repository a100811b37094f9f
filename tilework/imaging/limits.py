"""What is refused, and at which size. Checked from the header, before any pixel has memory."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from tilework.environment import number
from tilework.errors import PipelineError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.imaging.windows import Size

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
DAY = 86_400

PREFIX = "TILEWORK_LIMIT_"
"""What the settings' names begin with; the limit's own name in capitals follows."""


def _limit(default: float, unit: str, why: str, *, most: float = 2**53) -> Any:
    """A limit of at least 1 ``unit``, with the reason for its default, which docs/formats.md tells."""
    return field(default=default, metadata={"unit": unit, "why": why, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit, with the reason for its default. Picklable: it crosses to the ranks with each task."""

    pixels: int = _limit(
        1 << 30, "pixels", "of an image read whole: OpenCV's own limit (CV_IO_MAX_IMAGE_PIXELS)"
    )
    window_pixels: int = _limit(
        1 << 38,
        "pixels",
        "of an image read by windows: 274 gigapixels, 524,000 on a side, in 8,192 units of 33 megapixels",
    )
    side: int = _limit(1 << 20, "pixels", "of a side: OpenCV's own limit (CV_IO_MAX_IMAGE_WIDTH and _HEIGHT)")
    working_set: int = _limit(
        GIB,
        "bytes",
        "one rank may need for one image: encoded, decoded, kernels and result together. A 24-megapixel colour "
        "photograph through canny needs about 0.6 GiB, and six ranks fit the 8 GiB of a host with four cores",
    )
    block_bytes: int = _limit(
        192 * MIB,
        "bytes",
        "one rank may need for an image that is read by windows; a larger one is worked on in blocks of that much. With "
        "the libraries that makes 250 MiB a rank, whatever the image",
    )
    picture_bytes: int = _limit(
        64 * MIB,
        "bytes",
        "the pictures that a pipeline names (a watermark) may take in each rank: 16 megapixels of colour with alpha, 22 "
        "without. It is a part of working_set and of block_bytes",
    )
    header_bytes: int = _limit(
        16 * MIB,
        "bytes",
        "of header and metadata, and of a table of a TIFF's tiles at 8 a tile. Real headers with thumbnails, profiles "
        "and maker notes stay below 1 MiB; a JPEG's profile alone can be 16 MiB, and 100 gigapixels in tiles of "
        "256 x 256 have a table of 12 MiB",
    )
    header_parts: int = _limit(
        10_000,
        "parts",
        "of a header (segments, chunks, boxes): 16 MiB of empty ones would take seconds to walk",
    )
    pages: int = _limit(
        10_000,
        "pages",
        "of a file that are looked at, overviews and thumbnails included. Stacks of microscopes have some thousand; "
        "walking 10,000 takes a third of a second, a million half a minute",
    )
    pipeline_characters: int = _limit(
        400,
        "characters",
        "of a pipeline's canonical text, which travels in object metadata (2 KB for all of it), messages and rows",
        most=400,
    )
    ratio: int = _limit(
        1_100,
        "bytes decoded",
        "for each stored one. Deflate reaches 1,032, so no honest 8-bit image exceeds it; a bomb of 1-bit pixels, "
        "which become 8 to 32 bits in memory, does",
    )
    ratio_from: int = _limit(
        64 * MIB, "bytes decoded", "from which the ratio counts: a small blank page is no bomb"
    )
    fetch_seconds: float = _limit(
        300.0,
        "seconds",
        "by the clock for one request to a store with all its tries, and for reading a header; beyond it a second a "
        "megabyte. A request that the store does not answer is given up after 90 (four tries of 20 and the pauses)",
        most=DAY,
    )
    decoder_seconds: float = _limit(
        10.0,
        "seconds",
        "of processor time that any image may take, however small: loading a library, a busy host",
        most=DAY,
    )
    deadline_factor: float = _limit(
        10.0,
        "times",
        "as long as estimated from its pixels and pipeline an image may take beyond that. The estimates are above "
        "what was measured on one core of a small server",
        most=1_000,
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Limits:
        """Read the limits that are set. Raises SettingsError naming the variable that makes no sense."""
        values: dict[str, Any] = {}
        for each in fields(cls):
            default: Any = each.default
            value = number(environ, setting(each.name), default, 1, each.metadata["most"])
            values[each.name] = type(default)(value)
        return cls(**values)

    def check_pipeline(self, canonical: str) -> None:
        """Raise :class:`~tilework.errors.PipelineError` for a text that is too long."""
        if len(canonical) > self.pipeline_characters:
            raise PipelineError(
                f"The pipeline has {len(canonical)} characters in canonical form; {self.pipeline_characters} are "
                "allowed (limit: pipeline_characters).",
                advice="Use fewer operations.",
            )

    def check_size(self, size: Size, *, by_windows: bool = False) -> None:
        """Raise :class:`~tilework.errors.TooLargeError` for an image with too many pixels or too long a side.

        ``by_windows`` says that it need not be read whole.
        """
        name = "window_pixels" if by_windows else "pixels"
        most: int = getattr(self, name)
        if max(size.width, size.height) > self.side:
            raise TooLargeError(f"The image is {size} pixels; a side may have {self.side:,} (limit: side).")
        if size.pixels > most:
            raise TooLargeError(
                f"The image is {size} pixels, {size.pixels:,} in all; {most:,} are allowed (limit: {name})."
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


def setting(name: str) -> str:
    """The environment variable that sets a limit."""
    return PREFIX + name.upper()


def rendered() -> str:
    """The limits as docs/formats.md has them."""
    lines = ["| variable | default | allows |", "|---|---|---|"]
    for each in fields(Limits):
        default = f"{each.default:,}".removesuffix(".0")
        lines.append(
            f"| `{setting(each.name)}` | {default} | {each.metadata['unit']} {each.metadata['why']} |"
        )
    return "\n".join(lines) + "\n"
