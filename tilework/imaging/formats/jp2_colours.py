"""Which components of a JPEG 2000 are its colours and its alpha. ITU-T T.800, annex I.5.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.formats.jp2_boxes import GREY, OPACITY, SRGB, WHOLE_IMAGE
from tilework.imaging.formats.jp2_codestream import ADVICE

if TYPE_CHECKING:
    from tilework.imaging.formats.jp2_boxes import JP2Header

COLOURS = {12: "CMYK", 14: "CIELab", 18: "YCbCr (sYCC)", 15: "bi-level", 0: "bi-level"}
"""What is not read, by its number (table I.10; T.801, table M.25)."""

ICC_COLOURS = {b"RGB ": 3, b"GRAY": 1}
"""The colour spaces of a profile (ICC.1, section 7.2.6) that are read, and their numbers of colours."""


def channels(
    components: int, container: JP2Header | None
) -> tuple[tuple[int, ...], int | None, tuple[str, ...]]:
    """Return the components that are colours (in the order red, green, blue), the one that is alpha, and notes.

    ``components`` is their number; ``container`` is None for a bare codestream. Raises
    :class:`~tilework.errors.UnsupportedPixelsError` for other colours than grey and RGB, and DamagedImageError.
    """
    count = 3 if components > 2 else 1  # noqa: PLR2004
    notes: tuple[str, ...] = ()
    if container is not None:
        if container.palette:
            raise UnsupportedPixelsError(
                "The JPEG 2000 has palette pixels, which are not read.", advice=ADVICE
            )
        count = _colour_count(container) or count
        if container.channels is not None:
            return (*_defined(container.channels, count, components), notes)
    if not count <= components <= count + 1:
        raise UnsupportedPixelsError(
            f"The JPEG 2000 has {components} components where its colours have {count}.", advice=ADVICE
        )
    if components == count:
        return tuple(range(count)), None, notes
    return tuple(range(count)), count, ("It does not say what its last channel is; it is taken for alpha.",)


def _colour_count(container: JP2Header) -> int | None:
    """Number of colours; None where the file names none. Raises UnsupportedPixelsError for others than grey and RGB."""
    if container.icc is not None:
        space = container.icc[16:20]
        if space not in ICC_COLOURS:
            name = space.decode("ascii", "replace").strip()
            raise UnsupportedPixelsError(
                f"The JPEG 2000's profile is for {name} colours; grey and RGB are read.", advice=ADVICE
            )
        return ICC_COLOURS[space]
    if container.colour in {None, SRGB, GREY}:
        return {None: None, SRGB: 3, GREY: 1}[container.colour]
    name = COLOURS.get(container.colour or 0, f"colours of kind {container.colour}")
    raise UnsupportedPixelsError(f"The JPEG 2000 has {name} pixels; grey and sRGB are read.", advice=ADVICE)


def _defined(
    definitions: tuple[tuple[int, int, int], ...], count: int, components: int
) -> tuple[tuple[int, ...], int | None]:
    """Return the components that cdef names colours 1, 2, 3, and the one it names alpha, if any."""
    colours = {association: index for index, kind, association in definitions if kind == 0}
    others = [(index, kind, association) for index, kind, association in definitions if kind]
    if {index for index, *_ in definitions} != set(range(components)) or len(definitions) != components:
        raise DamagedImageError("The JPEG 2000's channels (cdef) are not its components.")
    if set(colours) != set(range(1, count + 1)):
        raise DamagedImageError("The JPEG 2000 does not say of each colour which channel it is (cdef).")
    if [other[1:] for other in others] not in ([], [(OPACITY, WHOLE_IMAGE)]):
        raise UnsupportedPixelsError(
            "The JPEG 2000 has a channel beside its colours that is no plain alpha.", advice=ADVICE
        )
    return tuple(colours[number] for number in range(1, count + 1)), others[0][0] if others else None
