"""The plan of a job whose image is beyond one rank: stages of units of about five seconds each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tilework.fleet.blueprint import Blueprint, Cells
from tilework.fleet.rewritten import image_of
from tilework.imaging.costs import pixels_within
from tilework.imaging.formats import HeaderReader, is_windowed, read_header
from tilework.imaging.formats.tile_encoding import jpeg_tables
from tilework.imaging.stages.measuring import levels_of
from tilework.imaging.stages.planning import Wishes, largest_cut, plan_stages
from tilework.imaging.stages.readers import Stored
from tilework.imaging.stages.rewriting import check_memory
from tilework.imaging.stages.scratch import NOWHERE
from tilework.jobs.quotas import PART_BYTES
from tilework.jobs.stages import MOST_UNITS, Plan, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats import Header
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.sources import Source
    from tilework.imaging.stages.work import Work
    from tilework.imaging.windows import Grid

UNIT_SECONDS = 5.0
"""Long beside the round trips of a unit, short beside a lease, a drain and a photo's patience."""

ENOUGH_UNITS = 32
"""Units of a stage below which they are not joined further: so that more than one host has something to do."""

NODES_A_UNIT = 4
"""Nodes of a tree that a unit reduces: each reads up to 64 partials."""

BUNDLE_BYTES = 8 * 2**20
MOST_BUNDLES = 8_000
"""Of the 10,000 parts that an upload may have."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what the header told: sizes in pixels, ``note`` what was odd. Small, and picklable."""

    plan: Plan
    width: int
    height: int
    dtype: str
    note: str


def plan_image(source: Source, pipeline: Pipeline, limits: Limits, ranks: int) -> Planned:
    """Plan an image that is beyond one rank, of whose host ``ranks`` work at once.

    Raises as :func:`~tilework.imaging.stages.planning.plan_stages`.
    """
    header = read_header(HeaderReader(source, limits), pipeline.page)
    if not is_windowed(header):
        check_memory(header, limits)
    plan = _plan(source, header, pipeline, limits, ranks)
    return Planned(plan, header.size.width, header.size.height, header.pixels.dtype, " ".join(header.notes))


def _plan(source: Source, header: Header, pipeline: Pipeline, limits: Limits, ranks: int) -> Plan:
    wishes = Wishes()
    of = largest_cut(pipeline, header)
    most = pixels_within(UNIT_SECONDS, header.size, header.pixels, pipeline, of)
    image = partial(image_of, source, header, NOWHERE)
    work = plan_stages(
        image, header, pipeline, limits, wishes=wishes, scratch=NOWHERE, ranks=ranks, most=most
    )
    blueprint = Blueprint(
        columns=work.columns,
        overviews=work.overviews,
        cached_bytes=work.image.cached_bytes if isinstance(work.image, Stored) else 0,
        bundle_bytes=_bundle_bytes(work),
        layout=work.layout,
        jpeg_tables=jpeg_tables(work.layout),
    )
    rewriting = () if is_windowed(header) else (Stage("rewrite", 1),)
    stages = _stages(work, most, _most_written(work, header))
    last = Stage("report" if pipeline.is_report else "assemble", 1)
    return Plan((*rewriting, *stages, last), blueprint.text)


def _most_written(work: Work, header: Header) -> int:
    """Pixels of a unit that writes: behind an operation that paints only that is left to do which follows it."""
    pipeline = work.pipeline
    most = pixels_within(UNIT_SECONDS, header.size, header.pixels, pipeline)
    painted = [index + 1 for index in work.measured if pipeline.steps[index].operation.paints]  # type: ignore[attr-defined]
    if not painted:
        return most
    begin = painted[-1]
    size, pixels = pipeline.sizes(header.size)[begin], pipeline.kinds(header.pixels)[begin]
    return max(most, pixels_within(UNIT_SECONDS, size, pixels, pipeline.after(begin)))


def _stages(work: Work, most: int, most_written: int) -> Iterator[Stage]:
    for index in work.measured:
        units, cells = work.measured_units(index)
        yield _stage(f"measure-{index}", _joined(units, most, cells))
        for level, grid in enumerate(levels_of(units)[1:], 1):
            each = max(NODES_A_UNIT, -(-grid.count // MOST_UNITS))
            yield _stage(f"reduce-{index}-{level}", Cells(grid, each))
    for stage, (base, _) in enumerate(work.written):
        name = f"overviews-{base}" if stage else "write"
        yield _stage(name, _joined(work.written_units(stage), most_written))


def _stage(name: str, cells: Cells) -> Stage:
    return Stage(name, cells.units, cells.text)


def _joined(grid: Grid, most: int, parts: Grid | None = None) -> Cells:
    """Cells joined to units of at most ``most`` pixels, as long as there are enough of them, and not too many."""
    wanted = min(most // grid.cell.pixels, grid.count // ENOUGH_UNITS)
    return Cells(grid, max(1, wanted, -(-grid.count // MOST_UNITS)), parts)


def _bundle_bytes(work: Work) -> int:
    """So many that the result, were nothing gained by packing it, has not too many parts."""
    bytes_in_all = work.layout.size.pixels * work.layout.pixels.bytes * 4 // 3
    return max(PART_BYTES, BUNDLE_BYTES, -(-bytes_in_all // MOST_BUNDLES))
