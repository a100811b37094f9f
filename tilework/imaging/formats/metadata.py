"""What an image carries beside its pixels, on its way from the input to the result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tilework.imaging.formats import exif as exif_block
from tilework.imaging.formats.header import SIDEWAYS

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.operations.contract import Place
    from tilework.imaging.windows import Size

INCH = 0.0254
"""Metres."""

CENTIMETRE = 0.01
"""Metres."""

XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[1-8]""")
"""XMP may repeat EXIF's orientation, as an attribute or an element."""

PLACE_TAGS = frozenset({33550, 33922, 34264, 34735, 34736, 34737})
"""GeoTIFF's tags (OGC 19-008): scale, tie points, transformation, keys. They hold for one size, one way up."""

PLACE_LEFT_OUT = "Its place on the earth holds for the pixels where they were, and was left out."

VALUE_TAGS = frozenset({42112, 42113})
"""GDAL's metadata and nodata value: what the values mean, which is wrong for a mask."""


@dataclass(frozen=True, slots=True)
class Density:
    """Pixels for each ``unit`` across and down; ``aspect`` tells only the shape of a pixel."""

    across: int
    down: int
    unit: Literal["aspect", "inch", "centimetre", "metre"]

    @property
    def turned(self) -> Density:
        """The density after a turn by 90 degrees."""
        return Density(self.down, self.across, self.unit)

    @property
    def per_metre(self) -> Density:
        """The same with metres as unit, rounded; an aspect stays one."""
        length = {"aspect": 0.0, "inch": INCH, "centimetre": CENTIMETRE, "metre": 1.0}[self.unit]
        if not length:
            return self
        return Density(round(self.across / length), round(self.down / length), "metre")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Everything that is kept.

    ``exif`` starts at its byte order, ``xmp`` is a packet, ``icc`` a profile. ``cicp`` holds colour primaries and
    transfer function of RGB by their numbers in ITU-T H.273, where there is no profile. What only its own format can take stays
    in that format's pieces: ``colour`` (gamma and the like) and ``text`` (captions, IPTC) are whole segments or
    chunks, ``tags`` those of a TIFF as (code, type, count, value). ``place`` is where the pixels are that it goes with. ``notes`` are sentences about what
    was left out.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    cicp: tuple[int, int] | None = None
    density: Density | None = None
    colour: tuple[bytes, ...] = ()
    text: tuple[bytes, ...] = ()
    tags: tuple[tuple[int, int, int, Any], ...] = ()
    place: Place = "kept"
    notes: tuple[str, ...] = ()

    def for_result(
        self, header: Header, size: Size, *, same_format: bool, same_colour: bool, place: Place = "kept"
    ) -> Metadata:
        """Return what an upright result of ``size`` may carry.

        A result in another format loses what only the old one could hold; one with other colours (a mask) loses the
        profile and the nodata value, one of another size or turned its place on the earth: they would be wrong for it. So would be that place where the
        pixels were moved, and the density where it is another across than down, or where they were resampled.
        """
        density = self.density
        if density is not None and header.orientation in SIDEWAYS:
            density = density.turned
        if place == "scaled" or (place == "moved" and density is not None and density != density.turned):
            density = None
        return Metadata(
            exif=None if self.exif is None else exif_block.for_upright(self.exif, size),
            xmp=None if self.xmp is None else XMP_ORIENTATION.sub(rb"\g<1>1", self.xmp),
            icc=self.icc if same_colour else None,
            cicp=self.cicp if same_colour and self.icc is None else None,
            density=density,
            colour=self.colour if same_format and same_colour else (),
            text=self.text if same_format else (),
            tags=self._tags(
                same_place=place == "kept" and size == header.stored and header.orientation == 1,
                same_colour=same_colour,
            )
            if same_format
            else (),
            place=place,
            notes=self._notes(header, place) if same_format else self.notes,
        )

    def _notes(self, header: Header, place: Place) -> tuple[str, ...]:
        """Those there were, and one on the place on the earth that is lost with the pixels' places."""
        placed = any(tag[0] in PLACE_TAGS for tag in self.tags)
        moved = place != "kept" and header.orientation == 1
        return (*self.notes, PLACE_LEFT_OUT) if placed and moved else self.notes

    def _tags(self, *, same_place: bool, same_colour: bool) -> tuple[tuple[int, int, int, Any], ...]:
        wrong = (frozenset() if same_place else PLACE_TAGS) | (frozenset() if same_colour else VALUE_TAGS)
        return tuple(tag for tag in self.tags if tag[0] not in wrong)
