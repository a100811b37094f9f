"""A large file into a file, on the ranks of one host: the stages, and around them what a user sees of it."""

from __future__ import annotations

import contextlib
import time
from array import array
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tilework.errors import TileworkError, WorldDiedError
from tilework.imaging.costs import report_seconds, unit_seconds
from tilework.imaging.formats import (
    HeaderReader,
    is_windowed,
    read_around,
    read_header,
)
from tilework.imaging.formats.cog import TileTable
from tilework.imaging.formats.result_file import head, head_bytes
from tilework.imaging.formats.tiff_description import description
from tilework.imaging.formats.tile_encoding import jpeg_tables
from tilework.imaging.run import FileOutcome
from tilework.imaging.stages.on_one_host import measure, rewrite_on, run
from tilework.imaging.stages.planning import plan_stages
from tilework.imaging.stages.readers import Stored
from tilework.imaging.stages.reporting import written_report
from tilework.imaging.stages.rewriting import check_memory, pieces_of
from tilework.imaging.stages.scratch import FolderScratch
from tilework.imaging.stages.tile_file import TileFile
from tilework.imaging.stopwatch import by_rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tilework.imaging.formats import Header, Metadata
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.sources import Source
    from tilework.imaging.stages.on_one_host import Ranks
    from tilework.imaging.stages.planning import Wishes
    from tilework.imaging.stages.readers import Openable
    from tilework.imaging.stages.scratch import Scratch
    from tilework.imaging.stages.work import Work


@dataclass(frozen=True, slots=True)
class LargeFile:
    """What is wanted of one large file."""

    source: Source
    target: Path
    pipeline: Pipeline
    limits: Limits
    wishes: Wishes


def process_large_file(path: Path, wanted: LargeFile, ranks: Ranks) -> FileOutcome:
    """Process a file of any size; the target appears whole or not at all.

    What is wrong with the image is told in the outcome; an OSError of the target's folder is raised, and the
    WorldDiedError of the ranks. Beside the target lies, meanwhile, a hidden folder for what the stages leave for each
    other: of an image of gigapixels some hundredths of its bytes, of one cut finely or in little memory up to four
    thirds of the result's, a quarter of a byte a pixel for edges, and all pixels of an image that is only read in
    sequence.
    """
    began = time.perf_counter()
    target = wanted.target
    try:
        with (
            _folder(target.parent) as folder,
            TemporaryDirectory(prefix=f".{target.name}.", suffix=".part", dir=folder) as place,
        ):
            found, blocks, notes = _process(wanted, target, Path(place), ranks)
    except WorldDiedError:
        raise
    except TileworkError as error:
        return FileOutcome(path, None, None, None, None, time.perf_counter() - began, error)
    seconds = time.perf_counter() - began
    size = found.size
    return FileOutcome(
        path, target, size.width, size.height, found.pixels.dtype, seconds, None, notes, blocks,
        by_rank(ranks.profiles or ()),
    )  # fmt: skip


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """Make a folder, and those above it; what is new and still empty afterwards is removed."""
    new = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    finally:
        for each in new:
            # the first that holds something ends it: those above it are not empty either
            with contextlib.suppress(OSError):
                each.rmdir()


def _process(
    wanted: LargeFile, target: Path, folder: Path, ranks: Ranks
) -> tuple[Header, int, tuple[str, ...]]:
    """The source's header, how many blocks there were, and what was odd."""
    scratch = FolderScratch(folder / "scratch")
    read = _read(wanted, scratch, folder, ranks)
    work = plan_stages(
        read.image, read.header, wanted.pipeline, wanted.limits,
        wishes=wanted.wishes, scratch=scratch, ranks=ranks.count,
    )  # fmt: skip
    if wanted.pipeline.is_report:
        return _report(wanted, work, read, folder, ranks)
    file = TileFile(folder / "tiles", folder, tuple(grid.pixels for grid in work.layout.grids), ranks.hosts)
    kept = work.kept(read.metadata, read.header)
    tree = description(kept, read.header)
    tables = ranks.ask(jpeg_tables, work.layout)
    file.create(head_bytes(work.layout, tree, tables))
    odd = run(work, file, folder, ranks, unit_seconds(work, wanted.limits))
    file.finish(head(work.layout, [_table(table) for table in file.tables()], tree, tables))
    file.path.replace(target)
    return read.header, work.writing(0).units.count, _notes(read, kept.notes, odd, *_mask_note(wanted))


def _report(
    wanted: LargeFile, work: Work, read: _Read, folder: Path, ranks: Ranks
) -> tuple[Header, int, tuple[str, ...]]:
    """All as of an image, but nothing is written except the report."""
    seconds = unit_seconds(work, wanted.limits)
    odd = measure(work, folder, ranks, seconds)
    going_on = partial(ranks.allow, seconds + report_seconds(work, wanted.limits))
    place = folder / "report"
    place.write_bytes(ranks.ask(partial(written_report, work), going_on))
    place.replace(wanted.target)
    return read.header, work.reporting.units.count, _notes(read, read.metadata.notes, odd)


def _notes(read: _Read, kept: tuple[str, ...], odd: set[str], *more: str) -> tuple[str, ...]:
    told = (*read.header.notes, *kept, *read.notes, *sorted(odd), *more)
    return tuple(dict.fromkeys(told))


def _mask_note(wanted: LargeFile) -> tuple[str, ...]:
    if wanted.wishes.compression == "jpeg" and wanted.pipeline.is_lossless:
        return ("A mask never goes to JPEG: its tiles are packed without loss.",)
    return ()


@dataclass(frozen=True, slots=True)
class _Read:
    """An image that can be read by windows now, and what stands around its pixels."""

    image: Callable[[int], Openable]
    header: Header
    metadata: Metadata
    notes: tuple[str, ...] = ()


def _read(wanted: LargeFile, scratch: Scratch, folder: Path, ranks: Ranks) -> _Read:
    """Read the header, and rewrite an image that is only read in sequence."""
    source, limits = wanted.source, wanted.limits
    found = read_header(HeaderReader(source, limits), wanted.pipeline.page)
    if is_windowed(found):
        return _Read(partial(Stored, source, found), found, read_around(source, found))
    pieces = pieces_of(found, scratch)
    check_memory(found, limits)
    rewritten = rewrite_on(ranks, source, found, pieces, folder)
    return _Read(lambda _: rewritten.image, rewritten.header, rewritten.metadata, rewritten.notes)


def _table(entries: object) -> TileTable:
    import numpy as np

    columns = np.asarray(entries).T
    return TileTable(array("Q", columns[0].tobytes()), array("Q", columns[1].tobytes()))
