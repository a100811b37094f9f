"""The plan of a large image as text, which every rank rebuilds the same stages from.

The plan's own text is how the image is cut, and how the result is laid out, so that tiles can be shown by who has not
the source. The text of a stage is the grid of its cells, and how many of them, down the columns, make a unit.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from tilework.errors import UnreadableMessageError
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Grid, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.windows import Window
    from tilework.jobs.stages import Plan, Stage


@dataclass(frozen=True, slots=True)
class Blueprint:
    """``columns``, ``overviews`` and ``cached_bytes`` as in Work and Stored, ``layout`` and ``jpeg_tables`` the result's.

    ``bundle_bytes`` is what an object of tiles should have.
    """

    columns: int
    overviews: int
    cached_bytes: int
    bundle_bytes: int
    layout: CogLayout
    jpeg_tables: bytes = b""

    @property
    def text(self) -> str:
        """As a plan holds it."""
        tables = base64.b85encode(self.jpeg_tables).decode()
        return json.dumps(asdict(self) | {"jpeg_tables": tables}, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> Blueprint:
        """The inverse. Raises UnreadableMessageError."""
        told = _told(text, cls.__annotations__)
        try:
            of = told["layout"]
            layout = CogLayout(**of | {"size": Size(**of["size"]), "pixels": Pixels(**of["pixels"])})
            return cls(**told | {"layout": layout, "jpeg_tables": base64.b85decode(told["jpeg_tables"])})
        except (TypeError, ValueError, KeyError) as error:
            raise UnreadableMessageError(f"The plan tells no layout: {error!r:.200}.") from error


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a stage, ``each`` of which, one below the other, make a unit; ``parts`` cut them finer, if at all."""

    grid: Grid
    each: int
    parts: Grid | None = None

    @property
    def units(self) -> int:
        """How many units there are."""
        return -(-self.grid.count // self.each)

    def of_unit(self, unit: int) -> Iterator[int]:
        """The cells of a unit."""
        for position in range(unit * self.each, min((unit + 1) * self.each, self.grid.count)):
            yield self.grid.down_columns(position)

    def unit_of(self, cell: int) -> int:
        """The unit of a cell."""
        row, column = divmod(cell, self.grid.across)
        return (column * self.grid.down + row) // self.each

    def unit_of_part(self, part: int) -> int:
        """The unit of a part of a cell."""
        if self.parts is None:
            raise ValueError("These cells have no parts.")
        window = self.parts.window(part)
        return self.unit_of(self.grid.index_at(window.left, window.top))

    def windows(self, unit: int) -> list[Window]:
        """The pixels of a unit's cells."""
        return [self.grid.window(cell) for cell in self.of_unit(unit)]

    @property
    def text(self) -> str:
        """As a stage of a plan holds it."""
        size, cell = self.grid.size, self.grid.cell
        part = cell if self.parts is None else self.parts.cell
        told = {
            "image": [size.width, size.height],
            "cell": [cell.width, cell.height],
            "part": [part.width, part.height],
            "each": self.each,
        }
        return json.dumps(told, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> Cells:
        """The inverse. Raises UnreadableMessageError."""
        told = _told(text, ("image", "cell", "part", "each"))
        try:
            size = Size(*told["image"])
            return cls(Grid(size, Size(*told["cell"])), told["each"], Grid(size, Size(*told["part"])))
        except (TypeError, ValueError) as error:
            raise UnreadableMessageError(f"The plan's cells are none: {error!r:.200}.") from error


def writes_tiles(stage: Stage) -> bool:
    """Whether the units of a stage leave tiles of the result."""
    return stage.name == "write" or stage.name.startswith("overviews-")


@dataclass(frozen=True, slots=True)
class Making:
    """The stage ``number`` of a plan, which makes the tiles of ``levels`` by units that cut the level ``base``."""

    number: int
    cells: Cells
    base: int
    levels: range

    def unit_of(self, level: int, column: int, line: int, tile: int) -> int:
        """The unit that makes a tile: its cell has the tile's first pixel."""
        span = tile << (level - self.base)
        return self.cells.unit_of(self.cells.grid.index_at(column * span, line * span))

    def tiles_of(self, unit: int, level: int, tile: int) -> int:
        """How many tiles of a level a unit makes."""
        span = tile << (level - self.base)
        return sum(
            (-(-window.right // span) - window.left // span)
            * (-(-window.bottom // span) - window.top // span)
            for window in self.cells.windows(unit)
        )


def makings(plan: Plan, levels: int) -> Iterator[Making]:
    """The stages of a plan that make the tiles of its ``levels``: each begins with the level that the last ended with."""
    stages = [(number, stage) for number, stage in enumerate(plan.stages) if writes_tiles(stage)]
    bases = [int(stage.name.partition("-")[2] or 0) for _, stage in stages]
    for (number, stage), base, top in zip(stages, bases, [*bases[1:], levels - 1], strict=True):
        first = base if stage.name == "write" else base + 1
        yield Making(number, Cells.read(stage.what), base, range(first, top + 1))


def block_named(stage: Stage, unit: int) -> str:
    """Where a unit lies, as a sentence ends that tells what has become of it."""
    if not stage.what:
        return f"in the stage {stage.name}"
    windows = Cells.read(stage.what).windows(unit)
    left, top = min(each.left for each in windows), min(each.top for each in windows)
    right, bottom = max(each.right for each in windows), max(each.bottom for each in windows)
    return (
        f"in the stage {stage.name}, unit {unit} of {stage.units:,}: columns {left:,} to {right:,},"
        f" rows {top:,} to {bottom:,}"
    )


def _told(text: str, names: object) -> dict[str, Any]:
    wanted = set(cast("Iterator[str]", names))
    try:
        told = json.loads(text)
    except ValueError as error:
        raise UnreadableMessageError(f"The plan cannot be read: {error!r:.200}.") from error
    if not isinstance(told, dict) or wanted - told.keys():
        raise UnreadableMessageError(f"The plan lacks what it must have: {sorted(wanted)}.")
    return {name: told[name] for name in wanted}
