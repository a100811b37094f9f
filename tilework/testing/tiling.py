"""A picture in tiles: window by window, and through the stages of large images, its tiles joined again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from tilework.imaging.engine import PictureReader, run_window
from tilework.imaging.formats import Picture
from tilework.imaging.formats.bands import blank
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.stages.on_one_host import Ranks, measure, run
from tilework.imaging.stages.readers import paste
from tilework.imaging.stages.reporting import written_report
from tilework.imaging.stages.scratch import FolderScratch
from tilework.imaging.stages.tile_file import TileFile
from tilework.imaging.stages.work import Work
from tilework.imaging.windows import Grid, Size, Window, tiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.pipeline import Pipeline

UNIT_SECONDS = 60
"""What a unit of a small picture may take."""


@dataclass(frozen=True)
class HeldPicture:
    """A picture in memory as an image with an address."""

    picture: Picture

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.picture.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.picture.pixels

    def open(self) -> WindowReader:
        """Return a reader of it."""
        return QuietReader(self.picture)


class QuietReader(PictureReader):
    """There is nothing odd in a picture in memory."""

    def notes(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class HeldScratch:
    """A scratch in memory, for stages that one process runs: what it gives cannot be changed, as in a folder."""

    held: dict[str, Arrays] = field(default_factory=dict)

    def put(self, name: str, arrays: Arrays) -> None:
        """Keep copies of arrays."""
        copies = {each: np.array(array) for each, array in arrays.items()}
        for copy in copies.values():
            copy.setflags(write=False)
        self.held[name] = copies

    def get(self, name: str) -> Arrays:
        """Return what was kept."""
        return self.held[name]

    def get_all(self, names: Sequence[str]) -> list[Arrays]:
        """Return what was kept under each name."""
        return [self.held[name] for name in names]


def staged(
    picture: Picture,
    pipeline: Pipeline,
    *,
    tile: int = 16,
    columns: int | None = None,
    overviews: int = 1,
    executor: Executor | None = None,
) -> list[Picture]:
    """The result and its overviews, written in units of ``columns`` and joined from their tiles.

    ``tile`` is a multiple of 16 pixels, ``columns`` one of ``tile << overviews``. Raises what the stages raise.
    """
    size, pixels = pipeline.sizes(picture.size)[-1], pipeline.kinds(picture.pixels)[-1]
    layout = CogLayout(
        size=size, pixels=pixels, tile=tile, compression="none", labels=pipeline.ends_in_labels
    )
    width = tile << overviews if columns is None else columns
    with TemporaryDirectory() as place:
        folder = Path(place)
        scratch = HeldScratch() if executor is None else FolderScratch(folder / "scratch")
        work = Work(HeldPicture(picture), pipeline, layout, scratch, width, overviews)
        file = TileFile(folder / "tiles", folder, tuple(grid.pixels for grid in layout.grids))
        file.create(0)
        run(work, file, folder, Ranks(executor, 3, _nothing, _nothing, _nothing), UNIT_SECONDS)
        data = file.path.read_bytes()
        tables = [np.array(table) for table in file.tables()]
    return [
        _joined(data, table, Grid(level, Size(tile, tile)), pixels)
        for table, level in zip(tables, layout.levels, strict=True)
    ]


def staged_report(
    picture: Picture, pipeline: Pipeline, *, tile: int = 16, columns: int = 32, overviews: int = 1
) -> bytes:
    """The report that a pipeline asks for, measured in units of ``columns``."""
    layout = CogLayout(size=picture.size, pixels=picture.pixels, tile=tile, compression="none")
    with TemporaryDirectory() as place:
        work = Work(HeldPicture(picture), pipeline, layout, HeldScratch(), columns, overviews)
        measure(work, Path(place), Ranks(None, 1, _nothing, _nothing, _nothing), UNIT_SECONDS)
        return written_report(work, _nothing)


def _nothing(*_: object) -> None:
    """Nobody waits for it, and nothing bounds it."""


def windowed(picture: Picture, pipeline: Pipeline, tile: Size) -> Picture:
    """The result of a pipeline that measures nothing, window by window."""
    reader = PictureReader(picture)
    size, pixels = pipeline.sizes(picture.size)[-1], pipeline.kinds(picture.pixels)[-1]
    whole = blank(size, pixels)
    for window in tiles(size, tile):
        paste(run_window(reader, pipeline, window), window, whole, Window.whole(size))
    return whole


def _joined(data: bytes, table: np.ndarray, grid: Grid, pixels: Pixels) -> Picture:
    """Uncompressed tiles of red, green, blue and alpha."""
    tile, count = grid.cell, pixels.channels + pixels.alpha
    picture = blank(grid.size, pixels)
    if len(table) != grid.count:
        raise ValueError(f"{len(table)} tiles of {grid.count}")
    for index, (offset, length) in enumerate(table.tolist()):
        samples = np.frombuffer(data[offset : offset + length], pixels.dtype)
        samples = samples.reshape(tile.height, tile.width, count)
        colour = samples[:, :, 0] if pixels.channels == 1 else samples[:, :, 2::-1]
        place = grid.window(index)
        whole = Window(place.left, place.top, place.left + tile.width, place.top + tile.height)
        paste(
            Picture(colour, samples[:, :, -1] if pixels.alpha else None),
            whole,
            picture,
            Window.whole(grid.size),
        )
    return picture
