"""An image that is open: read by windows where its format allows that, else decoded once and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, cast

from preview.refusals import ANYWAY, ImageNotPreviewedError
from tilework.guard.child import Bounds, run_guarded
from tilework.guard.images import is_guarded
from tilework.imaging.engine import PictureReader
from tilework.imaging.formats import (
    Format,
    HeaderReader,
    Picture,
    decode,
    open_reader,
    read_header,
    read_metadata,
    row,
    segment_bytes,
)
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.formats import Header
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.limits import Limits
    from tilework.imaging.operations import Pixels
    from tilework.imaging.sources import Source
    from tilework.imaging.windows import Size

SEGMENT_BYTES = 48 * MIB
"""Of decoded strips or tiles that stay for the next window: sixty tiles of 512 x 512 in colour, more than a screen meets."""

DECODER_SECONDS = 20.0
"""That a child may take to decode an image, of processor time: a hundred megapixels of JPEG 2000 take ten."""

CHILD_SECONDS = 25.0
"""By the clock; an HTTP API gives up after thirty."""

CHILD_SLACK = 64 * MIB
"""Beside the pixels, twice, and what the format says of itself: a library's own."""

STORED_BYTES = 64 * MIB
"""Most that is fetched of a file to be decoded whole, unless its pixels are more; and of a strip or tile. What is longer is not
pixels: a film behind a photo, or something made to fill a memory."""

MOST_MADE = 3
"""Pictures made of the whole image that are kept beside it: a slider moves one step, and goes back and forth."""


class Opened:
    """One version of an object, open; for several threads.

    ``image_bytes`` bounds what is decoded whole, and once more what is kept that was made of it.

    It is a :class:`~tilework.imaging.formats.contract.Reader` of the upright image.
    """

    def __init__(self, source: Source, limits: Limits, *, image_bytes: int, page: int | None = None) -> None:
        self._source = source
        self._limits = limits
        self.header: Header = read_header(HeaderReader(source, limits), page)
        self.image_bytes = image_bytes
        self._lock = threading.RLock()
        self._whole: Picture | None = None
        self._by_windows = self._reader()
        self._made: OrderedDict[str, Picture] = OrderedDict()

    @property
    def size(self) -> Size:
        """Width and height, upright; right once it is prepared, for a PNG's EXIF may stand behind its pixels."""
        return self.header.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.header.pixels

    @property
    def is_windowed(self) -> bool:
        """Whether a part of it costs only its own bytes."""
        return self._by_windows is not None

    @property
    def bytes(self) -> int:
        """Memory that it takes: pictures, and what may stay of strips or tiles."""
        whole, made = self._whole, tuple(self._made.values())
        segments = min(SEGMENT_BYTES, self.header.decoded_bytes) if self._by_windows else 0
        return sum(map(picture_bytes, made if whole is None else (whole, *made))) + segments

    def prepare(self) -> None:
        """Decode it, where no part of it can be read alone. Raises ImageNotPreviewedError, and as ``decode`` does."""
        if self._by_windows is None:
            self.whole()

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``; raises as :meth:`prepare` does."""
        with self._lock:
            reader = self._by_windows
            if reader is not None and self._whole is None:
                return self._told(lambda: reader.read(window))
        return PictureReader(self.whole()).read(window)

    @property
    def fits_whole(self) -> bool:
        """Whether :meth:`whole` would take it."""
        return self.header.decoded_bytes <= self.image_bytes

    def whole(self) -> Picture:
        """All of it, decoded once. Raises ImageNotPreviewedError, and as ``decode`` does."""
        with self._lock:
            if self._whole is None:
                if not self.fits_whole:
                    raise self._too_large()
                self._whole = self._told(self._decoded)
            return self._whole

    def made(self, name: str, make: Callable[[], Picture]) -> Picture:
        """What ``make`` makes of the whole image, kept under ``name`` for a while."""
        with self._lock:
            found = self._made.pop(name, None)
            if found is None:
                found = make()
            self._made[name] = found
            while (
                len(self._made) > MOST_MADE or sum(map(picture_bytes, self._made.values())) > self.image_bytes
            ):
                self._made.popitem(last=False)
            return found

    def _reader(self) -> WindowReader | None:
        """A reader by windows, unless each costs more than is kept for the next. Raises ImageNotPreviewedError."""
        if longest_segment(self.header) > STORED_BYTES:
            raise self._too_long()
        if segment_bytes(self.header) > SEGMENT_BYTES:
            return None
        return open_reader(self._source, self.header, SEGMENT_BYTES)

    def _decoded(self) -> Picture:
        if self._by_windows is not None:
            return self._by_windows.read(Window.whole(self.size))
        if self._source.size > max(STORED_BYTES, self.header.decoded_bytes):
            raise self._too_long()
        data = HeaderReader(self._source, self._limits).everything()
        self.header, _ = read_metadata(data, self.header)
        header = self.header
        if not is_guarded(header):
            return decode(data, header).picture
        memory = 2 * header.decoded_bytes + header.scratch + len(data) + CHILD_SLACK
        bounds = Bounds(DECODER_SECONDS, CHILD_SECONDS, memory)
        return run_guarded(lambda: decode(data, header).picture, bounds)

    def _told(self, work: Callable[[], Picture]) -> Picture:
        """Do it; a library that is not installed here is told as what it is."""
        try:
            return work()
        except ImportError as error:
            name = row(self.header.format).name
            raise ImageNotPreviewedError(f"This preview has no decoder for such a {name} file.") from error

    def _too_large(self) -> ImageNotPreviewedError:
        name, needed = row(self.header.format).name, self.header.decoded_bytes
        return ImageNotPreviewedError(
            f"This {name} file can only be decoded whole, to {needed / MIB:,.0f} MiB; the preview takes "
            f"{self.image_bytes / MIB:,.0f} MiB.",
            advice=f"A tiled TIFF of any size can be previewed. {ANYWAY}",
        )

    def _too_long(self) -> ImageNotPreviewedError:
        name = row(self.header.format).name
        return ImageNotPreviewedError(
            f"This {name} file takes more bytes than its pixels do, and more than the {STORED_BYTES / MIB:,.0f} MiB that the "
            "preview reads at once."
        )


def picture_bytes(picture: Picture) -> int:
    """Bytes of a picture's samples."""
    return picture.size.pixels * picture.pixels.bytes


def longest_segment(header: Header) -> int:
    """Bytes of the longest strip or tile of a TIFF, as the file stores it; 0 of another format."""
    return cast("TiffDetail", header.detail).segments.index.longest if header.format is Format.TIFF else 0
