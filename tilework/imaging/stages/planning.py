"""How a large image is cut into units: as large as the memory of a rank allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.formats import Format, tile_archive
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.formats.jpeg import QUALITY
from tilework.imaging.formats.tiff_coding import JPEG, LZW, NONE
from tilework.imaging.formats.tiff_description import unnamed_channels
from tilework.imaging.formats.tiff_detail import TiffDetail
from tilework.imaging.formats.tiff_subsampling import SUBSAMPLINGS
from tilework.imaging.limits import MIB
from tilework.imaging.stages.rows import AllRows, Rows
from tilework.imaging.stages.work import Work
from tilework.imaging.windows import Grid, Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tilework.imaging.formats import Header
    from tilework.imaging.formats.cog import Compression, Scheme
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.stages.readers import Openable
    from tilework.imaging.stages.scratch import Scratch

TILE = 512
"""Pixels of a tile's side, unless another is asked for: what GDAL writes, and viewers expect."""

FIXED_BYTES = 48 * MIB
"""Of a rank's memory, what does not grow with a unit's width: packed bytes on their way, labels, a few tiles."""

LEAST_SHARE = 4
"""Of little memory a quarter is for the rows of a unit, however much the rest needs."""

MOST_OVERVIEWS = 3
"""Levels that a unit makes at once: the next stage then begins with a 64th of the pixels."""

UNITS_A_RANK = 3
"""Where the image gives so many: so that all ranks end at about the same time."""

LEAST_UNITS = 9
FINE_PIXELS = 1 << 26
"""An image with fewer pixels is cut into nine units at least: what each leaves for the overviews costs nothing there."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be asked of a large result: the side of its tiles, its compression (None: as the source's), its pyramid."""

    tile: int = TILE
    compression: Compression | None = None
    overviews: bool = True


def plan_stages(
    image: Callable[[int], Openable], header: Header, pipeline: Pipeline, limits: Limits, *,
    wishes: Wishes, scratch: Scratch, ranks: int, most: int | None = None,
) -> Work:  # fmt: skip
    """Plan an image that is read by windows; ``image`` gives its address, for so many bytes that a reader may keep.

    A unit has ``most`` pixels (None: as many as memory allows), unless the narrowest one has more.

    Raises :class:`~tilework.errors.TooLargeError` where not even the narrowest unit fits the memory of a rank, and the
    errors of :func:`~tilework.imaging.plan.plan`.
    """
    limits.check_pipeline(pipeline.canonical)
    sizes, kinds = pipeline.sizes(header.size), pipeline.kinds(header.pixels)
    for size in sizes:
        limits.check_size(size, by_windows=True)
    layout = layout_of(header, pipeline, sizes[-1], kinds[-1], wishes)
    # each rank holds the pictures that the pipeline names beside its unit
    free = replace(limits, block_bytes=max(1, limits.block_bytes - pipeline.picture_bytes))
    cut = replace(layout, size=largest_cut(pipeline, header))
    rows = AllRows(tuple(_rows(header, pipeline, layout, sizes)))
    columns, overviews, cached_bytes = _unit(
        rows, cut, free, ranks, cut.size.pixels if most is None else most
    )
    return Work(image(cached_bytes), pipeline, layout, scratch, columns, overviews)


def largest_cut(pipeline: Pipeline, header: Header) -> Size:
    """The largest image that units are cut of: the result, or what is measured, which may be much more."""
    sizes, measured = pipeline.sizes(header.size), pipeline.measured(header.pixels)
    return max([sizes[-1], *(sizes[index] for index in measured)], key=lambda size: size.pixels)


def _rows(header: Header, pipeline: Pipeline, layout: CogLayout, sizes: Sequence[Size]) -> Iterator[Rows]:
    """The rows of the result, and of each image that is measured on the way to it."""
    for end in (*pipeline.measured(header.pixels), len(pipeline.steps)):
        yield Rows(header, pipeline.up_to(end), replace(layout, size=sizes[end]))


