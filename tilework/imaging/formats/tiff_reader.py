"""A TIFF read by windows: only the strips or tiles that a window meets are fetched and decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from tilework.errors import DamagedImageError
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.rgb import REORDERED
from tilework.imaging.formats.tiff_cache import SegmentCache
from tilework.imaging.formats.tiff_coding import NONE
from tilework.imaging.formats.tiff_damage import SegmentDamageError
from tilework.imaging.formats.tiff_index import IndexReader
from tilework.imaging.formats.tiff_samples import WHITE_IS_ZERO
from tilework.imaging.formats.tiff_segments import FETCH_BYTES, segment_bytes
from tilework.imaging.formats.tiff_unpacking import Packed, unpack
from tilework.imaging.limits import KIB
from tilework.imaging.sources import FarSource
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.formats.tiff_samples import Samples
    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source
    from tilework.imaging.windows import Size

GAP_BYTES = 4 * KIB
"""Bytes between two segments that are fetched with them rather than by another request."""

MOST_NOTES = 3
"""Segments that a note names; the others are counted."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is fetched of a segment: bytes from ``start`` to ``stop``, which hold ``window`` of one plane."""

    index: int
    plane: int
    window: Window
    start: int
    stop: int


@dataclass(slots=True)
class TiffReader:
    """A page of a TIFF as :class:`~tilework.imaging.engine.Reader`: windows of the stored, not the upright, image.

    At most ``cache_bytes`` of decoded segments are kept for the next window; rows of uncompressed strips never are.
    ``odd`` is what was strange in the first of segments, and cost no pixel; ``more_odd`` counts the others. One thread
    at a time reads.
    """

    source: Source
    detail: TiffDetail
    cache_bytes: int = 0
    odd: list[str] = field(default_factory=list)
    more_odd: int = 0
    index: IndexReader = field(init=False)
    cache: SegmentCache = field(init=False)
    last: Window | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.index = IndexReader(self.source, self.detail.segments.index)
        self.cache = SegmentCache(self.cache_bytes)

    @property
    def size(self) -> Size:
        """Width and height as stored."""
        return self.detail.segments.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.detail.samples.pixels

    @timed("decode")
    def read(self, window: Window) -> Picture:
        """Return the pixels of a window; missing segments are nodata, or zero.

        Raises DamagedImageError that names the strip or tile and its first byte.
        """
        parts = [self._part(index, window) for index in self.detail.segments.meeting(window)]
        stored = [part for part in parts if part.start < part.stop]
        picture = self._picture(window, filled=len(stored) < len(parts))
        fresh = []
        for part in stored:
            kept = self.cache.get(part.index)
            if kept is None:
                fresh.append(part)
            else:
                self._paste(kept, part, picture, window)
        following = self._following(window)
        ahead = self._turn_to(window)
        met = {part.index for part in stored}
        self.cache.arrange(lambda index: (index in met, ahead(index)))
        for run in _runs(fresh, ahead):
            self._read_run(run, picture, window)
        if isinstance(self.source, FarSource) and self.detail.segments.tiled:
            self.source.expect(self._ranges_of(following, met))
        return picture

    def _following(self, window: Window) -> Window | None:
        """The next window of a walk downwards: as far below this one as this is below the last."""
        last, step = self.last, window.height
        if last is not None and (last.left, last.right) == (window.left, window.right):
            step = window.top - last.top
        top, bottom = window.top + step, min(window.bottom + step, self.size.height)
        return Window(window.left, top, window.right, bottom) if window.top < top < bottom else None

    def _ranges_of(self, window: Window | None, met: set[int]) -> list[tuple[int, int]]:
        """What will be fetched for the next window, as :meth:`read` will fetch it."""
        if window is None:
            return []
        fresh = [index for index in self.detail.segments.meeting(window) if index not in met]
        parts = [self._part(index, window) for index in fresh if self.cache.get(index) is None]
        runs = _runs([part for part in parts if part.start < part.stop], lambda index: index)
        return [(min(part.start for part in run), max(part.stop for part in run)) for run in runs]

    def _turn_to(self, window: Window) -> Callable[[int], int]:
        """How far ahead a segment lies on the way from the last window to this one; the next will meet those again."""
        last, self.last = self.last, window
        size, place = self.size, self.detail.segments.place
        if last is None:
            right = _inwards(window.left, window.right, size.width)
            down = _inwards(window.top, window.bottom, size.height)
        else:
            right, down = _sign(window.left - last.left), _sign(window.top - last.top)

        def ahead(index: int) -> int:
            _, at = place(index)
            return right * at.left + down * at.top

        return ahead

    def _read_run(self, run: list[_Part], picture: Picture, window: Window) -> None:
        """Fetch what lies together in the file, and decode it."""
        start = min(part.start for part in run)
        data = memoryview(self._fetched(start, max(part.stop for part in run), run[0].index))
        for part in run:
            pixels = self._decoded(data[part.start - start : part.stop - start], part)
            self._paste(pixels, part, picture, window)
            if not self._by_rows:
                self.cache.keep(part.index, pixels)

    def notes(self) -> tuple[str, ...]:
        """Sentences about what was strange in the segments that were read."""
        return (*self.odd, *((f"So do {self.more_odd:,} others.",) if self.more_odd else ()))

    @property
    def _by_rows(self) -> bool:
        """Whether of a segment only the rows of the window are read: uncompressed strips, each maybe the whole image."""
        return self.detail.coding.compression == NONE and not self.detail.segments.tiled

    def _picture(self, window: Window, *, filled: bool) -> Picture:
        """The picture that segments are put into; ``filled`` with what missing ones are, if there are any."""
        import numpy as np

        samples, pixels, shape = self.detail.samples, self.pixels, (window.height, window.width)
        colour = np.empty(shape if pixels.channels == 1 else (*shape, 3), pixels.dtype)
        alpha = np.empty(shape, pixels.dtype) if pixels.alpha else None
        if filled:
            stored = np.full((1, 1, samples.count), self.detail.fill, samples.dtype)
            fill = _meant(stored, samples, 0)[0, 0]
            colour[...] = fill[0] if pixels.channels == 1 else fill[:3]
            if alpha is not None:
                alpha[...] = fill[-1]
        return Picture(colour, alpha)

    def _part(self, index: int, window: Window) -> _Part:
        """All of a segment, or only the rows of the window."""
        segments = self.detail.segments
        plane, place = segments.place(index)
        start, count = self.index[index]
        if count and self._by_rows:
            row = segment_bytes(self.detail.samples, segments.planes, place) // place.height
            top = max(0, window.top - place.top)
            bottom = min(place.height, window.bottom - place.top)
            if count < bottom * row:
                self._blame(index, f"it ends after {count:,} of {place.height * row:,} bytes of pixels")
            start, count = start + top * row, (bottom - top) * row
            place = Window(place.left, place.top + top, place.right, place.top + bottom)
        return _Part(index, plane, place, start, start + count)

    def _fetched(self, start: int, stop: int, index: int) -> bytes:
        data = self.source.read(start, stop)
        if len(data) < stop - start:
            self._blame(index, f"the file ended at byte {start + len(data):,} while it was read")
        return data

    def _decoded(self, data: memoryview, part: _Part) -> Image:
        """(rows, columns, samples) of a segment."""
        detail, place = self.detail, part.window
        segments, samples = detail.segments, detail.samples
        shape = (segments.segment.height, place.width, samples.count if segments.planes == 1 else 1)
        packed = Packed(data, shape, place.height, lambda text: self._note(part.index, text), self.cache.room)
        try:
            return _meant(unpack(packed, detail.coding, samples, detail.order), samples, part.plane)
        except SegmentDamageError as error:
            self._blame(part.index, str(error), error)

    def _note(self, index: int, text: str) -> None:
        if len(self.odd) < MOST_NOTES:
            self.odd.append(f"{self._named(index).capitalize()} is odd: {text.rstrip('.')}.")
        else:
            self.more_odd += 1

    def _blame(self, index: int, text: str, cause: Exception | None = None) -> NoReturn:
        total = self.detail.segments.index.total
        raise DamagedImageError(
            f"The TIFF's {self._named(index)} of {total:,} is damaged: {text}."
        ) from cause

    def _named(self, index: int) -> str:
        """A segment by its number and where it lies in the file."""
        return f"{self.detail.segments.name} {index:,} (byte {self.index[index][0]:,})"

    def _paste(self, pixels: Image, part: _Part, picture: Picture, window: Window) -> None:
        """Put what the window shares with a segment into its place."""
        shared = Window(
            max(window.left, part.window.left),
            max(window.top, part.window.top),
            min(window.right, part.window.right),
            min(window.bottom, part.window.bottom),
        )
        pixels = pixels[shared.within(part.window)]
        place = shared.within(window)
        colour, alpha = picture.colour, picture.alpha
        channels = self.pixels.channels
        if self.detail.segments.planes > 1:
            if part.plane < channels:
                target = colour if channels == 1 else colour[:, :, channels - 1 - part.plane]
                target[place] = pixels[:, :, 0]
            elif alpha is not None:
                alpha[place] = pixels[:, :, 0]
            return
        if channels == 1:
            colour[place] = pixels[:, :, 0]
        elif self.detail.coding.blue_first or self.detail.samples.palette:
            _put(pixels, colour[place])
        else:
            _put_blue_first(pixels, colour[place])
        if alpha is not None:
            alpha[place] = pixels[:, :, channels]


