"""What to do with an image of a given header: here one task for one rank, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from tilework.imaging.formats import SUFFIXES, Format, Header

if TYPE_CHECKING:
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.windows import Size

PROGRESSIVE_BYTES = 6
"""Bytes of a pixel of a progressive JPEG beside its decoded ones: three coefficients of 16 bits, at 4:4:4."""

ENCODING = 2.5
"""Memory of encoding as a multiple of the result. Measured at noise, which no encoder makes smaller: 2 for the
growing buffer, and the final bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One image, whole, in one rank.

    ``working_set`` is the memory that takes, in bytes, estimated above what was measured. ``size`` and ``pixels`` are
    the result's.
    """

    header: Header
    result_format: Format
    size: Size
    pixels: Pixels
    working_set: int


def plan(header: Header, stored_bytes: int, pipeline: Pipeline, limits: Limits) -> Plan:
    """Plan an image of ``stored_bytes`` bytes.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` where an operation does not take its pixels, and
    :class:`~tilework.errors.TooLargeError` where one rank has not the memory.
    """
    kinds, sizes = pipeline.kinds(header.pixels), pipeline.sizes(header.size)
    for size in sizes:
        limits.check_size(size)
    amounts = [size.pixels * kind.bytes for size, kind in zip(sizes, kinds, strict=True)]
    needed = stored_bytes + max(
        _decoding(header),
        *(
            before + after + round(before * step.operation.scratch)
            for step, before, after in zip(pipeline.steps, amounts[:-1], amounts[1:], strict=True)
        ),
        round(amounts[-1] * (1 + ENCODING)),
    )
    limits.check_working_set(needed)
    return Plan(header, result_format(header.format, pipeline), sizes[-1], kinds[-1], needed)


def _decoding(header: Header) -> int:
    """Bytes at the height of decoding: the pixels, a second time where they are turned or parted from their alpha."""
    copies = 1 + (header.orientation != 1 or header.pixels.alpha)
    coefficients = PROGRESSIVE_BYTES * header.stored.pixels if header.layers else 0
    return header.decoded_bytes * copies + coefficients


def result_format(source: Format, pipeline: Pipeline) -> Format:
    """Return the format of the result: the source's own, but PNG for masks, which no lossy format may blur."""
    return Format.PNG if pipeline.makes_mask else source


def result_suffixes(pipeline: Pipeline) -> tuple[str, ...]:
    """Return every suffix that a result of this pipeline may have, before its source's format is known."""
    return tuple(sorted({result_format(source, pipeline).suffix for source in Format}))


def result_name(name: str, suffix: str) -> str:
    """Return a file name for the result of a file called ``name``.

    The name itself where it already ends as a file of that kind does, else the name and the suffix:
    ``photo.jpeg`` stays, ``photo.jpg`` becomes ``photo.jpg.png``. So no two files of a folder meet in one result.
    """
    own = SUFFIXES.get(PurePath(name).suffix.lower())
    return name if own is not None and own.suffix == suffix else name + suffix