def layout_of(header: Header, pipeline: Pipeline, size: Size, pixels: Pixels, wishes: Wishes) -> CogLayout:
    """The layout of a large result: compressed as is wished, else as its source is; masks without loss.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for JPEG tiles, and tiles for viewers, of pixels that these do
    not hold.
    """
    unnamed = unnamed_channels(header, pixels.channels)
    if pipeline.is_archive:
        tile_archive.check(pixels, premultiplied=header.premultiplied)
    fits = pixels.dtype == "uint8" and not pixels.alpha and not unnamed
    if wishes.compression == "jpeg" and not fits and not pipeline.is_report:
        raise UnsupportedPixelsError(
            f"JPEG tiles hold grey or colours of 8 bits without alpha; this result is {pixels.dtype}"
            f"{' with alpha' if pixels.alpha else ' of unnamed channels' if unnamed else ''}.",
            advice="Ask for deflate or lzw.",
        )
    return CogLayout(
        size=size,
        pixels=pixels,
        tile=wishes.tile,
        compression=_compression(header, pipeline, wishes, fits=fits),
        subsampling=header.subsampling if header.subsampling in SUBSAMPLINGS else "4:4:4",  # type: ignore[arg-type]
        quality=QUALITY,
        overviews=wishes.overviews or pipeline.is_archive,
        unnamed=unnamed,
        premultiplied=header.premultiplied,
        mask=pipeline.ends_in_mask,
        labels=pipeline.ends_in_labels,
        scheme=cast("Scheme", pipeline.output) if pipeline.is_archive else "cog",
    )


def _compression(header: Header, pipeline: Pipeline, wishes: Wishes, *, fits: bool) -> Compression:
    if wishes.compression is not None and not (wishes.compression == "jpeg" and pipeline.is_lossless):
        return wishes.compression
    detail = header.detail
    lossy = header.format is Format.JPEG or (
        isinstance(detail, TiffDetail) and detail.coding.compression == JPEG
    )
    if lossy and not pipeline.is_lossless and fits:
        return "jpeg"
    if isinstance(detail, TiffDetail) and not lossy:
        found: dict[int, Compression] = {LZW: "lzw", NONE: "none"}
        return found.get(detail.coding.compression, "deflate")
    return "deflate"


def _unit(rows: AllRows, layout: CogLayout, limits: Limits, ranks: int, most: int) -> tuple[int, int, int]:
    """Columns of a unit, the overviews that it makes, and bytes of decoded segments that a rank keeps meanwhile."""
    rows.check(limits.block_bytes)
    allowed = max(limits.block_bytes // LEAST_SHARE, limits.block_bytes - FIXED_BYTES)
    least = max(UNITS_A_RANK * ranks, LEAST_UNITS if layout.size.pixels < FINE_PIXELS else 1)
    for overviews in range(min(MOST_OVERVIEWS, len(layout.levels) - 1), -1, -1):
        columns = _widest(rows, layout, overviews, allowed, least=0 if overviews else least, most=most)
        units = Grid(layout.size, Size(columns, layout.tile << overviews))
        needs = rows.needs(columns)
        if needs.segments + needs.worked_on <= allowed and units.count >= least:
            return columns, overviews, needs.segments
    # the narrowest there are, in little memory or of few tiles: segments are decoded again where they must be
    left = max(0, allowed - needs.worked_on)
    return columns, 0, min(left, needs.segments)


def _widest(rows: AllRows, layout: CogLayout, overviews: int, allowed: int, *, least: int, most: int) -> int:
    """Columns of the widest units that need no more than is allowed and are not too few; else of the narrowest."""
    step = layout.tile << overviews
    steps = -(-layout.size.width // step)
    for parts in range(1, steps + 1):
        columns = -(-steps // parts) * step
        if Grid(layout.size, Size(columns, step)).count < least or columns * step > most:
            continue
        needs = rows.needs(columns)
        if needs.segments + needs.worked_on <= allowed:
            return columns
    return step
