"""A JPEG 2000 codestream: its size marker, and whether all of its tiles are there. ITU-T T.800, annex A."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import HeaderReader, Readable

START = b"\xff\x4f\xff\x51"
"""The markers SOC and SIZ."""

SIZ_BYTES = 42
"""From SOC to the first component: two markers, and the size marker's fixed part."""

SOT, COD, COC = 0xFF90, 0xFF52, 0xFF53
END = b"\xff\xd9"
SOT_BYTES = 12
MOST_TILES = 65_535
MOST_COMPONENTS = 16_384
SIGNED = 0x80
BLOCK_BYTES = 450
"""What OpenJPEG keeps of a code-block. Measured: 415, with blocks of 4 x 4 and of 8 x 8."""

ADVICE = "Convert it to a PNG or TIFF."


MOST_PARTS = 255
"""Of a tile: their number has a byte."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Image and tiles on the reference grid, in the order of the size marker; the first tile begins at ``tile_left``."""

    right: int
    bottom: int
    left: int
    top: int
    tile_width: int
    tile_height: int
    tile_left: int
    tile_top: int

    @property
    def size(self) -> Size:
        """Of the image."""
        return Size(self.right - self.left, self.bottom - self.top)

    @property
    def across(self) -> int:
        """Tiles in a row."""
        return -(-(self.right - self.tile_left) // self.tile_width)

    @property
    def down(self) -> int:
        """Rows of tiles."""
        return -(-(self.bottom - self.tile_top) // self.tile_height)

    def of_tile(self, tile: int) -> Corners:
        """The corners of an image that is one of the tiles, where it lies on the grid; its only tile reaches no further."""
        row, column = divmod(tile, self.across)
        left, top = self.tile_left + column * self.tile_width, self.tile_top + row * self.tile_height
        right, bottom = min(self.right, left + self.tile_width), min(self.bottom, top + self.tile_height)
        left, top = max(self.left, left), max(self.top, top)
        return Corners(right, bottom, left, top, right - left, bottom - top, left, top)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the size marker tells of an image whose components are all alike: unsigned, and not subsampled."""

    bits: int
    components: int
    corners: Corners

    @property
    def size(self) -> Size:
        """Of the image."""
        return self.corners.size

    @property
    def tiles(self) -> int:
        """How many there are."""
        return self.corners.across * self.corners.down


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tile-parts of each tile, in their order, as slices of the codestream; ``end`` is where the last one ends."""

    parts: dict[int, list[slice]]
    end: int


def read_frame(source: Readable, start: int) -> Frame:
    """Read the size marker of the codestream at ``start``.

    Raises DamagedImageError for what no JPEG 2000 has and UnsupportedPixelsError for what is not read.
    """
    head = source.read(start, SIZ_BYTES)
    if head[:4] != START:
        raise DamagedImageError(f"The JPEG 2000 has no codestream at byte {start:,}.")
    length, _, *numbers, components = struct.unpack_from(">HH8IH", head, 4)
    if length != SIZ_BYTES - 4 + 3 * components or not 0 < components <= MOST_COMPONENTS:
        raise DamagedImageError(
            f"The JPEG 2000 claims {components:,} components, which its header does not hold."
        )
    if components > 4:  # noqa: PLR2004 - red, green, blue, alpha
        raise UnsupportedPixelsError(
            f"The JPEG 2000 has {components:,} components; grey and colour, each with or without alpha, are read.",
            advice=ADVICE,
        )
    corners = Corners(*numbers)
    _check(corners)
    kinds = set(struct.iter_unpack(">BBB", source.read(start + SIZ_BYTES, 3 * components)))
    return Frame(_bits(kinds), components, corners)


def _check(corners: Corners) -> None:
    """Raise DamagedImageError for what no image has."""
    width, height = corners.tile_width, corners.tile_height
    if not (corners.right > corners.left and corners.bottom > corners.top and width and height):
        raise DamagedImageError("The JPEG 2000's header tells of no pixels, or of tiles without any.")
    if not (0 <= corners.left - corners.tile_left < width and 0 <= corners.top - corners.tile_top < height):
        raise DamagedImageError("The JPEG 2000's first tile lies beside its image.")
    tiles = corners.across * corners.down
    if tiles > MOST_TILES:
        raise DamagedImageError(f"The JPEG 2000 claims {tiles:,} tiles; none has more than {MOST_TILES:,}.")


def _bits(kinds: set[tuple[int, int, int]]) -> int:
    """Return the bits of a sample; ``kinds`` are the components' depths and samplings across and down."""
    if any(kind[1:] != (1, 1) for kind in kinds):
        raise UnsupportedPixelsError(
            "The JPEG 2000's colours are subsampled, which is not read.", advice=ADVICE
        )
    if len(kinds) > 1:
        raise UnsupportedPixelsError("The JPEG 2000's components have several depths.", advice=ADVICE)
    ((depth, *_),) = kinds
    bits = (depth & ~SIGNED) + 1
    if depth & SIGNED:
        raise UnsupportedPixelsError(
            "The JPEG 2000 has signed pixels; unsigned ones are read.", advice=ADVICE
        )
    if not 8 <= bits <= 16:  # noqa: PLR2004
        raise UnsupportedPixelsError(
            f"The JPEG 2000 has {bits} bits a sample; 8 to 16 are read.", advice=ADVICE
        )
    return bits


def find_tiles(data: memoryview, frame: Frame) -> Tiles:
    """Return where the tile-parts of a codestream lie; behind the last one its end marker should be.

    Raises DamagedImageError where a tile, or a part of one, is missing or cut short.
    """
    position = 0
    parts: dict[int, list[slice]] = {}
    promised: dict[int, int] = {}
    for _, start, _ in markers(WholeFile(data), 0):
        position = start - 4
    while position + SOT_BYTES <= len(data):
        marker, _, tile, length, _, count = struct.unpack_from(">HHHIBB", data, position)
        if marker != SOT:
            break
        if length == 0:  # the last one, to the end marker
            length = len(data) - position - (len(END) if data[-2:] == END else 0)
        found = parts.setdefault(tile, [])
        if length < SOT_BYTES + 2 or tile >= frame.tiles or len(found) == MOST_PARTS:
            raise DamagedImageError(f"The JPEG 2000 is broken at byte {position:,} of its codestream.")
        if position + length > len(data):
            raise DamagedImageError(
                f"The JPEG 2000 is cut short: tile {tile + 1:,} of {frame.tiles:,} should end at byte "
                f"{position + length:,} of its codestream, which has {len(data):,}."
            )
        found.append(slice(position, position + length))
        promised[tile] = max(count, promised.get(tile, 0))
        position += length
    for tile in range(frame.tiles):
        if len(parts.get(tile, ())) < max(1, promised.get(tile, 0)):
            raise DamagedImageError(
                f"The JPEG 2000 is cut short or corrupt: of tile {tile + 1:,} of {frame.tiles:,} not all is there."
            )
    return Tiles(parts, position)


def markers(source: Readable, start: int) -> Iterator[tuple[int, int, int]]:
    """Walk the main header's markers from SIZ to the first tile-part (SOT), the last one told.

    Yields each marker and where its fields lie. Raises DamagedImageError where there is no marker.
    """
    position = start + 2
    while True:
        marker, length = struct.unpack(">HH", source.read(position, 4))
        if marker < 0xFF00 or length < 2:  # noqa: PLR2004
            raise DamagedImageError(f"The JPEG 2000's main header is broken at byte {position:,}.")
        yield marker, position + 4, position + 2 + length
        if marker == SOT:
            return
        position += 2 + length


def structure_bytes(source: HeaderReader, start: int, frame: Frame) -> int:
    """Return the memory that OpenJPEG takes for the blocks and layers of the codestream at ``start``.

    That is more than for the pixels where a hostile file makes the blocks tiny, or the layers many.
    """
    needed = 0
    for marker, first, stop in markers(source, start):
        source.count_part()
        if marker in {COD, COC}:
            fields = source.read(first, stop - first)
            try:
                needed = max(needed, _coding_bytes(fields, frame, of_component=marker == COC))
            except (IndexError, struct.error) as error:
                raise DamagedImageError("The JPEG 2000's coding style is cut short.") from error
    return needed


def _coding_bytes(fields: bytes, frame: Frame, *, of_component: bool) -> int:
    """The memory that a coding style makes for: tables A.12 to A.23."""
    has_precincts = fields[1 if of_component else 0] & 1
    layers = 1 if of_component else int.from_bytes(fields[2:4])
    levels, *exponents = struct.unpack_from("BBB", fields, 2 if of_component else 5)
    precincts = fields[7 if of_component else 10 :] if has_precincts else b"\xff" * (levels + 1)
    needed = 0
    for level in range(levels + 1):
        size = precincts[level]
        # a band of this level has half the sides of the level; a block is no larger than its precinct there
        sides = [
            max(0, min(most + 2, of_precinct - 1))
            for most, of_precinct in zip(exponents, (size & 15, size >> 4), strict=True)
        ]
        samples = frame.size.pixels >> 2 * (levels - level)
        needed += BLOCK_BYTES * (samples >> sum(sides)) + 2 * layers * (samples >> (size & 15) + (size >> 4))
    return frame.components * needed