def _runs(parts: list[_Part], ahead: Callable[[int], int]) -> list[list[_Part]]:
    """Group parts that lie beside each other in the file; groups, and the parts of each, so that the last lie ahead."""
    runs: list[list[_Part]] = []
    start = stop = 0
    for part in sorted(parts, key=lambda part: part.start):
        if not runs or part.start > stop + GAP_BYTES or max(stop, part.stop) - start > FETCH_BYTES:
            runs.append([])
            start = stop = part.start
        runs[-1].append(part)
        stop = max(stop, part.stop)
    in_order = (sorted(run, key=lambda part: ahead(part.index)) for run in runs)
    return sorted(in_order, key=lambda run: ahead(run[0].index))


def _inwards(start: int, stop: int, end: int) -> int:
    """Where a walk goes that begins there: nowhere from all of a side, else on, or back from the end."""
    return (start > 0 or stop < end) * (1 if start == 0 or stop < end else -1)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _meant(stored: Image, samples: Samples, plane: int) -> Image:
    """Samples as the values that they mean: fewer than 8 bits scaled to 8, black as zero, a palette's colours."""
    import cv2
    import numpy as np

    if samples.palette is not None:
        palette = np.frombuffer(samples.palette.ljust(3 * 256, b"\0"), np.uint8).reshape(1, 256, 3)
        return cv2.LUT(cv2.cvtColor(stored, cv2.COLOR_GRAY2BGR), palette)
    if samples.bits < 8:  # noqa: PLR2004
        stored = stored * np.uint8(255 // ((1 << samples.bits) - 1))
    if samples.photometric == WHITE_IS_ZERO and plane == 0:
        stored = stored.copy()
        stored[:, :, 0] = (1 << 8 * stored.itemsize) - 1 - stored[:, :, 0]
    return stored.astype(samples.pixels.dtype, copy=False)


def _put(pixels: Image, target: Image) -> None:
    """Copy (height, width, 3) into another; OpenCV does that in three quarters of NumPy's time."""
    import cv2

    if cv2.copyTo(pixels, None, target) is not target:  # type: ignore[call-overload]
        target[...] = pixels


def _put_blue_first(pixels: Image, target: Image) -> None:
    """Put the first three of (height, width, 3 or 4) into (height, width, 3) as blue, green, red."""
    import cv2

    if pixels.dtype.name not in REORDERED:
        target[...] = pixels[:, :, 2::-1]
        return
    code = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGR  # noqa: PLR2004
    swapped = cv2.cvtColor(pixels, code, target)
    if swapped is not target:
        target[...] = swapped
