"""An image that is only read in sequence, rewritten by one unit into pieces that all others read by windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import UnsupportedFormatError
from tilework.imaging.formats import Metadata, is_windowed
from tilework.imaging.formats.metadata import Density
from tilework.imaging.stages.readers import Stored
from tilework.imaging.stages.rewriting import Turned, pieces_of, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from tilework.fleet.image import LargeImage
    from tilework.imaging.formats import Header
    from tilework.imaging.sources import Source
    from tilework.imaging.stages.readers import Openable
    from tilework.imaging.stages.scratch import Scratch

COLUMNS = 4096
"""Of a piece: so that a unit reads little more than its own columns."""

METADATA = "rewritten-metadata"
"""The name in the scratch of what stands around the pixels."""

BYTES = ("exif", "xmp", "icc")
UNITS = ("aspect", "inch", "centimetre", "metre")


def image_of(source: Source, header: Header, scratch: Scratch, cached_bytes: int) -> Openable:
    """The image that the stages behind the rewriting read: where it is stored, or its pieces in the scratch."""
    if is_windowed(header):
        return Stored(source, header, cached_bytes)
    return Turned(pieces_of(header, scratch, COLUMNS), header.orientation)


def rewrite_image(image: LargeImage, folder: Path | None, go_on: Callable[[], None]) -> tuple[str, ...]:
    """Stream the image into its pieces; ``go_on`` is asked before each row of them. Returns what was odd.

    Raises UnsupportedFormatError where it has to be turned, and its header did not say so.
    """
    go_on()
    pieces = pieces_of(image.header, image.scratch, COLUMNS)
    found = rewrite(image.source, image.header, pieces, folder, lambda _: go_on())
    if found.header.orientation != image.header.orientation:
        raise UnsupportedFormatError(
            "The file says behind its pixels that they are to be turned, which is too late for so large an image.",
            advice="Turn the pixels, or convert it to a tiled TIFF.",
        )
    image.scratch.put(METADATA, _arrays(found.metadata))
    return (*found.metadata.notes, *found.notes)


def rewritten_metadata(scratch: Scratch) -> Metadata:
    """What a TIFF may carry of the metadata of an image that was rewritten."""
    arrays = scratch.get(METADATA)
    told: dict[str, Any] = {name: arrays[name].tobytes() for name in BYTES if name in arrays}
    if "cicp" in arrays:
        told["cicp"] = tuple(arrays["cicp"].tolist())
    if "density" in arrays:
        across, down, unit = arrays["density"].tolist()
        told["density"] = Density(across, down, UNITS[unit])  # type: ignore[arg-type]
    return Metadata(**told)


def _arrays(metadata: Metadata) -> Mapping[str, Any]:
    """All but what only its own format could keep."""
    import numpy as np

    named = {name: getattr(metadata, name) for name in BYTES}
    arrays: dict[str, Any] = {
        name: np.frombuffer(data, np.uint8) for name, data in named.items() if data is not None
    }
    if metadata.cicp is not None:
        arrays["cicp"] = np.array(metadata.cicp, np.int64)
    density = metadata.density
    if density is not None:
        arrays["density"] = np.array([density.across, density.down, UNITS.index(density.unit)], np.int64)
    return arrays
