"""What to do with an image of a given header: here one task for one rank, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from tilework.errors import BeyondRankError, UnsupportedPixelsError
from tilework.imaging.formats import SUFFIXES, Format, Header, is_windowed, row, segment_bytes, tile_archive
from tilework.imaging.formats.strips import is_streamed
from tilework.imaging.limits import MIB
from tilework.imaging.report import ROW_BYTES, ReportFormat, most_rows

if TYPE_CHECKING:
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.windows import Size

ENCODING = 2.5
"""Memory of encoding as a multiple of the result. Measured at noise, which no encoder makes smaller: 2 for the
growing buffer, and the final bytes."""

ARCHIVED = 3.5
"""The same of an archive of tiles: a third more pixels, all tiles, and the bytes that they are joined to."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One image, whole, in one rank.

    ``working_set`` is the memory that takes, in bytes, estimated above what was measured. ``size`` and ``pixels`` are
    the result's; of a report, those of the picture that it stands for. ``guarded``: its decoder is to run in a child process of its own.
    """

    header: Header
    result_format: Format | ReportFormat
    size: Size
    pixels: Pixels
    working_set: int
    guarded: bool
    notes: tuple[str, ...] = ()


def plan(header: Header, stored_bytes: int, pipeline: Pipeline, limits: Limits) -> Plan:
    """Plan an image of ``stored_bytes`` bytes.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` where an operation does not take its pixels,
    :class:`~tilework.errors.BeyondRankError` where blocks take it (:mod:`~tilework.imaging.stages`), and
    :class:`~tilework.errors.TooLargeError` where one rank has not the memory.
    """
    limits.check_pipeline(pipeline.canonical)
    kinds, sizes = pipeline.kinds(header.pixels), pipeline.sizes(header.size)
    staged = is_staged(header, pipeline)
    # of a strip that is half the image no blocks are made while a rank can hold the whole
    in_blocks = is_windowed(header) and segment_bytes(header) <= limits.block_bytes // 4
    allowed = limits.block_bytes if in_blocks else limits.working_set
    for size in sizes:
        limits.check_size(size, by_windows=staged)
    wanted = result_format(header, pipeline, kinds[-1], sizes[-1])
    amounts = [size.pixels * kind.bytes for size, kind in zip(sizes, kinds, strict=True)]
    held = stored_bytes + pipeline.picture_bytes
    needed = held + max(
        _decoding(header),
        *(
            before + after + round(before * step.operation.scratch)
            for step, before, after in zip(pipeline.steps, amounts[:-1], amounts[1:], strict=True)
        ),
        amounts[-1]
        + _encoding(wanted, sizes[-1], kinds[-1], copies=ARCHIVED if pipeline.is_archive else ENCODING),
    )
    if staged and (needed > allowed or max(size.pixels for size in sizes) > limits.pixels):
        raise BeyondRankError(
            f"The image needs {needed / MIB:,.0f} MiB of memory with this pipeline; {allowed / MIB:,.0f} MiB are allowed "
            f"(limit: {'block_bytes' if in_blocks else 'working_set'}), and it is not worked on in blocks here."
        )
    needed += ROW_BYTES * most_rows(pipeline, header.size)
    limits.check_working_set(needed)
    notes = (*header.notes, *_mask_note(pipeline, wanted))
    return Plan(
        header,
        wanted,
        sizes[-1],
        kinds[-1],
        needed,
        guarded=header.guarded or row(header.format).guarded,
        notes=notes,
    )


def is_staged(header: Header, pipeline: Pipeline) -> bool:
    """Whether an image that is too large for one rank is worked on in blocks: its result is a TIFF then, or a report."""
    in_parts = all(step.operation.in_parts(step.arguments) for step in pipeline.steps)
    read = is_windowed(header) or is_streamed(header)
    asked = pipeline.output in {None, Format.TIFF} or pipeline.is_archive or pipeline.is_report
    return read and in_parts and asked


def _decoding(header: Header) -> int:
    """Bytes at the height of decoding: the pixels, a second time where they are turned or parted from their alpha."""
    copies = 1 + (header.orientation != 1 or header.pixels.alpha)
    return header.decoded_bytes * copies + header.scratch


def _encoding(wanted: Format | ReportFormat, size: Size, pixels: Pixels, copies: float) -> int:
    """Bytes that encoding takes beside the result in memory."""
    if isinstance(wanted, ReportFormat):
        return 0
    holds = row(wanted).holds
    copy = size.pixels * pixels.bytes
    own = holds.encoding_bytes(size, pixels) if holds else 0
    return max(round(copies * copy), copy + own)


LABELS_GO_TO = (Format.PNG, Format.TIFF)
"""Formats for masks: lossless, and read everywhere. A TIFF's mask stays one, for the tags that place it on the earth."""


def wanted_format(source: Format, pipeline: Pipeline) -> Format | ReportFormat:
    """Return the format of the result as far as that is known before the image is.

    What the pipeline asks for, else what the table says for the source; for masks, labels and drawings, which no lossy
    format may blur, PNG or TIFF.
    """
    if pipeline.is_report:
        return ReportFormat(str(pipeline.output))
    if pipeline.is_archive:
        # its tiles are of this format
        wanted = Format.JPEG if row(source).result is Format.JPEG else Format.PNG
    else:
        wanted = row(source).result if pipeline.output is None else Format(pipeline.output)
    return Format.PNG if pipeline.is_lossless and wanted not in LABELS_GO_TO else wanted


def wanted_suffix(source: Format, pipeline: Pipeline) -> str:
    """How the name of the result of an ordinary image ends, as far as that is known before the image is."""
    if pipeline.is_archive:
        return tile_archive.suffix(str(pipeline.output))
    return wanted_format(source, pipeline).suffix


def result_format(header: Header, pipeline: Pipeline, pixels: Pixels, size: Size) -> Format | ReportFormat:
    """Return the format of the result: the wanted one, or where that cannot hold it PNG or TIFF.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` where a format was asked for that cannot hold it.
    """
    wanted = wanted_format(header.format, pipeline)
    if isinstance(wanted, ReportFormat):
        return wanted
    if pipeline.is_archive:
        tile_archive.check(pixels, premultiplied=header.premultiplied)
    for choice in dict.fromkeys((wanted, *LABELS_GO_TO)):
        holds = row(choice).holds
        multiplied = header.premultiplied and pixels.alpha and choice is not Format.TIFF
        if holds is not None and holds.takes(pixels, size) and not multiplied:
            return choice
        if pipeline.output is not None and not pipeline.is_archive:
            break
    raise UnsupportedPixelsError(
        f"{row(wanted).name} cannot hold a result of {size} pixels, {pixels.dtype}"
        f"{' with alpha' if pixels.alpha else ''}"
        f"{' multiplied into its colours' if pixels.alpha and header.premultiplied else ''}.",
        advice="Ask for another output: tiff holds everything, png 8 and 16 bits with alpha.",
    )


def _mask_note(pipeline: Pipeline, result: Format | ReportFormat) -> tuple[str, ...]:
    """Say so where a mask was asked for in a format that would blur it."""
    if pipeline.output is None or pipeline.is_archive or isinstance(result, ReportFormat):
        return ()
    if Format(pipeline.output) is result:
        return ()
    what = "mask" if pipeline.makes_mask else "result of numbers"
    return (f"A {what} never goes to {row(Format(pipeline.output)).name}: it is a {row(result).name}.",)


KINDS = {end: image.suffix for end, image in SUFFIXES.items()} | {
    each.suffix: each.suffix for each in ReportFormat
}
"""What the ends of file names, in small letters, say of a file: the suffix that a result of that kind gets."""


def result_name(name: str, suffix: str) -> str:
    """Return a file name for the result of a file called ``name``.

    The name itself where it already ends as a file of that kind does, else the name and the suffix:
    ``photo.jpeg`` stays, ``photo.jpg`` becomes ``photo.jpg.png``. So no two files of a folder meet in one result.
    """
    return name if ends_as(name, suffix) else name + suffix


def ends_as(name: str, suffix: str) -> bool:
    """Whether a file name ends as those of a kind do whose own suffix this is."""
    return KINDS.get(PurePath(name).suffix.lower()) == suffix
